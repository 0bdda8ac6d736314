"""One way to page through any list: keyset by (sort key, id), a signed cursor, an exact total up to a limit (decisions 30).

A list names its query, its sortable columns and the order it starts with; requests, users and institutions use the same.
With few rows (up to COUNT_LIMIT) the rows that pass the filters are collected, in one reading, and sorted. With many, the index of
the order is walked until the page is full: of at least one row in a hundred, few are passed over. Either way the keys of a page are
found first (services.keyset), from narrow indexes; only its rows are then read (docs/adr/0013).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import ColumnElement, Select, bindparam, func, select

from extensions import db
from services.keyset import AFTER, BEFORE, FIRST, LAST, NUMBERED, Cursor, Leg, Walk

SIZE = 20
COUNT_LIMIT = 10_000
EXPORTED = 1_000
MAX_TOKEN = 2000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sort:
    """A sortable column. `descending`: the direction of the first click. `empty`: rows without a value come last in both
    directions. legs: the same order in pieces that an index knows, of the descending direction or the ascending one.
    collect: (ascending, descending), no index walks this order within the filters, sort what passes them. spans: as of a Leg, for the
    ascending and the descending direction (None: walked as a whole)."""

    column: ColumnElement[Any]
    descending: bool = False
    empty: bool = False
    index: str = ""
    legs: Callable[[bool], Sequence[Leg]] | None = None
    collect: tuple[bool, bool] = (False, False)
    spans: tuple[tuple[ColumnElement[int], range] | None, tuple[ColumnElement[int], range] | None] = (None, None)

    def pieces(self, descending: bool) -> Sequence[Leg]:
        if self.legs is not None:
            return self.legs(descending)
        if self.empty:
            return (Leg(self.column.is_not(None), ((self.column, descending),), self.index), Leg(self.column.is_(None)))
        return (Leg(None, ((self.column, descending),), self.index, self.spans[descending]),)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of one page. `total` is exact up to COUNT_LIMIT, `many` says there are more. `start`: how many rows come
    before, None when nobody counted them. The other three are cursors; None where there is nowhere to go. numbers: the cursor of
    each page of a short list (up to NUMBERED rows), from the first one on; size: rows of a page."""

    rows: list[T]
    total: int
    many: bool
    start: int | None
    previous: str | None = None
    next: str | None = None
    last: str | None = None
    numbers: tuple[str, ...] = ()
    size: int = SIZE

    @property
    def number(self) -> int:
        """Of this page, from 1; only where the pages have numbers."""
        return (self.start or 0) // self.size + 1


