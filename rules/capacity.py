"""What a day can produce and what is asked of it: documents and bytes, by dates in force and by times of alta demanda.

Everything is arithmetic on what the caller brings; amounts are whole documents and bytes, shares are 0 … 1.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date
from typing import Collection, Hashable, Iterable, Mapping

QUOTA = 0.25
# An institution that asks for no more than this share of a day may use what the others have to leave free (Period.reserve).
SMALL = 0.005
FIRST = date(2000, 1, 1)


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

    def share_of(self, limit: Load) -> float:
        """Of `limit` (at least 1 of each), in documents or bytes, whichever is more: 0.5 is half of it."""
        return max(self.documents / limit.documents, self.bytes / limit.bytes)


NOTHING = Load()


@dataclass(slots=True)
class DayLoad:
    """What is booked on one day: in all, and by institution."""

    total: Load = NOTHING
    institutions: dict[Hashable, Load] = field(default_factory=dict)

    def add(self, institution: Hashable, load: Load) -> None:
        self.total += load
        self.institutions[institution] = self.of(institution) + load

    def of(self, institution: Hashable) -> Load:
        return self.institutions.get(institution, NOTHING)

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

    def on(self, _day: date) -> Capacity:
        """The same on every day: one Capacity serves where Capacities are asked for."""
        return self

    def of_day(self, factor: float = 1) -> Load:
        """The limits of a day, whole and at least 1 (rounded first: 0.58 * 100 is 57.999… in floats)."""
        documents, bytes = (max(1, int(round(amount * factor, 6))) for amount in (self.documents, self.bytes))
        return Load(documents, bytes)

    def quota_of_day(self, factor: float = 1) -> Load:
        return self.of_day(factor * self.quota)


class Capacities:
    """The capacity by dates in force: `usual` until the first of `changes`, each from its date on until the next one."""

    def __init__(self, usual: Capacity, changes: Mapping[date, Capacity] | None = None):
        rows = sorted((changes or {}).items())
        self._since = [FIRST, *(day for day, _ in rows)]
        self._capacity = [usual, *(capacity for _, capacity in rows)]

    def on(self, day: date) -> Capacity:
        """The one in force on `day`."""
        return self._capacity[max(0, bisect_right(self._since, day) - 1)]

    def each(self) -> list[Capacity]:
        """All of them, by date."""
        return list(self._capacity)


AnyCapacity = Capacity | Capacities


@dataclass(frozen=True, slots=True)
class Period:
    """Alta demanda, both dates included: `extra_days` more working days to answer for requests approved in it,
    and `factor` times the capacity on its days. reserve: the share of those days, from day 2 of a request on, that only
    institutions with hardly anything on the day (SMALL) may use. Raises ValueError (in Spanish) when it makes no sense."""

    name: str
    start: date
    end: date
    extra_days: int = 0
    factor: float = 1
    reserve: float = 0

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError("El período termina antes de empezar.")
        if self.extra_days < 0 or not 0 < self.factor <= 100:
            raise ValueError("Los días adicionales y el factor de capacidad del período no son válidos.")
        if not 0 <= self.reserve < 1:
            raise ValueError("La reserva del período debe ser de 0 % o más y menor que 100 %.")

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end

    def overlaps(self, other: Period) -> bool:
        """True when they share a day."""
        return self.start <= other.end and other.start <= self.end


@dataclass(frozen=True, slots=True)
class Limits:
    """How far one day may be filled. whole: its capacity; quota: one institution's share from day 2 on; open: what
    institutions with more than `small` on the day have to leave the reserve of, from day 2 on."""

    whole: Load
    quota: Load
    open: Load
    small: Load

    def allow(self, today: DayLoad | None, institution: Hashable, load: Load, first: bool) -> bool:
        """Whether `load` of the institution finds place beside what is booked. first: it is the request's day 1, which is
        open to all up to the capacity."""
        if today is None:
            return load.within(self.whole if first else self.quota)
        total = today.total + load
        if first or not total.within(self.whole):
            return total.within(self.whole)
        own = today.of(institution) + load
        return own.within(self.quota) and (total.within(self.open) or own.within(self.small))


def factor_on(day: date, periods: Iterable[Period]) -> float:
    """How many times the usual capacity `day` has; of several periods the largest counts."""
    return max((p.factor for p in periods if day in p), default=1)


def whole_day(day: date, capacity: AnyCapacity, periods: Collection[Period] = ()) -> Load:
    """The capacity of `day`, alta demanda included."""
    return capacity.on(day).of_day(factor_on(day, periods))


def limits_of(day: date, capacity: AnyCapacity, periods: Collection[Period] = ()) -> Limits:
    """The limits of `day` for a proposal."""
    daily, factor = capacity.on(day), factor_on(day, periods)
    reserve = max((p.reserve for p in periods if day in p), default=0)
    return Limits(daily.of_day(factor), daily.quota_of_day(factor), daily.of_day(factor * (1 - reserve)), daily.of_day(factor * SMALL))
