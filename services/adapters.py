"""The outside world as configured: one Quipux and one storage per process."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Iterator

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


@contextmanager
def temporary(suffix: str = "") -> Iterator[IO[bytes]]:
    """A file beside the storage, to be written and put there (after a flush); gone afterwards, whatever happened."""
    with tempfile.NamedTemporaryFile(dir=storage().scratch(), suffix=suffix, delete=False) as out:
        try:
            yield out
        finally:
            Path(out.name).unlink(missing_ok=True)  # the storage has taken it, if all went well


def _once(name: str, make):
    made = current_app.extensions.setdefault("respaldos", {})
    if name not in made:
        made[name] = make(current_app.config)
    return made[name]
