"""What happened on each day, counted once: closed days are rows of ResumenDia, the days since are counted when asked.

A closed day never changes: Fecha Solicitud is fixed by the first *Enviar*, an archive is finished once. So nothing has to be
kept up to date inside the transactions of the people at work, and no two of them meet on one row. Days are closed in the
small hours (jobs.clock), and the last week is counted again each time: a transaction that hung over midnight is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import and_, delete, func, select

from extensions import db
from models import Ejecucion, EjecucionEstado, ResumenDia, Solicitud
from rules.deadlines import local_day, midnight
from services import clock
from services.board_views import generated

DAY = timedelta(days=1)
AGAIN = 7  # closed days that are counted again
CHUNK = 31  # days read at once


@dataclass(slots=True)
class DayCount:
    """One day. solicitudes: sent for the first time; generadas, bytes: archives finished, and what they hold;
    esperas: day of approval → archives finished."""

    dia: date
    solicitudes: int = 0
    generadas: int = 0
    bytes: int = 0
    esperas: dict[date, int] = field(default_factory=dict)


def days(first: date, last: date) -> list[DayCount]:
    """Every day from `first` to `last`, both included, in order."""
    found = {day: DayCount(day) for day in _range(first, last)}
    closed = _closed_until()
    for row in db.session.scalars(select(ResumenDia).where(ResumenDia.dia.between(first, last))):
        waits = {date.fromisoformat(day): n for day, n in row.esperas.items()}
        found[row.dia] = DayCount(row.dia, row.solicitudes, row.generadas, row.bytes, waits)
    open_from = max(first, closed + DAY) if closed else first
    if open_from <= last:
        found |= count(open_from, last)
    return list(found.values())


def count(first: date, last: date) -> dict[date, DayCount]:
    """The same, counted from the requests themselves, day by day: each is a short stretch of an index."""
    return {day: _count(day) for day in _range(first, last)}


def _count(day: date) -> DayCount:
    sent = select(func.count()).select_from(Solicitud).where(
        Solicitud.fecha_solicitud >= midnight(day), Solicitud.fecha_solicitud < midnight(day + DAY), Solicitud.enviada_en.is_not(None)
    )
    one = DayCount(day, solicitudes=db.session.scalar(sent) or 0)
    for approved in db.session.scalars(select(Solicitud.aprobada_en).where(generated(day, day))):
        since = local_day(approved) if approved else day
        one.esperas[since] = one.esperas.get(since, 0) + 1
        one.generadas += 1
    # What it holds is what the capacity of a day is measured in: the bytes of the documents, without complements made later.
    main = and_(Ejecucion.solicitud_id == Solicitud.id, Ejecucion.estado == EjecucionEstado.PUBLICADA, Ejecucion.complemento == "")
    size = select(func.coalesce(func.sum(Ejecucion.bytes_total), 0)).select_from(Solicitud).join(Ejecucion, main).where(generated(day, day))
    one.bytes = int(db.session.scalar(size) or 0)
    return one


def close() -> int:
    """Close the days up to yesterday, and count the last closed ones again. Returns how many were counted. Commits."""
    closed = _closed_until()
    first = closed - (AGAIN - 1) * DAY if closed else _first_day()
    last, counted = clock.today() - DAY, 0
    while first is not None and first <= last:
        # In ascending order: every day before the last row is closed, whenever this is interrupted.
        until = min(last, first + (CHUNK - 1) * DAY)
        for one in count(first, until).values():
            waits = {day.isoformat(): n for day, n in sorted(one.esperas.items())}
            db.session.merge(ResumenDia(dia=one.dia, solicitudes=one.solicitudes, generadas=one.generadas, bytes=one.bytes, esperas=waits))
            counted += 1
        db.session.commit()
        first = until + DAY
    return counted


def rebuild() -> int:
    """Count everything again, for an operator who doubts, or after requests of the past were put in. Commits."""
    db.session.execute(delete(ResumenDia))
    db.session.commit()
    return close()


def _closed_until() -> date | None:
    return db.session.scalar(select(func.max(ResumenDia.dia)))


def _first_day() -> date | None:
    oldest = db.session.scalar(select(func.min(Solicitud.fecha_solicitud)))
    return local_day(oldest) if oldest else None


def _range(first: date, last: date) -> Iterator[date]:
    return (first + i * DAY for i in range((last - first).days + 1))
