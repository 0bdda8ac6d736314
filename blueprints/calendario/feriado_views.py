"""The feriados of a year: what the law proposes, what the SGE changed, and its confirmation."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, render_template, request, url_for

from blueprints import htmx, shape
from blueprints.access import actor, requires
from blueprints.calendario import bp, forms
from extensions import db
from rules.policy import Permission
from services import calendar_log, clock, feriados
from services.errors import NotFound, Refused

FIELDS = ("fecha", "nuevo", "nombre", "lugar", "decreto", "motivo")
# form → its fields, in the order of the page
FORMS = {"agregar": ("fecha", "nombre", "decreto"), "local": ("fecha", "nombre", "lugar", "decreto"), "trasladar": ("fecha", "nuevo", "decreto"),
         "quitar": ("fecha", "motivo")}


@bp.get("/calendario/feriados", endpoint="feriados")
@requires(Permission.CALENDAR)
def show_year() -> tuple[str, int]:
    """One year; `cambiar`: the date of the feriado whose forms are open."""
    return _page(shape.number(request.args.get("anio")) or clock.today().year)


@bp.post("/calendario/feriados/cargar")
@requires(Permission.CALENDAR_ADMIN)
def seed_year() -> Response | tuple[str, int]:
    year = shape.number(request.form.get("anio")) or 0

    def load() -> str:
        added = feriados.seed(actor(), year)
        return f"Se cargaron {added} días de descanso de {year}." if added else f"El año {year} ya tenía todos los días que propone la ley."

    return _do("cargar", year, load)


@bp.post("/calendario/feriados/confirmar")
@requires(Permission.CALENDAR_ADMIN)
def confirm_year() -> Response | tuple[str, int]:
    year = shape.number(request.form.get("anio")) or 0

    def confirm() -> str:
        feriados.confirm(actor(), year)
        return f"El año {year} está confirmado: sus fechas ya no llevan advertencia."

    return _do("confirmar", year, confirm)


@bp.post("/calendario/feriados/agregar")
@requires(Permission.CALENDAR_ADMIN)
def add_feriado() -> Response | tuple[str, int]:
    v = forms.typed(*FIELDS)

    def add() -> str:
        row = feriados.add(actor(), shape.day(v["fecha"]), v["nombre"], v["decreto"])
        return f"{row.nombre} es día de descanso. {_touched()}"

    return _do("agregar", _year_of(v["fecha"]), add)


@bp.post("/calendario/feriados/trasladar")
@requires(Permission.CALENDAR_ADMIN)
def shift_feriado() -> Response | tuple[str, int]:
    v = forms.typed(*FIELDS)

    def shift() -> str:
        row = feriados.shift(actor(), shape.day(v["fecha"]), shape.day(v["nuevo"]), v["decreto"])
        return f"{row.nombre} se trasladó. {_touched()}"

    return _do("trasladar", _year_of(v["fecha"]), shift)


@bp.post("/calendario/feriados/quitar")
@requires(Permission.CALENDAR_ADMIN)
def remove_feriado() -> Response | tuple[str, int]:
    v = forms.typed(*FIELDS)

    def remove() -> str:
        feriados.remove(actor(), shape.day(v["fecha"]), v["motivo"])
        return "El día vuelve a ser laborable."

    return _do("quitar", _year_of(v["fecha"]), remove)


@bp.post("/calendario/feriados/locales/agregar")
@requires(Permission.CALENDAR_ADMIN)
def add_local() -> Response | tuple[str, int]:
    v = forms.typed(*FIELDS)

    def add() -> str:
        row = feriados.add_local(actor(), shape.day(v["fecha"]), v["nombre"], v["lugar"], v["decreto"])
        return f"El feriado local de {row.lugar} se muestra en el calendario."

    return _do("local", _year_of(v["fecha"]), add)


@bp.post("/calendario/feriados/locales/quitar")
@requires(Permission.CALENDAR_ADMIN)
def remove_local() -> Response | tuple[str, int]:
    def remove() -> str:
        feriados.remove_local(actor(), shape.number(request.form.get("local")))
        return "El feriado local se quitó."

    return _do("quitar-local", shape.number(request.form.get("anio")) or clock.today().year, remove)


def _year_of(text: str) -> int:
    """The year whose page answers: of the date typed, else the one the form stood on."""
    found = shape.day(text)
    offered = shape.number(request.form.get("anio")) or clock.today().year
    return found.year if found and found.year in feriados.years() else offered


def _touched() -> str:
    rows = feriados.touched()
    return "Hay solicitudes calendarizadas en días que ya no se trabajan: revíselas en esta página." if rows else ""


def _do(form: str, year: int, change: Callable[[], str]) -> Response | tuple[str, int]:
    """Change and go back to the year; what is wrong is told beside the field, with what was typed."""
    try:
        said = change()
    except Refused as refused:
        db.session.rollback()
        return _page(year, 422, form, refused.fields)
    db.session.commit()
    htmx.notify(said.strip())
    return htmx.redirect_303(url_for(".feriados", anio=year))


def _page(year: int, status: int = 200, form: str = "", wrong: dict[str, str] | None = None) -> tuple[str, int]:
    try:
        this = feriados.year(year)
    except NotFound:
        if status == 200:
            raise
        this = feriados.year(clock.today().year)
    values = forms.typed(*FIELDS) if form else dict.fromkeys(FIELDS, "")
    changing = shape.day(values["fecha"] if form in {"trasladar", "quitar"} else request.args.get("cambiar"))
    row = next((r for r in this.rows if r.fecha == changing), None)
    return render_template(
        "calendario/feriados.html", a=this, anios=feriados.years(), v=values, form=form, errores=wrong or {}, cambiar=row,
        resumen=[(f"{form}-{_control(form, name)}" if name else None, message) for name, message in (wrong or {}).items()],
        historial=calendar_log.history(calendar_log.FERIADOS, this.year), tocadas=feriados.touched(), hoy=clock.today(),
    ), status


def _control(form: str, name: str) -> str:
    """The control a message belongs to: the date of a move is typed under another name than the day it moves."""
    return "nuevo" if (form, name) == ("trasladar", "fecha") else name
