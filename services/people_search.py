"""Search-as-you-type among accounts (decisions 29, docs/adr/0013): every word typed begins a word of the account.

Best first: the exact cédula, then surnames that begin so, the rest by id. The accounts of some institutions are read one by one
in an index of their own; all of the country's are found by the word index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, not_, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import Cuenta
from rules.identity import compact
from rules.policy import Actor
from services import scope
from services.word_index import CUENTAS, Query, asked, begins, family, on_sqlite

SHOWN = 20
COUNT_LIMIT = 1000
MAX_DIGITS = 20
SAMPLE, COMMON = 2000, 50


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a search: rows, the total up to COUNT_LIMIT, and whether there are more than that."""

    rows: list[Cuenta]
    total: int
    many: bool


def eligible(actor: Actor, text: str, limit: int = SHOWN) -> Found:
    """Among the accounts an institutional request may name."""
    return _search(scope.eligible(actor), text, limit, _local)


def visible(actor: Actor, text: str, limit: int = SHOWN) -> Found:
    """Among the accounts the actor may look at."""
    return _search(scope.cuentas(actor), text, limit, _national if actor.sge else _local)


def _search(accounts: Select[tuple[Cuenta]], text: str, limit: int, find) -> Found:
    wanted = asked(text)
    if not wanted:
        return Found([], 0, False)
    total, ids = find(accounts, wanted, limit)
    best = list(dict.fromkeys([*_exact(accounts, text), *ids]))[:limit]
    return Found(_load(accounts, best), min(total, COUNT_LIMIT), total > COUNT_LIMIT)


def _exact(accounts: Select[tuple[Cuenta]], text: str) -> list[int]:
    number = compact(text)
    if not (number.isascii() and number.isdigit()) or len(number) > MAX_DIGITS:
        return []
    return list(db.session.scalars(accounts.with_only_columns(Cuenta.id).where(Cuenta.cedula == number).order_by(Cuenta.id)))


def _load(accounts: Select[tuple[Cuenta]], ids: list[int]) -> list[Cuenta]:
    """The accounts, in this order and never beyond the scope."""
    query = accounts.where(Cuenta.id.in_(ids)).options(joinedload(Cuenta.institucion))
    rows = {row.id: row for row in db.session.scalars(query)} if ids else {}
    return [rows[i] for i in ids if i in rows]


def _count(rows: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(rows.limit(COUNT_LIMIT + 1).subquery())) or 0


def _local(accounts: Select[tuple[Cuenta]], wanted: list[str], limit: int) -> tuple[int, list[int]]:
    """Every account of the scope is looked at once, in the index that holds its words: 4 ms for an institution of 20 000."""
    kin = case((family(Cuenta.apellido_plegado, wanted), 0), else_=1).label("parentesco")
    chosen = accounts.with_only_columns(Cuenta.id, kin).where(begins(Cuenta.busqueda, wanted)).cte("elegidas").prefix_with("MATERIALIZED")
    total = select(func.count()).select_from(chosen).scalar_subquery()
    rows = db.session.execute(select(chosen.c.id, total).order_by(chosen.c.parentesco, chosen.c.id).limit(limit)).all()
    return rows[0][1] if rows else 0, [row.id for row in rows]


def _national(accounts: Select[tuple[Cuenta]], wanted: list[str], limit: int) -> tuple[int, list[int]]:
    """accounts: all of them. Both halves of the answer come from the word index by ascending id, as many as are shown."""
    ids = list(db.session.scalars(_words(accounts, wanted, True).limit(limit)))
    if len(ids) < limit:
        ids += db.session.scalars(_words(accounts, wanted, False).limit(limit - len(ids)))
    return len(ids) if len(ids) < limit else _count(_words(accounts, wanted)), ids


def _words(accounts: Select[tuple[Cuenta]], wanted: list[str], surname: bool | None = None) -> Select[tuple[int]]:
    """Ids of the accounts with these words, by id when it matters which (surname is not None)."""
    query, ordered = Query(wanted, surname=surname), surname is not None
    kin = family(Cuenta.apellido_plegado, wanted)
    asked_rows = [begins(Cuenta.busqueda, wanted), *([kin if surname else not_(kin)] if ordered else [])]
    if not on_sqlite():
        # A GIN index gives all rows of a word before the first one: common words are met sooner by going through the table.
        rows = accounts.with_only_columns(Cuenta.id)
        rows = rows.where(*asked_rows) if _common(asked_rows) else rows.where(CUENTAS.holds(query))
        return rows.order_by(Cuenta.id) if ordered else rows
    if query.exact:
        rows = select(CUENTAS.id).select_from(CUENTAS.rows).where(CUENTAS.match(query))
    else:
        rows = accounts.with_only_columns(CUENTAS.id).select_from(CUENTAS.joined).where(CUENTAS.match(query), *asked_rows)
    return rows.order_by(CUENTAS.id) if ordered else rows


def _common(conditions: list[ColumnElement[bool]]) -> bool:
    """Whether at least one in COMMON of the first accounts passes."""
    first = select(Cuenta.id).order_by(Cuenta.id).limit(SAMPLE)
    met = db.session.scalar(select(func.count()).select_from(Cuenta).where(Cuenta.id.in_(first), *conditions)) or 0
    return met * COMMON >= SAMPLE
