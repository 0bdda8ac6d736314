"""An uploaded document, to whom it concerns. Always an attachment, never shown inside the site."""

from __future__ import annotations

from flask import Response, current_app, send_file

from blueprints.access import requires
from blueprints.asuntos import bp
from blueprints.errors import answer
from models import Adjunto
from rules.policy import Permission
from services import scope, uploads
from storage import StorageError


@bp.get("/adjuntos/<int:adjunto_id>")
@requires(Permission.AFFAIRS_READ, load=scope.adjunto, param="adjunto_id")
def attachment(adjunto: Adjunto) -> Response:
    try:
        stream = uploads.open(adjunto)
    except (FileNotFoundError, StorageError):
        current_app.logger.exception("attachment %s is not in the storage", adjunto.id)
        return answer(503)
    response = send_file(stream, mimetype="application/pdf", as_attachment=True, download_name=adjunto.nombre, etag=adjunto.sha256, conditional=False)
    response.content_length = adjunto.bytes
    response.headers["Cache-Control"] = "private, no-store"
    # It is a document, not a page: should a browser show it after all, nothing in it may run or load.
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
