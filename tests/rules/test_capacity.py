"""Capacity by dates in force, alta demanda and its reserve; fair share as properties."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.calendar import Calendar, book, propose
from rules.capacity import Capacities, Capacity, DayLoad, Load, Period, limits_of, whole_day

DAYS = Calendar(frozenset({date(2026, 12, 25)}))
FRIDAY = date(2026, 11, 20)  # 23, 24, 25, 26, 27 Nov are days 1 to 5
USUAL = Capacity(1000, 10**9)


def nov(day: int) -> date:
    return date(2026, 11, day)


def ask(documents, institution="A", booked=None, capacity=USUAL, periods=()):
    return propose(FRIDAY, documents, 0, institution, booked or {}, DAYS, capacity, periods)


# By dates


def test_a_capacity_holds_from_its_date_until_the_next_one():
    times = Capacities(USUAL, {nov(30): Capacity(50, 50), nov(25): Capacity(10, 10)})
    assert [times.on(nov(day)).documents for day in (24, 25, 29, 30)] == [1000, 10, 10, 50]
    assert times.on(date(1999, 1, 1)) is USUAL and times.on(date(2100, 1, 1)).documents == 50
    assert Capacities(USUAL).on(FRIDAY) is USUAL


def test_the_proposal_takes_the_capacity_of_each_day():
    times = Capacities(USUAL, {nov(24): Capacity(100, 10**9, 1)})
    found = ask(1150, capacity=times)
    assert [(day, load.documents) for day, load in found.spread] == [(nov(23), 1000), (nov(24), 100), (nov(25), 50)]


def test_alta_demanda_multiplies_the_capacity_of_its_days_only():
    period = Period("Transición", nov(23), nov(23), factor=1.5)
    assert whole_day(nov(23), USUAL, [period]) == Load(1500, 1_500_000_000)
    assert whole_day(nov(24), USUAL, [period]) == Load(1000, 10**9)
    assert limits_of(nov(23), USUAL, [period]).quota.documents == 375


@pytest.mark.parametrize("reserve", [-0.1, 1, 1.5])
def test_a_reserve_without_sense_is_refused(reserve):
    with pytest.raises(ValueError, match="reserva"):
        Period("x", nov(1), nov(2), reserve=reserve)


def test_periods_overlap_when_they_share_a_day():
    one = Period("a", nov(1), nov(10))
    assert one.overlaps(Period("b", nov(10), nov(20))) and one.overlaps(Period("b", nov(3), nov(4)))
    assert not one.overlaps(Period("b", nov(11), nov(20)))


def test_what_was_promised_before_the_capacity_fell_stays_and_shows_as_over_full():
    booked = book([(nov(23), "A", Load(10_000))], DAYS, Capacity(1, 1))
    assert booked[nov(23)].total == Load(10_000), "no year of that capacity could hold it: it stays on its day"


# The reserve of a time of alta demanda


def test_with_a_reserve_many_institutions_leave_room_for_small_ones():
    period = Period("Transición", FRIDAY, nov(30), reserve=0.5)
    full = {nov(23): DayLoad(Load(1000), {"X": Load(1000)}), nov(24): DayLoad(Load(480), {n: Load(60) for n in range(8)})}
    assert ask(60, "M", full, periods=[period]).day == nov(25), "a ninth ministry does not get the reserve of the 24th"
    assert ask(5, "small", full, periods=[period]).day == nov(24)
    assert ask(60, "M", full).day == nov(24), "without the period the quota alone decides"


def test_day_one_is_open_to_all_also_with_a_reserve():
    period = Period("Transición", FRIDAY, nov(30), reserve=0.5)
    assert ask(1000, "M", periods=[period]).day == nov(23)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 11), st.integers(1, 25)), max_size=150), st.integers(1, 5))
def test_with_a_reserve_no_number_of_large_institutions_takes_it(flood, small):
    """Twelve institutions, each with what it wants: from day 2 on half of every day is left to those who ask for little."""
    period, capacity, booked = Period("Transición", FRIDAY, nov(30), reserve=0.5), Capacity(1000, 10**9), {}
    for who, documents in flood:
        found = propose(FRIDAY, documents, 0, who, booked, DAYS, capacity, [period])
        booked.setdefault(found.day, DayLoad()).add(who, Load(documents))
    found = propose(FRIDAY, small, 0, "office", booked, DAYS, capacity, [period])
    assert DAYS.working_between(FRIDAY, found.day) <= 2


# Fair share


def test_three_hundred_of_a_ministry_do_not_push_out_the_one_of_an_office():
    booked: dict[date, DayLoad] = {}
    for _ in range(300):
        found = ask(50, "ministry", booked)
        booked.setdefault(found.day, DayLoad()).add("ministry", Load(50))
    office = ask(50, "office", booked)
    assert DAYS.working_between(FRIDAY, office.day) <= 2 and office.on_time
    assert not ask(50, "ministry", booked).on_time


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3000), st.sampled_from("ABC")), max_size=20), st.randoms(use_true_random=False))
def test_neither_the_order_of_the_bookings_nor_that_of_the_dictionary_matters(rows, shuffler: random.Random):
    bookings = [(FRIDAY + timedelta(days=3 + n), who, Load(documents)) for n, documents, who in rows]
    shuffled = bookings[:]
    shuffler.shuffle(shuffled)
    one, other = book(bookings, DAYS, USUAL), book(shuffled, DAYS, USUAL)
    assert one == other
    turned = dict(reversed(other.items()))
    assert ask(400, "A", one) == ask(400, "A", turned)


# Days whose vigencia would be lost


@pytest.mark.parametrize(
    ("day", "off", "lost"),
    [
        (date(2026, 2, 13), {date(2026, 2, 16), date(2026, 2, 17)}, True),  # Friday before Carnival
        (date(2026, 10, 30), {date(2026, 11, 2), date(2026, 11, 3)}, True),  # Friday before 2 and 3 November
        (date(2026, 2, 12), {date(2026, 2, 16), date(2026, 2, 17)}, False),  # Thursday: Friday is worked
        (date(2026, 11, 20), set(), False),  # an ordinary Friday: Monday and Tuesday remain
    ],
)
def test_days_whose_vigencia_holds_no_working_day(day, off, lost):
    assert Calendar(frozenset(off)).lost_vigencia(day) is lost
