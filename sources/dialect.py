"""Every difference between PostgreSQL (a real Quipux) and SQLite (the demo's) in one place.

Two objects, POSTGRES and SQLITE, with the same methods: SQL fragments made of constants only (values always travel
as parameters) and conversions of ids and instants. Beside them, what makes a connection read-only.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from weakref import WeakSet
from zoneinfo import ZoneInfo

from psycopg import DataError
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from rules.identity import fold
from sources import older
from sources.errors import SourceUnavailable

ZONE = ZoneInfo("America/Guayaquil")
TIMEOUT_S = 60
CONNECTIONS = 5
_KEPT = 2  # connections held open between two questions; up to CONNECTIONS are opened when needed
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).astimezone(ZONE)
_ACCENTED = "áàâäãéèêëíìîïóòôöõúùûüñç"
_PLAIN = "aaaaaeeeeiiiiooooouuuunc"


def day_bounds(desde: date, hasta: date) -> tuple[datetime, datetime]:
    """The instants [start, end) of whole days in Guayaquil, both days included."""
    start = datetime.combine(desde, time.min, ZONE)
    return start, datetime.combine(hasta + timedelta(days=1), time.min, ZONE)


def _is_id(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 20


class _Postgres:
    name = "postgresql"

    def ids(self, values: Iterable[str]) -> list:
        """As parameters for columns of ids; what is no number is no id and is left out."""
        return [int(v) for v in values if _is_id(v)]

    def codes(self, values: Iterable[str]) -> list[str]:
        """Account codes as the one parameter that `member` and `is_account` use."""
        return [v for v in values if _is_id(v) and len(v) <= 18]  # a bigint

    def member(self, column: str) -> str:
        """True where a participant list holds one of :codes. The very expression of Quipux's GIN indexes."""
        return f"string_to_array(btrim({column}, '-'), '--') && cast(:codes as text[])"

    def is_account(self, column: str) -> str:
        return f"{column} = any(cast(:codes as bigint[]))"

    def inside(self, column: str) -> str:
        """True between the bounds of the range that `each_range` is at."""
        return f"{column} > b.low and {column} < b.high"

    def each_range(self, connection: Connection, picked: str, ranges: list[tuple[str, str]], params: dict) -> list:
        """The rows that `picked`, which says `inside`, gives for each range of ids, all in one question."""
        sql = (
            "select p.* from unnest(cast(:lows as numeric[]), cast(:highs as numeric[])) as b(low, high)"
            f" cross join lateral ({picked}) p"
        )
        lows, highs = zip(*ranges, strict=True)
        return connection.execute(text(sql), params | {"lows": list(lows), "highs": list(highs)}).all()

    def listed(self, column: str, list_column: str) -> str:
        """True where the account in `column` is in the participant list; index-friendly, and deaf to rubbish."""
        return (
            f"{column} in (select case when x ~ '^[0-9]{{1,9}}$' then cast(x as integer) end"
            f" from unnest(string_to_array(btrim({list_column}, '-'), '--')) x)"
        )

    def last_digit(self, column: str) -> str:
        return f"right(cast({column} as text), 1)"

    def folded(self, column: str) -> str:
        return f"translate(lower({column}), '{_ACCENTED}', '{_PLAIN}')"

    def octets(self, column: str) -> str:
        """Length in bytes, answered from the header of the stored value: the content is not read."""
        return f"octet_length({column})"

    def pieces(self, table: str) -> str:
        """The text of file :code of a bodega table in pieces of :length characters, in order."""
        return (
            "select convert_from(substring(f.whole from g.n * :length + 1 for :length), getdatabaseencoding())"
            f" from (select convert_to(archivo, getdatabaseencoding()) as whole from {table} where arch_codi = :code offset 0) f"
            " cross join lateral generate_series(0, (octet_length(f.whole) - 1) / :length) g(n)"
        )

    def finite(self, column: str) -> str:
        """True for a date; false for null and for 'infinity', which no calendar knows."""
        return f"coalesce(isfinite({column}), false)"

    def instant(self, moment: datetime) -> datetime:
        return moment

    def epoch(self, column: str) -> str:
        """An instant as a number, for `moment`: a tenth of the cost of a date in words, which counts at 50 000 rows."""
        return f"cast(extract(epoch from cast({column} as timestamptz)) * 1000000 as bigint)"

    def moment(self, value: int) -> datetime:
        return _EPOCH + timedelta(microseconds=value) if value < 0 else datetime.fromtimestamp(value / 1_000_000, ZONE)

    def local(self, value: datetime | None) -> datetime | None:
        """A naive value (older installations) was read in the session's zone, which is Guayaquil."""
        if value is None:
            return None
        return value.astimezone(ZONE) if value.tzinfo else value.replace(tzinfo=ZONE)


