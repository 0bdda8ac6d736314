"""Figures by month, week and day: arithmetic on counts, checked against counting by hand."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from rules import series
from rules.calendar import Calendar

OFF = frozenset({date(2026, 11, 2), date(2026, 11, 3)})
CALENDAR = Calendar(OFF)


@dataclass
class Day:
    dia: date
    solicitudes: int = 0
    generadas: int = 0
    bytes: int = 0
    esperas: dict[date, int] = field(default_factory=dict)


def days(first: date, count: int, **known: Day) -> list[Day]:
    return [Day(first + timedelta(days=i)) for i in range(count)]


def working(first=date(2026, 9, 1), last=date(2026, 12, 31)) -> series.WorkingDays:
    return series.WorkingDays(CALENDAR, first, last)


@pytest.mark.parametrize("seed", range(20))
def test_working_days_agree_with_the_calendar(seed):
    chance = random.Random(seed)
    first = date(2026, 10, 1)
    span = working(first, first + timedelta(days=60))
    for _ in range(50):
        a, b = (first + timedelta(days=chance.randrange(61)) for _ in "ab")
        assert span.between(a, b) == CALENDAR.working_between(a, b)
        if a > first:
            assert span.is_working(a) == CALENDAR.is_working(a)


def test_a_feriado_added_later_changes_the_mean_of_the_past():
    found = days(date(2026, 11, 16), 1)
    found[0].esperas = {date(2026, 11, 9): 2, date(2026, 11, 12): 1}  # 5, 5 and 2 working days
    assert series.mean_wait(found, series.span_of(found, CALENDAR)) == (pytest.approx(4.0), 3)
    decreed = Calendar(OFF | {date(2026, 11, 11)})
    assert series.mean_wait(found, series.span_of(found, decreed)) == (pytest.approx(10 / 3), 3)


def test_nothing_finished_has_no_mean():
    assert series.mean_wait(days(date(2026, 11, 16), 3), working()) == (None, 0)


def test_months_are_told_by_the_year_where_one_begins():
    found = days(date(2026, 11, 29), 70)
    found[0].solicitudes, found[2].solicitudes, found[40].solicitudes = 3, 4, 5
    points = series.by_month(found)
    assert [(p.label, p.name, p.value) for p in points] == [
        ("nov 26", "noviembre 2026", 3), ("dic", "diciembre 2026", 4), ("ene 27", "enero 2027", 5), ("feb", "febrero 2027", 0),
    ]


def test_weeks_begin_on_monday_and_one_without_archives_is_a_gap():
    found = days(date(2026, 11, 11), 14)  # a Wednesday
    found[0].esperas, found[0].generadas = {date(2026, 11, 9): 2}, 2
    points = series.waits_by_week(found, working())
    assert [(p.name, p.value, p.count) for p in points] == [
        ("11 nov 2026 a 15 nov 2026", 2.0, 2), ("16 nov 2026 a 22 nov 2026", None, 0), ("23 nov 2026 a 24 nov 2026", None, 0),
    ]


def test_days_without_work_are_left_out_unless_something_was_finished():
    found = days(date(2026, 10, 30), 6)  # Friday; the 2nd and 3rd are feriados
    found[1].generadas, found[1].bytes = 1, 7
    assert [(p.label, p.value) for p in series.bytes_by_day(found, working())] == [("30 oct", 0), ("31 oct", 7), ("4 nov", 0)]


def test_a_long_span_shows_bytes_per_working_day():
    found = days(date(2026, 11, 2), 7)
    found[2].bytes, found[3].bytes = 30, 60  # 4, 5 and 6 November are worked
    assert [(p.value, p.count) for p in series.bytes_by_week(found, working())] == [(30.0, 0)]
    assert series.bytes_by_week(days(date(2026, 11, 2), 2), working())[0].value == 0, "a week without working days divides by nothing"
