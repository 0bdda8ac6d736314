"""*Tablero*: one view for the page, its print form and the figures that refresh themselves; and the workbook."""

from __future__ import annotations

from flask import Response, make_response, request

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.tablero import bp, words, workbook
from blueprints.tablero.forms import SpanForm
from rules.policy import Permission
from services import board as boards
from services import clock, production_floor
from services.spreadsheet import MIME

PAGE, FIGURES = "tablero/tablero.html", "tablero/_cifras.html"


@bp.get("/tablero", endpoint="board")
@requires(Permission.BOARD)
def show() -> Response:
    form = SpanForm.of(request.args, clock.today())
    if form.span is None:
        return htmx.render(PAGE, None, 422, form=form, tablero=None, imprimir=False)
    board = boards.board(actor(), form.span)
    strip, legend = words.queue(board)
    return htmx.render(
        PAGE, FIGURES, form=form, tablero=board, cifras=words.cards(board, clock.today()), graficos=words.drawn(board), cola=strip, leyenda=legend,
        espacio=production_floor.space(), imprimir="imprimir" in request.args,
    )


@bp.get("/tablero/datos.xlsx")
@requires(Permission.BOARD)
def spreadsheet() -> Response:
    form = SpanForm.of(request.args, clock.today())
    if form.span is None:
        return htmx.render(PAGE, None, 422, form=form, tablero=None, imprimir=False)
    response = make_response(workbook.write(boards.board(actor(), form.span)))
    response.headers["Content-Type"] = MIME
    name = f"tablero_{form.span.first.isoformat()}_{form.span.last.isoformat()}.xlsx"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
