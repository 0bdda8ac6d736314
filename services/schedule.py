"""The tentative date of a request: feriados, capacity and what is already booked, from the database to rules.calendar."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from functools import cache

from flask import current_app
from sqlalchemy import ColumnElement, Select, case, func, or_, select, text

from extensions import db
from models import PROMISED, AnioFeriados, Capacidad, Feriado, PeriodoAltaDemanda, Solicitud
from rules import calendar, holidays, texts
from rules.capacity import Capacities, Capacity, Load, Period, whole_day
from rules.deadlines import local_day, midnight
from rules.lifecycle import Estado
from services import clock

OPENING = timedelta(hours=calendar.OPENS_AT)
BOOKED = (Estado.APROBADA, Estado.EN_EJECUCION)
HORIZON = timedelta(days=366)
Booking = tuple[date, int, Load]  # first day, institution, load
_LOCK = 20_261_122  # any number that nothing else in this database locks


# --- what the SGE has laid down ------------------------------------------------------------------------------------------


def working_calendar() -> calendar.Calendar:
    """Working days by the feriado table; for a present or coming year that is not in it yet, by the law."""
    known = set(db.session.scalars(select(Feriado.fecha)))
    years, this = {day.year for day in known}, clock.today().year
    for year in (this, this + 1):
        if year not in years and year <= holidays.LAST_YEAR:
            known |= _by_law(year)
    return calendar.Calendar(frozenset(known))


@cache
def _by_law(year: int) -> frozenset[date]:
    return frozenset(feriado.fecha for feriado in holidays.days_off(year))


def capacity() -> Capacity:
    """What today can produce, before any alta demanda."""
    return capacities().on(clock.today())


def capacities() -> Capacities:
    """The capacity by dates in force: the installation's settings until the first one an officer laid down."""
    return Capacities(usual(), {row.desde: Capacity(row.documentos, row.bytes, row.cuota / 100) for row in db.session.scalars(select(Capacidad))})


def usual() -> Capacity:
    """The capacity that the installation's settings give."""
    c = current_app.config
    return Capacity(c["CAPACITY_DOCUMENTS"], c["CAPACITY_BYTES"], c["INSTITUTION_QUOTA"])


def periods() -> list[Period]:
    """Times of alta demanda, as rules.calendar takes them."""
    rows = db.session.scalars(select(PeriodoAltaDemanda).order_by(PeriodoAltaDemanda.desde))
    return [Period(p.nombre, p.desde, p.hasta, p.dias_extra, p.capacidad / 100, p.reserva / 100) for p in rows]


def current_period(today: date) -> Period | None:
    """The period of alta demanda in force, for the banner the AIQs see."""
    return next((p for p in periods() if today in p), None)


def limit(day: date) -> Load:
    """What `day` can produce, alta demanda included."""
    return whole_day(day, capacities(), periods())


# --- what is promised ----------------------------------------------------------------------------------------------------


OTHERS = 0  # no institution has this id


def booked(since: date, *, without: int | Collection[int] | None = None, institution: int | None = None) -> dict[date, calendar.DayLoad]:
    """What is promised on each day from `since` on, and what today has already produced, by institution. With `institution` (or
    OTHERS: none), a row a day instead of hundreds: what that one has on it, and all the others as one. `without`: requests
    being moved do not stand in their own way.

    Requests that fit into a day, nearly all, are summed up by the database; only those of several days come one by one."""
    found: dict[date, calendar.DayLoad] = {}
    days, daily, times = working_calendar(), capacities(), periods()
    one_day, left_out = _smallest_day(daily, times), _ids(without)
    who: ColumnElement[int] = Solicitud.institucion_id
    if institution is not None:
        who = case((Solicitud.institucion_id == institution, institution), else_=OTHERS)
    for day, key, load in (*_sums(since, one_day, left_out, who), *(_produced_today(who) if since <= clock.today() else ())):
        found.setdefault(day, calendar.DayLoad()).add(key, load)
    calendar.book(_large(one_day, left_out, who), days, daily, times, onto=found)
    return {day: load for day, load in found.items() if day >= since}


