"""The tentative date of a request: feriados, capacity and what is already booked, from the database to rules.calendar."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import current_app
from sqlalchemy import select

from extensions import db
from models import Feriado, PeriodoAltaDemanda, Solicitud
from rules import calendar, holidays
from rules.deadlines import midnight
from rules.lifecycle import Estado
from services import clock

OPENING = timedelta(hours=calendar.OPENS_AT)
BOOKED = (Estado.APROBADA, Estado.EN_EJECUCION)
HORIZON = timedelta(days=366)


def working_calendar() -> calendar.Calendar:
    """Working days by the feriado table."""
    return calendar.Calendar(frozenset(db.session.scalars(select(Feriado.fecha))))


def capacity() -> calendar.Capacity:
    c = current_app.config
    return calendar.Capacity(c["CAPACITY_DOCUMENTS"], c["CAPACITY_BYTES"], c["INSTITUTION_QUOTA"])


def periods() -> list[calendar.Period]:
    """Times of alta demanda, as rules.calendar takes them."""
    rows = db.session.scalars(select(PeriodoAltaDemanda).order_by(PeriodoAltaDemanda.desde))
    return [calendar.Period(p.nombre, p.desde, p.hasta, extra_days=p.dias_extra) for p in rows]


def current_period(today: date) -> calendar.Period | None:
    """The period of alta demanda in force, for the banner the AIQs see."""
    return next((p for p in periods() if today in p), None)


def booked(since: date, *, without: int | None = None) -> dict[date, calendar.DayLoad]:
    """What is promised on each day from `since` on; `without`: a request being moved does not stand in its own way."""
    rows = db.session.execute(
        select(Solicitud.fecha_tentativa, Solicitud.institucion_id, Solicitud.estimado_documentos, Solicitud.estimado_bytes)
        .where(Solicitud.estado.in_(BOOKED), Solicitud.fecha_tentativa >= since, Solicitud.id != (without or 0))
        .order_by(Solicitud.fecha_tentativa, Solicitud.id)
    )
    loads = ((day, institucion, calendar.Load(documents or 0, size or 0)) for day, institucion, documents, size in rows)
    return calendar.book(loads, working_calendar(), capacity(), periods())


def propose(solicitud: Solicitud, approved_on: date | None = None) -> calendar.Proposal:
    """The date a request would get if it were approved on `approved_on` (default: today)."""
    return propose_load(solicitud.institucion_id, solicitud.estimado_documentos or 0, solicitud.estimado_bytes or 0, approved_on,
                        without=solicitud.id)


def propose_load(institucion_id: int, documents: int, size: int, approved_on: date | None = None, *, without: int | None = None):
    day = approved_on or clock.today()
    return calendar.propose(day, documents, size, institucion_id, booked(day, without=without), working_calendar(), capacity(), periods())


def opening(day: date) -> datetime:
    """The instant from which the runs of `day` may start."""
    return midnight(day) + OPENING


def day_problem(day: date | None, today: date) -> str | None:
    """Why `day` cannot be chosen for a run, in Spanish; None when it can."""
    if day is None:
        return "Elija la fecha de ejecución."
    if day < today:
        return "La fecha de ejecución no puede ser anterior a hoy."
    if day > today + HORIZON:
        return "La fecha de ejecución no puede superar un año."
    if not working_calendar().is_working(day):
        return "La fecha elegida no es un día laborable."
    return None


def above_capacity(solicitud: Solicitud, day: date) -> bool:
    """Whether running it on `day` (a working day) takes more than the days can produce: only with a reason (decisions 14)."""
    load = calendar.Load(solicitud.estimado_documentos or 0, solicitud.estimado_bytes or 0)
    return not calendar.fits(day, load, booked(day, without=solicitud.id), working_calendar(), capacity(), periods())


def has_feriados(year: int) -> bool:
    """True when the days off of that year are in the table."""
    return db.session.scalar(select(Feriado.fecha).where(Feriado.fecha.between(date(year, 1, 1), date(year, 12, 31))).limit(1)) is not None


def seed_year(year: int) -> list[holidays.Feriado]:
    """Put the days off of a year into the table; days already there keep what an officer wrote. Returns the year's days."""
    days = holidays.days_off(year)
    known = set(db.session.scalars(select(Feriado.fecha)))
    db.session.add_all(Feriado(fecha=d.fecha, nombre=d.nombre, original=d.original) for d in days if d.fecha not in known)
    return days
