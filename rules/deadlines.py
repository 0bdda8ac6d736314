"""When things end: vigencia of an archive, reminders, checklists and the notice of a change of AIQ.

Two kinds of days, never mixed: *días calendario* (here, by the dates of Guayaquil) and *días laborables* (the caller
brings `is_working`, see `rules.calendar`). Every instant is an aware datetime; results are UTC and **exclusive**: the
thing is still in force one microsecond before. Nothing here looks at a clock.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Callable
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/Guayaquil")

VIGENCIA_DAYS = 4  # días calendario; the day of generation is day 0 (seed 000)
EXTENSION_DAYS = 2
NOTICE_DAYS = 7  # días laborables: the oficio comes so long before the change takes effect (seed 004, stage 2)


def local_day(instant: datetime) -> date:
    """The calendar date in Guayaquil at `instant`. Raises ValueError for a naive datetime."""
    if instant.utcoffset() is None:
        raise ValueError("a naive datetime has no day: the zone is missing")
    return instant.astimezone(ZONE).date()


def midnight(day: date) -> datetime:
    """The instant (UTC) at which `day` begins in Guayaquil."""
    return datetime.combine(day, time.min, ZONE).astimezone(UTC)


def _start_of_day_after(instant: datetime, days: int) -> datetime:
    return midnight(local_day(instant) + timedelta(days=days))


def vigente_hasta(generated: datetime) -> datetime:
    """End of validity of an archive generated at `generated`: 00:00 of day +5, exclusive.

    So the archive is valid through 23:59:59 of day +4, whatever the hour of generation.
    """
    return _start_of_day_after(generated, VIGENCIA_DAYS + 1)


def last_moment(vigente_hasta: datetime) -> datetime:
    """What the screens show for an exclusive end: 23:59 of the last valid day, in Guayaquil time."""
    return (vigente_hasta - timedelta(minutes=1)).astimezone(ZONE)


def reminders_before(vigente_hasta: datetime) -> tuple[datetime, datetime]:
    """The two instants from which a reminder is due: 48 and 24 hours before the end (also after an extension)."""
    return _start_of_day_after(vigente_hasta, -2), _start_of_day_after(vigente_hasta, -1)


def extend(vigente_hasta: datetime, days: int = EXTENSION_DAYS) -> datetime:
    """A new end, `days` whole días calendario later. Raises ValueError when that would not be later."""
    if days < 1:
        raise ValueError("an extension lasts at least one day")
    return _start_of_day_after(vigente_hasta, days)


def calendar_deadline(start: datetime, days: int) -> datetime:
    """Exclusive end of a plazo of `days` días calendario: day 0 is the day of sending, the plazo ends with day +`days`."""
    return _start_of_day_after(start, days + 1)


def thawed(end: datetime, stopped: datetime, resumed: datetime) -> datetime:
    """The end of a plazo whose clock stood still between two instants: the whole días calendario of the SGE's review do not count
    against the institution."""
    return _start_of_day_after(end, (local_day(resumed) - local_day(stopped)).days)


def earliest_effective(received: date, *, is_working: Callable[[date], bool]) -> date:
    """First date on which a change may take effect: the 7th working day after `received` (day 0)."""
    day, left = received, NOTICE_DAYS
    while left > 0:
        day += timedelta(days=1)
        left -= is_working(day)
    return day