def continuing(when: date) -> int:
    """How many requests of several days that began before `when` take part of it."""
    days, daily, times = working_calendar(), capacities(), periods()
    rows = (row for row in _large(_smallest_day(daily, times), set(), Solicitud.institucion_id) if row[0] < when)
    return sum(when in calendar.book([row], days, daily, times) for row in rows)


def _ids(without: int | Collection[int] | None) -> set[int]:
    return {without} if isinstance(without, int) else set(without or ())


def _smallest_day(daily: Capacities, times: Collection[Period]) -> Load:
    """What fits into every day there is."""
    factor = min([1, *(p.factor for p in times)])
    days = [each.of_day(factor) for each in daily.each()]
    return Load(min(day.documents for day in days), min(day.bytes for day in days))


_DOCUMENTS, _BYTES = func.coalesce(Solicitud.estimado_documentos, 0), func.coalesce(Solicitud.estimado_bytes, 0)
# Written out: with parameters in it neither database would see that its index of promised requests applies.
ON_PROMISE = text(f"solicitud.{PROMISED}")
# SQLite prefers the index of the estados, which leads it to every row of them.
BY_CALENDAR = "INDEXED BY ix_solicitud_calendario"


def _row(who: ColumnElement[int]) -> Select:
    return select(Solicitud.fecha_tentativa, who, _DOCUMENTS, _BYTES)


def _sums(since: date, one_day: Load, left_out: set[int], who: ColumnElement[int]) -> Iterator[Booking]:
    """By day, the requests of one day. Those left out are subtracted here: looking for their numbers would take the database
    from its index to every row."""
    small = (_DOCUMENTS <= one_day.documents, _BYTES <= one_day.bytes)
    key = who.label("who")
    rows = db.session.execute(
        select(Solicitud.fecha_tentativa, key, func.count(), func.sum(_DOCUMENTS), func.sum(_BYTES))
        .where(ON_PROMISE, Solicitud.fecha_tentativa >= since, *small).group_by(Solicitud.fecha_tentativa, key)
        .with_hint(Solicitud, BY_CALENDAR, "sqlite")
    )
    away: dict[tuple[date, int], list[Load]] = {}
    if left_out:
        for day, one, documents, size in db.session.execute(_row(who).where(ON_PROMISE, Solicitud.id.in_(left_out), *small)):
            away.setdefault((day, one), []).append(Load(documents, size))
    for day, one, count, documents, size in rows:
        gone = away.get((day, one), [])
        if count > len(gone):
            yield day, one, Load(int(documents), int(size)) - sum(gone, Load())


def _large(one_day: Load, left_out: set[int], who: ColumnElement[int]) -> Iterator[Booking]:
    """Requests of several days, one by one, whenever they began."""
    query = _row(who).where(ON_PROMISE, or_(_DOCUMENTS > one_day.documents, _BYTES > one_day.bytes)).with_hint(Solicitud, BY_CALENDAR, "sqlite")
    if left_out:
        query = query.where(Solicitud.id.not_in(left_out))
    for day, one, documents, size in db.session.execute(query.order_by(Solicitud.fecha_tentativa, Solicitud.id)):
        yield day, one, Load(documents, size)


def _produced_today(who: ColumnElement[int]) -> Iterator[Booking]:
    """What runs of this day have used up of its capacity."""
    query = _row(who).where(Solicitud.fecha_tentativa == clock.today(), Solicitud.generada_en.is_not(None))
    for day, one, documents, size in db.session.execute(query):
        yield day, one, Load(documents, size)


def load_of(solicitud: Solicitud) -> Load:
    """What the request asks of its day, as far as it is known."""
    return Load(solicitud.estimado_documentos or 0, solicitud.estimado_bytes or 0)


# --- dates ---------------------------------------------------------------------------------------------------------------


def hold() -> None:
    """From here to the end of this transaction nobody else puts a request on the calendar: of two officers who approve at the
    same moment the second one sees what the first has booked. (SQLite has one writer at a time anyway.)"""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def propose(solicitud: Solicitud, approved_on: date | None = None) -> calendar.Proposal:
    """The date a request would get if it were approved on `approved_on` (default: today)."""
    load = load_of(solicitud)
    return propose_load(solicitud.institucion_id, load.documents, load.bytes, approved_on, without=solicitud.id)


