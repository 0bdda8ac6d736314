"""The new generation of files: base64 text in the tables archivo_0001… of a second database.

Read through `archivo` and `indice`; the database's own function is avoided because its error path writes.
"""

import binascii
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Engine, bindparam, text
from sqlalchemy.exc import DataError, OperationalError, ProgrammingError

from sources import dialect, sessions
from sources.errors import FileProblem, SourceUnavailable

# Characters of base64 a piece, a multiple of 4. A file of one piece is one short query; a larger one is read by a cursor.
CHUNK = 2 * 1024 * 1024
_HEAD = 16
TABLE = re.compile(r"archivo_[0-9]{1,9}")
_SPACE = b" \t\r\n\f\v"


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a stored file without reading it. `bytes`: upper bound (line breaks and "=" count)."""

    bytes: int
    head: bytes
    problema: str | None = None


class Bodega:
    def __init__(self, engine: Engine | None):
        self._engine = engine
        if engine is not None:
            self._dialect = dialect.of(engine)
            sessions.guard(engine)

    def heads(self, codes: Iterable[str]) -> dict[str, Head]:
        """Length and first bytes of each file, one query per physical table. Unknown codes are "ausente"."""
        codes = list(dict.fromkeys(codes))
        if not codes:
            return {}
        return {code: Head(0, b"", "ausente") for code in codes} | self._heads_in(self._tables(codes))

    def total(self, codes: Iterable[str]) -> int:
        """Bytes of these files together, as the catalogue of the bodega states them (approximate), for an estimate."""
        if self._engine is None:
            raise SourceUnavailable("BODEGA_URL is not configured")
        sql = f"select coalesce(sum(tamanio), 0) from archivo where {self._dialect.is_account('arch_codi')}"
        with sessions.connected(self._engine, "bodega") as connection:
            return int(connection.execute(text(sql), {"codes": self._dialect.codes(codes)}).scalar_one())

    def chunks(self, code: str) -> Iterator[bytes]:
        """The decoded bytes, found before this returns. Raises FileProblem or SourceUnavailable, also while reading.

        A file of one piece is one query; of a larger one the connection is held until it is read or closed.
        """
        tables = self._tables([code])
        head = self._heads_in(tables).get(code, Head(0, b"", "ausente"))
        if head.problema:
            raise FileProblem(head.problema)
        table = next(iter(tables))
        # `bytes` is three quarters of the characters, rounded down.
        return _decode(self._pieces(table, code) if head.bytes > CHUNK // 4 * 3 else self._texts(table, code))

    def _heads_in(self, tables: dict[str, list[str]]) -> dict[str, Head]:
        found = {}
        for table, codes in tables.items():
            # The name becomes part of a statement: only what Quipux itself creates is accepted.
            if TABLE.fullmatch(table):
                found |= self._table_heads(table, codes)
            else:
                found |= {code: Head(0, b"", "ilegible") for code in codes}
        return found

    def _table_heads(self, table: str, codes: list[str]) -> dict[str, Head]:
        length = self._dialect.octets("archivo")
        sql = (
            f"select cast(arch_codi as text), {length}, substr(archivo, 1, {_HEAD}) from {table}"
            " where arch_codi in :codes"
        )
        try:
            rows = self._rows(sql, codes)
        except ProgrammingError:  # the catalogue names a table that is not there
            return {code: Head(0, b"", "ilegible") for code in codes}
        except SourceUnavailable as error:
            if not _no_such_table(error):
                raise
            return {code: Head(0, b"", "ilegible") for code in codes}
        return {code: _head(size, start) for code, size, start in rows if size}

    def _tables(self, codes: Iterable[str]) -> dict[str, list[str]]:
        tables = defaultdict(list)
        for code, table in self._rows(
            "select cast(a.arch_codi as text), i.nombre_tabla from archivo a"
            " join indice i on i.indi_codi = a.indi_codi where a.arch_codi in :codes", codes,
        ):  # fmt: skip
            tables[(table or "").strip().lower()].append(code)
        return tables

    def _texts(self, table: str, code: str) -> Iterator[str]:
        sql = text(f"select archivo from {table} where arch_codi = :code")
        with sessions.connected(self._engine, "bodega") as connection:
            yield connection.execute(sql, {"code": self._dialect.ids([code])[0]}).scalar() or ""

    def _pieces(self, table: str, code: str) -> Iterator[str]:
        # In UTF-8 PostgreSQL finds the n-th character of a stored text by reading all before it, so that pieces by `substr`
        # cost the square of the size (docs/adr/0012). As bytes in memory, made once, a piece is found at once.
        statement = text(self._dialect.pieces(table)).execution_options(yield_per=1)
        params = {"code": self._dialect.ids([code])[0], "length": CHUNK}
        with sessions.connected(self._engine, "bodega") as connection:
            try:
                yield from connection.execute(statement, params).scalars()
            except DataError:  # no ASCII where a piece was cut, hence no base64
                raise FileProblem("base64") from None

    def _rows(self, sql: str, codes: Iterable[str]) -> list:
        if self._engine is None:
            raise SourceUnavailable("BODEGA_URL is not configured")
        values = self._dialect.ids(codes)
        if not values:
            return []
        with sessions.connected(self._engine, "bodega") as connection:
            statement = text(sql).bindparams(bindparam("codes", expanding=True))
            return connection.execute(statement, {"codes": values}).all()


def _decode(texts: Iterator[str]) -> Iterator[bytes]:
    rest, padded = b"", False
    for text_piece in texts:
        piece = rest + _compact(text_piece)
        whole = len(piece) // 4 * 4
        piece, rest = piece[:whole], piece[whole:]
        if piece:
            if padded:  # text after the "=" that ends base64
                raise FileProblem("base64")
            padded = piece.endswith(b"=")
            yield _base64(piece)
    if rest:
        raise FileProblem("base64")


def _no_such_table(error: SourceUnavailable) -> bool:
    # SQLite has no error class of its own for this.
    return isinstance(error.__cause__, OperationalError) and "no such table" in str(error)


def _head(size: int, start: str) -> Head:
    try:
        clean = _compact(start)
        head = _base64(clean[: len(clean) // 4 * 4])
    except FileProblem as problem:
        return Head(0, b"", problem.cause)
    return Head(size * 3 // 4, head)


def _compact(piece: str) -> bytes:
    try:
        return piece.encode("ascii").translate(None, _SPACE)
    except UnicodeEncodeError:
        raise FileProblem("base64") from None


def _base64(piece: bytes) -> bytes:
    try:
        return binascii.a2b_base64(piece, strict_mode=True)
    except binascii.Error:
        raise FileProblem("base64") from None
