"""Shape of what the calendar receives: dates, numbers as people type them, chosen requests. What they mean is decided in services."""

from __future__ import annotations

import re
from datetime import date

from flask import request

from blueprints.shape import clean, number

STALE = -1
_LOCAL = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,9}([.,]\d{1,6})?", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)


def typed(*names: str) -> dict[str, str]:
    """The named fields as they were typed, ready to be shown again."""
    # Browsers send CR LF; a line break is one character in every count.
    return {name: clean(request.form.get(name)).replace("\r\n", "\n") for name in names}


def day(text: str | None) -> date | None:
    """2026-11-27 as browsers send it, 27/11/2026 as people write it; None for nothing and for nonsense."""
    text = clean(text)
    try:
        if match := _LOCAL.fullmatch(text):
            return date(int(match[3]), int(match[2]), int(match[1]))
        return date.fromisoformat(text)
    except ValueError:
        return None


def month(text: str | None) -> date | None:
    """"2026-11" as its first day; None for nothing and for nonsense."""
    match = _MONTH.fullmatch(clean(text))
    try:
        return date(int(match[1]), int(match[2]), 1) if match else None
    except ValueError:
        return None


def whole(text: str | None) -> int | None:
    """A whole number, also below zero (the service says what is wrong with it) and with blanks between thousands."""
    text = re.sub(r"[\s\u00a0]", "", text or "")
    return int(text) if _WHOLE.fullmatch(text) else None


def decimal(text: str | None) -> float | None:
    """"1,5" or "1.5"; None for nothing and for nonsense."""
    text = clean(text)
    return float(text.replace(",", ".")) if _DECIMAL.fullmatch(text) else None


def chosen(values: list[str], most: int) -> list[tuple[int, int | None]]:
    """What the boxes say: "12:3" is request 12 as it was at version 3, "12" whatever it is now. Each once; nonsense is
    number 0, which no request has. One more than `most` is kept, so that too many can be told from as many as allowed."""
    found: dict[int, int | None] = {}
    for value in values[: most + 1]:
        one, _, version = value.partition(":")
        found.setdefault(number(one) or 0, (STALE if number(version) is None else number(version)) if version else None)
    return list(found.items())
