"""How near a request that waits is to missing its date: what orders the approval desk, and the words for it.

The SGE answers in 4 working days and promises 5 (seed 000: "4 a 5 días laborables"), counted from the day of sending; a request
sent in a time of alta demanda has that time's extra days more. Pure: the caller brings the calendar, the periods and today.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Collection

from rules import texts
from rules.calendar import LIMIT_DAY, TARGET_DAY, Calendar, Period

UNOPENED_DAYS = 2  # working days after which a request that nobody opened is told to the whole staff


@dataclass(frozen=True, slots=True)
class Risk:
    """target, limit: the last working day to be as quick as aimed at, as promised. waited: working days since it was sent.
    left: working days that remain until the limit, 0 on the day itself, negative after it. words: for the row of the queue;
    kind: its tone, "bad", "warn" or "" (nothing to say yet)."""

    target: date
    limit: date
    waited: int
    left: int
    late: bool
    kind: str
    words: str

    @property
    def unopened(self) -> bool:
        """Whether it has waited so long that somebody should at least have opened it."""
        return self.waited >= UNOPENED_DAYS


def assess(sent: date, today: date, calendar: Calendar, periods: Collection[Period] = ()) -> Risk:
    """The risk of a request sent on `sent`. Overlapping periods do not add up, as in rules.calendar."""
    extra = max((p.extra_days for p in periods if sent in p), default=0)
    target, limit = calendar.add_working(sent, TARGET_DAY + extra), calendar.add_working(sent, LIMIT_DAY + extra)
    left = calendar.working_between(today, limit) if limit >= today else -calendar.working_between(limit, today)
    # On a weekend after the limit no working day has passed since, and it is over all the same.
    over = today > limit
    kind = "bad" if over else "warn" if today >= target else ""
    return Risk(target, limit, calendar.working_between(sent, today), left, today > target, kind, _words(limit, today, over))


def _words(limit: date, today: date, over: bool) -> str:
    if over:
        return f"Fuera de plazo desde el {short_day(limit)}"
    if limit == today:
        return "Vence hoy"
    if limit == today + timedelta(days=1):
        return "Vence mañana"
    return f"Vence el {texts.WEEKDAYS[limit.weekday()]} {short_day(limit)}"


def short_day(day: date) -> str:
    """ "27 nov": within a queue the year is that of today, or of a few days ago."""
    return f"{day.day} {texts.MONTHS[day.month - 1][:3]}"
