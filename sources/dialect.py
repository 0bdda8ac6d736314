"""Every difference between PostgreSQL (a real Quipux) and SQLite (the demo's) in one place.

Two objects, POSTGRES and SQLITE, with the same methods: SQL fragments made of constants only (values always travel
as parameters) and conversions of ids and instants. What makes a connection a guest's is in `sources.sessions`.
"""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, text

ZONE = ZoneInfo("America/Guayaquil")
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
    fence = "offset 0"  # ends a subselect that is to be worked out as it stands, not dissolved into the statement around it

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
    fence = ""

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
            f"with recursive f(whole) as materialized (select archivo from {table} where arch_codi = :code),"
            " g(n) as (select 0 from f union all select n + 1 from g, f where (n + 1) * :length < length(f.whole))"
            " select substr(f.whole, g.n * :length + 1, :length) from g cross join f"
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
