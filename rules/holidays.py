"""The days off of Ecuador in a year, by the law of 20 December 2016 (Ley reformatoria, art. 1) and decision 13.

Names and dates before any moving are those of the library `holidays`, which a test holds them to for every year: imported, it
takes 16 MB of every web process and, from a cold disk, a minute. The moving is our own, because the library gives
both the original and the moved day and errs where the law binds two feriados (2-3 November 2027). Decrees and
cantonal days are not here: the SGE confirms a year and adds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

FIRST_YEAR, LAST_YEAR = 2017, 2100

_CARNAVAL = "Carnaval"
_FIXED = {
    (1, 1): "Año Nuevo", (5, 1): "Día del Trabajo", (5, 24): "Batalla de Pichincha", (8, 10): "Primer Grito de Independencia",
    (10, 9): "Independencia de Guayaquil", (11, 2): "Día de Difuntos", (11, 3): "Independencia de Cuenca", (12, 25): "Navidad",
}
# Days after Easter Sunday.
_BY_EASTER = {-48: _CARNAVAL, -47: _CARNAVAL, -2: "Viernes Santo"}
_MON, _TUE, _WED, _THU, _FRI, _SAT, _SUN = range(7)
_FROM_WEEKEND = {_SAT: -1, _SUN: 1}
_FROM_MIDWEEK = {_TUE: -1, _WED: 2, _THU: 1}
# The two days off of November by the weekday of the 2nd. Together they always touch a weekend.
_NOVEMBER = {_MON: (2, 3), _TUE: (1, 2), _WED: (3, 4), _THU: (2, 3), _FRI: (1, 2), _SAT: (1, 4), _SUN: (3, 4)}


@dataclass(frozen=True, slots=True, order=True)
class Feriado:
    """One day off. fecha: the day nobody works; original: the date it celebrates, often another one."""

    fecha: date
    nombre: str
    original: date


def days_off(year: int) -> list[Feriado]:
    """The national days off that fall in `year`, by date. 1 January of the next year counts when it moves back.

    Raises ValueError outside FIRST_YEAR…LAST_YEAR: the law is not older, and the library not surer.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"El año debe estar entre {FIRST_YEAR} y {LAST_YEAR}.")
    names = _named(year)
    new_year = date(year + 1, 1, 1)
    names[new_year] = names[date(year, 1, 1)]
    pair = _november_pair(year)
    all_days = [Feriado(pair.get(day) or _moved(day, name), name, day) for day, name in names.items()]
    return sorted(feriado for feriado in all_days if feriado.fecha.year == year)


def _named(year: int) -> dict[date, str]:
    """Date celebrated → name, nothing moved."""
    easter = _easter(year)
    fixed = {date(year, month, day): name for (month, day), name in _FIXED.items()}
    return fixed | {easter + timedelta(days=days): name for days, name in _BY_EASTER.items()}


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the computus of Meeus, Jones and Butcher)."""
    century, rest = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _moved(day: date, name: str) -> date:
    """The day off of a feriado that stands alone."""
    shift = _FROM_WEEKEND.get(day.weekday(), 0)
    if (day.month, day.day) not in ((1, 1), (12, 25)) and name != _CARNAVAL:
        shift = shift or _FROM_MIDWEEK.get(day.weekday(), 0)
    return day + timedelta(days=shift)


def _november_pair(year: int) -> dict[date, date]:
    """Date celebrated → day off, for 2 and 3 November: who can stay stays, the other takes the day left over."""
    days = [date(year, 11, n) for n in (2, 3)]
    free = [date(year, 11, n) for n in _NOVEMBER[days[0].weekday()]]
    stay = [day for day in days if day in free]
    left = iter(day for day in free if day not in stay)
    return {day: day if day in stay else next(left) for day in days}
