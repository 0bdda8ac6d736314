"""What each person has really received of an archive, part by part.

`Descarga` keeps merged byte intervals per part and person, whatever the name, the connection or the number of attempts:
a part is complete when they cover it (decisions 31; peers.md F7, C9, C12). A HEAD or a prefetch is never recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from extensions import db
from models import Descarga, Evento, Parte, ParteTipo, Solicitud, Usuario
from rules.lifecycle import Action
from rules.policy import Actor
from services import clock
from services.downloads import data_parts
from services.mover import record as write_evento
from services.people import actor_of

Intervals = list[list[int]]


class State(StrEnum):
    """Of one part, for one person. `SOLICITADA`: the storage served it by itself, so that its end was not seen."""

    PENDIENTE = "pendiente"
    SOLICITADA = "solicitada"
    PARCIAL = "parcial"
    COMPLETA = "completa"


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a part a person has: `bytes` received of `total`; `at`: when the last ones left."""

    state: State
    bytes: int
    total: int
    at: datetime | None = None

    @property
    def percent(self) -> int:
        """Whole per cent, rounded down: 99 until the last byte."""
        return 100 * self.bytes // self.total if self.total else 0


def merge(intervals: Iterable[Iterable[int]], start: int, end: int) -> Intervals:
    """The intervals [first, last_exclusive] with [start, end) added: sorted, disjoint, touching ones joined."""
    merged: Intervals = []
    for first, last in sorted([*map(list, intervals), [start, end]]):
        if merged and first <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], last)
        elif last > first:
            merged.append([first, last])
    return merged


def covered(intervals: Iterable[Iterable[int]]) -> int:
    return sum(last - first for first, last in intervals)


def all_complete(solicitud: Solicitud) -> bool:
    """Every data part was completely downloaded at least once by somebody, under either name."""
    ids = {part.id for part in data_parts(solicitud)}
    done = db.session.scalars(select(Descarga.parte_id).where(Descarga.parte_id.in_(ids), Descarga.completa_en.is_not(None)))
    return bool(ids) and ids <= set(done)


def progress(parts: Iterable[Parte], usuario_id: int) -> dict[int, Progress]:
    """Part id → how much of it this person has."""
    parts = list(parts)
    query = select(Descarga).where(Descarga.usuario_id == usuario_id, Descarga.parte_id.in_([p.id for p in parts]))
    rows = {row.parte_id: row for row in db.session.scalars(query)}
    return {part.id: _progress(part, rows.get(part.id)) for part in parts}


def _progress(part: Parte, row: Descarga | None) -> Progress:
    if row is None:
        return Progress(State.PENDIENTE, 0, part.bytes)
    if row.completa_en is not None:
        return Progress(State.COMPLETA, part.bytes, part.bytes, row.ultima_en)
    got = covered(row.intervalos)
    return Progress(State.PARCIAL if got else State.SOLICITADA, got, part.bytes, row.ultima_en)


def completed_by_others(parts: Iterable[Parte], usuario_id: int) -> dict[int, str]:
    """Part id → name of another person who has it whole: the two AIQs of an institution see each other's work."""
    query = (
        select(Descarga.parte_id, Usuario)
        .join(Usuario)
        .where(Descarga.parte_id.in_([p.id for p in parts]), Descarga.usuario_id != usuario_id, Descarga.completa_en.is_not(None))
        .order_by(Descarga.completa_en.desc())
    )
    return {parte_id: usuario.nombre_completo for parte_id, usuario in db.session.execute(query)}


def record(parte_id: int, usuario_id: int, start: int, sent_end: int, ip: str = "") -> None:
    """Add the bytes [start, sent_end) of a part that left for a person. Several connections may do so at once. Commits."""
    if sent_end <= start:
        return
    row = _row(parte_id, usuario_id)
    row.intervalos = merge(row.intervalos, start, sent_end)
    row.ultima_en, row.direccion_ip = clock.now(), ip[:45]
    if covered(row.intervalos) >= row.parte.bytes:
        _complete(row)
    db.session.commit()


def requested(parte_id: int, usuario_id: int, ip: str = "") -> None:
    """The storage serves the part by itself: all that is known is that it was asked for. Commits."""
    row = _row(parte_id, usuario_id)
    row.ultima_en, row.direccion_ip = clock.now(), ip[:45]
    db.session.commit()


def confirm(actor: Actor, parte: Parte) -> None:
    """*Descargué y verifiqué*: the person's word where the storage serves by itself (decisions 31). The caller commits."""
    row = _row(parte.id, actor.usuario_id)
    row.ultima_en = clock.now()
    _complete(row)


def _row(parte_id: int, usuario_id: int) -> Descarga:
    """The row, made when there is none, locked until the commit."""
    query = select(Descarga).where(Descarga.parte_id == parte_id, Descarga.usuario_id == usuario_id)
    row = db.session.scalar(query.with_for_update())
    if row is not None:
        return row
    at = clock.now()
    try:
        with db.session.begin_nested():
            row = Descarga(parte_id=parte_id, usuario_id=usuario_id, intervalos=[], primera_en=at, ultima_en=at)
            db.session.add(row)
        return row
    except IntegrityError:  # another connection of the same person was first
        return db.session.scalars(query.with_for_update()).one()


def _complete(row: Descarga) -> None:
    if row.completa_en is None:
        row.completa_en = row.ultima_en
        db.session.flush()
        _tell_once(row)


def _tell_once(row: Descarga) -> None:
    """The first time that all data parts were downloaded is a row of the Recorrido. The request's row is locked, so that
    two last parts that end together write one. A transfer begun in time may end after the vigencia: it counts too."""
    parte = row.parte
    if parte.tipo is not ParteTipo.DATOS:
        return
    solicitud = db.session.get(Solicitud, parte.ejecucion.solicitud_id, with_for_update=True, populate_existing=True)
    if not all_complete(solicitud):
        return
    total = len(data_parts(solicitud))  # more than before when there is a complement since
    told = db.session.scalars(select(Evento.datos).where(Evento.solicitud_id == solicitud.id, Evento.accion == str(Action.DOWNLOAD)))
    if any(data.get("partes") == total for data in told):
        return
    text = f"{total} de {total} {'parte' if total == 1 else 'partes'}"
    write_evento(solicitud, Action.DOWNLOAD, actor_of(row.usuario, clock.now()), clock.now(), comment=text, data={"partes": total})