class _Sqlite:
    name = "sqlite"

    def ids(self, values: Iterable[str]) -> list:
        return [v for v in values if _is_id(v)]

    def codes(self, values: Iterable[str]) -> str:
        return json.dumps([v for v in values if _is_id(v)])

    def member(self, column: str) -> str:
        # With the separators around both sides 110 is not found inside 1110.
        return (
            "exists (select 1 from json_each(:codes) j where"
            f" instr('--' || trim({column}, '-') || '--', '--' || j.value || '--') > 0)"
        )

    def is_account(self, column: str) -> str:
        return f"{column} in (select value from json_each(:codes))"

    def inside(self, column: str) -> str:
        return f"{column} > :low and {column} < :high"

    def each_range(self, connection: Connection, picked: str, ranges: list[tuple[str, str]], params: dict) -> list:
        # No lateral joins here, and no round trips either.
        return [
            row for low, high in ranges for row in connection.execute(text(picked), params | {"low": low, "high": high}).all()
        ]

    def listed(self, column: str, list_column: str) -> str:
        return f"instr('--' || trim({list_column}, '-') || '--', '--' || {column} || '--') > 0"

    def last_digit(self, column: str) -> str:
        return f"substr({column}, -1)"

    def folded(self, column: str) -> str:
        return f"plegar({column})"

    def octets(self, column: str) -> str:
        return f"length(cast({column} as blob))"

    def pieces(self, table: str) -> str:
        return (
            "with recursive g(n) as (select 0 union all select n + 1 from g)"
            f" select substr(f.archivo, g.n * :length + 1, :length) from {table} f, g where f.arch_codi = :code"
            " limit (select (length(archivo) - 1) / :length + 1 from " + table + " where arch_codi = :code)"
        )

    def finite(self, column: str) -> str:
        return f"{column} is not null"

    def instant(self, moment: datetime) -> str:
        return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")

    def epoch(self, column: str) -> str:
        return column

    def moment(self, value: str) -> datetime | None:
        return self.local(value)

    def local(self, value: str | None) -> datetime | None:
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(ZONE)


POSTGRES, SQLITE = _Postgres(), _Sqlite()
Dialect = _Postgres | _Sqlite


def of(engine: Engine) -> Dialect:
    """The dialect of an engine; ValueError for any other database."""
    for known in (POSTGRES, SQLITE):
        if engine.dialect.name == known.name:
            return known
    raise ValueError(f"Quipux runs on PostgreSQL (or SQLite in the demo), not on {engine.dialect.name}")


def make_engine(url: str, *, connections: int = CONNECTIONS) -> Engine:
    """An engine for a setting like `postgresql://…` or `sqlite:///…`, with a pool small enough for a guest."""
    parsed = make_url(url)
    kept = min(_KEPT, connections)
    pool = {"pool_size": kept, "max_overflow": connections - kept, "pool_timeout": 30}
    if parsed.get_backend_name() == "sqlite":
        # The path as an URI: mode=ro neither writes nor creates, so a wrong path is an error, not an empty database.
        uri = f"{Path(parsed.database or '').absolute().as_uri()}?mode=ro"
        return create_engine(
            "sqlite://", creator=lambda: sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=10),
            poolclass=QueuePool, **pool,
        )  # fmt: skip
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise ValueError("Quipux runs on PostgreSQL (or SQLite in the demo)")
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_recycle=600, **pool,
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
    for kind in (TimestamptzLoader, TimestampLoader, DateLoader):
        connection.adapters.register_loader(_OIDS[kind], _tolerant(kind))
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


_OIDS = {TimestamptzLoader: "timestamptz", TimestampLoader: "timestamp", DateLoader: "date"}


def _tolerant(kind: type) -> type:
    """A date that Python cannot say (infinity, before Christ, after 9999) is none: it must not end a run."""

    class Tolerant(kind):
        def load(self, data):
            try:
                return super().load(data)
            except DataError:
                return None

    return Tolerant


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
