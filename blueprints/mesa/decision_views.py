"""The three decisions on one request. Afterwards the next request of the queue is in the panel."""

from __future__ import annotations

from typing import Callable

from flask import Response, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.mesa import bp
from blueprints.mesa.forms import Typed, Where
from blueprints.mesa.page import MEANWHILE, NEXT, PANEL, render
from extensions import db
from models import Solicitud
from rules import texts
from rules.lifecycle import Estado
from rules.policy import Permission
from services import decisions, desk, desk_queue, scope
from services.errors import Conflict, Refused


@bp.post("/mesa/<int:solicitud_id>/aprobar")
@requires(Permission.SOLICITUD_DECIDE, load=desk.solicitud)
def approve(solicitud: Solicitud) -> Response:
    typed = Typed.read("aprobar")
    heard = desk.hear(solicitud)  # before the transaction that writes
    return _decide(solicitud, typed, lambda: desk.approve(actor(), solicitud, typed.approval, heard=heard), "se aprobó")


@bp.post("/mesa/<int:solicitud_id>/devolver")
@requires(Permission.SOLICITUD_DECIDE, load=desk.solicitud)
def give_back(solicitud: Solicitud) -> Response:
    typed = Typed.read("devolver")
    return _decide(solicitud, typed, lambda: decisions.give_back(
        actor(), solicitud, typed.motivo, typed.detalle, version=typed.version,
    ), "se devolvió al AIQ para su corrección")


@bp.post("/mesa/<int:solicitud_id>/eliminar")
@requires(Permission.SOLICITUD_DECIDE, load=desk.solicitud)
def reject(solicitud: Solicitud) -> Response:
    typed = Typed.read("eliminar")
    return _decide(solicitud, typed, lambda: decisions.reject(
        actor(), solicitud, typed.motivo, typed.detalle, version=typed.version,
    ), "se eliminó")


def _decide(solicitud: Solicitud, typed: Typed, decide: Callable[[], Solicitud], said: str) -> Response:
    """Decide and go on. What is wrong is told in the panel with what was typed; a decision that came too late, with who
    decided what and when."""
    try:
        if solicitud.estado is not Estado.ENVIADA:
            raise Conflict(desk.decided(solicitud))
        decide()
    except Refused as refused:
        db.session.rollback()
        return render(solicitud, PANEL, status=422, typed=typed, wrong=refused.fields)
    except Conflict as conflict:
        db.session.rollback()
        return render(solicitud, MEANWHILE, status=409, conflict=conflict.message)
    db.session.commit()
    return _go_on(solicitud, f"La solicitud Nº {texts.number6(solicitud.id)} {said}.")


def _go_on(decided: Solicitud, text: str) -> Response:
    """The next request, with a notice of what was decided on this one."""
    where = Where.read()
    following = desk_queue.following(actor(), decided, where.filters)
    approved = decided if decided.estado is Estado.APROBADA else None
    if not htmx.is_fragment():
        if approved is None:
            htmx.notify(text)
        return htmx.redirect_303(url_for(".desk", s=following, hecha=approved.id if approved else None, **where.args))
    response = render(scope.solicitud(actor(), following) if following else None, NEXT, where=where, done=approved)
    if approved is None:
        response = htmx.with_toast(response, text)
    target = url_for(".panel", solicitud_id=following, **where.args) if following is not None else url_for(".desk", **where.args)
    return htmx.push_url(response, target)
