"""Working days and the promised date: the rules of decision 14, one by one and as properties."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import holidays
from rules.calendar import (
    LONGEST_RUN, Calendar, Capacity, DayLoad, Load, Period, Turn, book, limit_day, order_within_day, propose, spread,
)  # fmt: skip

FERIADOS = Calendar(frozenset(f.fecha for year in (2025, 2026, 2027) for f in holidays.days_off(year)))
CAPACITY = Capacity(documents=1000, bytes=1_000_000)
FRIDAY = date(2026, 11, 20)  # 23, 24, 25, 26, 27 Nov are days 1 to 5


def nov(day: int) -> date:
    return date(2026, 11, day)


def ask(documents, institution="A", booked=None, bytes=0, approved=FRIDAY, periods=(), capacity=CAPACITY):
    return propose(approved, documents, bytes, institution, booked or {}, FERIADOS, capacity, periods)


def loads(*rows) -> dict[date, DayLoad]:
    """Rows of (day of November, institution, documents)."""
    return book([(nov(day), who, Load(documents)) for day, who, documents in rows], FERIADOS, CAPACITY)


# Working days


def test_working_days_skip_weekends_and_days_off_only():
    assert not FERIADOS.is_working(date(2025, 5, 2))
    assert FERIADOS.is_working(date(2025, 5, 1))
    assert not FERIADOS.is_working(nov(21))
    assert FERIADOS.add_working(date(2026, 10, 30), 1) == nov(4)  # Friday; 2 and 3 Nov are off
    assert FERIADOS.add_working(FRIDAY, 0) == FRIDAY
    assert FERIADOS.working_between(date(2026, 10, 30), nov(4)) == 1
    assert FERIADOS.working_between(nov(4), nov(4)) == FERIADOS.working_between(nov(5), nov(4)) == 0


def test_working_days_are_counted_forward():
    with pytest.raises(ValueError):
        FERIADOS.add_working(FRIDAY, -1)


@given(st.dates(date(2025, 1, 1), date(2027, 10, 1)), st.integers(0, 40))
def test_adding_and_counting_are_inverse(day, n):
    later = FERIADOS.add_working(day, n)
    assert FERIADOS.working_between(day, later) == n
    assert n == 0 or FERIADOS.is_working(later)


# The proposed date, by hand


def test_the_first_working_day_after_approval():
    found = ask(10)
    assert (found.day, found.on_time, found.limit, found.days_needed) == (nov(23), True, nov(27), 1)
    assert found.spread == ((nov(23), Load(10)),)
    assert found.reason == "Primer día laborable después de la aprobación, con capacidad."


def test_approved_on_a_sunday_is_never_for_that_day():
    assert ask(10, approved=nov(22)).day == nov(23)


def test_day_one_has_no_quota_but_a_capacity():
    assert ask(300, booked=loads((23, "A", 700))).day == nov(23)
    assert ask(301, booked=loads((23, "A", 700), (24, "B", 1))).day > nov(24)


def test_bytes_count_as_documents_do():
    booked = book([(nov(23), "B", Load(1, 999_999))], FERIADOS, CAPACITY)
    assert ask(1, bytes=1, booked=booked).day == nov(23)
    assert ask(1, bytes=2, booked=booked).day == nov(24)


def test_from_day_two_on_an_institution_keeps_to_its_quota():
    full = loads((23, "B", 1000), (24, "A", 200))
    assert ask(50, booked=full).day == nov(24)
    assert ask(51, booked=full).day == nov(25)
    assert ask(250, institution="C", booked=full).day == nov(24)


def test_above_the_quota_takes_the_first_empty_day():
    booked = loads((23, "B", 900), (24, "B", 1), (25, "B", 1))
    found = ask(400, booked=booked)
    assert (found.day, found.on_time) == (nov(26), True)
    assert found.reason == "Primer día con capacidad: día laborable 4 después de la aprobación."


def test_above_the_capacity_takes_consecutive_empty_days():
    found = ask(2500, booked=loads((24, "B", 1)))
    assert found.day == nov(25)
    assert found.spread == ((nov(25), Load(1000)), (nov(26), Load(1000)), (nov(27), Load(500)))
    assert (found.days_needed, found.on_time) == (3, True)
    assert found.reason == "Ocupa 3 días laborables seguidos, hasta el viernes 27 de noviembre de 2026."


def test_consecutive_days_skip_weekends():
    assert [day for day, _ in ask(6000).spread] == [nov(23), nov(24), nov(25), nov(26), nov(27), nov(30)]


def test_capacity_beats_the_limit_and_says_so():
    found = ask(10, booked=loads(*((day, "B", 1000) for day in (23, 24, 25, 26, 27))))
    assert (found.day, found.on_time, found.limit) == (nov(30), False, nov(27))
    assert found.reason.startswith("Fuera de plazo: el límite era el viernes 27 de noviembre de 2026")


def test_a_run_that_begins_on_time_and_ends_late_is_late():
    assert not ask(6000).on_time


def test_high_demand_gives_more_days_and_more_capacity():
    extra = Period("Transición", nov(16), nov(20), extra_days=5)
    assert limit_day(FRIDAY, FERIADOS, [extra]) == date(2026, 12, 4)
    assert limit_day(nov(23), FERIADOS, [extra]) == nov(30)
    assert limit_day(FRIDAY, FERIADOS, [extra, Period("Otro", nov(20), nov(20), extra_days=2)]) == date(2026, 12, 4)
    double = Period("Refuerzo", nov(23), nov(23), factor=2)
    assert ask(2000, periods=[double]).spread == ((nov(23), Load(2000)),)
    assert ask(2000).days_needed == 2


@pytest.mark.parametrize("bad", [(0, 1, 0.25), (1, 0, 0.25), (1, 1, 0), (1, 1, 1.01), (-3, 1, 0.5)])
def test_a_capacity_that_holds_nothing_is_refused(bad):
    with pytest.raises(ValueError, match="La (capacidad|cuota)"):
        Capacity(*bad)


@pytest.mark.parametrize("bad", [{"end": nov(1)}, {"extra_days": -1}, {"factor": 0}])
def test_a_period_without_sense_is_refused(bad):
    with pytest.raises(ValueError):
        Period(**{"name": "x", "start": nov(2), "end": nov(3), **bad})


def test_sizes_without_sense_are_refused():
    with pytest.raises(ValueError, match="negativo"):
        ask(-1)
    with pytest.raises(ValueError, match="no cabe"):
        ask(1000 * LONGEST_RUN + 1)
    assert ask(0).day == nov(23)


def test_a_quota_is_exact_in_decimals():
    assert Capacity(100, 100, 0.58).quota_of_day() == Load(58, 58)


def test_what_is_booked_stays_where_it_is():
    booked = book([(nov(2), "A", Load(5)), (nov(23), "A", Load(1500))], FERIADOS, CAPACITY)
    assert booked[nov(2)].total == Load(5)  # a feriado: decreed after the promise
    assert (booked[nov(23)].total, booked[nov(24)].of("A")) == (Load(1000), Load(500))


# The proposed date, as properties

capacities = st.builds(
    Capacity, documents=st.integers(4, 50), bytes=st.integers(4, 500), quota=st.sampled_from([0.1, 0.25, 0.5, 1])
)
days = st.dates(date(2026, 10, 26), date(2026, 12, 31))
requests = st.lists(st.tuples(st.integers(0, 120), st.integers(0, 800), st.sampled_from("ABCDE")), max_size=25)
some_periods = st.lists(
    st.builds(
        lambda start, length, extra, factor, reserve: Period("p", start, start + timedelta(days=length), extra, factor, reserve),
        days, st.integers(0, 30), st.integers(0, 10), st.sampled_from([0.5, 1, 2]), st.sampled_from([0, 0.3, 0.7]),
    ), max_size=2,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(capacities, st.lists(days, min_size=1, max_size=4), requests, some_periods)
def test_never_a_day_off_never_over_capacity_never_before_tomorrow(capacity, approvals, asked, periods):
    booked: dict[date, DayLoad] = {}
    for i, (documents, size, who) in enumerate(asked):
        approved = sorted(approvals)[i * len(approvals) // len(asked)]
        before = repr(booked)
        found = propose(approved, documents, size, who, booked, FERIADOS, capacity, periods)
        assert found == propose(approved, documents, size, who, booked, FERIADOS, capacity, periods)
        assert repr(booked) == before
        assert found.day > approved
        assert found.limit >= FERIADOS.add_working(approved, 5)
        assert found.on_time == (found.spread[-1][0] <= found.limit)
        assert found.spread == spread(found.day, Load(documents, size), FERIADOS, capacity, periods)
        assert sum((part for _, part in found.spread), Load()) == Load(documents, size)
        for day, part in found.spread:
            booked.setdefault(day, DayLoad()).add(who, part)
    for day, load in booked.items():
        assert FERIADOS.is_working(day)
        factor = max((p.factor for p in periods if day in p), default=1)
        assert load.total.within(capacity.of_day(factor))
        assert sum(load.institutions.values(), Load()) == load.total


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 25)), max_size=120),
    st.lists(st.integers(0, 5), max_size=120),
    st.integers(1, 25),
)
def test_three_greedy_institutions_do_not_delay_a_fourth(flood, steps, small):
    """Whatever three institutions file, within their quota per request, on whatever days: another one is on time."""
    capacity, booked, approved = Capacity(100, 10**9), {}, FRIDAY
    for i, (who, documents) in enumerate(flood):
        found = propose(approved, documents, 0, who, booked, FERIADOS, capacity)
        booked.setdefault(found.day, DayLoad()).add(who, Load(documents))
        if i < len(steps) and steps[i] == 5:
            approved = FERIADOS.add_working(approved, 1)
    found = propose(approved, small, 0, "Z", booked, FERIADOS, capacity)
    assert found.on_time
    assert FERIADOS.working_between(approved, found.day) <= 2


@settings(max_examples=60, deadline=None)
@given(capacities, requests)
def test_the_date_is_the_earliest_allowed(capacity, asked):
    booked: dict[date, DayLoad] = {}
    for documents, size, who in asked:
        load = Load(documents, size)
        found = propose(FRIDAY, documents, size, who, booked, FERIADOS, capacity)
        for number in range(1, FERIADOS.working_between(FRIDAY, found.day)):
            day = FERIADOS.add_working(FRIDAY, number)
            today = booked.get(day, DayLoad())
            fits = (today.total + load).within(capacity.of_day())
            assert not (fits and number == 1)
            assert not (fits and (today.of(who) + load).within(capacity.quota_of_day()))
            if today.empty and found.days_needed == 1:
                raise AssertionError(f"{day} was empty, and one day was enough")
        for day, part in found.spread:
            booked.setdefault(day, DayLoad()).add(who, part)


# The order within a day

turns = st.lists(
    st.builds(
        Turn,
        st.integers(1, 10**6),
        st.sampled_from("ABCD"),
        st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 2), timezones=st.just(UTC)),
    ),
    max_size=40,
    unique_by=lambda turn: turn.id,
)


def test_a_ministry_does_not_go_first_three_hundred_times():
    at = lambda minute: datetime(2026, 11, 20, 6, minute, tzinfo=UTC)  # noqa: E731
    ministry = [Turn(i, "M", at(i)) for i in range(1, 6)]
    office, other = Turn(50, "O", at(50)), Turn(3, "P", at(2))
    order = order_within_day([office, *reversed(ministry), other])
    assert [turn.id for turn in order if turn.institution != "M"] == [3, 50]
    assert order == [ministry[0], other, office, *ministry[1:]]


@given(turns, st.randoms())
def test_round_robin_is_fair_complete_and_does_not_depend_on_the_input_order(items, random):
    order = order_within_day(items)
    shuffled = items[:]
    random.shuffle(shuffled)
    assert order_within_day(shuffled) == order
    assert sorted(order) == sorted(items)
    served = dict.fromkeys("ABCD", 0)
    total = {who: sum(turn.institution == who for turn in items) for who in "ABCD"}
    for turn in order:
        # Nobody is served for the n-th time while somebody who still waits has been served less often.
        assert all(served[who] >= served[turn.institution] for who in "ABCD" if served[who] < total[who])
        served[turn.institution] += 1
    for who in "ABCD":
        own = [(turn.since, turn.id) for turn in order if turn.institution == who]
        assert own == sorted(own)
