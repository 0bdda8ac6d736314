"""The one mover: only here is an `estado` written, always with a row of the Recorrido in the same transaction.

It moves the three things that have a history: a Solicitud, an Implantacion, a CambioAIQ.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import select, update

from extensions import db
from models import CambioAIQ, Evento, Implantacion, Solicitud
from rules.lifecycle import TRANSITIONS, Action, Estado, IllegalMove, Transition, effective
from rules.policy import Actor
from rules.processes import CHANGE, IMPLANTATION, Step
from services import clock
from services.errors import Refused

Thing = Solicitud | Implantacion | CambioAIQ
# The column of Evento that names each, and its name in the hashed text.
_OWNER = {Solicitud: "solicitud", Implantacion: "implantacion", CambioAIQ: "cambio"}
# Recorridos that are read at a time when all are.
BLOCK = 500
_PROCESS = {Implantacion: IMPLANTATION, CambioAIQ: CHANGE}


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
    Raises IllegalMove when the estado (as it is in the database now, vigencia included) does not allow the action; Refused when the
    action needs a reason and `comment` gives none."""
    transition = TRANSITIONS[action]
    at = clock.now()
    db.session.flush()
    estado = effective(solicitud.estado, solicitud.vigente_hasta, at)
    # A vigencia that is over is still Atendida in the row until the sweep: that one move may take it from there.
    if estado not in transition.sources and not (action is Action.EXPIRE and solicitud.estado in transition.sources):
        raise IllegalMove(action, estado)
    _reasoned(transition, comment)
    _write(solicitud, action, transition, version, columns)
    if transition.recorded:
        record(solicitud, action, actor, at, comment=comment, data=data)
    return solicitud


def advance(
    process: Implantacion | CambioAIQ,
    step: Step,
    actor: Actor | None,
    *,
    comment: str = "",
    data: dict[str, Any] | None = None,
    version: int | None = None,
    **columns: Any,
) -> Implantacion | CambioAIQ:
    """The same for a process of the AIQs. Raises IllegalMove, Refused."""
    transition = _PROCESS[type(process)].get(step)
    db.session.flush()
    if transition is None or process.estado not in transition.sources:
        raise IllegalMove(step, process.estado)
    _reasoned(transition, comment)
    _write(process, step, transition, version, columns)
    record(process, step, actor, clock.now(), comment=comment, data=data)
    return process


def _reasoned(transition: Transition, comment: str) -> None:
    """The forms ask for it in words of their own; here is the rule."""
    if transition.needs_reason and not comment.strip():
        raise Refused({"motivo": "Escriba el motivo."})


def _write(thing: Thing, action: Action | Step, transition: Transition, version: int | None, columns: dict[str, Any]) -> None:
    """Compare-and-set on estado and version: of two people, one wins."""
    kind = type(thing)
    changed = db.session.execute(
        update(kind)
        .where(kind.id == thing.id, kind.estado == thing.estado, kind.version == (thing.version if version is None else version))
        .values(estado=transition.target or thing.estado, version=kind.version + 1, **columns),
        execution_options={"synchronize_session": False},
    ).rowcount
    db.session.refresh(thing)
    if changed != 1:
        raise IllegalMove(action, thing.estado)


def create(solicitud: Solicitud, actor: Actor | None, *, data: dict[str, Any] | None = None) -> Solicitud:
    """Put a new request into the world as a draft, with the first row of its Recorrido."""
    solicitud.estado = Estado.BORRADOR
    db.session.add(solicitud)
    db.session.flush()
    record(solicitud, Action.CREATE, actor, clock.now(), data=data)
    return solicitud


@dataclass(frozen=True, slots=True)
class Past:
    """One step of a history that was written elsewhere."""

    action: Action
    estado: Estado
    en: datetime
    comment: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def admit(solicitud: Solicitud, estado: Estado, steps: Sequence[Past]) -> Solicitud:
    """Put a request into the world that ended elsewhere, in its last estado and with the Recorrido it had: the one way in that
    asks no transition, since nothing moves here (docs/adr/0018). The rows are chained like all others."""
    solicitud.estado = estado
    db.session.add(solicitud)
    db.session.flush()
    for step in steps:
        # In UTC, as it will be read back: the hash is over the instant as written.
        record(solicitud, step.action, None, step.en.astimezone(UTC), comment=step.comment, data=step.data, estado=step.estado)
    return solicitud


def begin(process: Implantacion | CambioAIQ, actor: Actor, *, comment: str = "", data: dict[str, Any] | None = None):
    """Put a new process into the world, in its first estado, with the first row of its Recorrido."""
    process.estado = next(iter(type(process).estado.type.kind))
    db.session.add(process)
    db.session.flush()
    record(process, Step.CREATE, actor, clock.now(), comment=comment, data=data)
    return process


def record(
    thing: Thing,
    action: Action | Step,
    actor: Actor | None,
    at: datetime,
    *,
    comment: str = "",
    data: dict[str, Any] | None = None,
    estado: Estado | None = None,
) -> Evento:
    """Append one row to the Recorrido, chained to the one before. `estado`: reached then, when it is not the one of now."""
    column = f"{_OWNER[type(thing)]}_id"
    last = db.session.execute(
        select(Evento.orden, Evento.hash).where(getattr(Evento, column) == thing.id).order_by(Evento.orden.desc()).limit(1)
    ).first()
    evento = Evento(
        **{column: thing.id},
        orden=last.orden + 1 if last else 1,
        en=at,
        actor_id=actor.usuario_id if actor else None,
        accion=str(action),
        estado=str(estado or thing.estado),
        comentario=comment,
        datos=data or {},
        previo=last.hash if last else "",
    )
    evento.hash = digest(evento)
    db.session.add(evento)
    db.session.flush()
    db.session.expire(thing, ["eventos"])
    return evento


def digest(evento: Evento) -> str:
    """SHA-256 over the row's canonical JSON. People enter by id and the comment by its own hash (decisions 12)."""
    owner = next(name for name in _OWNER.values() if getattr(evento, f"{name}_id") is not None)
    body = {
        owner: getattr(evento, f"{owner}_id"),
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


def broken_link(thing: Thing) -> int | None:
    """`orden` of the first row that does not follow from the one before, None when the chain holds."""
    column = getattr(Evento, f"{_OWNER[type(thing)]}_id")
    return _broken(db.session.scalars(select(Evento).where(column == thing.id).order_by(Evento.orden)))


def chains() -> Iterator[tuple[str, int, int | None]]:
    """Every Recorrido there is, some hundred at a time: whose it is ("solicitud", "implantacion", "cambio"), its number, and the
    broken link as above. One without any row is broken at its first."""
    for kind, owner in _OWNER.items():
        column, last = getattr(Evento, f"{owner}_id"), 0
        while ids := db.session.scalars(select(kind.id).where(kind.id > last).order_by(kind.id).limit(BLOCK)).all():
            last = ids[-1]
            rows = db.session.scalars(select(Evento).where(column.between(ids[0], last)).order_by(column, Evento.orden))
            found = {number: _broken(chain) for number, chain in groupby(rows, attrgetter(column.key))}
            yield from ((owner, number, found.get(number, 1)) for number in ids)


def _broken(chain: Iterable[Evento]) -> int | None:
    previous, expected = "", 1
    for evento in chain:
        if evento.orden != expected or evento.previo != previous or evento.hash != digest(evento):
            return evento.orden
        previous, expected = evento.hash, expected + 1
    return None
