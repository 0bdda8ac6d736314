"""The keys of one page of a list, in one order, beyond a cursor (docs/adr/0013).

Either all rows that pass the filters are read once and sorted (`Walk.collect`), or an index that has the order is walked until the page is
full. services.listing decides which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, case, cast, column, func, literal, null, or_, select, true, union_all

from extensions import db

NUMBERED = 1_000
FIRST, AFTER, BEFORE, LAST = "f", "a", "b", "z"
ROWID = "rowid"
# In the place of a leg's number: this row says how many there are.
_TOTAL = -1

Term = tuple[ColumnElement[Any], bool]


@dataclass(frozen=True, slots=True)
class Leg:
    """Rows with one order, inside the order of a list: all of them, or those of one estado, or those without a value.
    where: which ones. terms: (column, descending), before the one that breaks ties. index: SQLite's name of the index with this
    order, ROWID for the order of the ids, "" for the planner's choice. spans: (expression, its values): an index has this order for
    each value by itself; each is walked for a page of its own, and these are merged (PostgreSQL)."""

    where: ColumnElement[bool] | None = None
    terms: tuple[Term, ...] = ()
    index: str = ""
    spans: tuple[ColumnElement[int], range] | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins. side: at the beginning of the list (FIRST), behind or before a key, at the end (LAST). leg: number of the piece of
    the order that the key is of. start: how many rows come before, None when nobody counted them."""

    side: str
    leg: int = 0
    key: list[Any] = field(default_factory=list)
    start: int | None = 0


