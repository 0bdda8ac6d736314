"""Search-as-you-type among accounts (decisions 29, docs/adr/0013): every word typed begins a word of the account.

Best first: the exact cédula, then surnames that begin so, in their order, the rest by id. The accounts of some institutions are read
one by one in an index of their own; all of the country's are found by the word index: on PostgreSQL by a function that asks all in one
question (revision 0014), on SQLite, where a question costs no way, step by step. Each question is built once for an actor and a number of
words: to build it took longer than the database's answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ARRAY, Boolean, Integer, Select, Text, bindparam, case, collate, column, func, select
from sqlalchemy.orm import joinedload, load_only

from extensions import PREPARED, db
from models import Cuenta, Institucion
from rules.identity import compact
from rules.policy import Actor
from services import people_fts5, scope
from services.people_fts5 import Accounts, Scope
from services.scope import BUILT
from services.word_index import asked, begins_later, family_later, on_sqlite, typed

SHOWN = 20
COUNT_LIMIT = 1000
MAX_DIGITS = 20
TOLD = (
    load_only(Cuenta.nombre, Cuenta.apellido, Cuenta.cedula, Cuenta.puesto, Cuenta.area, Cuenta.correos, Cuenta.activa, Cuenta.ausente_desde),
    joinedload(Cuenta.institucion).load_only(Institucion.nombre, Institucion.sigla),
)
# So many entries of an index are gone through before all the rows of a word are read.
WALKED = 3000


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a search: rows, the total up to COUNT_LIMIT, and whether there are more than that."""

    rows: list[Cuenta]
    total: int
    many: bool


def eligible(actor: Actor, text: str, limit: int = SHOWN) -> Found:
    """Among the accounts an institutional request may name."""
    return _search(scope.eligible, actor, text, limit)


def visible(actor: Actor, text: str, limit: int = SHOWN) -> Found:
    """Among the accounts the actor may look at."""
    return _search(scope.cuentas, actor, text, limit)


def _search(source: Scope, actor: Actor, text: str, limit: int) -> Found:
    wanted = asked(text)
    if not wanted:
        return Found([], 0, False)
    total, rows = _way(source, actor)(source, actor, wanted, limit)
    best = list(dict.fromkeys([*_exact(source, actor, text), *rows]))[:limit]
    return Found(best, min(max(total, len(best)), COUNT_LIMIT), total > COUNT_LIMIT)


def _way(source: Scope, actor: Actor) -> Callable[[Scope, Actor, list[str], int], tuple[int, list[Cuenta]]]:
    national = source is scope.cuentas and actor.sge
    if on_sqlite():
        return _by_steps if national else _one_by_one
    return _by_function if national or (len(actor.aiq_of) == 1 and not actor.sge) else _one_by_one


def _exact(source: Scope, actor: Actor, text: str) -> list[Cuenta]:
    number = compact(text)
    if not (number.isascii() and number.isdigit()) or len(number) > MAX_DIGITS:
        return []
    return list(db.session.scalars(_of_cedula(source, actor), {"cedula": number}))


@lru_cache(BUILT)
def _of_cedula(source: Scope, actor: Actor) -> Accounts:
    return source(actor).options(*TOLD).where(Cuenta.cedula == bindparam("cedula")).order_by(Cuenta.id).execution_options(**{PREPARED: True})


def _one_by_one(source: Scope, actor: Actor, wanted: list[str], limit: int) -> tuple[int, list[Cuenta]]:
    """On SQLite every account of the scope is looked at once, in the index that holds its words: 4 ms for an institution of
    20 000. PostgreSQL has no such index, and reads so only what is of several institutions."""
    return _counted(_of_scope(source, actor, len(wanted), on_sqlite()), typed(wanted) | {"limite": limit})


@lru_cache(BUILT)
def _of_scope(source: Scope, actor: Actor, count: int, sqlite: bool) -> Select[Any]:
    accounts = source(actor).options(*TOLD)
    surname = Cuenta.apellido_plegado if sqlite else collate(Cuenta.apellido_plegado, "C")
    kin = case((family_later(Cuenta.apellido_plegado, count), surname)).label("pariente")
    met = accounts.with_only_columns(Cuenta.id, kin).where(begins_later(Cuenta.busqueda, count)).cte("halladas").prefix_with("MATERIALIZED")
    total = select(func.count()).select_from(met).scalar_subquery().label("total")
    best = select(met, total).order_by(met.c.pariente.is_(None), met.c.pariente, met.c.id).limit(bindparam("limite", type_=Integer)).subquery("mejores")
    return accounts.join(best, best.c.id == Cuenta.id).add_columns(best.c.total).order_by(best.c.pariente.is_(None), best.c.pariente, Cuenta.id)


def _by_function(source: Scope, actor: Actor, wanted: list[str], limit: int) -> tuple[int, list[Cuenta]]:
    """source: gives all accounts, or those of one institution; what the function finds is held to it once more."""
    asked_of = {"institucion": None if actor.sge else next(iter(actor.aiq_of)), "inactivas": source is scope.eligible}
    return _counted(_of_function(source, actor), {"palabras": wanted, "limite": limit, "hasta": COUNT_LIMIT, "recorridas": WALKED} | asked_of)


@lru_cache(BUILT)
def _of_function(source: Scope, actor: Actor) -> Select[Any]:
    numbers = (bindparam(name, type_=Integer) for name in ("limite", "hasta", "recorridas", "institucion"))
    found = func.buscar_cuentas(bindparam("palabras", type_=ARRAY(Text)), *numbers, bindparam("inactivas", type_=Boolean))
    places = found.table_valued(column("id", Integer), column("lugar", Integer), column("total", Integer), name="mejores")
    accounts = source(actor).options(*TOLD).join(places, places.c.id == Cuenta.id)
    return accounts.add_columns(places.c.total).order_by(places.c.lugar).execution_options(**{PREPARED: True})


def _counted(query: Select[Any], parameters: dict[str, Any]) -> tuple[int, list[Cuenta]]:
    """query: accounts, and with each how many there are in all."""
    found = db.session.execute(query, parameters).all()
    return found[0].total if found else 0, [row[0] for row in found]


def _by_steps(source: Scope, actor: Actor, wanted: list[str], limit: int) -> tuple[int, list[Cuenta]]:
    """source: gives all accounts."""
    total, ids = people_fts5.search(source, actor, wanted, limit, WALKED, COUNT_LIMIT)
    rows = {row.id: row for row in db.session.scalars(_told(source, actor), {"ids": ids})} if ids else {}
    return total, [rows[i] for i in ids if i in rows]


@lru_cache(BUILT)
def _told(source: Scope, actor: Actor) -> Accounts:
    return source(actor).options(*TOLD).where(Cuenta.id.in_(bindparam("ids", expanding=True)))