def propose_load(
    institucion_id: int, documents: int, size: int, approved_on: date | None = None, *, without: int | Collection[int] | None = None,
) -> calendar.Proposal:
    """The same for a request that may not exist yet: documents and bytes of that institution. One that no year of capacity
    could hold gets the first day nobody has booked, out of time, with the reason."""
    day = approved_on or clock.today()
    days, daily, times, promised = working_calendar(), capacities(), periods(), booked(day, without=without, institution=institucion_id)
    try:
        found = calendar.propose(day, documents, size, institucion_id, promised, days, daily, times)
    except ValueError as problem:
        free = next(each for each in days.after(day) if each not in promised)
        found = calendar.Proposal(
            free, False, calendar.limit_day(day, days, times), str(problem), calendar.LONGEST_RUN, ((free, Load(documents, size)),)
        )
    lost = "Su vigencia no incluiría ningún día laborable." if days.lost_vigencia(found.spread[-1][0]) else ""
    return found._replace(reason=" ".join(filter(None, (found.reason, lost, unconfirmed_warning(found.day)))))


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
        feriado = db.session.get(Feriado, day)
        what = f"feriado ({feriado.nombre})" if feriado else texts.WEEKDAYS[day.weekday()] if day.weekday() >= 5 else "feriado"
        return f"La fecha elegida no es un día laborable: el {texts.day(day)} es {what}."
    return None


def above_capacity(solicitud: Solicitud, day: date) -> bool:
    """Whether running it on `day` (a working day) takes more than the days can produce: only with a reason (decisions 14)."""
    return bool(above_capacity_with([solicitud], day))


def above_capacity_with(solicitudes: Collection[Solicitud], day: date) -> float:
    """How full the fullest day would be with all these requests on `day`, where that is above the capacity (1.08: 8 % more);
    0 when they find place."""
    days, daily, times = working_calendar(), capacities(), periods()
    loads = booked(day, without=[s.id for s in solicitudes], institution=OTHERS)
    before = {each: load.total for each, load in loads.items()}
    calendar.book(((day, s.institucion_id, load_of(s)) for s in solicitudes), days, daily, times, onto=loads)
    fullest = (load.total.share_of(whole_day(each, daily, times)) for each, load in loads.items() if load.total != before.get(each, Load()))
    return next((share for share in (max(fullest, default=0),) if share > 1), 0)


def out_of_time(solicitud: Solicitud, day: date) -> bool:
    """Whether a run that starts on `day` ends after the limit, counted from the request's approval (today, before it)."""
    days, daily, times = working_calendar(), capacities(), periods()
    approved_on = local_day(solicitud.aprobada_en) if solicitud.aprobada_en else clock.today()
    last = max(calendar.book([(day, 0, load_of(solicitud))], days, daily, times))
    return last > calendar.limit_day(approved_on, days, times)


# --- the years of the feriado table --------------------------------------------------------------------------------------


def unconfirmed_warning(*days: date) -> str:
    """A sentence for an officer when one of the days falls in a year whose feriados nobody has confirmed, else ""."""
    years = {day.year for day in days}
    missing = sorted(years - set(db.session.scalars(select(AnioFeriados.anio).where(AnioFeriados.anio.in_(years)))))
    return f"Los feriados de {' y '.join(map(str, missing))} todavía no están confirmados." if missing else ""


def has_feriados(year: int) -> bool:
    """True when the days off of that year are in the table."""
    return db.session.scalar(select(Feriado.fecha).where(Feriado.fecha.between(date(year, 1, 1), date(year, 12, 31))).limit(1)) is not None


def seed_year(year: int) -> list[holidays.Feriado]:
    """Put the days off of a year into the table; days already there keep what an officer wrote. Returns the year's days."""
    days = holidays.days_off(year)
    known = set(db.session.scalars(select(Feriado.fecha)))
    db.session.add_all(Feriado(fecha=d.fecha, nombre=d.nombre, original=d.original) for d in days if d.fecha not in known)
    return days
