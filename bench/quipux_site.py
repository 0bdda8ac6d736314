"""What bench.quipux measures on: a PostgreSQL with the synthetic Quipux, made once or kept, and our site beside it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import psycopg
from flask import Flask

import config
from app import create_app
from bench import quipux_data as data
from bench.measure import clocked
from extensions import db
from services.adapters import quipux
from tests.pg import Server, postgres_server

# Hot caches on both sides: what is compared is the work, not the disk.
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "4GB"}


@contextmanager
def corpus(scale: data.Scale, kept: Path | None) -> Iterator[tuple[Server, Path, float]]:
    """(server, folder, seconds it took to make the data). kept: a folder that stays, where the data may lie already."""
    with nullcontext(kept) if kept else tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.mkdir(exist_ok=True)
        # An empty folder would be one that is not mounted.
        (folder / "bodega" / "2015").mkdir(parents=True, exist_ok=True)
        with postgres_server(kept / "pg" if kept else None, **SETTINGS) as server:
            yield server, folder, _made(server, folder / "corpus", scale)


def _made(server: Server, label: Path, scale: data.Scale) -> float:
    """Make the data unless the label says that they are these. RuntimeError when they are others."""
    recipe = hashlib.sha256(repr(scale).encode() + Path(data.__file__).read_bytes()).hexdigest()
    if label.exists():
        if label.read_text() != recipe:
            raise RuntimeError(f"{label.parent} holds another corpus: remove it first")
        return 0.0
    for name in ("quipux", "bodega"):
        again(server, name)
    seconds = clocked(lambda: data.make(server.dsn("quipux"), server.dsn("bodega"), scale))
    label.write_text(recipe)
    return seconds


def again(server: Server, name: str) -> str:
    """An empty database of that name, whatever it held; its URL."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(f'drop database if exists "{name}" with (force)')
    return server.create_database(name)


@contextmanager
def site(server: Server, folder: Path, database: str | None = None) -> Iterator[Flask]:
    """Our application on `database`, or on a new one beside that Quipux, in a context; gone when the block ends."""
    app = create_app(config.load({
        "DATABASE_URL": database or again(server, "respaldos"), "QUIPUX_URL": server.url("quipux"), "BODEGA_URL": server.url("bodega"),
        "BODEGA_DIR": f"{folder}/bodega", "RESPALDOS_DATA": str(folder), "SECRET_KEY": "solo-para-medir-" * 3,
    }))  # fmt: skip
    done = app.test_cli_runner().invoke(args=["db", "upgrade"])
    if done.exit_code:
        raise RuntimeError(done.output)
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()
            quipux().close()
