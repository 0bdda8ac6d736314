"""Import of accesses: upload, preview, confirm. Only the confirmation writes."""

from __future__ import annotations

from collections import Counter

from flask import Response, request

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.usuarios import bp
from blueprints.usuarios.words import OUTCOME
from rules.policy import Permission
from services import accesses_csv, accesses_import
from services.accesses_import import Outcome, Verdict
from services.errors import Refused


@bp.get("/usuarios/importar")
@requires(Permission.USERS)
def import_form() -> Response:
    return htmx.render("usuarios/importar.html", errors={}, rows=accesses_csv.MAX_ROWS)


@bp.post("/usuarios/importar")
@requires(Permission.USERS)
def import_preview() -> Response:
    file = request.files.get("archivo")
    try:
        if file is None or not file.filename:
            raise Refused({"archivo": "Elija un archivo CSV."})
        lines = accesses_csv.read(file.stream.read(accesses_csv.MAX_BYTES + 1))
    except Refused as refused:
        return _again(refused)
    verdicts = accesses_import.preview(actor(), lines)
    return _verdicts("usuarios/importar_vista.html", verdicts, token=accesses_import.pack(actor(), lines))


@bp.post("/usuarios/importar/confirmar")
@requires(Permission.USERS)
def import_confirm() -> Response:
    try:
        lines = accesses_import.unpack(actor(), request.form.get("lineas", ""))
    except Refused as refused:
        return _again(refused)
    return _verdicts("usuarios/importar_resultado.html", accesses_import.apply(actor(), lines))


def _again(refused: Refused) -> Response:
    return htmx.render("usuarios/importar.html", None, 422, errors=refused.fields, rows=accesses_csv.MAX_ROWS)


def _verdicts(template: str, verdicts: list[Verdict], **context: object) -> Response:
    counts = Counter(v.outcome for v in verdicts)
    return htmx.render(
        template, verdicts=verdicts, badges=OUTCOME, counts=[(OUTCOME[o], counts[o]) for o in Outcome if counts[o]],
        new=counts[Outcome.NUEVO], done=counts[Outcome.DADO], **context,
    )
