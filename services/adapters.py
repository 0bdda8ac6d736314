"""The outside world as configured: one Quipux and one storage per process."""

from __future__ import annotations

from flask import current_app

import storage as storage_room
from sources import Quipux
from storage import Storage


def quipux() -> Quipux:
    """The Quipux that this installation reads."""
    return _once("quipux", Quipux.from_config)


def storage() -> Storage:
    """Where finished parts live."""
    return _once("storage", storage_room.from_config)


def _once(name: str, make):
    made = current_app.extensions.setdefault("respaldos", {})
    if name not in made:
        made[name] = make(current_app.config)
    return made[name]
