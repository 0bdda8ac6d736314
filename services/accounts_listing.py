"""*Usuarios internos*: the accounts an AIQ may look at, as Quipux has them, with the access of their owners to this site."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import Area, Barrido, Cuenta, Institucion, Usuario
from rules.identity import cedula_problem
from rules.policy import Actor
from services import people, scope
from services.accesses import Access, access_of
from services.keyset import Leg
from services.listing import Listing, Page, Sort, by_ids
from services.word_index import CUENTAS, Query, asked, begins, on_sqlite

DEFAULT_ORDER = "nombre"
# Names of the orders in the URL, with the direction of the first click.
FIRST_CLICK = {"nombre": False, "ingreso": True}
ESTADOS = ("activos", "inactivos")
ACCESOS = ("con", "sin")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to; empty values filter nothing. texto: every word begins a word of nombre, cédula, puesto
    or correo. estado: "activos" or "inactivos" in Quipux. acceso: "con", or "sin" among those who could have it."""

    texto: str = ""
    area: str = ""
    estado: str = ""
    acceso: str = ""
    institucion_id: int | None = None

    @property
    def digest(self) -> str:
        """Tells these filters from others inside a cursor, without spelling out what was searched."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Row:
    """One account. accounts: how many of this person's accounts the actor may see, this one included."""

    cuenta: Cuenta
    access: Access
    ultimo_ingreso: datetime | None
    accounts: int


class Told(NamedTuple):
    """What a file says of an account, of its institution and of its owner's access: columns, not objects, of which a country has a
    million. usuario_id: None when the owner has no access here."""

    nombre: str
    apellido: str
    cedula: str
    puesto: str
    area: str
    perfil: str
    correos: str
    activa: bool
    inactiva_desde: datetime | None
    ausente_desde: datetime | None
    institucion: str
    sigla: str
    usuario_id: int | None
    habilitado: bool
    clave_hash: str | None
    ultimo_ingreso: datetime | None


_TOLD = (
    *(getattr(Cuenta, name) for name in Told._fields[:10]), Institucion.nombre, Institucion.sigla, Usuario.id, Usuario.habilitado, Usuario.clave_hash,
    Usuario.ultimo_ingreso,
)


def page(actor: Actor, filters: Filters, order: str = "", token: str = "") -> tuple[Page[Row], str]:
    """A page of the accounts the actor may see, and the order it is in."""
    listing = _listing(actor, filters, _people(actor).add_columns(Usuario).options(joinedload(Cuenta.institucion)))
    found = listing.page(order, token)
    several = _several(actor, [cuenta.cedula for cuenta, _ in found.rows])
    return replace(found, rows=[_row(cuenta, usuario, several) for cuenta, usuario in found.rows]), listing.order(order)


def every(actor: Actor, filters: Filters, order: str = "") -> Iterator[list[Told]]:
    """All rows of the filters in their order, a batch at a time, whatever their number."""
    load = _people(actor).join(Institucion, Institucion.id == Cuenta.institucion_id).with_only_columns(*_TOLD, maintain_column_froms=True)
    for batch in _listing(actor, filters, load).batches(order):
        # The database's snapshot is not held open while the file grows.
        db.session.rollback()
        yield [Told._make(row) for row in batch]


def _listing(actor: Actor, filters: Filters, load: Select) -> Listing:
    sorts = {"nombre": Sort(Cuenta.apellido_plegado), "ingreso": Sort(Usuario.ultimo_ingreso, descending=True, legs=_entered)}
    return Listing(
        f"usuarios {filters.digest}", matching(actor, filters), Cuenta.id, sorts, DEFAULT_ORDER, narrow=_narrow(actor, filters), load=by_ids(load, Cuenta.id),
    )


def _entered(descending: bool) -> list[Leg]:
    """Those who ever signed in, and the others after them. The first are few: they are looked up by their cédulas, where the accounts of
    the country would be gone through."""
    known = Usuario.ultimo_ingreso.is_not(None)
    few = Cuenta.cedula.in_(select(Usuario.cedula).where(known))
    return [Leg(and_(known, few), ((Usuario.ultimo_ingreso, descending),)), Leg(Usuario.ultimo_ingreso.is_(None))]


def matching(actor: Actor, filters: Filters) -> Select[tuple[Cuenta]]:
    """The accounts the actor may see that pass the filters, joined to who signs in with their cédula."""
    query = _but_words(_people(actor), filters)
    if filters.texto:
        wanted = asked(filters.texto)
        query = query.where(begins(Cuenta.busqueda, wanted) if wanted else Cuenta.id < 0)
    return query


def _people(actor: Actor) -> Select[tuple[Cuenta]]:
    return scope.cuentas(actor).outerjoin(Usuario, Usuario.cedula == Cuenta.cedula)


def _but_words(query: Select[tuple[Cuenta]], filters: Filters) -> Select[tuple[Cuenta]]:
    there = people.there()
    if filters.area:
        query = query.where(Cuenta.area == filters.area)
    if filters.estado:
        query = query.where(there if filters.estado == "activos" else ~there)
    if filters.acceso == "con":
        query = query.where(there, Usuario.habilitado)
    if filters.acceso == "sin":
        query = query.where(there, or_(Usuario.id.is_(None), Usuario.habilitado.is_(False)))
    if filters.institucion_id:
        query = query.where(Cuenta.institucion_id == filters.institucion_id)
    return query


def _narrow(actor: Actor, filters: Filters) -> Select[tuple[Cuenta]] | None:
    """The same rows found by their words, where all the country is searched; one institution's are looked at one by one."""
    wanted = asked(filters.texto)
    if not wanted or not actor.sge or filters.institucion_id:
        return matching(actor, filters)
    words = Query(wanted)
    if not on_sqlite():
        return _but_words(_people(actor), filters).where(CUENTAS.holds(words), begins(Cuenta.busqueda, wanted))
    # A LEFT JOIN of its own: only from the word index outwards does SQLite read it once.
    query = scope.cuentas(actor).select_from(CUENTAS.joined.outerjoin(Usuario, Usuario.cedula == Cuenta.cedula))
    return _but_words(query, filters).where(CUENTAS.match(words), begins(Cuenta.busqueda, wanted))


def areas(actor: Actor, institucion_id: int | None) -> list[str]:
    """Names of the areas the list can be narrowed to: of one institution, or of all those of an AIQ."""
    places = {institucion_id} if institucion_id else set(actor.aiq_of)
    if not actor.sge:
        places &= actor.aiq_of
    return list(db.session.scalars(select(Area.nombre).where(Area.institucion_id.in_(places)).distinct().order_by(Area.nombre)))


def mirrored_at() -> datetime | None:
    """When the mirror of Quipux was last brought up to date by the clock; None when it has not run yet."""
    return db.session.scalar(select(func.max(Barrido.terminado_en)).where(Barrido.nombre == "mirror", Barrido.fallidos == 0))


def _several(actor: Actor, cedulas: list[str]) -> dict[str, int]:
    """How many accounts each cédula has. What is no cédula ("0000000000") does not make one person of many."""
    real = [c for c in cedulas if not cedula_problem(c)]
    counted = scope.cuentas(actor).where(Cuenta.cedula.in_(real)).with_only_columns(Cuenta.cedula, func.count()).group_by(Cuenta.cedula)
    return {cedula: number for cedula, number in db.session.execute(counted)}


def _row(cuenta: Cuenta, usuario: Usuario | None, several: dict[str, int]) -> Row:
    active = people.in_quipux(cuenta)
    return Row(cuenta, access_of(usuario, active), usuario.ultimo_ingreso if usuario and active else None, several.get(cuenta.cedula, 1))
