"""The country's accounts by the word index of SQLite, step by step: what is found with few rows is not asked for with many
(docs/adr/0013). services.people_search says what is searched and in which order it comes."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Integer, Select, bindparam, func, not_, select

from extensions import db
from models import Cuenta
from rules.policy import Actor
from services.scope import BUILT
from services.word_index import CUENTAS, Query, begins_later, family_later, typed

BY_SURNAME = "ix_cuenta_palabras_apellido"
# The last character there is: it ends the surnames that begin with a word.
LAST = chr(0x10FFFF)

Accounts = Select[tuple[Cuenta]]
Scope = Callable[[Actor], Accounts]


def search(source: Scope, actor: Actor, wanted: list[str], limit: int, walked: int, cap: int) -> tuple[int, list[int]]:
    """source: gives all accounts. walked: so many entries of an index are gone through before all the rows of a word are read.
    The number of accounts with these words (cap + 1: more than cap) and the ids of the first `limit`, in their places."""
    ids = _kin(source, actor, wanted, limit, walked)
    if len(ids) < limit:
        query = Query(wanted, surname=False)
        ids += db.session.scalars(_others(source, actor, len(wanted), query.exact), _parameters(query) | {"limite": limit - len(ids)})
    if len(ids) < limit:
        return len(ids), ids
    query = Query(wanted)
    return db.session.scalar(_total(source, actor, len(wanted), query.exact), _parameters(query) | {"limite": cap + 1}) or 0, ids


def _kin(source: Scope, actor: Actor, wanted: list[str], limit: int, walked: int) -> list[int]:
    """The first surnames in their order. Those of each word are walked as far as `walked`; if they are too rare among them, the word
    index gives all that there are."""
    best: list[tuple[str, int]] = []
    for word in wanted:
        parameters = typed(wanted) | {"desde": word, "hasta": word + LAST, "recorridas": walked, "limite": limit}
        met = db.session.execute(_walk(source, actor, len(wanted)), parameters).all()
        if len(met) < limit and db.session.scalar(_farther(source, actor), parameters):
            best = db.session.execute(_surnames(source, actor, len(wanted)), _parameters(Query(wanted, surname=True)) | {"limite": limit}).all()
            break
        best += met
    return [number for _, number in sorted(map(tuple, best))[:limit]]


def _parameters(query: Query) -> dict[str, Any]:
    return typed(query.words) | {"consulta": query.fts5()}


def _number(name: str) -> BindParameter[int]:
    return bindparam(name, type_=Integer)


def _entries(source: Scope, actor: Actor) -> Accounts:
    own = source(actor).where(Cuenta.apellido_plegado >= bindparam("desde"), Cuenta.apellido_plegado < bindparam("hasta"))
    return own.with_hint(Cuenta, f"INDEXED BY {BY_SURNAME}", "sqlite").order_by(Cuenta.apellido_plegado, Cuenta.id)


@lru_cache(BUILT)
def _walk(source: Scope, actor: Actor, count: int) -> Select[tuple[str, int]]:
    """Of the first entries with the surname, those with all the words."""
    walk = _entries(source, actor).with_only_columns(Cuenta.apellido_plegado, Cuenta.id, Cuenta.busqueda).limit(_number("recorridas")).subquery()
    return select(walk.c.apellido_plegado, walk.c.id).where(begins_later(walk.c.busqueda, count)).limit(_number("limite"))


@lru_cache(BUILT)
def _farther(source: Scope, actor: Actor) -> Select[tuple[int]]:
    """Whether there are more entries than those."""
    return _entries(source, actor).with_only_columns(Cuenta.id).offset(_number("recorridas")).limit(1)


@lru_cache(BUILT)
def _surnames(source: Scope, actor: Actor, count: int) -> Select[tuple[str, int]]:
    found = _joined(source, actor, count, True).with_only_columns(Cuenta.apellido_plegado, Cuenta.id, maintain_column_froms=True)
    return found.order_by(Cuenta.apellido_plegado, Cuenta.id).limit(_number("limite"))


@lru_cache(BUILT)
def _others(source: Scope, actor: Actor, count: int, exact: bool) -> Select[tuple[int]]:
    """Those whose surname begins with none of the words."""
    return _matched(source, actor, count, exact, False).order_by(CUENTAS.id).limit(_number("limite"))


@lru_cache(BUILT)
def _total(source: Scope, actor: Actor, count: int, exact: bool) -> Select[tuple[int]]:
    return select(func.count()).select_from(_matched(source, actor, count, exact).limit(_number("limite")).subquery())


def _matched(source: Scope, actor: Actor, count: int, exact: bool, surname: bool | None = None) -> Select[tuple[int]]:
    """Ids of the accounts with these words: of all, of those whose surname begins with one of them, of the others. exact: the index
    alone knows them."""
    if exact:
        return select(CUENTAS.id).select_from(CUENTAS.rows).where(CUENTAS.match(bindparam("consulta")))
    return _joined(source, actor, count, surname)


def _joined(source: Scope, actor: Actor, count: int, surname: bool | None) -> Select[tuple[int]]:
    """As `_matched`, with the rows of the accounts beside the index."""
    kin = family_later(Cuenta.apellido_plegado, count)
    asked_rows = [begins_later(Cuenta.busqueda, count), *([] if surname is None else [kin if surname else not_(kin)])]
    return source(actor).with_only_columns(CUENTAS.id).select_from(CUENTAS.joined).where(CUENTAS.match(bindparam("consulta")), *asked_rows)
