"""Approving the chosen requests of the queue: each on its own proposed date, in its own transaction, with its own outcome."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, make_response, render_template, request, url_for

from blueprints.access import actor, requires
from blueprints.mesa import bp
from blueprints.mesa.forms import Where, chosen
from blueprints.mesa.page import render
from extensions import db
from models import Solicitud
from rules import texts
from rules.policy import Permission
from services import desk, scope
from services.errors import Conflict, NotFound, Refused


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one chosen request. solicitud None: there is no such request, or it is a draft again."""

    number: int
    solicitud: Solicitud | None
    done: bool
    text: str


@bp.post("/mesa/aprobar")
@requires(Permission.SGE_DESK)
def approve_many() -> Response:
    wanted = chosen(request.form.getlist("ids"))
    if not wanted:
        where = Where.read()
        queue = desk.queue(actor(), where.view, where.q, where.page)
        first = queue.rows[0].solicitud if queue.rows else None
        return render(first, where=where, queue=queue, problem="Seleccione al menos una solicitud.", status=422)
    outcomes = [_approve(number, version) for number, version in wanted]
    return make_response(render_template(
        "mesa/resultado.html", filas=outcomes, hechas=sum(o.done for o in outcomes), volver=url_for(".desk", **Where.read().args),
    ))


def _approve(number: int, version: int | None) -> Outcome:
    """One request. What keeps it from being approved holds back no other; sent again, it changes nothing."""
    try:
        row = desk.approve_one(actor(), number, version)
        db.session.commit()
        return Outcome(number, row, True, f"Se aprobó para el {texts.long_day(row.fecha_tentativa)}.")
    except NotFound:
        text = "La solicitud no existe."
    except Refused as refused:
        text = " ".join(refused.fields.values())
    except Conflict as conflict:
        text = conflict.message
    db.session.rollback()
    return Outcome(number, _seen(number), False, text)


def _seen(number: int) -> Solicitud | None:
    try:
        return scope.solicitud(actor(), number)
    except NotFound:
        return None
