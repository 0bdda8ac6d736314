"""The days off against tables written by hand from the official calendars and the law."""

from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.holidays import FIRST_YEAR, LAST_YEAR, _named, days_off

# Day off, and the date celebrated when it is another one.
TABLES = {
    2018: "01-01 02-12 02-13 03-30 04-30<05-01 05-25<05-24 08-10 10-08<10-09 11-01<11-03 11-02 12-25",
    2021: "01-01 02-15 02-16 04-02 04-30<05-01 05-24 08-09<08-10 10-08<10-09 11-01<11-03 11-02 12-24<12-25 12-31<01-01",
    2022: "02-28 03-01 04-15 05-02<05-01 05-23<05-24 08-12<08-10 10-10<10-09 11-03 11-04<11-02 12-26<12-25",
    2023: "01-02<01-01 02-20 02-21 04-07 05-01 05-26<05-24 08-11<08-10 10-09 11-02 11-03 12-25",
    2024: "01-01 02-12 02-13 03-29 05-03<05-01 05-24 08-09<08-10 10-11<10-09 11-01<11-02 11-04<11-03 12-25",
    2025: "01-01 03-03 03-04 04-18 05-02<05-01 05-23<05-24 08-11<08-10 10-10<10-09 11-03 11-04<11-02 12-25",
    2026: "01-01 02-16 02-17 04-03 05-01 05-25<05-24 08-10 10-09 11-02 11-03 12-25",
    2027: "01-01 02-08 02-09 03-26 04-30<05-01 05-24 08-09<08-10 10-08<10-09 11-01<11-03 11-02 12-24<12-25 12-31<01-01",
}

years = st.integers(FIRST_YEAR, LAST_YEAR)


@pytest.mark.parametrize("year", TABLES)
def test_the_year_is_the_official_one(year):
    found = []
    for feriado in days_off(year):
        moved = f"<{feriado.original:%m-%d}" if feriado.original != feriado.fecha else ""
        found.append(f"{feriado.fecha:%m-%d}{moved}")
    assert " ".join(found) == TABLES[year]


def test_labour_day_2025_was_worked():
    fechas = {feriado.fecha for feriado in days_off(2025)}
    assert date(2025, 5, 1) not in fechas
    assert date(2025, 5, 2) in fechas


def test_names_are_spanish_and_say_what_is_celebrated():
    by_day = {feriado.fecha: feriado for feriado in days_off(2027)}
    assert by_day[date(2027, 4, 30)].nombre == "Día del Trabajo"
    assert by_day[date(2027, 11, 1)].nombre == "Independencia de Cuenca"
    assert by_day[date(2027, 11, 2)].nombre == "Día de Difuntos"
    assert by_day[date(2027, 12, 31)].nombre == "Año Nuevo"
    assert by_day[date(2027, 12, 31)].original == date(2028, 1, 1)


@pytest.mark.parametrize(
    ("year", "free"),
    [(2026, (2, 3)), (2027, (1, 2)), (2022, (3, 4)), (2023, (2, 3)), (2018, (1, 2)), (2024, (1, 4)), (2025, (3, 4))],
)
def test_the_pair_of_november_for_every_weekday(year, free):
    assert tuple(f.fecha.day for f in days_off(year) if f.fecha.month == 11) == free


@pytest.mark.parametrize("year", range(FIRST_YEAR, LAST_YEAR + 1))
def test_names_and_dates_are_those_of_the_library(year):
    assert _named(year) == dict(holidays.country_holidays("EC", years=year, observed=False, language="es"))


@pytest.mark.parametrize("year", [FIRST_YEAR - 1, LAST_YEAR + 1, 0, -5])
def test_years_without_a_rule_are_refused(year):
    with pytest.raises(ValueError, match="entre 2017 y 2100"):
        days_off(year)


@given(years)
def test_every_day_off_is_a_weekday_of_its_year_and_counted_once(year):
    found = days_off(year)
    fechas = [feriado.fecha for feriado in found]
    assert fechas == sorted(set(fechas))
    assert all(fecha.year == year and fecha.weekday() < 5 for fecha in fechas)
    assert sum(fecha.month == 11 for fecha in fechas) == 2


@given(years.filter(lambda year: year < LAST_YEAR))
def test_no_feriado_is_lost_or_moved_far(year):
    both = days_off(year) + days_off(year + 1)
    celebrated = [f.original for f in both if f.original.year == year] + [
        f.original for f in days_off(max(year - 1, FIRST_YEAR)) if f.original == date(year, 1, 1)
    ]
    if year == FIRST_YEAR:
        celebrated = [*{*celebrated, date(year, 1, 1)}]
    assert len(set(celebrated)) == 11
    assert all(abs(f.fecha - f.original) <= timedelta(days=2) for f in both)
