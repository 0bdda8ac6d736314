"""Search-as-you-type among accounts (decisions 29, docs/adr/0013): every word typed begins a word of the account.

Best first: the exact cédula, then surnames that begin so, in their order, the rest by id. The accounts of some institutions are read
one by one in an index of their own; all of the country's are found by the word index: on PostgreSQL by a function that asks all in one
question (revision 0012), on SQLite, where a question costs no way, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ARRAY, Integer, Select, Text, case, collate, column, func, literal, not_, select
from sqlalchemy.orm import joinedload, load_only

from extensions import PREPARED, db
from models import Cuenta, Institucion
from rules.identity import compact
from rules.policy import Actor
from services import scope
from services.word_index import CUENTAS, Query, asked, begins, family, on_sqlite

SHOWN = 20
COUNT_LIMIT = 1000
MAX_DIGITS = 20
TOLD = (
    load_only(Cuenta.nombre, Cuenta.apellido, Cuenta.cedula, Cuenta.puesto, Cuenta.area, Cuenta.correos, Cuenta.activa, Cuenta.ausente_desde, Cuenta.apellido_plegado),
    joinedload(Cuenta.institucion).load_only(Institucion.nombre, Institucion.sigla),
)
# So many entries of an index are gone through before all the rows of a word are read.
WALKED = 3000
BY_SURNAME = "ix_cuenta_palabras_apellido"
# The last character there is: it ends the surnames that begin with a word.
LAST = chr(0x10FFFF)


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
    accounts = accounts.options(*TOLD)
    total, rows = find(accounts, wanted, limit)
    best = list(dict.fromkeys([*_exact(accounts, text), *rows]))[:limit]
    return Found(best, min(total, COUNT_LIMIT), total > COUNT_LIMIT)


def _exact(accounts: Select[tuple[Cuenta]], text: str) -> list[Cuenta]:
    number = compact(text)
    if not (number.isascii() and number.isdigit()) or len(number) > MAX_DIGITS:
        return []
    return list(db.session.scalars(accounts.where(Cuenta.cedula == number).order_by(Cuenta.id)))


def _local(actor: Actor, accounts: Select[tuple[Cuenta]], wanted: list[str], limit: int) -> tuple[int, list[Cuenta]]:
    """On SQLite every account of the scope is looked at once, in the index that holds its words: 4 ms for an institution of
    20 000. PostgreSQL has no such index: the words and the institution are looked up together."""
    surname = Cuenta.apellido_plegado if on_sqlite() else collate(Cuenta.apellido_plegado, "C")
    kin = case((family(Cuenta.apellido_plegado, wanted), surname)).label("pariente")
    rows = accounts.with_only_columns(Cuenta.id, kin).where(begins(Cuenta.busqueda, wanted))
    if not on_sqlite() and len(actor.aiq_of) == 1 and not actor.sge:
        rows = rows.where(CUENTAS.holds(Query(wanted, [[f"__i{next(iter(actor.aiq_of))}"]])))
    met = rows.cte("halladas").prefix_with("MATERIALIZED")
    total = select(func.count()).select_from(met).scalar_subquery().label("total")
    best = select(met, total).order_by(met.c.pariente.is_(None), met.c.pariente, met.c.id).limit(limit).subquery("mejores")
    ordered = accounts.join(best, best.c.id == Cuenta.id).add_columns(best.c.total).order_by(best.c.pariente.is_(None), best.c.pariente, Cuenta.id)
    return _counted(ordered)


def _national(accounts: Select[tuple[Cuenta]], wanted: list[str], limit: int) -> tuple[int, list[Cuenta]]:
    """accounts: all of them."""
    if on_sqlite():
        return _by_fts5(accounts, wanted, limit)
    places = func.buscar_cuentas(literal(wanted, ARRAY(Text)), limit, COUNT_LIMIT, WALKED).table_valued(
        column("id", Integer), column("lugar", Integer), column("total", Integer), name="mejores")
    query = accounts.join(places, places.c.id == Cuenta.id).add_columns(places.c.total).order_by(places.c.lugar)
    return _counted(query.execution_options(**{PREPARED: True}))


def _counted(query: Select[Any]) -> tuple[int, list[Cuenta]]:
    """query: accounts, and with each how many there are in all."""
    found = db.session.execute(query).all()
    return found[0].total if found else 0, [row[0] for row in found]


def _by_fts5(accounts: Select[tuple[Cuenta]], wanted: list[str], limit: int) -> tuple[int, list[Cuenta]]:
    kin = _kin(accounts, wanted, limit)
    rest: list[Cuenta] = []
    if len(kin) < limit:
        ids = _matched(accounts, wanted, False).order_by(CUENTAS.id).limit(limit - len(kin))
        rest = sorted(_load(accounts, ids), key=lambda row: row.id)
    best = [*kin, *rest]
    return len(best) if len(best) < limit else _count(_matched(accounts, wanted)), best


def _kin(accounts: Select[tuple[Cuenta]], wanted: list[str], limit: int) -> list[Cuenta]:
    """The first surnames in their order. Those of each word are walked as far as WALKED; if they are too rare among them, the word
    index gives all that there are."""
    best: list[Cuenta] = []
    for word in wanted:
        own = accounts.where(Cuenta.apellido_plegado >= word, Cuenta.apellido_plegado < word + LAST).with_hint(Cuenta, f"INDEXED BY {BY_SURNAME}", "sqlite")
        entries = own.with_only_columns(Cuenta.id, Cuenta.busqueda).order_by(Cuenta.apellido_plegado, Cuenta.id)
        walk = entries.limit(WALKED).subquery()
        rows = _load(accounts, select(walk.c.id).where(begins(walk.c.busqueda, wanted)).limit(limit))
        if len(rows) < limit and db.session.scalar(entries.with_only_columns(Cuenta.id).offset(WALKED).limit(1)):
            kin = _joined(accounts, wanted, True).order_by(Cuenta.apellido_plegado, Cuenta.id).limit(limit)
            best = _load(accounts, kin)
            break
        best += rows
    return sorted(best, key=lambda row: (row.apellido_plegado, row.id))[:limit]


def _matched(accounts: Select[tuple[Cuenta]], wanted: list[str], surname: bool | None = None) -> Select[tuple[int]]:
    """Ids of the accounts with these words: of all, of those whose surname begins with one of them, of the others."""
    query = Query(wanted, surname=surname)
    return select(CUENTAS.id).select_from(CUENTAS.rows).where(CUENTAS.match(query)) if query.exact else _joined(accounts, wanted, surname)


def _joined(accounts: Select[tuple[Cuenta]], wanted: list[str], surname: bool | None) -> Select[tuple[int]]:
    """As `_matched`, with the rows of the accounts beside the index."""
    kin = family(Cuenta.apellido_plegado, wanted)
    asked_rows = [begins(Cuenta.busqueda, wanted), *([] if surname is None else [kin if surname else not_(kin)])]
    return accounts.with_only_columns(CUENTAS.id).select_from(CUENTAS.joined).where(CUENTAS.match(Query(wanted, surname=surname)), *asked_rows)


def _load(accounts: Select[tuple[Cuenta]], ids: Select[tuple[int]]) -> list[Cuenta]:
    return list(db.session.scalars(accounts.where(Cuenta.id.in_(ids))))


def _count(ids: Select[tuple[int]]) -> int:
    return db.session.scalar(select(func.count()).select_from(ids.limit(COUNT_LIMIT + 1).subquery())) or 0
