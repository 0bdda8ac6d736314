"""Períodos de alta demanda."""

from __future__ import annotations

from flask import Response, render_template, request, url_for

from blueprints import htmx, shape
from blueprints.access import actor, requires
from blueprints.calendario import bp, forms
from extensions import db
from models import PeriodoAltaDemanda
from rules.glossary import AVISO_BADGE
from rules.policy import Permission
from services import calendar_log, clock, periods
from services.errors import Refused

FIELDS = ("nombre", "desde", "hasta", "dias_extra", "capacidad", "reserva")
USUAL = {"nombre": "", "desde": "", "hasta": "", "dias_extra": "5", "capacidad": "100", "reserva": "0"}


@bp.get("/calendario/alta-demanda", endpoint="periods")
@requires(Permission.CALENDAR)
def show_periods() -> tuple[str, int]:
    """All of them; `editar`: the one whose form is open."""
    wanted = shape.number(request.args.get("editar"))
    return _page(periods.period(wanted) if wanted else None)


@bp.post("/calendario/alta-demanda")
@requires(Permission.CALENDAR_ADMIN)
def save_period() -> Response | tuple[str, int]:
    v, wanted = forms.typed(*FIELDS), shape.number(request.form.get("periodo"))
    existing = periods.period(wanted) if wanted else None
    draft = periods.Draft(
        " ".join(v["nombre"].split()), shape.day(v["desde"]), shape.day(v["hasta"]), shape.whole(v["dias_extra"]),
        shape.whole(v["capacidad"]), shape.whole(v["reserva"]),
    )
    try:
        row = periods.save(actor(), draft, existing=existing)
    except Refused as refused:
        db.session.rollback()
        return _page(existing, 422, v, refused.fields)
    db.session.commit()
    htmx.notify(f"El período «{row.nombre}» está guardado.")
    return htmx.redirect_303(url_for(".periods"))


@bp.post("/calendario/alta-demanda/eliminar")
@requires(Permission.CALENDAR_ADMIN)
def remove_period() -> Response:
    row = periods.period(shape.number(request.form.get("periodo")))
    name = row.nombre
    periods.remove(actor(), row)
    db.session.commit()
    htmx.notify(f"El período «{name}» se eliminó. Las fechas ya anunciadas no cambian.")
    return htmx.redirect_303(url_for(".periods"))


def _page(
    existing: PeriodoAltaDemanda | None, status: int = 200, values: dict[str, str] | None = None, wrong: dict[str, str] | None = None,
) -> tuple[str, int]:
    if values is None:
        values = {name: str(getattr(existing, name)) for name in FIELDS} if existing else USUAL
    return render_template(
        "calendario/periodos.html", filas=[(row, AVISO_BADGE[periods.standing(row)]) for row in periods.listing()], v=values, errores=wrong or {},
        editar=existing, resumen=[(name or None, message) for name, message in (wrong or {}).items()],
        historial=calendar_log.history(calendar_log.PERIODOS), hoy=clock.today(),
    ), status
