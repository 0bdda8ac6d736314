"""Figures by month, by week and by day for the board's charts: arithmetic on counts that the caller brings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from rules import texts
from rules.calendar import Calendar

DAY = timedelta(days=1)


class Count(Protocol):
    """One day: requests sent, archives finished, bytes they hold, and of which day of approval they were."""

    dia: date
    solicitudes: int
    generadas: int
    bytes: int
    esperas: Mapping[date, int]


@dataclass(frozen=True, slots=True)
class Point:
    """One mark of a chart. label: short, under the mark; name: whole, in the table; value None: nothing to measure.
    count: how many archives stand behind a mean."""

    label: str
    name: str
    value: float | None
    count: int = 0


class WorkingDays:
    """Working days between any two days of a span, each counted once. Raises KeyError outside the span."""

    def __init__(self, calendar: Calendar, first: date, last: date):
        self._until: dict[date, int] = {}
        total, day = 0, first
        while day <= last:
            total += calendar.is_working(day)
            self._until[day] = total
            day += DAY

    def between(self, start: date, end: date) -> int:
        """As Calendar.working_between: those after `start`, up to and with `end`."""
        return max(0, self._until[end] - self._until[start])

    def is_working(self, day: date) -> bool:
        return self._until[day] > self._until.get(day - DAY, 0)


def span_of(days: Sequence[Count], calendar: Calendar) -> WorkingDays:
    """What `mean_wait` needs: from the oldest approval behind these days to the last of them."""
    oldest = min((since for day in days for since in day.esperas), default=days[0].dia)
    return WorkingDays(calendar, min(oldest, days[0].dia) - DAY, days[-1].dia)


def mean_wait(days: Iterable[Count], working: WorkingDays) -> tuple[float | None, int]:
    """Mean working days from approval to the archive, and of how many archives; (None, 0) without any."""
    total = count = 0
    for day in days:
        for since, n in day.esperas.items():
            total += working.between(since, day.dia) * n
            count += n
    return (total / count if count else None), count


def by_month(days: Iterable[Count]) -> list[Point]:
    """Requests sent per month. The label has the year where one begins, and at the first month."""
    months: dict[tuple[int, int], int] = {}
    for day in days:
        key = (day.dia.year, day.dia.month)
        months[key] = months.get(key, 0) + day.solicitudes
    points = []
    for place, ((year, month), n) in enumerate(months.items()):
        name = texts.MONTHS[month - 1]
        label = f"{name[:3]} {year % 100:02d}" if month == 1 or place == 0 else name[:3]
        points.append(Point(label, f"{name} {year}", n))
    return points


def waits_by_week(days: Sequence[Count], working: WorkingDays) -> list[Point]:
    """Mean working days to ready of the archives finished in each week, Monday to Sunday."""
    points = []
    for week in _weeks(days):
        mean, count = mean_wait(week, working)
        points.append(Point(_short(week[0].dia), _week_name(week), mean, count))
    return points


def bytes_by_day(days: Iterable[Count], working: WorkingDays) -> list[Point]:
    """Bytes of the archives finished on each working day, and on any other day that had some."""
    return [
        Point(_short(day.dia), texts.day(day.dia), day.bytes, day.generadas)
        for day in days
        if day.generadas or working.is_working(day.dia)
    ]


def bytes_by_week(days: Sequence[Count], working: WorkingDays) -> list[Point]:
    """For a long span: bytes per working day, on average over each week."""
    points = []
    for week in _weeks(days):
        laborables = sum(working.is_working(day.dia) for day in week)
        total = sum(day.bytes for day in week)
        points.append(Point(_short(week[0].dia), _week_name(week), total / max(1, laborables), sum(day.generadas for day in week)))
    return points


def _weeks(days: Iterable[Count]) -> list[list[Count]]:
    weeks: dict[date, list[Count]] = {}
    for day in days:
        weeks.setdefault(day.dia - timedelta(days=day.dia.weekday()), []).append(day)
    return list(weeks.values())


def _week_name(week: Sequence[Count]) -> str:
    first, last = week[0].dia, week[-1].dia
    return texts.day(first) if first == last else f"{texts.day(first)} a {texts.day(last)}"


def _short(day: date) -> str:
    return f"{day.day} {texts.MONTHS[day.month - 1][:3]}"
