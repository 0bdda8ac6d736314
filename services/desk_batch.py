"""Approving many: the Lote that an officer confirmed, carried out row by row.

Confirming a preview (services.desk_preview) makes a Lote, once however often it is sent. Each request is then approved in a transaction of
its own, by the same use case as a single one; what has changed since the preview is told in its row. Started at once, finished by a worker
when it is long, found again by the clock when the queue is away."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import joinedload, selectinload

from extensions import db
from models import Lote, LoteFila, LoteResultado, Solicitud, Usuario
from rules import texts
from rules.lifecycle import Estado
from rules.policy import Actor, Permission, may
from services import after, clock, decisions, desk, desk_notes, desk_preview, people, schedule, scope
from services.asking import Heard, unlocked
from services.errors import Conflict, NotFound, Refused

log = logging.getLogger(__name__)
AT_ONCE = 4.0  # seconds that the person who confirms waits; the rest is the worker's
SLICE = 120.0  # seconds of one job: less than its time limit
STUCK = timedelta(minutes=2)
NOTE = "Aprobación por lote"
BROKEN = "Ocurrió un error interno al aprobarla: ábrala y decida por separado. Si el error se repite, avise a quien administra el sistema."


# --- confirming --------------------------------------------------------------------------------------------------------


def confirm(actor: Actor, seal: str, *, words: str = "", back: str = "") -> Lote:
    """The Lote of a preview, as it was sealed for this officer; confirmed again, the same one. words: the filter, for people;
    back: its address. Commits. Raises Refused."""
    key, rows = desk_preview.unseal(actor, seal)
    same = scope.lotes(actor).where(Lote.clave == key)
    if known := db.session.scalar(same):
        return known
    lote = Lote(clave=key, creado_por_id=actor.usuario_id, creado_en=clock.now(), filtro=words[:400], volver=back[:800])
    lote.filas = [LoteFila(orden=n, solicitud_id=number, version=version, fecha=day) for n, (number, version, day) in enumerate(rows)]
    db.session.add(lote)
    try:
        db.session.commit()
    except IntegrityError:  # the other click of a double one was quicker
        db.session.rollback()
        return db.session.scalars(same).one()
    return lote


def begin(lote: Lote) -> None:
    """Carry out what can be done while the person waits, and leave the rest to a worker. Commits."""
    number = lote.id
    if work(number, AT_ONCE):
        after.nudge("jobs.lotes.work", number)
        db.session.commit()


def unfinished() -> list[int]:
    """Lotes that nobody carries on: their worker died, or the queue never got them."""
    query = select(Lote.id).where(Lote.terminado_en.is_(None), Lote.creado_en <= clock.now() - STUCK)
    return list(db.session.scalars(query.order_by(Lote.id)))


# --- carrying out ------------------------------------------------------------------------------------------------------


def work(lote_id: int, seconds: float = SLICE) -> int:
    """Approve the rows of a Lote that are still pending, each in its own transaction, for at most `seconds`; returns how many
    are left. May run twice at once: a row is taken by locking it."""
    end = time.monotonic() + seconds
    while _one(lote_id):
        if time.monotonic() >= end:
            break
    left = db.session.scalar(select(func.count()).where(LoteFila.lote_id == lote_id, LoteFila.resultado == LoteResultado.PENDIENTE)) or 0
    lote = db.session.get(Lote, lote_id)
    if lote is not None and not left and lote.terminado_en is None:
        lote.terminado_en = clock.now()
    db.session.commit()
    return left


def _one(lote_id: int) -> bool:
    """Carry out the next pending row; False when there is none to take."""
    heard = _hear(lote_id)
    fila = db.session.scalar(
        select(LoteFila).where(LoteFila.lote_id == lote_id, LoteFila.resultado == LoteResultado.PENDIENTE).order_by(LoteFila.orden).limit(1)
        .with_for_update(skip_locked=True)
    )
    if fila is None:
        db.session.rollback()
        return False
    try:
        with db.session.begin_nested():
            officer = people.actor_of(db.session.get(Usuario, fila.lote.creado_por_id), clock.now())
            row = _approve(officer, fila, heard)
        fila.resultado, fila.fecha_final, fila.detalle = LoteResultado.APROBADA, row.fecha_tentativa, _said(fila, row)
    except NotFound:
        fila.resultado, fila.detalle = LoteResultado.NO_APROBADA, "La solicitud ya no está a la vista de la SGE."
    except Refused as refused:
        fila.resultado, fila.detalle = LoteResultado.NO_APROBADA, " ".join(refused.fields.values())
    except Conflict as conflict:
        fila.resultado, fila.detalle = LoteResultado.NO_APROBADA, conflict.message
    except ValueError as impossible:  # rules.calendar, in Spanish
        fila.resultado, fila.detalle = LoteResultado.NO_APROBADA, str(impossible)
    except OperationalError:  # the database's trouble, not the row's: it is tried again
        raise
    except Exception:  # left pending, it would come first for ever and keep the others waiting
        log.exception("bulk approval %s, request %s", lote_id, fila.solicitud_id)
        fila.resultado, fila.detalle = LoteResultado.NO_APROBADA, BROKEN
    db.session.commit()
    return True


def _hear(lote_id: int) -> Heard:
    """What the next row will want to know of Quipux, asked before it is taken: nobody waits for Quipux behind our lock."""
    pending = select(Solicitud).join(LoteFila, LoteFila.solicitud_id == Solicitud.id).where(
        LoteFila.lote_id == lote_id, LoteFila.resultado == LoteResultado.PENDIENTE
    )
    with unlocked():
        row = db.session.scalar(pending.order_by(LoteFila.orden).limit(1))
        try:
            return decisions.hear(row) if row else Heard()
        except OperationalError:
            raise
        except Exception:  # asked again when the row is taken, it fails there, and is written in the row
            log.exception("bulk approval %s", lote_id)
            return Heard()


def _approve(officer: Actor, fila: LoteFila, heard: Heard) -> Solicitud:
    """One request on its day, or on the next one with room when that has been taken meanwhile; reserved documents stay out.
    Whoever confirmed must still be in office. Raises NotFound, Refused, Conflict."""
    if not officer.sge:
        raise Refused("Quien confirmó el lote ya no ejerce en la SGE.")
    row = desk.solicitud(officer, fila.solicitud_id)
    if row.estado is not Estado.ENVIADA:
        raise Conflict(desk.decided(row))
    if not may(officer, Permission.SOLICITUD_DECIDE, row):
        raise Refused(desk.OWN)
    kind, note = desk_notes.of(row)
    if kind == desk_notes.BAD:
        raise Refused(f"{note}: revísela y decida por separado.")
    reserved = row.estimado_reservados or 0
    told = {"lote": fila.lote_id} | ({"reservados_total": reserved} if reserved else {})

    def put(day: date) -> Solicitud:
        return decisions.approve(officer, row, day, reserved_reason=_left_out(reserved), version=fila.version, heard=heard, **told)

    try:
        return put(_day(row, fila.fecha))
    except Refused as refused:
        if "comentario" not in refused.fields:
            raise
    # The day was taken between the look at it and the decision, and the calendar has been held since: once more.
    return put(schedule.propose(row).day)


def _day(row: Solicitud, wanted: date) -> date:
    """The day that was confirmed, if it still has room, else the one that would be proposed now."""
    taken = schedule.day_problem(wanted, clock.today()) or schedule.above_capacity(row, wanted)
    return schedule.propose(row).day if taken else wanted


def _left_out(reserved: int) -> str:
    """What the Recorrido says of reserved documents. Not as a comment: that would pass for a reason to exceed the capacity."""
    return f"{NOTE}: {texts.plural(reserved, 'documento reservado', 'documentos reservados')}, no se incluyen." if reserved else ""


def _said(fila: LoteFila, row: Solicitud) -> str:
    parts = [f"Se aprobó para el {texts.long_day(row.fecha_tentativa)}."]
    if row.fecha_tentativa != fila.fecha:
        parts.append(f"El {texts.day(fila.fecha)} previsto se ocupó mientras usted confirmaba.")
    if row.fuera_de_plazo:
        parts.append("Fuera de plazo: no hay capacidad antes.")
    if row.estimado_reservados:
        parts.append(f"Sin {texts.plural(row.estimado_reservados, 'documento reservado', 'documentos reservados')}.")
    return " ".join(parts)


# --- looking at it -----------------------------------------------------------------------------------------------------


def lote(actor: Actor, lote_id: int) -> Lote:
    """A Lote, for the SGE. Raises NotFound."""
    query = scope.lotes(actor).options(selectinload(Lote.filas).joinedload(LoteFila.solicitud).joinedload(Solicitud.institucion))
    found = db.session.scalar(query.where(Lote.id == lote_id)) if 0 < lote_id < 2**31 else None
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a Lote is, in requests."""

    total: int
    approved: int
    pending: int

    @property
    def other(self) -> int:
        """Those that could not be approved."""
        return self.total - self.approved - self.pending


def tally(ids: list[int]) -> dict[int, Tally]:
    """The figures of these Lotes."""
    query = select(LoteFila.lote_id, LoteFila.resultado, func.count()).where(LoteFila.lote_id.in_(ids)).group_by(LoteFila.lote_id, LoteFila.resultado)
    found: dict[int, dict[LoteResultado, int]] = {number: {} for number in ids}
    for number, resultado, many in db.session.execute(query):
        found[number][resultado] = many
    return {n: Tally(sum(f.values()), f.get(LoteResultado.APROBADA, 0), f.get(LoteResultado.PENDIENTE, 0)) for n, f in found.items()}


def recent(actor: Actor, limit: int = 20) -> list[Lote]:
    """The last Lotes of all officers, newest first."""
    return list(db.session.scalars(scope.lotes(actor).options(joinedload(Lote.creado_por)).order_by(Lote.id.desc()).limit(limit)))
