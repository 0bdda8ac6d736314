"""Shape of the text these pages receive. What it means is decided in services."""

from __future__ import annotations

from flask import request

from rules.typed import lines


def typed(*names: str) -> dict[str, str]:
    """The named fields of the form as they were typed, ready to be shown again."""
    return {name: lines(request.form.get(name)) for name in names}


def line(text: str) -> str:
    """One line, single spaces."""
    return " ".join(text.split())
