"""Dates of PostgreSQL that Python cannot say (infinity, before Christ, after 9999) are none: one must not end a run.

A module of its own, so that PostgreSQL's driver (9 MB) is loaded when a connection to one is made, and not where Quipux is the demo's.
"""

from psycopg import Connection, DataError
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader

_LOADERS = {"timestamptz": TimestamptzLoader, "timestamp": TimestampLoader, "date": DateLoader}


def tolerate(connection: Connection) -> None:
    """What this connection reads from now on has None for such a date."""
    for name, kind in _LOADERS.items():
        connection.adapters.register_loader(name, _tolerant(kind))


def _tolerant(kind: type) -> type:
    class Tolerant(kind):
        def load(self, data):
            try:
                return super().load(data)
            except DataError:
                return None

    return Tolerant
