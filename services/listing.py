"""One way to page through any list: keyset by (sort key, id), a signed cursor, an exact total up to a limit (decisions 30).

A list names its query, its sortable columns and the order it starts with; requests, users and institutions use the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, Mapping, TypeVar

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select

from extensions import db

SIZE = 20
COUNT_LIMIT = 10_000
MAX_TOKEN = 2000
FIRST, AFTER, BEFORE, LAST = "f", "a", "b", "z"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T")
Term = tuple[ColumnElement[Any], bool]


@dataclass(frozen=True, slots=True)
class Sort:
    """A sortable column. `descending`: the direction of the first click. `empty`: what stands for NULL in comparisons;
    rows without a value come last in both directions. None: the column is never NULL."""

    column: ColumnElement[Any]
    descending: bool = False
    empty: Any = None

    def terms(self, descending: bool) -> list[Term]:
        if self.empty is None:
            return [(self.column, descending)]
        stand_in = func.coalesce(self.column, literal(self.empty, self.column.type), type_=self.column.type)
        return [(case((self.column.is_(None), 1), else_=0), False), (stand_in, descending)]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of one page. `total` is exact up to COUNT_LIMIT, `many` says there are more. `start`: how many rows come
    before, None when nobody counted them. The other four are cursors; None where there is nowhere to go."""

    rows: list[T]
    total: int
    many: bool
    start: int | None
    previous: str | None = None
    next: str | None = None
    last: str | None = None


@dataclass(frozen=True, slots=True)
class _Cursor:
    side: str
    key: list[Any] = field(default_factory=list)
    start: int | None = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """name: tells this list, with its filters, from every other: a cursor of another one is ignored. query: scoped and
    filtered, unordered. unique: the column that breaks ties. default: the order it starts with, "-fecha" for descending."""

    name: str
    query: Select[Any]
    unique: ColumnElement[Any]
    sorts: Mapping[str, Sort]
    default: str

    def order(self, asked: str) -> str:
        """`asked` if it is an order of this list, else the default."""
        return asked if asked.removeprefix("-") in self.sorts else self.default

    def page(self, asked: str = "", token: str = "", size: int = SIZE) -> Page[Any]:
        """The page at `token`; the first one when the token is empty, damaged, foreign or leads nowhere any more."""
        order = self.order(asked)
        counted = db.session.scalar(select(func.count()).select_from(self._ids().limit(COUNT_LIMIT + 1).subquery())) or 0
        many = counted > COUNT_LIMIT
        cursor = self._read(token, order)
        total = min(counted, COUNT_LIMIT)
        return self._at(cursor, order, size, total, many) or self._at(_Cursor(FIRST), order, size, total, many)

    def _at(self, cursor: _Cursor, order: str, size: int, total: int, many: bool) -> Page[Any] | None:
        """The page a cursor stands for; None when the rows it counted on are gone."""
        forward = cursor.side in {FIRST, AFTER}
        terms = self._terms(order)
        # Counted from the front, the last page is the remainder: going back from it meets the same pages again.
        limit = (total % size or size) if cursor.side == LAST and not many else size
        found, more = self._fetch(terms, cursor, forward, limit)
        if cursor.side != FIRST and (not found or (cursor.side == BEFORE and len(found) < size)):
            return None
        start = cursor.start
        if cursor.side == LAST:
            start = None if many else total - len(found)
        has_previous = cursor.side == AFTER if forward else more
        has_next = more if forward else cursor.side == BEFORE
        width = len(terms)
        keys = [list(row[-width:]) for row in found]
        back = None if start is None else max(0, start - size)
        on = None if start is None else start + len(found)
        return Page(
            rows=[tuple(row[:-width]) for row in found], total=total, many=many, start=start,
            previous=self._write(order, _Cursor(BEFORE, keys[0], back)) if has_previous else None,
            next=self._write(order, _Cursor(AFTER, keys[-1], on)) if has_next else None,
            last=self._write(order, _Cursor(LAST)) if has_next else None,
        )

    def _fetch(self, terms: list[Term], cursor: _Cursor, forward: bool, limit: int) -> tuple[list[Any], bool]:
        query = self.query.add_columns(*(expression for expression, _ in terms))
        if cursor.key:
            query = query.where(_beyond(terms, cursor.key, forward))
        ordered = query.order_by(None).order_by(*(e.desc() if desc == forward else e.asc() for e, desc in terms))
        rows = list(db.session.execute(ordered.limit(limit + 1)))
        more, rows = len(rows) > limit, rows[:limit]
        return (rows if forward else rows[::-1]), more

    def _ids(self) -> Select[Any]:
        return self.query.with_only_columns(self.unique, maintain_column_froms=True).order_by(None)

    def _terms(self, order: str) -> list[Term]:
        descending = order.startswith("-")
        sort = self.sorts[order.removeprefix("-")]
        if sort.column is self.unique:
            return [(self.unique, descending)]
        return [*sort.terms(descending), (self.unique, descending)]

    def _write(self, order: str, cursor: _Cursor) -> str:
        key = [{"t": v.isoformat()} if isinstance(v, datetime) else v for v in cursor.key]
        return str(_signer().dumps([self.name, order, cursor.side, key, cursor.start]))

    def _read(self, token: str, order: str) -> _Cursor:
        try:
            name, its_order, side, key, start = _signer().loads(token[:MAX_TOKEN])
        except (BadData, ValueError):
            return _Cursor(FIRST)
        if (name, its_order) != (self.name, order):
            return _Cursor(FIRST)
        return _Cursor(side, [datetime.fromisoformat(v["t"]) if isinstance(v, dict) else v for v in key], start)


def _beyond(terms: list[Term], key: list[Any], forward: bool) -> ColumnElement[bool]:
    """Rows that come after `key` in the order of `terms` (before it, when going backwards)."""
    steps = []
    for i, (expression, descending) in enumerate(terms):
        same = [e == v for (e, _), v in zip(terms[:i], key[:i])]
        steps.append(and_(*same, expression < key[i] if descending == forward else expression > key[i]))
    expression, descending = terms[0]
    # Says nothing new, but gives the index a range to start from.
    bound = expression <= key[0] if descending == forward else expression >= key[0]
    return and_(bound, or_(*steps))


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key, salt="listado")
