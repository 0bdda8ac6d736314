"""The one mover: only here is `Solicitud.estado` written, always with a row of the Recorrido in the same transaction."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from extensions import db
from models import Evento, Solicitud
from rules.lifecycle import TRANSITIONS, Action, Estado, IllegalMove, effective
from rules.policy import Actor
from services import clock


def move(
    solicitud: Solicitud,
    action: Action,
    actor: Actor | None,
    *,
    comment: str = "",
    data: dict[str, Any] | None = None,
    version: int | None = None,
    **columns: Any,
) -> Solicitud:
    """Carry out `action` on the request; `columns` are written with the estado, in one compare-and-set.

    actor None is *Sistema*. `version`: the one the person saw, when a stale form must be refused.
    Raises IllegalMove when the estado (as it is in the database now, vigencia included) does not allow the action."""
    transition = TRANSITIONS[action]
    at = clock.now()
    db.session.flush()
    estado = effective(solicitud.estado, solicitud.vigente_hasta, at)
    # A vigencia that is over is still Atendida in the row until the sweep: that one move may take it from there.
    if estado not in transition.sources and not (action is Action.EXPIRE and solicitud.estado in transition.sources):
        raise IllegalMove(action, estado)
    target = transition.target or solicitud.estado
    changed = db.session.execute(
        update(Solicitud)
        .where(Solicitud.id == solicitud.id, Solicitud.estado == solicitud.estado, Solicitud.version == (solicitud.version if version is None else version))
        .values(estado=target, version=Solicitud.version + 1, **columns),
        execution_options={"synchronize_session": False},
    ).rowcount
    db.session.refresh(solicitud)
    if changed != 1:
        raise IllegalMove(action, solicitud.estado)
    if transition.recorded:
        record(solicitud, action, actor, at, comment=comment, data=data)
    return solicitud


def create(solicitud: Solicitud, actor: Actor | None, *, data: dict[str, Any] | None = None) -> Solicitud:
    """Put a new request into the world as a draft, with the first row of its Recorrido."""
    solicitud.estado = Estado.BORRADOR
    db.session.add(solicitud)
    db.session.flush()
    record(solicitud, Action.CREATE, actor, clock.now(), data=data)
    return solicitud


def record(
    solicitud: Solicitud,
    action: Action,
    actor: Actor | None,
    at: datetime,
    *,
    comment: str = "",
    data: dict[str, Any] | None = None,
) -> Evento:
    """Append one row to the Recorrido, chained to the one before."""
    last = db.session.execute(
        select(Evento.orden, Evento.hash).where(Evento.solicitud_id == solicitud.id).order_by(Evento.orden.desc()).limit(1)
    ).first()
    evento = Evento(
        solicitud_id=solicitud.id,
        orden=last.orden + 1 if last else 1,
        en=at,
        actor_id=actor.usuario_id if actor else None,
        accion=str(action),
        estado=solicitud.estado,
        comentario=comment,
        datos=data or {},
        previo=last.hash if last else "",
    )
    evento.hash = digest(evento)
    db.session.add(evento)
    db.session.flush()
    db.session.expire(solicitud, ["eventos"])
    return evento


def digest(evento: Evento) -> str:
    """SHA-256 over the row's canonical JSON. People enter by id and the comment by its own hash (decisions 12)."""
    body = {
        "solicitud": evento.solicitud_id,
        "orden": evento.orden,
        "en": evento.en.isoformat(timespec="microseconds"),
        "actor": evento.actor_id,
        "accion": evento.accion,
        "estado": str(evento.estado),
        "comentario": hashlib.sha256(evento.comentario.encode()).hexdigest(),
        "datos": evento.datos,
        "previo": evento.previo,
    }
    canonical = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def broken_link(solicitud: Solicitud) -> int | None:
    """`orden` of the first row that does not follow from the one before, None when the chain holds."""
    previous, expected = "", 1
    rows = db.session.scalars(select(Evento).where(Evento.solicitud_id == solicitud.id).order_by(Evento.orden))
    for evento in rows:
        if evento.orden != expected or evento.previo != previous or evento.hash != digest(evento):
            return evento.orden
        previous, expected = evento.hash, expected + 1
    return None


