"""The days an officer chooses from: six weeks, Monday to Sunday, with the load of each working day in per cent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from extensions import db
from models import Feriado, Solicitud
from rules import texts
from rules.calendar import Calendar, DayLoad, Proposal
from rules.capacity import Load, whole_day
from services import clock, schedule

WEEKS = 6
SPAN = timedelta(weeks=WEEKS)


@dataclass(frozen=True, slots=True)
class Day:
    """One cell. kind: "day" (can be chosen), "past" (or too far), "off" (weekend) or "feriado" (named). load: per cent of the capacity,
    of documents or bytes, whichever is more; only of a "day". lost: an archive made on it would be valid on no working day."""

    date: date
    kind: str
    name: str = ""
    load: int = 0
    today: bool = False
    lost: bool = False

    @property
    def number(self) -> str:
        """Day of the month, with the month where a new one begins: "30", "1 dic"."""
        return f"1 {texts.MONTHS[self.date.month - 1][:3]}" if self.date.day == 1 else str(self.date.day)

    @property
    def spoken(self) -> str:
        """What a screen reader says of the day."""
        load = {0: "libre"}.get(self.load, f"{self.load} % de la capacidad")
        lost = ", la vigencia no incluiría ningún día laborable" if self.lost else ""
        return f"{'hoy, ' if self.today else ''}{texts.long_day(self.date)}: {load}{lost}"

    @property
    def label(self) -> str:
        if self.today:
            return "Hoy"
        return "Lleno" if self.load >= 100 else f"{self.load} %" if self.load else "Libre"

    @property
    def heat(self) -> str:
        """Class of its colour, l0 to l4."""
        return f"l{sum(self.load > step for step in (0, 40, 70, 90))}"


@dataclass(frozen=True, slots=True)
class Choice:
    """The calendar of one decision. chosen: the day preselected; weeks: rows of seven days; before, after: the Mondays the
    arrows lead to (None: no further)."""

    proposal: Proposal
    chosen: date
    weeks: list[list[Day]]
    before: date | None
    after: date | None

    @property
    def first(self) -> date:
        return self.weeks[0][0].date

    @property
    def last(self) -> date:
        return self.weeks[-1][-1].date

    @property
    def shown(self) -> bool:
        """Whether the chosen day is among those drawn; otherwise it needs a control of its own."""
        return any(day.date == self.chosen and day.kind == "day" for week in self.weeks for day in week)


def choice(row: Solicitud, since: date | None = None, chosen: date | None = None) -> Choice:
    """The calendar to approve `row` with. since: a day of the first week shown (default: this week). chosen: what the officer
    had chosen; a day that cannot be chosen gives way to the proposed one."""
    today = clock.today()
    proposal = schedule.propose(row)
    if schedule.day_problem(chosen, today) is not None:
        chosen = proposal.day
    first, last = _monday(today), _monday(today + schedule.HORIZON)
    start = min(max(_monday(since or today), first), last)
    weeks = _weeks(row, start, today)
    before = max(first, start - SPAN) if start > first else None
    return Choice(proposal, chosen, weeks, before, start + SPAN if start + SPAN <= last else None)


def _weeks(row: Solicitud, start: date, today: date) -> list[list[Day]]:
    off = db.session.execute(select(Feriado.fecha, Feriado.nombre).where(Feriado.fecha.between(start, start + SPAN)))
    names = {fecha: nombre for fecha, nombre in off}
    booked, calendar = schedule.booked(max(start, today), without=row.id, institution=schedule.OTHERS), schedule.working_calendar()
    daily, periods = schedule.capacities(), schedule.periods()

    def day(date_: date) -> Day:
        return _day(date_, today, names, booked, whole_day(date_, daily, periods), calendar)

    days = [day(start + timedelta(days=i)) for i in range(7 * WEEKS)]
    return [days[i : i + 7] for i in range(0, len(days), 7)]


def _day(day: date, today: date, names: dict[date, str], booked: dict[date, DayLoad], limit: Load, calendar: Calendar) -> Day:
    if day in names or (day.weekday() < 5 and not calendar.is_working(day)):
        return Day(day, "feriado", names.get(day, "según la ley"))
    if day.weekday() >= 5:
        return Day(day, "off")
    if day < today or day > today + schedule.HORIZON:
        return Day(day, "past")
    return Day(day, "day", load=_percent(booked.get(day, DayLoad()), limit), today=day == today, lost=calendar.lost_vigencia(day))


def _percent(load: DayLoad, limit: Load) -> int:
    """Never 0 for a day with something on it, never 100 for one that is not full."""
    share = load.total.share_of(limit)
    if share >= 1:
        return round(share * 100)
    return min(99, max(1, round(share * 100))) if share else 0


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
