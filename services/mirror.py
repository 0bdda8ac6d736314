"""The mirror: institutions, areas and accounts of Quipux copied here for search and rights. Only it writes Cuenta.

Nothing is ever deleted: an account that vanished is marked `ausente_desde`. Incremental by block of codes (decisions 3): Quipux
gives a digest of each, only blocks that differ are read, and a block's accounts and its digest are written together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Row, delete, select, update

from extensions import db
from models import Area, BloqueEspejo, Cuenta, Espejo, Institucion
from services import clock
from services.bulk import insert_rows
from services.people import search_text, surname_key
from sources import Quipux, SourceAccount
from sources.people import BLOCK

NAME = "cuentas"
# Raise it when `_values` changes: everything is then read again once.
RULES = 1
_WRITE = 2_000  # rows a statement
_FACTS = (
    "cedula", "nombre", "apellido", "titulo", "puesto", "perfil", "area", "activa", "institucion_id", "correos", "bloque",
    "ausente_desde",
)  # fmt: skip


@dataclass(slots=True)
class Mirrored:
    """How many accounts were read, written and marked absent; blocks in Quipux, and how many of them had changed."""

    vistas: int = 0
    escritas: int = 0
    ausentes: int = 0
    bloques: int = 0
    cambiados: int = 0


def refresh(source: Quipux) -> Mirrored:
    """Bring the mirror up to date; commits block by block. Raises sources.SourceUnavailable, then what was written stays."""
    at = clock.now()
    tenants = _institutions(source)
    _areas(source, tenants)
    firma = _firma(tenants)
    state = db.session.get(Espejo, NAME)
    # What the first load finds inactive has been so since nobody knows when; a first load that broke off goes on as one.
    first_load = state is None
    # A digest of other rules equals none of these: its block is read again.
    known = dict(db.session.execute(select(BloqueEspejo.numero, BloqueEspejo.huella)).all())
    strays = db.session.scalar(select(Cuenta.id).where(Cuenta.bloque.is_(None)).limit(1)) is not None
    db.session.commit()
    result = Mirrored()
    gone = set(known)
    # As a list: some bytes a block, and no connection to Quipux stays busy while we write.
    for first, last, digest in list(source.account_blocks()):
        number, huella = int(first) // BLOCK, _salted(digest, firma)
        result.bloques += 1
        gone.discard(number)
        if known.get(number) == huella:
            continue
        _copy_block(source, number, first, last, tenants, at, first_load, strays, result)
        db.session.merge(BloqueEspejo(numero=number, huella=huella))
        db.session.commit()
    for number in gone:
        result.ausentes += _mark_absent(number, set(), at)
        db.session.execute(delete(BloqueEspejo).where(BloqueEspejo.numero == number))
    db.session.merge(Espejo(nombre=NAME, completo_en=at))
    db.session.commit()
    return result


def _firma(tenants: dict[str, int]) -> str:
    """By what accounts are copied: our rules and which institution is which. Another: the digests say nothing any more."""
    return hashlib.sha256(repr((RULES, BLOCK, sorted(tenants.items()))).encode()).hexdigest()


def _salted(digest: str, firma: str) -> str:
    return hashlib.sha256(f"{firma}{digest}".encode()).hexdigest()


def _institutions(source: Quipux) -> dict[str, int]:
    """Institutions by inst_codi. Code 0 is Quipux's own administration and 1 the citizens: neither is a tenant."""
    rows = {i.quipux_codi: i for i in db.session.scalars(select(Institucion))}
    for item in source.institutions():
        if item.codi in {"0", "1"}:
            continue
        row = rows.get(item.codi)
        if row is None:
            row = rows[item.codi] = Institucion(quipux_codi=item.codi, nombre=item.nombre)
            db.session.add(row)
        row.nombre, row.sigla, row.activa = item.nombre, item.sigla, item.activa
        row.ruc, row.telefono, row.correo = row.ruc or item.ruc, row.telefono or item.telefono, row.correo or item.email
    db.session.flush()
    return {codi: row.id for codi, row in rows.items() if codi is not None}


def adopt(place: Institucion, mirrored: Institucion) -> None:
    """`mirrored`, which came from Quipux, is the institution that was registered here as `place`: its code, areas and
    accounts become this one's and its own row goes. The caller has made sure that nothing else hangs on it, and commits."""
    codi, gone = mirrored.quipux_codi, mirrored.id
    place.telefono, place.correo = place.telefono or mirrored.telefono, place.correo or mirrored.correo
    place.nombre, place.sigla, place.activa = mirrored.nombre, mirrored.sigla, mirrored.activa
    for kind in (Area, Cuenta):
        db.session.execute(update(kind).where(kind.institucion_id == gone).values(institucion_id=place.id))
    db.session.delete(mirrored)
    db.session.flush()
    place.quipux_codi = codi
    db.session.flush()


