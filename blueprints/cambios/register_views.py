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
    order, page = request.args.get("orden", "")[:20], None
    if query is not None:
        page, order = register.page(query, repr(sorted(typed.items())), order, request.args.get("cursor", ""))
    place = db.session.get(Institucion, int(typed["institucion"])) if typed["institucion"] else None

    def url(endpoint: str = ".register_page", **changes: str) -> str:
        kept = typed | {"orden": "" if order == register.DEFAULT_ORDER else order} | changes
        return url_for(endpoint, **{name: value for name, value in kept.items() if value})

    response = htmx.render(
        "cambios/registro.html", "cambios/_registro_resultados.html", 422 if problem else 200, page=page, v=typed, problema=problem, cargos=CARGO,
        institucion=place, AHORA=clock.now(), xlsx=url(".register_xlsx"), url=url, orden=order,
        heads={name: _head(name, order, url) for name in ("institucion", "desde", "hasta")},
    )
    if problem and htmx.is_fragment():
        # The message belongs beside the field: the page is asked for as a whole.
        response.headers["HX-Redirect"] = url()
    return response


def _head(name: str, order: str, url) -> tuple[str, str]:
    """The link of a sortable column's head and the present direction, as `aria-sort` says it."""
    if order.removeprefix("-") != name:
        return url(orden=name if name == "institucion" else f"-{name}"), "none"
    return url(orden=name if order.startswith("-") else f"-{name}"), "descending" if order.startswith("-") else "ascending"


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
