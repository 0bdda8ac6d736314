"""A copy of the small Quipux that a test may change while the application reads it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from services.adapters import quipux


def copy_of(folder: Path, target: Path) -> dict[str, str]:
    """Copy the databases (the files on disk stay where they are); the settings that name the copy."""
    target.mkdir()
    for name in ("quipux.sqlite", "bodega.sqlite"):
        shutil.copy(folder / name, target / name)
    return {
        "QUIPUX_URL": f"sqlite:///{target / 'quipux.sqlite'}", "BODEGA_URL": f"sqlite:///{target / 'bodega.sqlite'}",
        "BODEGA_DIR": str(folder / "bodega"),
    }  # fmt: skip


def change(settings: dict[str, str], *statements: tuple) -> None:
    """Carry out (sql, parameters) in the copy, as people working in Quipux would."""
    quipux().close()
    with closing(sqlite3.connect(settings["QUIPUX_URL"].removeprefix("sqlite:///"))) as connection:
        for sql, *parameters in statements:
            connection.execute(sql, parameters)
        connection.commit()
