"""Many rows at once into our own database: COPY on PostgreSQL, one prepared statement on SQLite.

A million accounts as ordinary inserts take ten minutes there, most of it in parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert

from extensions import Base, db

_CACHE_KB = 65_536


def insert_rows(kind: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all name the same columns, in the session's transaction. Defaults of models.py are not applied."""
    if not rows:
        return
    if db.engine.dialect.name != "postgresql":
        # Indexes and word indexes of a million rows in the usual 2 MB would be written out over and over.
        db.session.connection().exec_driver_sql(f"PRAGMA cache_size=-{_CACHE_KB}")
        db.session.execute(insert(kind.__table__), list(rows))  # the table: the mapper's own work is a third of the cost
        return
    names = list(rows[0])
    columns = ", ".join(f'"{kind.__table__.c[name].name}"' for name in names)
    # The driver's connection: SQLAlchemy has no COPY, and the transaction is the session's all the same.
    with db.session.connection().connection.cursor() as cursor, cursor.copy(f"COPY {kind.__tablename__} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row[name] for name in names])