def _areas(source: Quipux, tenants: dict[str, int]) -> None:
    rows = {a.quipux_codi: a for a in db.session.scalars(select(Area))}
    for item in source.areas():
        if item.inst_codi not in tenants:
            continue
        row = rows.get(item.codi)
        if row is None:
            row = Area(quipux_codi=item.codi)
            db.session.add(row)
        row.nombre, row.sigla, row.padre_codi, row.activa = item.nombre, item.sigla, item.padre, item.activa
        row.institucion_id = tenants[item.inst_codi]


def _copy_block(
    source: Quipux, number: int, first: str, last: str, tenants: dict[str, int], at: datetime, first_load: bool, strays: bool,
    result: Mirrored,
) -> None:
    """Read one block, insert the accounts that are new and update those that differ. strays: some of our rows do not know
    their block."""
    accounts = {a.codi: a for a in source.accounts(first, last) if a.inst_codi in tenants}
    old = _rows_of(number, list(accounts) if strays else [])
    new, changed = [], []
    for codi, account in accounts.items():
        values = _values(account, number, tenants[account.inst_codi])
        row = old.get(codi)
        if row is None:
            new.append(values | {"quipux_codi": codi, "inactiva_desde": None if account.activa or first_load else at})
        elif any(getattr(row, name) != values[name] for name in _FACTS):
            changed.append(values | {"id": row.id, "inactiva_desde": _inactive_since(row, account, at)})
    insert_rows(Cuenta, [{**row, **_searched(row)} for row in new])
    for rows in _chunks(changed, _WRITE):
        db.session.execute(update(Cuenta), [{**row, **_searched(row)} for row in rows])
    result.vistas += len(accounts)
    result.escritas += len(new) + len(changed)
    result.cambiados += 1
    result.ausentes += _mark_absent(number, set(accounts), at)


def _rows_of(number: int, codes: list[str]) -> dict[str, Row]:
    """Our rows of a block, and of `codes` those that do not know it yet. By their block alone where possible: in a table
    that was empty a moment ago PostgreSQL looks for 500 codes by reading it all, for each block again."""
    columns = [Cuenta.id, Cuenta.quipux_codi, Cuenta.inactiva_desde, *(getattr(Cuenta, name) for name in _FACTS)]
    found = {row.quipux_codi: row for row in db.session.execute(select(*columns).where(Cuenta.bloque == number))}
    for chunk in _chunks([codi for codi in codes if codi not in found], 500):
        found |= {row.quipux_codi: row for row in db.session.execute(select(*columns).where(Cuenta.quipux_codi.in_(chunk)))}
    return found


def _values(account: SourceAccount, number: int, institucion_id: int) -> dict:
    """The columns an account is copied into, cut to what they hold."""
    return {
        "cedula": account.cedula[:20], "nombre": account.nombre[:200], "apellido": account.apellido[:200], "titulo": account.titulo[:100],
        "puesto": account.puesto[:200], "perfil": account.perfil, "area": account.area[:200], "activa": account.activa,
        "institucion_id": institucion_id, "correos": ",".join(account.correos)[:500], "bloque": number, "ausente_desde": None,
    }  # fmt: skip


def _searched(row: dict) -> dict:
    return {
        "busqueda": search_text(row["nombre"], row["apellido"], row["puesto"], row["correos"], row["cedula"]),
        "apellido_plegado": surname_key(row["apellido"], row["nombre"])[:200],
    }


def _inactive_since(row: Row, account: SourceAccount, at: datetime) -> datetime | None:
    """The first run that saw it inactive; empty when the first load had found it so, and when it is active again."""
    if account.activa:
        return None
    return at if row.activa else row.inactiva_desde


def _mark_absent(number: int, here: set[str], at: datetime) -> int:
    """Mark the accounts of a block that Quipux no longer has."""
    ours = db.session.scalars(select(Cuenta.quipux_codi).where(Cuenta.bloque == number, Cuenta.ausente_desde.is_(None)))
    lost = sorted(set(ours) - here)
    for chunk in _chunks(lost, 500):
        db.session.execute(update(Cuenta).where(Cuenta.quipux_codi.in_(chunk)).values(ausente_desde=at))
    return len(lost)


def _chunks(items: Iterable, size: int) -> Iterator[list]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
