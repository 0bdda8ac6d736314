"""Approving many: a preview of what will happen to each, its confirmation, and the page of the Lote with every outcome."""

from __future__ import annotations

from flask import Response, request, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.mesa import bp
from blueprints.mesa.forms import Choice, Where
from blueprints.mesa.page import render
from blueprints.shape import clean
from extensions import db
from models import Lote
from rules.policy import Permission
from services import desk_batch, desk_preview, desk_queue
from services.errors import Refused


@bp.get("/mesa/lote")
@requires(Permission.SGE_DESK)
def preview_many() -> Response:
    """What a bulk approval would do, row by row. Writes nothing."""
    return _preview(Choice.read())


@bp.post("/mesa/lote")
@requires(Permission.SGE_DESK)
def approve_many() -> Response:
    """The confirmed preview: once, however often it is sent."""
    where = Where.read()
    try:
        lote = desk_batch.confirm(
            actor(), request.form.get("sello", ""), words=clean(request.form.get("filtro")), back=url_for(".desk", **where.filter_args)
        )
    except Refused as refused:
        db.session.rollback()
        return _preview(Choice.read(), problem=" ".join(refused.fields.values()), status=422)
    number = lote.id
    if lote.terminado_en is None:
        desk_batch.begin(lote)
    return htmx.redirect_303(url_for(".batch", lote_id=number))


@bp.get("/mesa/lotes")
@requires(Permission.SGE_DESK)
def batches() -> Response:
    lotes = desk_batch.recent(actor())
    return htmx.render("mesa/lotes.html", lotes=lotes, cuentas=desk_batch.tally([lote.id for lote in lotes]))


@bp.get("/mesa/lotes/<int:lote_id>")
@requires(Permission.SGE_DESK, load=desk_batch.lote, param="lote_id")
def batch(lote: Lote) -> Response:
    """What became of each request of a Lote; asks again while some are pending."""
    return htmx.render("mesa/resultado.html", "mesa/_resultado.html", lote=lote, cuenta=desk_batch.tally([lote.id])[lote.id])


@bp.post("/mesa/lotes/<int:lote_id>/continuar")
@requires(Permission.SGE_DESK, load=desk_batch.lote, param="lote_id")
def carry_on(lote: Lote) -> Response:
    """For when no worker does: a few seconds more of it, at the officer's order."""
    number = lote.id
    desk_batch.begin(lote)
    return htmx.redirect_303(url_for(".batch", lote_id=number))


def _preview(choice: Choice, *, problem: str = "", status: int = 200) -> Response:
    where = choice.where
    if choice.ticked and not choice.numbers:
        queue = desk_queue.queue(actor(), where.filters, where.cursor)
        first = queue.rows[0].solicitud if queue.rows else None
        return render(first, where=where, queue=queue, problem="Seleccione al menos una solicitud.", status=422)
    found = desk_preview.preview_chosen(actor(), choice.numbers) if choice.ticked else desk_preview.preview(actor(), where.filters)
    places = {number: name for number, name, _ in desk_queue.institutions(actor())} if where.filters.institucion else {}
    words = f"{len(choice.numbers)} seleccionadas" if choice.ticked else where.words(places)
    return htmx.render(
        "mesa/lote.html", None, status, previa=found, palabras=words, donde=where.filter_args, problema=problem,
        volver=url_for(".desk", **where.filter_args), aqui=request.args.to_dict(flat=False),
    )
