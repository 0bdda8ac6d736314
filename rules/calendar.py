"""Working days, and the date at which a request can be promised (decision 14).

Everything here is arithmetic on what the caller brings: the days off, the loads already booked, the capacity of a day.
Loads are documents and bytes; days are dates of Guayaquil. Nothing is remembered between calls.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Collection, Hashable, Iterable, Iterator, Mapping, NamedTuple

from rules import texts

TARGET_DAY = 4  # what the SGE aims at, in working days after approval
LIMIT_DAY = 5  # what it promises
QUOTA = 0.25
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


@dataclass(frozen=True, slots=True)
class Load:
    """What one request asks of a day."""

    documents: int = 0
    bytes: int = 0

    def __add__(self, other: Load) -> Load:
        return Load(self.documents + other.documents, self.bytes + other.bytes)

    def __sub__(self, other: Load) -> Load:
        return Load(self.documents - other.documents, self.bytes - other.bytes)

    def within(self, limit: Load) -> bool:
        return self.documents <= limit.documents and self.bytes <= limit.bytes

    def capped(self, limit: Load) -> Load:
        return Load(min(self.documents, limit.documents), min(self.bytes, limit.bytes))


@dataclass(slots=True)
class DayLoad:
    """What is booked on one day: in all, and by institution."""

    total: Load = Load()
    institutions: dict[Hashable, Load] = field(default_factory=dict)

    def add(self, institution: Hashable, load: Load) -> None:
        self.total += load
        self.institutions[institution] = self.of(institution) + load

    def of(self, institution: Hashable) -> Load:
        return self.institutions.get(institution, Load())

    @property
    def empty(self) -> bool:
        return not self.institutions


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one working day can produce. quota: the share of it that one institution may take from day 2 on.

    Raises ValueError (in Spanish, it is typed on a screen) when nothing could ever be booked.
    """

    documents: int
    bytes: int
    quota: float = QUOTA

    def __post_init__(self) -> None:
        if self.documents < 1 or self.bytes < 1:
            raise ValueError("La capacidad diaria debe ser mayor que cero, en documentos y en bytes.")
        if not 0 < self.quota <= 1:
            raise ValueError("La cuota por institución debe ser mayor que 0 % y de 100 % como máximo.")

    def of_day(self, factor: float = 1) -> Load:
        """The limits of a day, whole and at least 1 (rounded first: 0.58 * 100 is 57.999… in floats)."""
        documents, bytes = (max(1, int(round(amount * factor, 6))) for amount in (self.documents, self.bytes))
        return Load(documents, bytes)

    def quota_of_day(self, factor: float = 1) -> Load:
        return self.of_day(factor * self.quota)


@dataclass(frozen=True, slots=True)
class Period:
    """Alta demanda, both dates included: `extra_days` more working days to answer for requests approved in it,
    and `factor` times the capacity on its days. Raises ValueError (in Spanish) when it makes no sense."""

    name: str
    start: date
    end: date
    extra_days: int = 0
    factor: float = 1

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError("El período termina antes de empezar.")
        if self.extra_days < 0 or not 0 < self.factor <= 100:
            raise ValueError("Los días adicionales y el factor de capacidad del período no son válidos.")

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end


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


def _factor(day: date, periods: Iterable[Period]) -> float:
    return max((p.factor for p in periods if day in p), default=1)


def limit_day(approved_on: date, calendar: Calendar, periods: Iterable[Period] = ()) -> date:
    """The last day on which a request approved on `approved_on` is on time; overlapping periods do not add up."""
    extra = max((p.extra_days for p in periods if approved_on in p), default=0)
    return calendar.add_working(approved_on, LIMIT_DAY + extra)


def spread(
    start: date, load: Load, calendar: Calendar, capacity: Capacity, periods: Collection[Period] = ()
) -> tuple[tuple[date, Load], ...]:
    """How a run that starts on `start` (a working day) fills it and the working days after it, a full day each.

    Raises ValueError when it would take more than LONGEST_RUN days.
    """
    taken: list[tuple[date, Load]] = []
    days = calendar.after(start - timedelta(days=1))
    while not taken or load != Load():
        if len(taken) == LONGEST_RUN:
            raise ValueError("La solicitud no cabe en un año de capacidad: revise la capacidad diaria o la estimación.")
        day = next(days)
        part = load.capped(capacity.of_day(_factor(day, periods)))
        taken.append((day, part))
        load -= part
    return tuple(taken)


def book(
    bookings: Iterable[tuple[date, Hashable, Load]],
    calendar: Calendar,
    capacity: Capacity,
    periods: Collection[Period] = (),
) -> dict[date, DayLoad]:
    """The loads by day of (first day, institution, load) rows, each spread like the proposal that made it.

    A load of one day is booked where it is, even on a day that has become a feriado since: announced dates never move
    by themselves.
    """
    booked: dict[date, DayLoad] = {}
    for start, institution, load in bookings:
        one_day = load.within(capacity.of_day(_factor(start, periods)))
        parts = ((start, load),) if one_day else spread(start, load, calendar, capacity, periods)
        for day, part in parts:
            booked.setdefault(day, DayLoad()).add(institution, part)
    return booked


def propose(
    approved_on: date,
    documents: int,
    bytes: int,
    institution: Hashable,
    booked: Mapping[date, DayLoad],
    calendar: Calendar,
    capacity: Capacity,
    periods: Collection[Period] = (),
) -> Proposal:
    """The earliest date for a request approved on `approved_on`, never on that day itself.

    Day 1 is open to all up to its capacity; from day 2 on an institution stays within its quota, so that many requests
    of one do not push out the few of another. What exceeds the quota of a day (or its capacity) takes the first day
    with nothing booked, and as many consecutive working days without bookings as it needs. `booked` is not changed.
    Raises ValueError for a negative size, or one that no year of capacity could hold.
    """
    if documents < 0 or bytes < 0:
        raise ValueError("El tamaño de la solicitud no puede ser negativo.")
    load = Load(documents, bytes)
    limit = limit_day(approved_on, calendar, periods)
    for number, day in enumerate(calendar.after(approved_on), start=1):
        factor, today = _factor(day, periods), booked.get(day, DayLoad())
        quota = capacity.quota_of_day(factor)
        in_quota = number == 1 or (today.of(institution) + load).within(quota)
        if in_quota and (today.total + load).within(capacity.of_day(factor)):
            parts = ((day, load),)
        elif not load.within(quota):
            parts = spread(day, load, calendar, capacity, periods)
            if not all(booked.get(each, DayLoad()).empty for each, _ in parts):
                continue
        else:
            continue
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
    start: date, load: Load, booked: Mapping[date, DayLoad], calendar: Calendar, capacity: Capacity, periods: Collection[Period] = ()
) -> bool:
    """Whether a run that starts on `start` (a working day) stays within the capacity of every day it takes. The quota of an
    institution only shapes what is proposed; an officer who chooses a day is held to the capacity alone."""
    return all(
        (booked.get(day, DayLoad()).total + part).within(capacity.of_day(_factor(day, periods)))
        for day, part in spread(start, load, calendar, capacity, periods)
    )


def order_within_day(turns: Iterable[Turn]) -> list[Turn]:
    """Round robin by institution: the oldest of each, then the second oldest of each, … each round oldest first."""
    rounds: dict[Hashable, int] = {}
    ranked = []
    for turn in sorted(turns, key=lambda turn: (turn.since, turn.id)):
        rank = rounds[turn.institution] = rounds.get(turn.institution, -1) + 1
        ranked.append((rank, turn.since, turn.id, turn))
    return [row[-1] for row in sorted(ranked, key=lambda row: row[:3])]
