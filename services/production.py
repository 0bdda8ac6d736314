"""Pausing and resuming the whole production. A paused production starts no run and takes over none; runs that a worker has in
hand go on, unless the officer has them set aside too. Every pause is a row, with who, when and why: the trail of it.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from extensions import db
from models import Ejecucion, EjecucionEstado, Parte, PausaProduccion, Solicitud
from rules import texts
from rules.lifecycle import Estado
from rules.policy import Actor
from rules.typed import clean
from services import after, clock
from services.errors import Conflict, Refused

MAX_TEXT = 2000
SHOWN = 10


def paused() -> PausaProduccion | None:
    """The pause in force, or None while production works."""
    query = select(PausaProduccion).where(PausaProduccion.vigente.is_(True)).options(joinedload(PausaProduccion.ordenada_por))
    return db.session.scalar(query.limit(1))


def history() -> list[PausaProduccion]:
    """The last pauses, newest first."""
    people = joinedload(PausaProduccion.ordenada_por), joinedload(PausaProduccion.reanudada_por)
    return list(db.session.scalars(select(PausaProduccion).options(*people).order_by(PausaProduccion.id.desc()).limit(SHOWN)))


def pause(actor: Actor, reason: str, *, set_aside: bool = False) -> PausaProduccion:
    """Pause the production. set_aside: runs in hand are taken from their workers too; they keep their finished volumes and go
    on by themselves after the pause. Raises Refused (reason), Conflict (somebody else has paused it). The caller commits."""
    reason = _reason(reason)
    if (standing := paused()) is not None:
        raise Conflict(_told(standing))
    row = PausaProduccion(vigente=True, desde=clock.now(), ordenada_por_id=actor.usuario_id, motivo=reason)
    try:
        # Of two officers at the same moment the unique index lets one through.
        with db.session.begin_nested():
            db.session.add(row)
            db.session.flush()
    except IntegrityError:
        raise Conflict(_told(paused())) from None
    if set_aside:
        row.apartadas = _set_aside()
    return row


def resume(actor: Actor, pausa_id: int) -> None:
    """End the pause that the officer saw. Raises Conflict when it has ended already. The caller commits."""
    ended = 0 < pausa_id < 2**31 and db.session.execute(
        update(PausaProduccion)
        .where(PausaProduccion.id == pausa_id, PausaProduccion.vigente.is_(True))
        .values(vigente=False, hasta=clock.now(), reanudada_por_id=actor.usuario_id),
        execution_options={"synchronize_session": False},
    ).rowcount
    if ended != 1:
        raise Conflict(_over(pausa_id))
    after.nudge("jobs.produce.work")


def _set_aside() -> int:
    """Take the runs in hand from their workers, and their volumes from those who help: the attempt grows, so that whoever has
    one is refused its next write."""
    at_work = select(Solicitud.id).where(Solicitud.estado == Estado.EN_EJECUCION)
    in_hand = select(Ejecucion.id).where(Ejecucion.estado == EjecucionEstado.EN_CURSO, Ejecucion.solicitud_id.in_(at_work))
    ids = db.session.scalars(in_hand).all()
    taken = db.session.execute(
        update(Ejecucion)
        .where(Ejecucion.estado == EjecucionEstado.EN_CURSO, Ejecucion.id.in_(ids))
        .values(estado=EjecucionEstado.PENDIENTE, intento=Ejecucion.intento + 1, arrendada_hasta=None, trabajador=""),
        execution_options={"synchronize_session": False},
    ).rowcount
    fence_parts(ids)
    return taken


def fence_parts(ids: Collection[int]) -> None:
    """Nobody who is making a volume of these runs may publish it any more. The caller commits."""
    db.session.execute(
        update(Parte)
        .where(Parte.ejecucion_id.in_(ids), Parte.sha256 == "")
        .values(intento=Parte.intento + 1, arrendada_hasta=None, trabajador="", documentos_hechos=0, bytes_hechos=0, fallidos=0, racha=0),
        execution_options={"synchronize_session": False},
    )


def _reason(text: str) -> str:
    text = clean(text)
    if not text:
        raise Refused({"motivo": "Escriba el motivo de la pausa."})
    if len(text) > MAX_TEXT:
        raise Refused({"motivo": f"El motivo no puede superar los {texts.miles(MAX_TEXT)} caracteres; tiene {texts.miles(len(text))}."})
    return text


def _told(row: PausaProduccion | None) -> str:
    if row is None:
        return "Otra persona cambió el estado de la producción al mismo tiempo. Actualice la página."
    return f"La producción ya está en pausa: {row.ordenada_por.nombre_completo} la pausó el {texts.moment(row.desde)}."


def _over(pausa_id: int) -> str:
    row = db.session.get(PausaProduccion, pausa_id, populate_existing=True) if 0 < pausa_id < 2**31 else None
    if row is None or row.reanudada_por is None:
        return "La producción no está en pausa."
    return f"La producción ya no está en pausa: {row.reanudada_por.nombre_completo} la reanudó el {texts.moment(row.hasta)}."
