"""How near a request is to missing its date, in working days, and the words for it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calendar import Calendar, Period, limit_day
from rules.risk import assess

WEDNESDAY = date(2026, 11, 18)
PLAIN = Calendar()


@pytest.mark.parametrize(
    ("sent", "waited", "left", "late", "kind", "words"),
    [
        (date(2026, 11, 18), 0, 5, False, "", "Vence el miércoles 25 nov"),
        (date(2026, 11, 13), 3, 2, False, "", "Vence el viernes 20 nov"),
        (date(2026, 11, 12), 4, 1, False, "warn", "Vence mañana"),
        (date(2026, 11, 11), 5, 0, True, "warn", "Vence hoy"),
        (date(2026, 11, 10), 6, -1, True, "bad", "Fuera de plazo desde el 17 nov"),
        (date(2026, 11, 7), 8, -3, True, "bad", "Fuera de plazo desde el 13 nov"),
    ],
)
def test_on_a_wednesday(sent, waited, left, late, kind, words):
    risk = assess(sent, WEDNESDAY, PLAIN)
    assert (risk.waited, risk.left, risk.late, risk.kind, risk.words) == (waited, left, late, kind, words)


def test_a_weekend_after_the_limit_is_already_late():
    risk = assess(date(2026, 11, 13), date(2026, 11, 21), PLAIN)
    assert (risk.limit, risk.left, risk.kind) == (date(2026, 11, 20), 0, "bad") and risk.late


def test_two_days_without_being_opened():
    assert assess(date(2026, 11, 16), WEDNESDAY, PLAIN).unopened and not assess(date(2026, 11, 17), WEDNESDAY, PLAIN).unopened
    off = Calendar({date(2026, 11, 17)})
    assert not assess(date(2026, 11, 16), WEDNESDAY, off).unopened


def test_alta_demanda_gives_its_extra_days_to_what_was_sent_in_it():
    period = Period("Transición", date(2026, 11, 9), date(2026, 11, 10), extra_days=3)
    inside, outside = assess(date(2026, 11, 10), WEDNESDAY, PLAIN, [period]), assess(date(2026, 11, 11), WEDNESDAY, PLAIN, [period])
    assert inside.limit == date(2026, 11, 20) > outside.limit == WEDNESDAY
    assert assess(date(2026, 11, 10), WEDNESDAY, PLAIN, [period, period]) == inside


@given(
    st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(0, 60), st.sets(st.dates(date(2026, 1, 1), date(2027, 6, 1)), max_size=40),
    st.integers(0, 15),
)
def test_it_agrees_with_the_calendar(sent, later, off, extra):
    calendar, today = Calendar(off), sent + timedelta(days=later)
    periods = [Period("p", sent, sent, extra_days=extra)]
    risk = assess(sent, today, calendar, periods)
    assert risk.limit == limit_day(sent, calendar, periods) and risk.target <= risk.limit
    assert (risk.kind == "bad") == (today > risk.limit) and (risk.left > 0) == (today < risk.limit)
    assert risk.late == (today > risk.target) and risk.waited == calendar.working_between(sent, today)
