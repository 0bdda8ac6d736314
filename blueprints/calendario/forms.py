"""Shape of what the calendar receives: text, a month, chosen requests. What they mean is decided in services."""

from __future__ import annotations

import re
from datetime import date

from flask import request

from blueprints.shape import clean, number

STALE = -1
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


def typed(*names: str) -> dict[str, str]:
    """The named fields as they were typed, ready to be shown again."""
    # Browsers send CR LF; a line break is one character in every count.
    return {name: clean(request.form.get(name)).replace("\r\n", "\n") for name in names}


def month(text: str | None) -> date | None:
    """"2026-11" as its first day; None for nothing and for nonsense."""
    match = _MONTH.fullmatch(clean(text))
    try:
        return date(int(match[1]), int(match[2]), 1) if match else None
    except ValueError:
        return None


def chosen(values: list[str], most: int) -> list[tuple[int, int | None]]:
    """What the boxes say: "12:3" is request 12 as it was at version 3, "12" whatever it is now. Each once; nonsense is
    number 0, which no request has. One more than `most` is kept, so that too many can be told from as many as allowed."""
    found: dict[int, int | None] = {}
    for value in values[: most + 1]:
        one, _, version = value.partition(":")
        found.setdefault(number(one) or 0, (STALE if number(version) is None else number(version)) if version else None)
    return list(found.items())
