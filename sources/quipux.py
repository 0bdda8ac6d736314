"""One Quipux installation, read-only: the whole public face of this package."""

import io
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, Engine

from sources import check, dialect, estimate, history, people, petitions, selection, sessions
from sources.bodega import Bodega
from sources.disk import Disk
from sources.documents import BATCH, Reader
from sources.errors import FileProblem
from sources.files import BODEGA, DISCO, TEXTO, Resolver
from sources.stream import Throttle, as_file
from sources.types import (
    Count,
    Finding,
    PastRequest,
    Petition,
    Registered,
    Selected,
    Size,
    SourceAccount,
    SourceArea,
    SourceDocument,
    SourceFile,
    SourceInstitution,
)


class Quipux:
    """A reader. Every method raises SourceUnavailable when Quipux does not answer.

    `max_mb_s` limits the bytes of files read a second (10^6, all streams together; 0 = no limit).
    `redirected` selects documents directed to the person too (history code 28), `other_accounts` those of the
    person's other accounts in the institution; both off is what Quipux itself does.

    Safe to share between threads. After a fork call `close()` first: connections must not be shared by processes.
    An iterator holds one connection until it is exhausted or closed.
    """

    def __init__(
        self,
        engine: Engine,
        bodega_engine: Engine | None,
        bodega_dir: Path | None,
        *,
        max_mb_s: float = 0,
        redirected: bool = False,
        other_accounts: bool = False,
        timeout: float = sessions.TIMEOUT_S,
    ):
        self._dialect = dialect.of(engine)
        for each in filter(None, (engine, bodega_engine)):
            sessions.guard(each, timeout=timeout)
        self._engine = engine
        self._bodega_engine = bodega_engine
        self._bodega = Bodega(bodega_engine)
        self._disk = Disk(bodega_dir)
        self._throttle = Throttle(max_mb_s)
        self._redirected = redirected
        self._other_accounts = other_accounts

    @classmethod
    def from_config(cls, config: Mapping) -> "Quipux":
        """From QUIPUX_URL, BODEGA_URL, BODEGA_DIR, SOURCE_MAX_MB_S, QUIPUX_CONNECTIONS, QUIPUX_TIMEOUT_S (and the switches
        QUIPUX_REDIRECTED, QUIPUX_OTHER_ACCOUNTS). ValueError without QUIPUX_URL or for another kind of database."""
        if not config.get("QUIPUX_URL"):
            raise ValueError("QUIPUX_URL is not set")
        connections = int(config.get("QUIPUX_CONNECTIONS") or sessions.CONNECTIONS)
        return cls(
            sessions.make_engine(config["QUIPUX_URL"], connections=connections),
            sessions.make_engine(config["BODEGA_URL"], connections=connections) if config.get("BODEGA_URL") else None,
            Path(config["BODEGA_DIR"]) if config.get("BODEGA_DIR") else None,
            max_mb_s=float(config.get("SOURCE_MAX_MB_S") or 0),
            redirected=bool(config.get("QUIPUX_REDIRECTED")),
            other_accounts=bool(config.get("QUIPUX_OTHER_ACCOUNTS")),
            timeout=float(config.get("QUIPUX_TIMEOUT_S") or sessions.TIMEOUT_S),
        )

    def close(self) -> None:
        """Give all connections back; the next use opens new ones."""
        for engine in (self._engine, self._bodega_engine):
            if engine is not None:
                engine.dispose()

    # People

    def institutions(self) -> Iterator[SourceInstitution]:
        return self._iterate(people.institutions)

    def areas(self) -> Iterator[SourceArea]:
        return self._iterate(people.areas)

    def accounts(self, first: str | None = None, last: str | None = None) -> Iterator[SourceAccount]:
        """Accounts by code, all or those of a block."""
        return self._iterate(lambda connection: people.accounts(connection, first, last))

    def account_blocks(self) -> Iterator[tuple[str, str, str]]:
        """(first, last, digest) of every block of codes; equal digest = nothing changed. See people.account_blocks."""
        return self._iterate(lambda connection: people.account_blocks(connection, self._dialect))

    def account(self, codi: str) -> SourceAccount | None:
        """The account as Quipux has it this moment."""
        with self._connection() as connection:
            return people.account(connection, self._dialect, codi)

    # Petitions

    def petitions(self, inst_codi: str, text: str, *, now: datetime, limit: int = 20) -> list[Petition]:
        """Documents of the institution's counter of the last 24 months, newest first; [] below 3 characters."""
        with self._connection() as connection:
            return petitions.search(connection, self._dialect, inst_codi, text, now=now, limit=limit)

    def registered(self, ranges: list[tuple[str, str]], *, now: datetime, limit: int) -> list[Registered]:
        """Petitions of the last 24 months with low < id < high of any of the ranges, by id, at most `limit` of each range."""
        with self._connection() as connection:
            return petitions.registered(connection, self._dialect, ranges, now=now, limit=limit)

    def last_ids(self, prefixes: list[str]) -> dict[str, str]:
        """Prefix of ids (year and area, ten digits) → the highest id that begins so, where there is one."""
        with self._connection() as connection:
            return petitions.last_ids(connection, self._dialect, prefixes) if prefixes else {}

    def petition(self, id: str, inst_codi: str) -> Petition | None:
        with self._connection() as connection:
            return petitions.get(connection, self._dialect, id, inst_codi)

    def petition_files(self, id: str) -> tuple[SourceFile, ...]:
        """The files of a petition; () if the document is not one that may be shown as such."""
        with self._connection() as connection:
            if not petitions.is_petition(connection, self._dialect, id):
                return ()
            return self._reader(connection).files(id)

    # What Quipux's own backup module left behind

    def past_requests(self) -> Iterator[PastRequest]:
        """Every request it recorded, by number. NoHistory when it was never there."""
        return self._iterate(lambda connection: history.requests(connection, self._dialect))

    # Documents of a person: desde and hasta are whole days in Guayaquil, both included

    def count(self, codi: str, desde: date, hasta: date) -> Count:
        """Exact, by the very selection of the run; reserved documents are counted too."""
        with self._connection() as connection:
            return selection.count(connection, self._query(connection, codi, desde, hasta))

    def size(self, codi: str, desde: date, hasta: date, *, include_reserved: bool = False) -> Size:
        """Estimate of the payload's bytes, without opening files."""
        with self._connection() as connection:
            query = self._query(connection, codi, desde, hasta)
            return estimate.size(connection, query, self._disk, self._bodega, include_reserved=include_reserved)

    def selected(
        self, codi: str, desde: date, hasta: date, *, include_reserved: bool = False
    ) -> Iterator[Selected]:
        """One light row per (tray, document), by date, then id."""
        with self._connection() as connection:
            for batch in self._batches(connection, codi, desde, hasta, include_reserved):
                for entry in batch:
                    yield from selection.light(entry)

    def documents(
        self, codi: str, desde: date, hasta: date, *, include_reserved: bool = False, only: Container[str] | None = None
    ) -> Iterator[SourceDocument]:
        """The distinct documents, by date, then id; of a reserved one nothing comes out unless asked for. only: ids to
        which the selection is narrowed."""
        with self._connection() as connection:
            reader = self._reader(connection)
            for batch in self._batches(connection, codi, desde, hasta, include_reserved, only):
                yield from reader.documents(batch)

    def open(self, ref: str) -> BinaryIO:
        """The bytes of a SourceFile. FileProblem now or while reading; ValueError for a ref that is none of ours."""
        origen, _, key = ref.partition(":")
        if origen == DISCO and key:
            return as_file(self._throttle(self._disk.chunks(key)))
        if origen == BODEGA and key:
            return as_file(self._throttle(self._bodega.chunks(key)))
        if origen == TEXTO and key:
            with self._connection() as connection:
                body = self._reader(connection).body(key)
            if body is None:
                raise FileProblem("ausente")
            return io.BytesIO(body)
        raise ValueError(f"not a reference to a file of Quipux: {ref[:80]!r}")

    def check(self) -> list[Finding]:
        """What an operator should know: versions, missing columns or indexes, read-only proven. Raises nothing."""
        return check.run(self._engine, self._bodega_engine, self._disk)

    def _connection(self) -> AbstractContextManager[Connection]:
        return sessions.connected(self._engine, "Quipux")

    def _iterate(self, read: Callable[[Connection], Iterator]) -> Iterator:
        with self._connection() as connection:
            yield from read(connection)

    def _reader(self, connection: Connection) -> Reader:
        return Reader(connection, self._dialect, Resolver(self._disk, self._bodega))

    def _query(self, connection: Connection, codi: str, desde: date, hasta: date) -> selection.Query:
        codes = [codi]
        if self._other_accounts:
            codes = selection.accounts_of_person(connection, self._dialect, codi)
        return selection.build(self._dialect, codes, desde, hasta, redirected=self._redirected)

    def _batches(
        self, connection: Connection, codi: str, desde: date, hasta: date, include_reserved: bool, only: Container[str] | None = None
    ) -> Iterator[list[selection.Entry]]:
        batch = []
        for entry in selection.entries(connection, self._dialect, self._query(connection, codi, desde, hasta)):
            if (entry.reservado and not include_reserved) or (only is not None and entry.id not in only):
                continue
            batch.append(entry)
            if len(batch) == BATCH:
                yield batch
                batch = []
        if batch:
            yield batch