@dataclass(frozen=True, slots=True)
class Walk:
    """Keys of a list in one order: (leg, sort keys …, unique). most: so many rows are collected at most."""

    query: Select[Any]
    unique: ColumnElement[Any]
    legs: Sequence[Leg]
    descending: bool
    collected: bool
    many: bool
    hinted: Any
    most: int | None = None

    def fetch(self, cursor: Cursor, forward: bool, limit: int) -> tuple[list[tuple], bool]:
        """Up to `limit` keys beyond the cursor, in the list's order, and whether more follow (precede, going backwards)."""
        if self.collected and not self.many:
            return self.collect(cursor, forward, limit)[:2]
        found: list[tuple] = []
        for number in self._numbers(cursor, forward):
            key = cursor.key if number == cursor.leg else []
            found += [(number, *row) for row in self._leg(self.legs[number], key, forward, limit + 1 - len(found))]
            if len(found) > limit:
                break
        return self._cut(found, forward, limit)

    def collect(self, cursor: Cursor, forward: bool, limit: int, *, whole: bool = False) -> tuple[list[tuple], bool, int]:
        """As `fetch`, from one reading of all the rows; and how many they are, up to `most`: of so many no key is told.
        whole: of a short list all keys, and none after them."""
        terms = [[*(t for t in leg.terms if t[0] is not self.unique), self._tie(leg)] for leg in self.legs]
        names = {id(e): f"c{i}" for i, e in enumerate({id(e): e for leg in terms for e, _ in leg}.values())}
        columns = {names[id(e)]: e.label(names[id(e)]) for leg in terms for e, _ in leg}
        piece = case(*((true() if leg.where is None else leg.where, number) for number, leg in enumerate(self.legs)), else_=-1).label("tramo")
        query = self.query.with_only_columns(piece, *columns.values(), maintain_column_froms=True).order_by(None)
        # Chosen first, whatever the planner thinks of the order's index.
        chosen = (query if self.most is None else query.limit(self.most)).cte("elegidas").prefix_with("MATERIALIZED")
        counted = select(func.count().label("filas")).select_from(chosen).cte("contadas").prefix_with("MATERIALIZED")
        total = select(counted.c.filas).scalar_subquery()
        wanted = case((total <= NUMBERED, NUMBERED), else_=limit + 1) if whole else limit + 1
        width = max(map(len, terms))

        def told(piece: ColumnElement[int], keys: Sequence[ColumnElement[Any]], last: ColumnElement[Any]) -> Select[Any]:
            """The pieces have keys of different lengths: blanks before the last make them rows of one union."""
            blanks = [cast(null(), next(leg[i][0].type for leg in terms if len(leg) > i + 1)) for i in range(len(keys), width - 1)]
            return select(piece, *keys, *blanks, last)

        branches = [told(literal(_TOTAL), [], counted.c.filas)]
        for number in self._numbers(cursor, forward):
            own = [(chosen.c[names[id(e)]], descending) for e, descending in terms[number]]
            *keys, last = (c for c, _ in own)
            branch = told(chosen.c.tramo, keys, last).where(chosen.c.tramo == number)
            if cursor.key and number == cursor.leg:
                branch = branch.where(_beyond(own, cursor.key, forward))
            if self.most is not None:
                branch = branch.where(total < self.most)
            branches.append(branch.order_by(*_directions(own, forward)).limit(wanted))
        rows = db.session.execute(union_all(*(select(branch.subquery()) for branch in branches))).all()
        count = next(row[-1] for row in rows if row[0] == _TOTAL)
        pieces = sorted((row for row in rows if row[0] != _TOTAL), key=lambda row: row[0] if forward else -row[0])
        found = [(row[0], *row[1 : len(terms[row[0]])], row[-1]) for row in pieces]
        return *self._cut(found, forward, NUMBERED if whole else limit), count

    def _numbers(self, cursor: Cursor, forward: bool) -> range:
        last = len(self.legs) - 1
        at = cursor.leg if cursor.key else 0 if forward else last
        return range(at, last + 1) if forward else range(at, -1, -1)

    def _cut(self, found: list[tuple], forward: bool, limit: int) -> tuple[list[tuple], bool]:
        more, found = len(found) > limit, found[:limit]
        return (found if forward else found[::-1]), more

    def _leg(self, leg: Leg, key: list[Any], forward: bool, limit: int) -> list[Any]:
        terms = [*(t for t in leg.terms if t[0] is not self.unique), self._tie(leg)]
        query = self.query.with_only_columns(*(e for e, _ in terms), maintain_column_froms=True).order_by(None)
        if leg.where is not None:
            query = query.where(leg.where)
        if self.collected:
            # The filters' index is read to its end: the sum keeps the planner from walking the ids, among which they are far.
            terms[-1] = (terms[-1][0] + 0, terms[-1][1])
        elif leg.index and self.hinted is not None:
            query = query.with_hint(self.hinted, "NOT INDEXED" if leg.index == ROWID else f"INDEXED BY {leg.index}", "sqlite")
        if key:
            query = query.where(_beyond(terms, key, forward))
        query = query.order_by(*_directions(terms, forward)).limit(limit)
        return list(db.session.execute(query if leg.spans is None or self.collected else _merged(query, leg.spans, terms, forward, limit)))

    def _tie(self, leg: Leg) -> Term:
        """What breaks ties follows the last column before it."""
        return self.unique, leg.terms[-1][1] if leg.terms else self.descending


def _merged(query: Select[Any], spans: tuple[ColumnElement[int], range], terms: Sequence[Term], forward: bool, limit: int) -> Select[Any]:
    """The page of `query` from its pages within each value of an expression."""
    expression, values = spans
    value = func.generate_series(values[0], values[-1]).table_valued(column("valor", Integer), name="tramos").render_derived()
    own = query.where(expression == value.c.valor).lateral("pagina")
    merged = [(e, descending) for e, (_, descending) in zip(own.c, terms)]
    return select(own).select_from(value.join(own, true())).order_by(*_directions(merged, forward)).limit(limit)


def _directions(terms: Sequence[Term], forward: bool) -> list[ColumnElement[Any]]:
    return [e.desc() if descending == forward else e.asc() for e, descending in terms]


def _beyond(terms: Sequence[Term], key: list[Any], forward: bool) -> ColumnElement[bool]:
    """Rows that come after `key` in the order of `terms` (before it, when going backwards)."""
    steps = []
    for i, (expression, descending) in enumerate(terms):
        same = [e == v for (e, _), v in zip(terms[:i], key[:i])]
        steps.append(and_(*same, expression < key[i] if descending == forward else expression > key[i]))
    expression, descending = terms[0]
    # Says nothing new, but gives the index a range to start from.
    bound = expression <= key[0] if descending == forward else expression >= key[0]
    return and_(bound, or_(*steps))
