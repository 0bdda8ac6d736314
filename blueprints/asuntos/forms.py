"""Shape of what these pages receive: text, dates and hours as people type them. What they mean is decided in services."""

from __future__ import annotations

import re
from datetime import date

from flask import request

from rules.typed import lines

_LOCAL = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_HOURS = re.compile(r"\d{1,3}([.,]\d{1,2})?", re.ASCII)


def typed(*names: str) -> dict[str, str]:
    """The named fields of the form as they were typed, ready to be shown again."""
    return {name: lines(request.form.get(name)) for name in names}


def line(text: str) -> str:
    """One line, single spaces."""
    return " ".join(text.split())


def day(text: str) -> date | None:
    """2026-11-27 as browsers send it, 27/11/2026 as people write it; None for nothing and for nonsense."""
    try:
        if match := _LOCAL.fullmatch(text):
            return date(int(match[3]), int(match[2]), int(match[1]))
        return date.fromisoformat(text)
    except ValueError:
        return None


def hours(text: str) -> float | None:
    """"1,5" or "1.5"; None for nothing and for nonsense."""
    return float(text.replace(",", ".")) if _HOURS.fullmatch(text) else None