@dataclass(frozen=True, slots=True)
class Listing:
    """name: tells this list, with its filters, from every other: a cursor of another one is ignored. query: scoped and
    filtered, unordered. unique: the column that breaks ties. default: the order it starts with, "-fecha" for descending.
    narrow: the same rows as `query`, asked so that the filters' own index finds them: for the total and for few rows.
    load: what is read of the rows (scoped too), made by `by_ids`; by default what `query` says. hinted: the class that the index names are of.
    once: to count `narrow` is to read its rows (words were searched): count and keys are asked for in one question.
    strips: parts of `narrow` that are read sooner, and may tell that there are more than COUNT_LIMIT: (rows, how many times as many are in
    all parts together as in those so far)."""

    name: str
    query: Select[Any]
    unique: ColumnElement[Any]
    sorts: Mapping[str, Sort]
    default: str
    narrow: Select[Any] | None = None
    load: Select[Any] | None = None
    hinted: Any = None
    once: bool = False
    strips: Callable[[], Iterable[tuple[Select[Any], int]]] = tuple

    def order(self, asked: str) -> str:
        """`asked` if it is an order of this list, else the default."""
        return asked if asked.removeprefix("-") in self.sorts else self.default

    def count(self) -> tuple[int, bool]:
        """How many rows there are, up to COUNT_LIMIT, and whether there are more."""
        counted = COUNT_LIMIT + 1 if self._surely_many() else self._counted(self.query if self.narrow is None else self.narrow, COUNT_LIMIT + 1)
        return min(counted, COUNT_LIMIT), counted > COUNT_LIMIT

    def _surely_many(self) -> bool:
        """Whether the strips tell that there are more than COUNT_LIMIT; the next one is asked while it may."""
        counted = 0
        for strip, times in self.strips():
            counted += self._counted(strip, COUNT_LIMIT + 1 - counted)
            if counted > COUNT_LIMIT or counted * times <= COUNT_LIMIT:
                break
        return counted > COUNT_LIMIT

    def _counted(self, query: Select[Any], most: int) -> int:
        some = query.with_only_columns(self.unique, maintain_column_froms=True).order_by(None).limit(most)
        return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0

    def page(self, asked: str = "", token: str = "", size: int = SIZE) -> Page[Any]:
        """The page at `token`; the first one when the token is empty, damaged, foreign or leads nowhere any more."""
        order = self.order(asked)
        cursor = self._read(token, order)
        found = self._guessed(cursor, order, size) if self.once and cursor.side != LAST else None
        if isinstance(found, Page):
            return found
        total, many = found or self.count()
        first = Cursor(FIRST)
        return (self._at(cursor, order, size, total, many) if cursor.side != FIRST else None) or self._at(first, order, size, total, many)  # type: ignore[return-value]

    def _guessed(self, cursor: Cursor, order: str, size: int) -> Page[Any] | tuple[int, bool] | None:
        """The page, if the rows are few; (total, many) if they are not; None when nobody knows."""
        if self._surely_many():
            return COUNT_LIMIT, True
        walk = self._walk(order, False, COUNT_LIMIT + 1)
        if cursor.leg >= len(walk.legs):
            return None
        first, forward = cursor.side == FIRST, cursor.side in {FIRST, AFTER}
        # The first page takes along the keys of all pages of a short list, not to read its rows twice.
        keys, more, total = walk.collect(cursor, forward, size, whole=first)
        if total > COUNT_LIMIT:
            return COUNT_LIMIT, True
        more, found, every = (len(keys) > size, keys[:size], keys) if first else (more, keys, None)
        return self._page(cursor, order, size, total, False, walk, found, more, every) or (total, False)

    def batches(self, asked: str = "", load: Select[Any] | None = None) -> Iterator[list[Any]]:
        """Every row in its order, so many at a time: memory does not grow with the list, and no snapshot is held open.
        load: made by `by_ids`, columns to read (scoped too) instead of the list's own objects, which take five times as long."""
        order = self.order(asked)
        walk = self._walk(order, self.count()[1])
        cursor, more = Cursor(FIRST), True
        while more:
            found, more = walk.fetch(cursor, True, EXPORTED)
            if found:
                cursor = Cursor(AFTER, found[-1][0], list(found[-1][1:]))
                ids = [key[-1] for key in found]
                yield self._rows(ids) if load is None else self._loaded(load, ids)

    def _walk(self, order: str, many: bool, most: int | None = None) -> Walk:
        descending = order.startswith("-")
        sort = self.sorts[order.removeprefix("-")]
        collected = self.narrow is not None and (not many or sort.collect[descending])
        query = self.narrow if collected else self.query
        return Walk(query, self.unique, sort.pieces(descending), descending, collected, many, self.hinted, most)

    def _at(self, cursor: Cursor, order: str, size: int, total: int, many: bool) -> Page[Any] | None:
        """The page a cursor stands for; None when the rows it counted on are gone."""
        # Counted from the front, the last page is the remainder: going back from it meets the same pages again.
        limit = (total % size or size) if cursor.side == LAST and not many else size
        walk = self._walk(order, many)
        if cursor.leg >= len(walk.legs):
            return None
        found, more = walk.fetch(cursor, cursor.side in {FIRST, AFTER}, limit)
        return self._page(cursor, order, size, total, many, walk, found, more)

    def _page(
        self, cursor: Cursor, order: str, size: int, total: int, many: bool, walk: Walk, found: list[tuple], more: bool,
        every: list[tuple] | None = None,
    ) -> Page[Any] | None:
        """every: the keys of the whole list from its beginning, up to NUMBERED, where they are known."""
        forward = cursor.side in {FIRST, AFTER}
        if cursor.side != FIRST and (not found or (cursor.side == BEFORE and len(found) < size)):
            return None
        has_previous = bool(found) and (cursor.side == AFTER if forward else more)
        has_next = more if forward else cursor.side == BEFORE
        keys = [] if many or not size < total <= NUMBERED else self._keys(walk, every)
        start = _start(cursor, found, total, many, has_previous, has_next, keys)
        back = None if start is None else max(0, start - size)
        on = None if start is None else start + len(found)

        def to(side: str, key: tuple, before: int | None) -> str:
            return self._write(order, Cursor(side, key[0], list(key[1:]), before))

        return Page(
            rows=self._rows([key[-1] for key in found]), total=total, many=many, start=start, size=size,
            previous=to(BEFORE, found[0], back) if has_previous else None,
            next=to(AFTER, found[-1], on) if has_next else None,
            last=self._write(order, Cursor(LAST)) if has_next else None,
            numbers=self._numbers(order, size, keys) if keys else (),
        )

    def _keys(self, walk: Walk, every: list[tuple] | None) -> list[tuple]:
        """Of the whole of a short list."""
        return walk.fetch(Cursor(FIRST), True, NUMBERED)[0] if every is None else every

    def _numbers(self, order: str, size: int, keys: list[tuple]) -> tuple[str, ...]:
        """Cursors of all pages of a short list: where each begins."""
        ends = [(keys[i - 1], i) for i in range(size, len(keys), size)]
        return ("", *(self._write(order, Cursor(AFTER, key[0], list(key[1:]), at)) for key, at in ends))

    def _rows(self, ids: list[Any]) -> list[Any]:
        """The rows of these keys, in their order; one that vanished meanwhile is left out."""
        if not ids:
            return []
        return [tuple(row[:-1]) for row in self._loaded(by_ids(self.query, self.unique) if self.load is None else self.load, ids)]

    def _loaded(self, load: Select[Any], ids: list[Any]) -> list[Any]:
        rows = {row[-1]: row for row in db.session.execute(load, {"ids": ids})}
        return [rows[i] for i in ids if i in rows]

    def _write(self, order: str, cursor: Cursor) -> str:
        key = [{"t": v.isoformat()} if isinstance(v, datetime) else v for v in cursor.key]
        return str(_signer().dumps([self.name, order, cursor.side, cursor.leg, key, cursor.start]))

    def _read(self, token: str, order: str) -> Cursor:
        try:
            name, its_order, side, leg, key, start = _signer().loads(token[:MAX_TOKEN])
        except (BadData, ValueError):
            return Cursor(FIRST)
        if (name, its_order) != (self.name, order):
            return Cursor(FIRST)
        return Cursor(side, leg, [datetime.fromisoformat(v["t"]) if isinstance(v, dict) else v for v in key], start)


def _start(
    cursor: Cursor, found: list[tuple], total: int, many: bool, has_previous: bool, has_next: bool, keys: list[tuple],
) -> int | None:
    """How many rows come before those `found`, as far as it is known: rows have come and gone since the cursor was written, perhaps for
    somebody who sees other ones. keys: of the whole of a short list."""
    if not has_previous:
        return 0
    if keys and found[0] in keys:
        return keys.index(found[0])
    if many:
        return None if cursor.side == LAST else cursor.start
    before = total - len(found)
    if not has_next:
        return before
    return None if cursor.start is None else min(cursor.start, before)


def by_ids(query: Select[Any], unique: ColumnElement[Any]) -> Select[Any]:
    """The rows of `query` with these `ids`, a parameter, in any order, and their ids after their columns. Built once for an actor it need
    not be recognised anew by each page."""
    return query.add_columns(unique).order_by(None).where(unique.in_(bindparam("ids", expanding=True)))


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key, salt="listado")
