"""*Registro de AIQ*: who was AIQ of an institution on a date; on screen and as a spreadsheet."""

from __future__ import annotations

from flask import Response, request, send_file, url_for

from blueprints import htmx
from blueprints.access import requires
from blueprints.cambios import bp, forms
from extensions import db
from models import Institucion
from rules.glossary import CARGO
from rules.policy import Permission
from services import clock, register

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/registro-aiq")
@requires(Permission.AIQ_REGISTER)
def register_page() -> Response:
    typed, problem, query = _asked()
    rows = register.entries(query, register.LIMIT + 1) if query is not None else []
    place = db.session.get(Institucion, int(typed["institucion"])) if typed["institucion"] else None
    return htmx.render(
        "cambios/registro.html", status=422 if problem else 200, filas=rows[:register.LIMIT], muchas=len(rows) > register.LIMIT,
        limite=register.LIMIT, v=typed, problema=problem, cargos=CARGO, institucion=place, AHORA=clock.now(),
        xlsx=url_for(".register_xlsx", **{name: value for name, value in typed.items() if value}),
    )


@bp.get("/registro-aiq.xlsx")
@requires(Permission.AIQ_REGISTER)
def register_xlsx() -> Response:
    _typed, _problem, query = _asked()
    book = register.workbook(register.offices() if query is None else query)
    return send_file(book, XLSX, as_attachment=True, download_name=f"Registro_AIQ_{clock.today().isoformat()}.xlsx")


def _asked():
    """(what was typed, what is wrong with the date, the query or None)."""
    typed = {name: request.args.get(name, "").replace("\x00", "").strip()[:120] for name in ("q", "fecha", "institucion")}
    if not typed["institucion"].isdecimal() or len(typed["institucion"]) > 9:
        typed["institucion"] = ""
    day = forms.day(typed["fecha"])
    if typed["fecha"] and day is None:
        return typed, "Ingrese una fecha válida.", None
    return typed, "", register.offices(day, int(typed["institucion"]) if typed["institucion"] else None, typed["q"])
