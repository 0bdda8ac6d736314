"""Numbers, sizes, dates and durations as they are read on screen."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import texts


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0"), (999, "999"), (3412, "3\u00a0412"), (1_000_000, "1\u00a0000\u00a0000")]
)
def test_thousands(n, text):
    assert texts.miles(n) == text


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1 KB"), (640_000, "640 KB"), (999_499, "999 KB"),
        (999_500, "1,0 MB"), (999_999, "1,0 MB"), (14_600_000, "14,6 MB"), (99_949_999, "99,9 MB"), (99_950_000, "100 MB"),
        (2_147_483_647, "2,1 GB"), (182_000_000_000, "182 GB"), (5_000_000_000, "5,0 GB"), (1_500_000_000_000, "1,5 TB"),
        (5_000_000_000_000_000, "5\u00a0000 TB"),
    ],
)  # fmt: skip
def test_sizes(n, text):
    assert texts.size(n) == text


def test_a_size_below_zero_is_refused():
    with pytest.raises(ValueError):
        texts.size(-1)


@given(st.integers(0, 10**15))
def test_sizes_never_show_a_thousand_of_a_smaller_unit(n):
    number, unit = texts.size(n).rsplit(" ", 1)
    assert "." not in number
    assert unit == "TB" or float(number.replace(",", ".")) < 1000
    assert number != "0" or n == 0


def test_days_and_moments():
    assert texts.day(date(2026, 11, 27)) == "27 nov 2026"
    assert texts.day(date(2026, 9, 1)) == "1 sep 2026"
    assert texts.long_day(date(2026, 11, 27)) == "viernes 27 de noviembre de 2026"
    assert texts.long_day(date(2025, 1, 1)) == "miércoles 1 de enero de 2025"
    assert texts.moment(datetime(2026, 11, 28, 4, 59, 59, tzinfo=UTC)) == "27 nov 2026, 23:59"
    assert texts.moment(datetime(2026, 11, 27, 15, 24, tzinfo=UTC)) == "27 nov 2026, 10:24"


def test_what_has_no_zone_is_refused():
    with pytest.raises(ValueError):
        texts.moment(datetime(2026, 11, 27))
    with pytest.raises(TypeError):
        texts.day(datetime(2026, 11, 27, tzinfo=UTC))


@pytest.mark.parametrize(("n", "text"), [(0, "0 documentos"), (1, "1 documento"), (3412, "3\u00a0412 documentos")])
def test_plural(n, text):
    assert texts.plural(n, "documento", "documentos") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"), (0, "0 s"), (0.9, "0 s"), (59, "59 s"), (60, "1 min"), (250, "4 min 10 s"), (3960, "1 h 06 min"),
        (3601, "1 h"), (48_900, "13 h 35 min"), (86_400, "1 d"), (86_400 + 1800, "1 d"), (219_600, "2 d 13 h"),
    ],
)  # fmt: skip
def test_durations(seconds, text):
    assert texts.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (219_600, "Quedan 2 d 13 h"), (219_659.9, "Quedan 2 d 13 h"), (86_400, "Queda 1 d"), (90_000, "Quedan 1 d 1 h"),
        (48_930, "Quedan 13 h 35 min"), (90, "Queda 1 min"), (600, "Quedan 10 min"), (59, "Queda menos de 1 min"),
        (0, "Plazo terminado"), (-1, "Plazo terminado"),
    ],
)  # fmt: skip
def test_remaining(seconds, text):
    assert texts.remaining(seconds) == text


def test_numbers_of_requests():
    assert texts.number6(123) == "000123"
    assert texts.number6(1234567) == "1234567"
