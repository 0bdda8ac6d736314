"""Whose turn it is: the runs that are due, in their order, and the one worker that gets each (decisions 9, 14; archive.md §6).

A worker claims by compare-and-set; first come the runs whose worker was lost. What a claimed run then does: services.runs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Row, and_, or_, select, update

from extensions import db
from models import WORKED_ON, Ejecucion, EjecucionEstado, Solicitud
from rules.calendar import Turn, order_within_day
from rules.lifecycle import Action, Estado, IllegalMove
from services import clock, production
from services.mover import move
from services.runs import MAX_FAILURES, Claim, halt, lease_end


# What `in_turn` must know of an approved request.
STANDING = (Solicitud.id, Solicitud.institucion_id, Solicitud.aprobada_en, Solicitud.fecha_tentativa)


def due() -> list[int]:
    """Ids of approved requests that may run now, in their order."""
    may_run = (Solicitud.estado == Estado.APROBADA, Solicitud.ejecutar_desde <= clock.now())
    return in_turn(db.session.execute(select(*STANDING).where(*may_run)))


def in_turn(rows: Iterable[Row[Any]]) -> list[int]:
    """Ids of rows with the columns STANDING in the order in which they are taken: by day, then round robin between institutions,
    oldest first."""
    days: dict[date, list[Turn]] = {}
    for row in rows:
        days.setdefault(row.fecha_tentativa, []).append(Turn(row.id, row.institucion_id, row.aprobada_en))
    return [turn.id for day in sorted(days) for turn in order_within_day(days[day])]


def bring_forward() -> int:
    """Demo only (`sweep due --now`): let everything approved run at this moment. Returns how many. Commits."""
    count = db.session.execute(
        update(Solicitud).where(Solicitud.estado == Estado.APROBADA, Solicitud.ejecutar_desde > clock.now()).values(ejecutar_desde=clock.now())
    ).rowcount
    db.session.commit()
    return count


def orphans() -> int:
    """How many runs have no worker: handed back, or their lease was lost."""
    return len(db.session.scalars(_orphans()).all())


def claim(worker: str, *, only: int | None = None) -> Claim | None:
    """Take the next run: first one whose worker was lost, then the next request that is due. Commits.
    `only`: this approved request and no other. None too while the production is paused."""
    if production.paused():
        return None
    return _start_next(worker, [only]) if only else _take_over(worker) or _start_next(worker, due())


def _orphans():
    at = clock.now()
    free = or_(Ejecucion.arrendada_hasta.is_(None), Ejecucion.arrendada_hasta < at)
    whole = and_(Ejecucion.complemento == "", Solicitud.estado == Estado.EN_EJECUCION)
    in_force = and_(Ejecucion.complemento != "", Solicitud.estado == Estado.ATENDIDA, Solicitud.vigente_hasta > at)
    return select(Ejecucion).join(Solicitud).where(Ejecucion.estado.in_(WORKED_ON), free, or_(whole, in_force)).order_by(Ejecucion.id)


def _take_over(worker: str) -> Claim | None:
    for run in db.session.scalars(_orphans()).all():
        lost = run.estado is EjecucionEstado.EN_CURSO
        if not _lease(run, worker, fallos=run.fallos + lost):
            continue
        if run.fallos >= MAX_FAILURES:
            halt(run, "fallos")
            db.session.commit()
            continue
        if not run.complemento:  # while a complement is made the request stays Atendida
            move(run.solicitud, Action.RESUME, None, data={"intento": run.intento, "perdida": lost})
        db.session.commit()
        return Claim(run.id, run.solicitud_id, run.intento)
    db.session.rollback()
    return None


def _start_next(worker: str, candidates: list[int]) -> Claim | None:
    for solicitud_id in candidates:
        solicitud = db.session.get(Solicitud, solicitud_id)
        try:
            move(solicitud, Action.START, None)
        except IllegalMove:
            continue
        run = db.session.scalar(select(Ejecucion).where(Ejecucion.solicitud_id == solicitud_id, Ejecucion.estado.in_(WORKED_ON)))
        if run is None:
            run = Ejecucion(solicitud_id=solicitud_id, estado=EjecucionEstado.PENDIENTE, creada_en=clock.now())
            db.session.add(run)
            db.session.flush()
        if not _lease(run, worker, fallos=run.fallos):
            db.session.rollback()
            continue
        db.session.commit()
        return Claim(run.id, solicitud_id, run.intento)
    db.session.rollback()
    return None


def _lease(run: Ejecucion, worker: str, *, fallos: int) -> bool:
    """Compare-and-set on the token, while nobody holds the lease: of two workers, one gets the run. How long Quipux has
    been silent stays as it is: a restarted worker must not begin the day of waiting again."""
    at = clock.now()
    free = or_(Ejecucion.arrendada_hasta.is_(None), Ejecucion.arrendada_hasta < at)
    taken = db.session.execute(
        update(Ejecucion)
        .where(Ejecucion.id == run.id, Ejecucion.intento == run.intento, Ejecucion.estado == run.estado, free)
        .values(
            intento=Ejecucion.intento + 1, estado=EjecucionEstado.EN_CURSO, fallos=fallos, trabajador=worker[:120],
            arrendada_hasta=lease_end(at), latido=at, iniciada_en=run.iniciada_en or at,
        ),
        execution_options={"synchronize_session": False},
    ).rowcount
    db.session.refresh(run)
    return taken == 1
