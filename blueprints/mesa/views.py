"""*Mesa de aprobación*: the queue and, beside it, the request under decision with its petition, checks and calendar."""

from __future__ import annotations

from flask import Response, request

from blueprints import errors, htmx
from blueprints.access import actor, requires
from blueprints.mesa import bp
from blueprints.mesa.forms import Typed, Where
from blueprints.mesa.page import CALENDAR, MEANWHILE, PANEL, PETITION, render
from blueprints.mesa.panel import Panel
from blueprints.shape import day, number
from extensions import db
from models import Solicitud
from rules.lifecycle import Estado
from rules.policy import Permission
from services import desk, desk_presence, desk_queue
from services.errors import Conflict, NotFound


@bp.get("/mesa", endpoint="desk")
@requires(Permission.SGE_DESK)
def whole() -> Response:
    """The queue and the request chosen by `s`, the first one unless told; `hecha`: the one approved a moment ago."""
    where = Where.read()
    queue = desk_queue.queue(actor(), where.filters, where.cursor)
    chosen = _seen("s") or (queue.rows[0].solicitud if queue.rows else None)
    done = _seen("hecha")
    return render(chosen, where=where, queue=queue, done=done if done is not None and done.estado is Estado.APROBADA else None)


@bp.get("/mesa/<int:solicitud_id>")
@requires(Permission.SGE_DESK, load=desk.solicitud)
def panel(solicitud: Solicitud) -> Response:
    """One request. If it waits no longer, the queue it was chosen from is old: it comes with it."""
    return render(solicitud, PANEL if solicitud.estado is Estado.ENVIADA else MEANWHILE)


@bp.post("/mesa/<int:solicitud_id>/abierta")
@requires(Permission.SGE_DESK, load=desk.solicitud)
def opened(solicitud: Solicitud) -> Response:
    """The open page gives a sign of life: the request has been opened, and who else has it open is told. Once decided, says
    by whom, and asks no more."""
    viewers = desk_presence.look(actor(), solicitud)
    db.session.commit()
    shown = Panel(actor(), solicitud, where=Where.read())
    shown.viewers = viewers
    return htmx.render("mesa/_presencia.html", panel=shown, donde=shown.where.args, latido=True)


@bp.get("/mesa/<int:solicitud_id>/calendario")
@requires(Permission.SGE_DESK, load=desk.solicitud)
def calendar(solicitud: Solicitud) -> Response:
    """Other weeks of the calendar; the day chosen meanwhile stays chosen."""
    chosen = Typed(fecha=day(request.args.get("fecha")))
    return render(solicitud, CALENDAR, since=day(request.args.get("desde")), typed=chosen)


@bp.get("/mesa/<int:solicitud_id>/peticion")
@requires(Permission.SGE_DESK, load=desk.solicitud)
def petition(solicitud: Solicitud) -> Response:
    """The petition's pages, asked for again while the worker draws them."""
    return render(solicitud, PETITION)


@bp.errorhandler(desk.Returned)
def returned(gone: desk.Returned) -> Response:
    """The desk says so in the place of the request, the sign of life in its own; any other fragment in a notice."""
    db.session.rollback()
    if htmx.is_fragment() and htmx.target() == "presencia":
        return htmx.render("mesa/_presencia.html", panel={"waiting": False, "decided": gone.message}, latido=True)
    if htmx.is_fragment() and htmx.target() != "panel":
        return errors.answer(409, gone.message)
    return render(None, MEANWHILE, gone=gone, status=409)


def _seen(name: str) -> Solicitud | None:
    """The request a parameter of the query names, if this officer may see it; old links name some that are gone."""
    try:
        return desk.solicitud(actor(), number(request.args.get(name)) or 0)
    except (NotFound, Conflict):
        return None
