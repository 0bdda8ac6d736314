"""A guest's connections to Quipux: read-only, in Guayaquil's zone, few, with time-outs; and who says that nobody answers."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from weakref import WeakSet

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from rules.identity import fold
from sources import older
from sources.dialect import POSTGRES, ZONE, of
from sources.errors import SourceUnavailable

TIMEOUT_S = 60
CONNECTIONS = 5
_KEPT = 2  # connections held open between two questions; up to CONNECTIONS are opened when needed


def make_engine(url: str, *, connections: int = CONNECTIONS) -> Engine:
    """An engine for a setting like `postgresql://…` or `sqlite:///…`, with a pool small enough for a guest."""
    parsed = make_url(url)
    kept = min(_KEPT, connections)
    # What fails is logged without its values: they are people's.
    common = {"pool_size": kept, "max_overflow": connections - kept, "pool_timeout": 30, "hide_parameters": True}
    if parsed.get_backend_name() == "sqlite":
        # The path as an URI: mode=ro neither writes nor creates, so a wrong path is an error, not an empty database.
        uri = f"{Path(parsed.database or '').absolute().as_uri()}?mode=ro"
        return create_engine(
            "sqlite://", creator=lambda: sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=10),
            poolclass=QueuePool, **common,
        )  # fmt: skip
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise ValueError("Quipux runs on PostgreSQL (or SQLite in the demo)")
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_recycle=600, **common,
        # No server-side prepared statements: they break behind PgBouncer. Keepalives: a server that vanished without a
        # word (a cable, a firewall) is noticed within a minute or two, not after the system's two hours.
        connect_args={"connect_timeout": 10, "prepare_threshold": None, "application_name": "respaldos",
                      "client_encoding": "utf8", "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3},
    )  # fmt: skip


def guard(engine: Engine, *, timeout: float = TIMEOUT_S) -> None:
    """Make every connection of the engine read-only, in Guayaquil's zone, with a time-out (seconds a statement, or one fetch
    of a cursor, may take). Idempotent."""
    if engine in _guarded:
        return
    _guarded.add(engine)
    postgres = of(engine) is POSTGRES
    instead: dict[str, str] = {}

    def connected(connection, _record) -> None:
        (_guard_postgres if postgres else _guard_sqlite)(connection, timeout)
        instead.clear()
        instead.update(older.stand_ins((_columns_postgres if postgres else _columns_sqlite)(connection)))

    def rewritten(_connection, _cursor, statement, parameters, _context, _many):
        return older.rewrite(statement, instead), parameters

    event.listen(engine, "connect", connected)
    event.listen(engine, "before_cursor_execute", rewritten, retval=True)


_guarded: WeakSet[Engine] = WeakSet()


def _guard_postgres(connection, timeout: float) -> None:
    from sources.unsayable import tolerate  # with the driver, which this connection has loaded

    tolerate(connection)
    connection.autocommit = True  # a SET inside a transaction would be undone by the pool's rollback
    with connection.cursor() as cursor:
        for name, value in _session(connection.info.server_version, timeout).items():
            cursor.execute("select set_config(%s, %s, false)", (name, value))
    connection.autocommit = False
    connection.read_only = True  # and every BEGIN says so once more


def _session(version: int, timeout: float) -> dict[str, str]:
    settings = {
        "default_transaction_read_only": "on",
        "timezone": str(ZONE),
        "statement_timeout": str(int(timeout * 1000)),
        "lock_timeout": "5000",  # an ALTER TABLE of Quipux's own upgrade must not find us in its queue for long
        "cursor_tuple_fraction": "1",  # we read cursors to their end: plan for the whole, not for a quick first row
        "work_mem": "32MB",  # 50 000 documents are sorted in memory, 500 000 on disk
    }
    # A plan of tens of milliseconds compiled for 150: only from version 11 on there is something to switch off.
    return settings | ({"jit": "off"} if version >= 110_000 else {})


def _columns_postgres(connection) -> dict[str, set[str]]:
    found = defaultdict(set)
    with connection.cursor() as cursor:
        # Through the search path, as the statements find their tables; of several of a name the first counts.
        cursor.execute(
            "select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid"
            " where c.relname = any(%s) and pg_table_is_visible(c.oid) and a.attnum > 0 and not a.attisdropped",
            (list(older.OPTIONAL),),
        )
        for table, column in cursor:
            found[table].add(column)
    connection.rollback()
    return found


def _columns_sqlite(connection) -> dict[str, set[str]]:
    rows = {table: connection.execute(f"pragma table_info({table})").fetchall() for table in older.OPTIONAL}
    return {table: {row[1] for row in columns} for table, columns in rows.items() if columns}


def _guard_sqlite(connection, _timeout: float) -> None:
    connection.create_function("plegar", 1, lambda text: fold(str(text)) if text is not None else None)
    connection.execute("PRAGMA query_only = 1")


@contextmanager
def answering(what: str) -> Iterator[None]:
    """Turn every sign that a database does not answer into SourceUnavailable; other errors pass."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise SourceUnavailable(f"{what}: {_first_line(error)}") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise SourceUnavailable(f"{what}: {_first_line(error)}") from error
        raise


@contextmanager
def connected(engine: Engine, what: str) -> Iterator[Connection]:
    """A connection for the block; SourceUnavailable if it cannot be had or is lost in the middle.

    Giving back one that has died meanwhile is no error: what had to be read has been read.
    """
    with answering(what):
        connection = engine.connect()
        try:
            yield connection
        finally:
            with suppress(DBAPIError):
                connection.close()


def _first_line(error: Exception) -> str:
    text = str(getattr(error, "orig", None) or error).strip()
    return text.splitlines()[0] if text else type(error).__name__
