"""Vigencia, reminders, plazos: by hand where the seeds give an example, by property everywhere else."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import deadlines
from rules.deadlines import ZONE

instants = st.datetimes(
    min_value=datetime(2000, 1, 1), max_value=datetime(2099, 1, 1), timezones=st.sampled_from([UTC, ZONE])
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def test_the_example_of_the_seed():
    end = deadlines.vigente_hasta(at("2026-11-18T09:08"))
    assert end == at("2026-11-23T00:00")
    assert end.tzinfo is UTC
    assert deadlines.last_moment(end) == at("2026-11-22T23:59")
    assert deadlines.reminders_before(end) == (at("2026-11-21T00:00"), at("2026-11-22T00:00"))
    assert deadlines.extend(end) == at("2026-11-25T00:00")


def test_the_day_is_that_of_guayaquil_and_not_of_utc():
    late = datetime(2026, 11, 19, 4, 30, tzinfo=UTC)  # 23:30 of the 18th in Guayaquil
    assert deadlines.local_day(late) == date(2026, 11, 18)
    assert deadlines.vigente_hasta(late) == at("2026-11-23T00:00")
    assert deadlines.local_day(datetime(2026, 11, 19, 5, 0, tzinfo=UTC)) == date(2026, 11, 19)


def test_naive_datetimes_are_refused():
    with pytest.raises(ValueError, match="naive"):
        deadlines.local_day(datetime(2026, 11, 18))
    with pytest.raises(ValueError, match="naive"):
        deadlines.vigente_hasta(datetime(2026, 11, 18))


@pytest.mark.parametrize(("days", "end"), [(7, "2026-11-28T00:00"), (5, "2026-11-26T00:00")])
def test_checklists_end_with_the_last_day(days, end):
    assert deadlines.calendar_deadline(at("2026-11-20T16:00"), days) == at(end)


@pytest.mark.parametrize(("resumed", "end"), [("2026-11-23T08:00", "2026-11-28T00:00"), ("2026-11-26T08:00", "2026-12-01T00:00")])
def test_a_review_gives_its_whole_days_back(resumed, end):
    assert deadlines.thawed(at("2026-11-28T00:00"), at("2026-11-23T17:00"), at(resumed)) == at(end)


def test_an_extension_is_later():
    with pytest.raises(ValueError):
        deadlines.extend(at("2026-11-23T00:00"), 0)


def test_notice_counts_working_days_after_the_reception():
    weekdays = lambda day: day.weekday() < 5  # noqa: E731
    # Friday 20 Nov: 23, 24, 25, 26, 27, 30, 1 Dec is the seventh.
    assert deadlines.earliest_effective(date(2026, 11, 20), is_working=weekdays) == date(2026, 12, 1)
    # Received on a Saturday: the same seven days.
    assert deadlines.earliest_effective(date(2026, 11, 21), is_working=weekdays) == date(2026, 12, 1)


@given(instants)
def test_midnight_is_the_start_of_its_day(instant):
    day = deadlines.local_day(instant)
    start = deadlines.midnight(day)
    assert start <= instant < deadlines.midnight(day + timedelta(days=1))
    assert deadlines.local_day(start) == day
    assert deadlines.local_day(start - timedelta(microseconds=1)) == day - timedelta(days=1)


@given(instants)
def test_an_archive_is_valid_between_four_and_five_days(generated):
    end = deadlines.vigente_hasta(generated)
    assert timedelta(days=4) < end - generated <= timedelta(days=5)
    assert end.astimezone(ZONE).strftime("%H:%M:%S.%f") == "00:00:00.000000"
    assert deadlines.local_day(end) == deadlines.local_day(generated) + timedelta(days=5)


@given(instants)
def test_reminders_come_48_and_24_hours_before_the_end(generated):
    end = deadlines.vigente_hasta(generated)
    assert deadlines.reminders_before(end) == (end - timedelta(hours=48), end - timedelta(hours=24))
    assert generated < deadlines.reminders_before(end)[0]


@given(instants, st.integers(1, 30))
def test_extending_adds_whole_days(generated, days):
    end = deadlines.vigente_hasta(generated)
    assert deadlines.extend(end, days) == end + timedelta(days=days)


@given(instants, st.integers(0, 30), st.timedeltas(timedelta(0), timedelta(days=30)), st.timedeltas(timedelta(0), timedelta(days=30)))
def test_frozen_days_are_given_back_whole(start, days, worked, reviewed):
    stopped, resumed = start + worked, start + worked + reviewed
    frozen = deadlines.local_day(resumed) - deadlines.local_day(stopped)
    end = deadlines.thawed(deadlines.calendar_deadline(start, days), stopped, resumed)
    assert end == deadlines.calendar_deadline(start, days + frozen.days)
    assert deadlines.last_moment(end).date() == deadlines.local_day(start) + timedelta(days=days) + frozen


@given(instants, st.sampled_from(["Pacific/Auckland", "America/New_York", "UTC"]))
def test_the_zone_of_the_argument_changes_nothing(instant, zone):
    assert deadlines.vigente_hasta(instant.astimezone(ZoneInfo(zone))) == deadlines.vigente_hasta(instant)


@given(st.dates(date(2000, 1, 1), date(2098, 1, 1)), st.sets(st.integers(0, 6), max_size=5))
def test_the_notice_ends_on_a_working_day_with_the_right_count(received, resting):
    working = lambda day: day.weekday() not in resting  # noqa: E731
    effective = deadlines.earliest_effective(received, is_working=working)
    after = [received + timedelta(days=i) for i in range(1, (effective - received).days + 1)]
    assert sum(map(working, after)) == deadlines.NOTICE_DAYS and working(effective)
