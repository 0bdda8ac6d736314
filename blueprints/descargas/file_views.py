"""The bytes themselves: parts (by session, or by a manager's link) and the citizen's petition.

Clients always hold our address and every request and range is authorised (decisions 31). Refusals are text/plain."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps

from flask import Response, abort, current_app, g, redirect, request

from blueprints.access import actor, public, requires
from blueprints.descargas import bp, reasons
from blueprints.descargas.ranges import answer_to
from blueprints.descargas.streaming import Sending
from blueprints.errors import answer, plain_errors
from models import Parte, Solicitud
from rules.policy import Actor, Permission
from services import download_links, downloads, petitions, received, scope
from services.adapters import storage
from storage import StorageError

# Not no-store: with it browsers and managers refuse to resume what they have. no-transform: a proxy that compresses
# again would change the bytes behind an ETag, a range and a SHA-256.
CACHE = "private, no-transform"


def _managers(view: Callable) -> Callable:
    """A sign-in page must never be saved as part of an archive: without a session the answer is a plain 401."""

    @wraps(view)
    def guarded(**kwargs):
        if g.get("actor") is None:
            return answer(401, "Su sesión terminó. Ingrese nuevamente y continúe la descarga.")
        return view(**kwargs)

    return plain_errors(guarded)


@bp.get("/descargas/<int:parte_id>/<path:nombre>")
@_managers
@requires(Permission.ENTER)
def file(parte_id: int, nombre: str):
    """Rights over the part are asked in `downloads.part_for`: two permissions, the estado and the vigencia together."""
    return _serve(actor(), parte_id, nombre, reasons.given)


@bp.get("/descargas/enlace/<token>/<nombre>")
@bp.get("/descargas/enlace/<token>", defaults={"nombre": ""})
@plain_errors
@public
def link(token: str, nombre: str):
    """`nombre` at the end is for managers that name the file by its address."""
    try:
        asked = download_links.read(token)
    except downloads.Over as over:
        return answer(410, over.message)
    if nombre not in {"", asked.nombre}:
        abort(404)
    return _serve(asked.actor, asked.parte_id, asked.nombre, lambda _solicitud_id: asked.reasoned)


def _serve(person: Actor, parte_id: int, nombre: str, reasoned: Callable[[int], bool]) -> Response:
    try:
        parte = downloads.part_for(person, parte_id, nombre, reasoned=reasoned)
    except downloads.Over as over:
        return answer(410, over.message)
    except downloads.NotAllowed as refused:
        return answer(403, refused.message)
    if url := storage().url(parte.clave, nombre):
        return _elsewhere(url, parte.id, person.usuario_id)
    return _here(parte, nombre, person.usuario_id)


def _here(parte: Parte, nombre: str, usuario_id: int) -> Response:
    asked = answer_to(request, parte.sha256, parte.publicada_en, parte.bytes)
    if asked.status == 412:
        return answer(412, "La parte no es la que su programa espera: descárguela desde el inicio.")
    if asked.status == 416:
        return answer(416, "La parte termina antes de lo solicitado.", {"Content-Range": f"bytes */{parte.bytes}", "Accept-Ranges": "bytes"})
    sends = asked.status in {200, 206} and request.method == "GET"
    try:
        body = _body(parte, usuario_id, asked.start, asked.end) if sends else None
    except (FileNotFoundError, StorageError):
        current_app.logger.exception("part %s is not in the storage", parte.id)
        return answer(503)
    response = Response(body, asked.status, content_type="application/zip" if nombre.endswith(".zip") else "application/octet-stream")
    response.set_etag(parte.sha256)
    response.last_modified = parte.publicada_en
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = CACHE
    if asked.status != 304:
        response.headers.set("Content-Disposition", "attachment", filename=nombre)
        response.content_length = asked.end - asked.start
    if asked.status == 206:
        response.headers["Content-Range"] = f"bytes {asked.start}-{asked.end - 1}/{parte.bytes}"
    return response


def _body(parte: Parte, usuario_id: int, start: int, end: int) -> Sending:
    parte_id, ip = parte.id, request.remote_addr or ""
    note = None if _prefetch() else lambda sent: received.record(parte_id, usuario_id, start, sent, ip)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return Sending(app, storage().read(parte.clave, start, end - start), start, note)


def _elsewhere(url: str, parte_id: int, usuario_id: int) -> Response:
    """The storage serves by itself for the next minute; the client keeps our address for its next range."""
    response = redirect(url, 307)
    response.headers["Cache-Control"] = "no-store"
    if request.method == "GET" and not _prefetch():
        app, ip = current_app._get_current_object(), request.remote_addr or ""  # type: ignore[attr-defined]

        def note() -> None:
            with app.app_context():
                received.requested(parte_id, usuario_id, ip)

        # After the request: a GET's own transaction only reads.
        response.call_on_close(note)
    return response  # type: ignore[return-value]


def _prefetch() -> bool:
    return "prefetch" in (request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")).lower()


@bp.get("/solicitudes/<int:solicitud_id>/documento")
@requires(Permission.SOLICITUD_SEE, load=scope.solicitud)
def petition(solicitud: Solicitud):
    """The citizen's petition as it was when the request was sent."""
    name = re.sub(r"[^A-Za-z0-9-]+", "_", solicitud.documento_numero).strip("_") or str(solicitud.id)
    response = _stored(solicitud.documento_clave, "application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=f"Documento_{name}.pdf")
    return response


@bp.get("/solicitudes/<int:solicitud_id>/documento/<int:pagina>.png")
@requires(Permission.SOLICITUD_SEE, load=scope.solicitud)
def petition_page(solicitud: Solicitud, pagina: int):
    if not 1 <= pagina <= (solicitud.documento_paginas or 0):
        abort(404)
    response = _stored(petitions.page_key(solicitud.documento_clave, pagina), "image/png")
    # The key changes with the petition, the address does not: a minute is enough to turn pages.
    response.headers["Cache-Control"] = "private, max-age=60"
    return response


def _stored(key: str, content_type: str) -> Response:
    found = storage().stat(key) if key else None
    if found is None:
        abort(404)
    response = Response(storage().read(key, 0, found.bytes), content_type=content_type)
    response.content_length = found.bytes
    return response
