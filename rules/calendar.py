"""Working days, and the date at which a request can be promised (decision 14).

Everything here is arithmetic on what the caller brings: the days off, the loads already booked, the capacity of a day.
Loads are documents and bytes; days are dates of Guayaquil. Nothing is remembered between calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Collection, Hashable, Iterable, Iterator, Mapping, NamedTuple

from rules import texts
from rules.capacity import NOTHING, QUOTA, AnyCapacity, Capacities, Capacity, DayLoad, Limits, Load, Period, limits_of, whole_day
from rules.deadlines import VIGENCIA_DAYS

__all__ = [
    "LIMIT_DAY", "LONGEST_RUN", "OPENS_AT", "QUOTA", "TARGET_DAY", "Calendar", "Capacities", "Capacity", "DayLoad", "Limits", "Load",
    "Period", "Proposal", "Turn", "book", "fits", "limit_day", "order_within_day", "propose", "spread",
]

TARGET_DAY = 4  # what the SGE aims at, in working days after approval
LIMIT_DAY = 5  # what it promises
OPENS_AT = 6  # the hour at which the runs of a day begin
LONGEST_RUN = 250  # working days; what needs more is a mistake in the capacity or in the estimate


@dataclass(frozen=True, slots=True)
class Calendar:
    """Monday to Friday minus `days_off`."""

    days_off: Collection[date] = frozenset()

    def is_working(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.days_off

    def after(self, day: date) -> Iterator[date]:
        """The working days after `day`, without end."""
        while True:
            day += timedelta(days=1)
            if self.is_working(day):
                yield day

    def add_working(self, day: date, n: int) -> date:
        """The n-th working day after `day`; with 0 `day` itself. Raises ValueError for n < 0."""
        if n < 0:
            raise ValueError("working days are counted forward")
        following = self.after(day)
        for _ in range(n):
            day = next(following)
        return day

    def working_between(self, start: date, end: date) -> int:
        """How many working days come after `start`, up to and with `end`; 0 when `end` is not later."""
        days = (end - start).days
        return sum(self.is_working(start + timedelta(days=i)) for i in range(1, days + 1))

    def lost_vigencia(self, day: date) -> bool:
        """Whether an archive generated on `day` would be valid on no working day after it: nobody at the office would see
        it before it ends (the eve of Carnival, of 2 and 3 November on Monday and Tuesday, …)."""
        return not any(self.is_working(day + timedelta(days=i)) for i in range(1, VIGENCIA_DAYS + 1))


class Proposal(NamedTuple):
    """A date that can be promised. day: when the run starts; days_needed: working days it takes, `spread` on them.

    limit: the last day that is on time. on_time: the last day of the run is not after it. reason: one Spanish
    sentence for the officer.
    """

    day: date
    on_time: bool
    limit: date
    reason: str
    days_needed: int
    spread: tuple[tuple[date, Load], ...]


class Turn(NamedTuple):
    """A request waiting for its turn within a day. since: the instant by which it is older or younger."""

    id: int
    institution: Hashable
    since: datetime


def limit_day(approved_on: date, calendar: Calendar, periods: Iterable[Period] = ()) -> date:
    """The last day on which a request approved on `approved_on` is on time; overlapping periods do not add up."""
    extra = max((p.extra_days for p in periods if approved_on in p), default=0)
    return calendar.add_working(approved_on, LIMIT_DAY + extra)


def spread(
    start: date, load: Load, calendar: Calendar, capacity: AnyCapacity, periods: Collection[Period] = ()
) -> tuple[tuple[date, Load], ...]:
    """How a run that starts on `start` (a working day) fills it and the working days after it, a full day each.

    Raises ValueError when it would take more than LONGEST_RUN days.
    """
    taken: list[tuple[date, Load]] = []
    days = calendar.after(start - timedelta(days=1))
    while not taken or load != NOTHING:
        if len(taken) == LONGEST_RUN:
            raise ValueError("La solicitud no cabe en un año de capacidad: revise la capacidad diaria o la estimación.")
        day = next(days)
        part = load.capped(whole_day(day, capacity, periods))
        taken.append((day, part))
        load -= part
    return tuple(taken)


def book(
    bookings: Iterable[tuple[date, Hashable, Load]],
    calendar: Calendar,
    capacity: AnyCapacity,
    periods: Collection[Period] = (),
    onto: dict[date, DayLoad] | None = None,
) -> dict[date, DayLoad]:
    """The loads by day of (first day, institution, load) rows, each spread like the proposal that made it, added to those
    of `onto`.

    A load of one day is booked where it is, even on a day that has become a feriado since: announced dates never move
    by themselves. So is one that no year could hold, since the capacity was lowered: its day is over full, and says so.
    """
    booked = {} if onto is None else onto
    for start, institution, load in bookings:
        for day, part in _parts(start, load, calendar, capacity, periods):
            booked.setdefault(day, DayLoad()).add(institution, part)
    return booked


def _parts(start: date, load: Load, calendar: Calendar, capacity: AnyCapacity, periods: Collection[Period]) -> tuple[tuple[date, Load], ...]:
    if load.within(whole_day(start, capacity, periods)):
        return ((start, load),)
    try:
        return spread(start, load, calendar, capacity, periods)
    except ValueError:
        return ((start, load),)


def propose(
    approved_on: date,
    documents: int,
    bytes: int,
    institution: Hashable,
    booked: Mapping[date, DayLoad],
    calendar: Calendar,
    capacity: AnyCapacity,
    periods: Collection[Period] = (),
) -> Proposal:
    """The earliest date for a request approved on `approved_on`, never on that day itself.

    Day 1 is open to all up to its capacity; from day 2 on an institution stays within its quota, so that many requests
    of one do not push out the few of another (and, in a time of alta demanda with a reserve, leaves that share of the day to
    institutions with hardly anything on it). What exceeds the quota of a day (or its capacity) takes the first day
    with nothing booked, and as many consecutive working days without bookings as it needs. `booked` is not changed.
    Raises ValueError for a negative size, or one that no year of capacity could hold.
    """
    if documents < 0 or bytes < 0:
        raise ValueError("El tamaño de la solicitud no puede ser negativo.")
    load = Load(documents, bytes)
    limit = limit_day(approved_on, calendar, periods)
    for number, day in enumerate(calendar.after(approved_on), start=1):
        today, limits = booked.get(day), limits_of(day, capacity, periods)
        if limits.allow(today, institution, load, number == 1):
            parts = ((day, load),)
            break
        if (today is None or today.empty) and not load.within(limits.quota):
            parts = spread(day, load, calendar, capacity, periods)
            if all(each not in booked or booked[each].empty for each, _ in parts):
                break
    return Proposal(day, parts[-1][0] <= limit, limit, _reason(number, parts, limit), len(parts), parts)


def _reason(number: int, parts: tuple[tuple[date, Load], ...], limit: date) -> str:
    last = parts[-1][0]
    if last > limit:
        return f"Fuera de plazo: el límite era el {texts.long_day(limit)} y no hay capacidad antes."
    if len(parts) > 1:
        return f"Ocupa {len(parts)} días laborables seguidos, hasta el {texts.long_day(last)}."
    if number == 1:
        return "Primer día laborable después de la aprobación, con capacidad."
    return f"Primer día con capacidad: día laborable {number} después de la aprobación."


def fits(
    start: date, load: Load, booked: Mapping[date, DayLoad], calendar: Calendar, capacity: AnyCapacity, periods: Collection[Period] = ()
) -> bool:
    """Whether a run that starts on `start` (a working day) stays within the capacity of every day it takes. The quota of an
    institution only shapes what is proposed; an officer who chooses a day is held to the capacity alone."""
    return all(
        (booked.get(day, DayLoad()).total + part).within(whole_day(day, capacity, periods))
        for day, part in _parts(start, load, calendar, capacity, periods)
    )


def order_within_day(turns: Iterable[Turn]) -> list[Turn]:
    """Round robin by institution: the oldest of each, then the second oldest of each, … each round oldest first."""
    rounds: dict[Hashable, int] = {}
    ranked = []
    for turn in sorted(turns, key=lambda turn: (turn.since, turn.id)):
        rank = rounds[turn.institution] = rounds.get(turn.institution, -1) + 1
        ranked.append((rank, turn.since, turn.id, turn))
    return [row[-1] for row in sorted(ranked, key=lambda row: row[:3])]
