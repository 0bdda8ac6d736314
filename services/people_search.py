"""Search-as-you-type among accounts (decisions 29, docs/adr/0013): every word typed begins a word of the account.

Best first: the exact cédula, then surnames that begin so, the rest by id. The accounts of some institutions are read one by one
in an index of their own; all of the country's are found by the word index."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Select, case, func, not_, select, text
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
WINDOW = 3000
# PostgreSQL's index of every eighth account (revision 0011), letter by letter.
SAMPLE = text("cuenta.id % 8 = 0")


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a search: rows, the total up to COUNT_LIMIT, and whether there are more than that."""

    rows: list[Cuenta]
    total: int
    many: bool


def eligible(actor: Actor, text: str, limit: int = SHOWN) -> Found:
    """Among the accounts an institutional request may name."""
    return _search(scope.eligible(actor), text, limit, partial(_local, actor))


def visible(actor: Actor, text: str, limit: int = SHOWN) -> Found:
    """Among the accounts the actor may look at."""
    return _search(scope.cuentas(actor), text, limit, _national if actor.sge else partial(_local, actor))


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


def _local(actor: Actor, accounts: Select[tuple[Cuenta]], wanted: list[str], limit: int) -> tuple[int, list[int]]:
    """On SQLite every account of the scope is looked at once, in the index that holds its words: 4 ms for an institution of
    20 000. PostgreSQL has no such index: the words and the institution are looked up together."""
    kin = case((family(Cuenta.apellido_plegado, wanted), 0), else_=1).label("parentesco")
    rows = accounts.with_only_columns(Cuenta.id, kin).where(begins(Cuenta.busqueda, wanted))
    if not on_sqlite() and len(actor.aiq_of) == 1 and not actor.sge:
        rows = rows.where(CUENTAS.holds(Query(wanted, [[f"__i{next(iter(actor.aiq_of))}"]])))
    chosen = rows.cte("elegidas").prefix_with("MATERIALIZED")
    total = select(func.count()).select_from(chosen).scalar_subquery()
    found = db.session.execute(select(chosen.c.id, total).order_by(chosen.c.parentesco, chosen.c.id).limit(limit)).all()
    return found[0][1] if found else 0, [row.id for row in found]


def _national(accounts: Select[tuple[Cuenta]], wanted: list[str], limit: int) -> tuple[int, list[int]]:
    """accounts: all of them."""
    return (_by_fts5 if on_sqlite() else _by_gin)(accounts, wanted, limit)


def _by_fts5(accounts: Select[tuple[Cuenta]], wanted: list[str], limit: int) -> tuple[int, list[int]]:
    """Both halves of the answer come from the word index by ascending id, as many as are shown."""
    ids = list(db.session.scalars(_matched(accounts, wanted, True).limit(limit)))
    if len(ids) < limit:
        ids += db.session.scalars(_matched(accounts, wanted, False).limit(limit - len(ids)))
    return len(ids) if len(ids) < limit else _count(_matched(accounts, wanted)), ids


def _matched(accounts: Select[tuple[Cuenta]], wanted: list[str], surname: bool | None = None) -> Select[tuple[int]]:
    """Ids of the accounts with these words, by id when it matters which (surname is not None)."""
    query, ordered = Query(wanted, surname=surname), surname is not None
    kin = family(Cuenta.apellido_plegado, wanted)
    asked_rows = [begins(Cuenta.busqueda, wanted), *([kin if surname else not_(kin)] if ordered else [])]
    if query.exact:
        rows = select(CUENTAS.id).select_from(CUENTAS.rows).where(CUENTAS.match(query))
    else:
        rows = accounts.with_only_columns(CUENTAS.id).select_from(CUENTAS.joined).where(CUENTAS.match(query), *asked_rows)
    return rows.order_by(CUENTAS.id) if ordered else rows


def _by_gin(accounts: Select[tuple[Cuenta]], wanted: list[str], limit: int) -> tuple[int, list[int]]:
    """A GIN index gives all rows of a word before the first one. So the first accounts are gone through: common words are met
    there often enough. Whatever is not, is rare, and all the rows that the index gives are few."""
    kin, rest, met = _window(accounts, wanted, limit)
    if len(kin) < limit:
        kin = _held(accounts, wanted, True, limit)
    if len(kin) + len(rest) < limit:
        rest = _held(accounts, wanted, False, limit - len(kin))
    ids = [*kin, *rest][:limit]
    if met > COUNT_LIMIT or len(ids) < limit:
        return max(met, len(ids)), ids
    return _count_by_gin(accounts, wanted, met), ids


def _count_by_gin(accounts: Select[tuple[Cuenta]], wanted: list[str], met: int) -> int:
    """met: of the first WINDOW accounts."""
    rows = accounts.with_only_columns(Cuenta.id).where(begins(Cuenta.busqueda, wanted))
    if met * 10 > WINDOW:
        # More than one in ten: a thousand are sooner met than all are found.
        return _count(rows)
    held = rows.where(CUENTAS.holds(Query(wanted)))
    # More than a thousand of every eighth are more than a thousand; eight times as many rows need not be found.
    sampled = _count(held.where(SAMPLE)) if met * 125 > WINDOW else 0
    return sampled if sampled > COUNT_LIMIT else _count(held)


def _window(accounts: Select[tuple[Cuenta]], wanted: list[str], limit: int) -> tuple[list[int], list[int], int]:
    """Of the WINDOW accounts with the lowest ids: those with the surname, the others (`limit` together), how many there are in all."""
    first = accounts.with_only_columns(Cuenta.id, Cuenta.busqueda, Cuenta.apellido_plegado).order_by(Cuenta.id).limit(WINDOW).subquery()
    other = case((family(first.c.apellido_plegado, wanted), 0), else_=1).label("otro")
    met = select(first.c.id, other).where(begins(first.c.busqueda, wanted)).cte("vistas").prefix_with("MATERIALIZED")
    total = select(func.count()).select_from(met).scalar_subquery()
    rows = db.session.execute(select(met.c.id, met.c.otro, total).order_by(met.c.otro, met.c.id).limit(limit)).all()
    return [row.id for row in rows if not row.otro], [row.id for row in rows if row.otro], rows[0][2] if rows else 0


def _held(accounts: Select[tuple[Cuenta]], wanted: list[str], surname: bool, limit: int) -> list[int]:
    """Ids of the accounts that the index finds, the lowest first; the index is read before they are sorted, whatever the planner thinks."""
    kin = family(Cuenta.apellido_plegado, wanted)
    rows = accounts.with_only_columns(Cuenta.id).where(CUENTAS.holds(Query(wanted, surname=surname)), begins(Cuenta.busqueda, wanted), kin if surname else not_(kin))
    chosen = rows.cte("elegidas").prefix_with("MATERIALIZED")
    return list(db.session.scalars(select(chosen.c.id).order_by(chosen.c.id).limit(limit)))
