"""Who has a request on the desk: recorded by a sign of life of the open page, never by looking at it (a GET writes nothing)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from extensions import db
from models import Apertura, Solicitud
from rules.lifecycle import Estado
from rules.policy import Actor, Permission, may
from services import clock

BEAT = timedelta(seconds=30)  # the page gives a sign as often as this
GONE = 3 * BEAT  # without one for so long, the person has left


def look(actor: Actor, solicitud: Solicitud) -> list[Apertura]:
    """Note that this officer has the request open now; returns who else has. Of a request that waits no longer nothing is
    noted. Who may not decide on it has not *opened* it: it still waits for somebody."""
    if solicitud.estado is not Estado.ENVIADA:
        return []
    at = clock.now()
    if may(actor, Permission.SOLICITUD_DECIDE, solicitud) and solicitud.abierta_en is None:
        # Not a move: the version stays, a form that is open elsewhere is not stale by it.
        db.session.execute(
            update(Solicitud).where(Solicitud.id == solicitud.id, Solicitud.estado == Estado.ENVIADA, Solicitud.abierta_en.is_(None))
            .values(abierta_en=at)
        )
    _note(actor, solicitud)
    return others(actor, solicitud)


def others(actor: Actor, solicitud: Solicitud) -> list[Apertura]:
    """Colleagues who have the request open now, the first to come first."""
    query = select(Apertura).where(
        Apertura.solicitud_id == solicitud.id, Apertura.usuario_id != actor.usuario_id, Apertura.hasta > clock.now() - GONE
    )
    return list(db.session.scalars(query.options(joinedload(Apertura.usuario)).order_by(Apertura.desde)))


def _note(actor: Actor, solicitud: Solicitud) -> None:
    at = clock.now()
    row = db.session.get(Apertura, (solicitud.id, actor.usuario_id))
    if row is None:
        try:
            with db.session.begin_nested():
                db.session.add(Apertura(solicitud_id=solicitud.id, usuario_id=actor.usuario_id, desde=at, hasta=at))
        except IntegrityError:
            pass  # another window of the same person was quicker
        return
    if row.hasta <= at - GONE:
        row.desde = at
    row.hasta = at
