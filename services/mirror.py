"""The mirror: institutions, areas and accounts of Quipux copied here for search and rights. Only it writes Cuenta.

Nothing is ever deleted: an account that vanished is marked `ausente_desde`. Incremental by block (decisions 3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from extensions import db
from models import Area, Cuenta, Institucion
from services import clock
from services.people import search_text, surname_key
from sources import Quipux, SourceAccount

BATCH = 2000


@dataclass(slots=True)
class Mirrored:
    """How many accounts were seen, written and marked absent."""

    vistas: int = 0
    escritas: int = 0
    ausentes: int = 0


def refresh(source: Quipux) -> Mirrored:
    """Bring the mirror up to date; commits in batches. Raises sources.SourceUnavailable, then what was written stays."""
    at = clock.now()
    first_load = db.session.scalar(select(Cuenta.id).limit(1)) is None
    tenants = _institutions(source)
    _areas(source, tenants)
    db.session.commit()
    result = Mirrored()
    known = dict(db.session.execute(select(Cuenta.quipux_codi, Cuenta.id)).all())
    seen: set[str] = set()
    batch: list[SourceAccount] = []
    db.session.rollback()
    for account in source.accounts():
        if account.inst_codi not in tenants:
            continue
        seen.add(account.codi)
        batch.append(account)
        if len(batch) >= BATCH:
            result.escritas += _write(batch, known, tenants, at, first_load)
            batch = []
    result.escritas += _write(batch, known, tenants, at, first_load)
    result.vistas = len(seen)
    result.ausentes = _mark_absent(set(known) - seen, at)
    db.session.commit()
    return result


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


def _write(batch: list[SourceAccount], known: dict[str, int], tenants: dict[str, int], at: datetime, first_load: bool) -> int:
    """Insert the new accounts of a batch and update those that differ. Returns how many rows were written."""
    old = {c.quipux_codi: c for c in db.session.scalars(select(Cuenta).where(Cuenta.quipux_codi.in_([a.codi for a in batch])))}
    written = 0
    for account in batch:
        row = old.get(account.codi)
        if row is None:
            row = Cuenta(quipux_codi=account.codi, activa=True)
            db.session.add(row)
            new = True
        else:
            new = False
        written += apply(row, account, tenants[account.inst_codi], at, unknown_since=new and first_load)
    db.session.commit()
    return written


def apply(row: Cuenta, account: SourceAccount, institucion_id: int, at: datetime, *, unknown_since: bool = False) -> bool:
    """Copy one Quipux account into its row; True when anything differs. `inactiva_desde` is set when the account is seen
    inactive for the first time, and left empty in the first load, which cannot know since when."""
    before = _facts(row)
    if account.activa:
        row.inactiva_desde = None
    elif row.activa and not unknown_since:
        row.inactiva_desde = at
    row.cedula, row.nombre, row.apellido, row.titulo = account.cedula, account.nombre, account.apellido, account.titulo
    row.puesto, row.perfil, row.area, row.activa = account.puesto, account.perfil, account.area, account.activa
    row.institucion_id, row.ausente_desde = institucion_id, None
    row.correos = ",".join(account.correos)[:500]
    row.busqueda = search_text(row.nombre, row.apellido, row.puesto, row.correos, row.cedula)
    row.apellido_plegado = surname_key(row.apellido, row.nombre)[:200]
    return before != _facts(row)


def _facts(row: Cuenta) -> tuple:
    return (row.cedula, row.nombre, row.apellido, row.titulo, row.puesto, row.perfil, row.area, row.activa,
            row.institucion_id, row.correos, row.ausente_desde)


def _mark_absent(codes: set[str], at: datetime) -> int:
    marked = 0
    for chunk in _chunks(sorted(codes), 500):
        marked += db.session.execute(
            update(Cuenta).where(Cuenta.quipux_codi.in_(chunk), Cuenta.ausente_desde.is_(None)).values(ausente_desde=at)
        ).rowcount
    return marked


def _chunks(items: list[str], size: int):
    return (items[i : i + size] for i in range(0, len(items), size))
