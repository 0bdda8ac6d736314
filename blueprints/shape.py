"""What every form and address may hold, turned into values: the same in every part of the site. None is nothing, and nonsense."""

from __future__ import annotations

import re
from datetime import date

from rules.typed import clean

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_LOCAL = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,9}([.,]\d{1,6})?", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)


def number(text: str | None) -> int | None:
    """The number of a row, of up to 18 digits."""
    text = clean(text)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def day(text: str | None) -> date | None:
    """2026-11-27 as browsers send it, 27/11/2026 as people write it."""
    text = clean(text)
    if found := _ISO.fullmatch(text):
        parts = found.groups()
    elif found := _LOCAL.fullmatch(text):
        parts = found.groups()[::-1]
    else:
        return None
    try:
        return date(*map(int, parts))
    except ValueError:
        return None


def whole(text: str | None) -> int | None:
    """An amount, also below zero (the service says what is wrong with it) and with blanks between thousands."""
    text = re.sub(r"[\s\u00a0]", "", clean(text))
    return int(text) if _WHOLE.fullmatch(text) else None


def decimal(text: str | None) -> float | None:
    """"1,5" or "1.5"."""
    text = clean(text)
    return float(text.replace(",", ".")) if _DECIMAL.fullmatch(text) else None
