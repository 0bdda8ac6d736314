"""Putting what was made into the storage, and making sure that it is there."""

from __future__ import annotations

from pathlib import Path

from services.adapters import storage


class Torn(Exception):
    """What the storage keeps is not what it was given: never published. An error of the machine, and another attempt follows."""


def folder_of(solicitud_id: int, ejecucion_id: int) -> str:
    """Where the objects of a run are; services.purge deletes them by it."""
    return f"solicitudes/{solicitud_id:06d}/{ejecucion_id}"


def keep(key: str, path: Path, *, size: int, sha256: str) -> None:
    """Put the file (it is moved) and have the storage confirm its content. Raises StorageError, Torn."""
    if path.exists():  # after a confirmation that got no answer it is in the storage already
        storage().put(key, path)
    if not storage().confirm(key, size, sha256):
        storage().delete(key)
        raise Torn(key)


