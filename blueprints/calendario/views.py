"""The month, the day opened in it, and moving requests to other days."""

from __future__ import annotations

from datetime import date

from flask import Response, make_response, render_template, request, url_for

from blueprints import htmx, shape
from blueprints.access import actor, requires
from blueprints.calendario import bp, forms
from rules import texts
from rules.glossary import ESTADO_BADGE
from rules.policy import Permission
from services import calendar_moves, calendario, clock, feriados

DAY = "calendario/_dia.html"
MOVE = ("fecha", "motivo")
ANCHORS = {"ids": "dia-t", "fecha": "mover-fecha", "motivo": "mover-motivo"}


@bp.get("/calendario", endpoint="month")
@requires(Permission.CALENDAR)
def show_month() -> Response:
    """The month `mes` (or that of `dia`), with the day `dia` opened; htmx asks for the day alone."""
    opened = shape.day(request.args.get("dia"))
    return _page(forms.month(request.args.get("mes")) or opened, opened)


@bp.post("/calendario/mover")
@requires(Permission.CALENDAR)
def move() -> Response:
    """Move the chosen requests to a date, or each to its next one with capacity."""
    wanted = forms.chosen(request.form.getlist("ids"), calendar_moves.MOST)
    typed, onward = forms.typed(*MOVE), request.form.get("accion") == "siguiente"
    day = shape.day(typed["fecha"])
    wrong = {} if onward and wanted else calendar_moves.problems(actor(), [n for n, _ in wanted], day, typed["motivo"])
    if wrong:
        opened = shape.day(request.form.get("dia"))
        return _page(opened, opened, 422, typed, wrong, {number for number, _ in wanted})
    if onward:
        outcomes = [calendar_moves.advance(actor(), number, version, typed["motivo"]) for number, version in wanted]
    else:
        outcomes = [calendar_moves.move(actor(), number, version, day, typed["motivo"]) for number, version in wanted]
    if len(outcomes) == 1 and outcomes[0].done:
        row = outcomes[0].solicitud
        htmx.notify(f"Solicitud Nº {texts.number6(row.id)}: {outcomes[0].text[0].lower()}{outcomes[0].text[1:]}")
        return htmx.redirect_303(url_for(".month", dia=row.fecha_tentativa.isoformat()))
    back = shape.day(request.form.get("dia")) or clock.today()
    return make_response(render_template(
        "calendario/resultado.html", filas=outcomes, hechas=sum(o.done for o in outcomes), volver=url_for(".month", dia=back.isoformat()),
    ))


def _page(
    when: date | None, opened: date | None, status: int = 200, typed: dict[str, str] | None = None, wrong: dict[str, str] | None = None,
    ticked: set[int] = frozenset(),
) -> Response:
    first = calendario.month_of(when)
    today = clock.today()
    if opened is None and (first.year, first.month) == (today.year, today.month):
        opened = today
    if opened is not None and (opened.year, opened.month) != (first.year, first.month):
        opened = None
    context = {
        "dia": calendario.day(actor(), opened) if opened else None, "v": typed or dict.fromkeys(MOVE, ""), "errores": wrong or {},
        "resumen": [(ANCHORS.get(name), message) for name, message in (wrong or {}).items()], "marcadas": ticked, "badges": ESTADO_BADGE,
        "hoy": today, "kinds": {"espera": calendario.WAITS, "ejecuta": calendario.RUNS, "generada": calendario.DONE},
    }
    if htmx.is_fragment() and status == 200:
        return htmx.render(DAY, DAY, fragmento=True, **context)
    return htmx.render(
        "calendario/mes.html", None, status, mes=calendario.month(first), atrasadas=calendario.overdue(), tocadas=feriados.touched(), **context,
    )
