"""The calendar as the SGE looks at it: a month with the load of every day, and one day with its requests in running order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import Feriado, FeriadoLocal, Solicitud
from rules import texts
from rules.calendar import Calendar, Turn, order_within_day
from rules.capacity import DayLoad, Load, Period, whole_day
from rules.lifecycle import Estado
from rules.policy import Actor, Permission, may
from services import clock, schedule, scope

FIRST_MONTH = date(2015, 1, 1)
DAY_SHOWN = 300  # requests of one day on one page
WAITS, RUNS, DONE = "espera", "ejecuta", "generada"


@dataclass(frozen=True, slots=True)
class Cell:
    """One day. requests: how many begin on it; load: what they and the longer ones take of it; share: of its capacity (1 is
    all of it), None on a day off without load. feriado, local: names."""

    date: date
    inside: bool
    working: bool
    today: bool
    past: bool = False
    requests: int = 0
    load: Load = Load()
    share: float | None = None
    feriado: str = ""
    local: tuple[str, ...] = ()
    period: str = ""
    lost: bool = False

    @property
    def percent(self) -> int:
        """Never 0 for a day with something on it, never 100 for one that is not full."""
        share = self.share or 0
        return round(share * 100) if share >= 1 else min(99, max(1, round(share * 100))) if share else 0

    @property
    def over(self) -> bool:
        return self.share is not None and self.share > 1

    @property
    def misplaced(self) -> bool:
        """Something is promised for a day nobody works."""
        return not self.working and bool(self.requests)

    @property
    def state(self) -> str:
        """The load in one or two words; "" for a day off or gone by with nothing on it."""
        if self.misplaced:
            return "Día no laborable"
        if self.over:
            return "Sobre la capacidad"
        if self.share is not None and self.percent >= 100:
            return "Lleno"
        return f"{self.percent} %" if self.percent else "Libre" if self.working and not self.past else ""

    @property
    def heat(self) -> str:
        """Class of its colour, l0 to l4."""
        return f"l{sum(self.percent > step for step in (0, 40, 70, 90))}"

    @property
    def spoken(self) -> str:
        """All of it in one sentence, for who does not see the grid."""
        said = [f"{'hoy, ' if self.today else ''}{texts.long_day(self.date)}"]
        said += [f"feriado: {self.feriado}"] if self.feriado else []
        said += [f"feriado local: {name}" for name in self.local]
        if self.working or self.requests:
            said += [texts.plural(self.requests, "solicitud", "solicitudes"), f"{self.percent} % de la capacidad"]
        said += [self.state] if self.over or self.misplaced else []
        said += ["la vigencia no incluiría ningún día laborable"] if self.lost else []
        return ", ".join(said)


@dataclass(frozen=True, slots=True)
class Month:
    """Whole weeks, Monday first. before, after: first days of the neighbour months, None where there is no more to see."""

    first: date
    weeks: list[list[Cell]]
    before: date | None
    after: date | None
    warning: str

    @property
    def title(self) -> str:
        return f"{texts.MONTHS[self.first.month - 1].capitalize()} de {self.first.year}"

    @property
    def days(self) -> list[Cell]:
        return [cell for week in self.weeks for cell in week]


@dataclass(frozen=True, slots=True)
class Line:
    """One request of a day. place: its turn among those that wait, 0 for one that runs or is done. kind: WAITS, RUNS, DONE."""

    solicitud: Solicitud
    kind: str
    place: int
    movable: bool


@dataclass(frozen=True, slots=True)
class Day:
    """One day opened. limit: what it can produce; longer: requests that began earlier and still take part of it;
    total: all that begin on it, of which `lines` may show only the first."""

    cell: Cell
    limit: Load
    lines: list[Line] = field(default_factory=list)
    total: int = 0
    longer: int = 0
    period: Period | None = None


def month_of(day: date | None) -> date:
    """First day of the month to show, kept within what can be shown."""
    day = day or clock.today()
    return min(max(day.replace(day=1), FIRST_MONTH), (clock.today() + schedule.HORIZON).replace(day=1))


def month(first: date) -> Month:
    """The month that begins on `first`, with the days of its first and last week around it."""
    start = first - timedelta(days=first.weekday())
    following = (first + timedelta(days=31)).replace(day=1)
    weeks = -(-(following - start).days // 7)
    days = [start + timedelta(days=i) for i in range(7 * weeks)]
    cells = _cells(days, first.month)
    last = (clock.today() + schedule.HORIZON).replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    return Month(
        first, [cells[i : i + 7] for i in range(0, len(cells), 7)], before if before >= FIRST_MONTH else None,
        following if following <= last else None, schedule.unconfirmed_warning(first),
    )


def _cells(days: list[date], shown_month: int) -> list[Cell]:
    first, last, today = days[0], days[-1], clock.today()
    calendar, daily, periods = schedule.working_calendar(), schedule.capacities(), schedule.periods()
    names = {fecha: nombre for fecha, nombre in db.session.execute(select(Feriado.fecha, Feriado.nombre).where(Feriado.fecha.between(first, last)))}
    local: dict[date, tuple[str, ...]] = {}
    for row in db.session.scalars(select(FeriadoLocal).where(FeriadoLocal.fecha.between(first, last)).order_by(FeriadoLocal.id)):
        local[row.fecha] = (*local.get(row.fecha, ()), f"{row.nombre} ({row.lugar})")
    begun, booked = _begun(first, last), _loads(first, last)
    out = []
    for day in days:
        load, working = booked.get(day, DayLoad()).total, calendar.is_working(day)
        share = load.share_of(whole_day(day, daily, periods)) if working or load != Load() else None
        out.append(Cell(
            day, day.month == shown_month, working, day == today, day < today, begun.get(day, 0), load, share, _feriado(day, names, calendar), local.get(day, ()),
            next((p.name for p in periods if day in p), ""), working and day >= today and calendar.lost_vigencia(day),
        ))
    return out


def _feriado(day: date, names: dict[date, str], calendar: Calendar) -> str:
    """Its name; of a year that is not in the table yet, only that it is one."""
    return names.get(day) or ("Feriado" if day.weekday() < 5 and not calendar.is_working(day) else "")


# On the calendar stands what is promised and what was produced; what was rejected on the way stands nowhere.
ON_CALENDAR = or_(Solicitud.estado.in_(schedule.BOOKED), Solicitud.generada_en.is_not(None))


def _begun(first: date, last: date) -> dict[date, int]:
    """How many requests begin on each day."""
    rows = db.session.execute(
        select(Solicitud.fecha_tentativa, func.count())
        .where(Solicitud.fecha_tentativa.between(first, last), ON_CALENDAR).group_by(Solicitud.fecha_tentativa)
    )
    return {day: count for day, count in rows}


def _loads(first: date, last: date) -> dict[date, DayLoad]:
    """What is promised, and for days gone by what was produced."""
    today, found = clock.today(), schedule.booked(first, institution=schedule.OTHERS)
    if first >= today:
        return found
    rows = db.session.execute(
        select(Solicitud.fecha_tentativa, func.sum(func.coalesce(Solicitud.estimado_documentos, 0)), func.sum(func.coalesce(Solicitud.estimado_bytes, 0)))
        .where(Solicitud.fecha_tentativa.between(first, min(last, today - timedelta(days=1))), Solicitud.generada_en.is_not(None))
        .group_by(Solicitud.fecha_tentativa)
    )
    for day, documents, size in rows:
        found.setdefault(day, DayLoad()).add(0, Load(int(documents), int(size)))
    return found


def day(actor: Actor, when: date) -> Day:
    """One day opened, for an officer: what is done, what runs, and what waits in the order in which it will run."""
    cell = _cells([when], when.month)[0]
    daily, periods = schedule.capacities(), schedule.periods()
    query = scope.solicitudes(actor).where(Solicitud.fecha_tentativa == when, ON_CALENDAR)
    rows = list(db.session.scalars(query.options(joinedload(Solicitud.institucion)).order_by(Solicitud.aprobada_en, Solicitud.id)))
    lines = [*_lines(actor, rows)]
    period = next((p for p in periods if when in p), None)
    return Day(cell, whole_day(when, daily, periods), lines[:DAY_SHOWN], len(lines), schedule.continuing(when), period)


def _lines(actor: Actor, rows: Iterable[Solicitud]) -> Iterable[Line]:
    """Done, running, waiting: the last in the order of services.turns.due."""
    rows = list(rows)
    for kind, belongs in ((DONE, lambda s: s.generada_en is not None), (RUNS, lambda s: s.estado is Estado.EN_EJECUCION)):
        yield from (Line(s, kind, 0, False) for s in rows if belongs(s) and (kind == DONE or s.generada_en is None))
    waiting = {s.id: s for s in rows if s.estado is Estado.APROBADA}
    turns = order_within_day(Turn(s.id, s.institucion_id, s.aprobada_en) for s in waiting.values())
    for place, turn in enumerate(turns, start=1):
        s = waiting[turn.id]
        yield Line(s, WAITS, place, may(actor, Permission.SOLICITUD_DECIDE, s))


def overdue() -> int:
    """Approved requests whose day has gone by without a run: they run first, before those of today."""
    late = select(func.count()).select_from(Solicitud).where(schedule.ON_PROMISE, Solicitud.fecha_tentativa < clock.today())
    return db.session.scalar(late.where(Solicitud.estado == Estado.APROBADA)) or 0
