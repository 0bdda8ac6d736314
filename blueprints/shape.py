"""Shape of small things that forms and addresses say, the same in every part: text, whole numbers, dates."""

from __future__ import annotations

from datetime import date

from rules.typed import clean


def number(text: str | None) -> int | None:
    """A whole number of up to 18 digits, else None."""
    text = clean(text)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def day(text: str | None) -> date | None:
    """A date as a calendar control sends it (2026-11-27); None for nothing and for nonsense."""
    try:
        return date.fromisoformat(clean(text))
    except ValueError:
        return None
