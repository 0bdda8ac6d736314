"""Who a person is and what he or she may do now; the folded text by which people are found (services.people_search)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import IntEnum
from typing import Any

from sqlalchemy import (
    BindParameter, ColumnElement, CompoundSelect, Integer, Select, String, and_, bindparam, case, false, func, literal_column, null, or_, select, true, type_coerce, union_all,
)

from extensions import PREPARED, db
from models import CambioAIQ, Cargo, Cuenta, Implantacion, Nombramiento, Solicitud, Usuario, UTCDateTime
from rules.identity import words
from rules.policy import Actor
from rules.processes import Etapa, Paso

SGE = frozenset({Cargo.SGE_OPERADOR, Cargo.SGE_ADMIN})


def in_force(now: datetime | BindParameter[datetime]):
    """Nombramientos in force at `now`: `desde <= now < hasta`."""
    return and_(Nombramiento.desde <= now, or_(Nombramiento.hasta.is_(None), Nombramiento.hasta > now))


def there() -> ColumnElement[bool]:
    """Accounts that are active in Quipux and still there: what one that vanished said last counts no more."""
    return and_(Cuenta.activa, Cuenta.ausente_desde.is_(None))


def in_quipux(cuenta: Cuenta) -> bool:
    """The same of one account."""
    return cuenta.activa and cuenta.ausente_desde is None


def keeps_account() -> ColumnElement[bool]:
    """Of a Nombramiento joined to its Usuario: whoever has accounts in the institution still has one that is `there`. Without it
    an AIQ has lost the office's access, as `actor_of` says of one person."""
    here = select(Cuenta.id).where(Cuenta.cedula == Usuario.cedula, Cuenta.institucion_id == Nombramiento.institucion_id)
    return or_(here.where(there()).exists(), ~here.exists())


def actor_of(usuario: Usuario, now: datetime) -> Actor:
    """The rights of a person at `now`. An AIQ whose Quipux account was inactivated loses the office's access at once
    (decisions 4); the SGE's staff and AIQs designated before their Quipux account exists have no account to lose."""
    return _actor(usuario, db.session.execute(_HELD, {"usuario": usuario.id, "ahora": now}))


def with_rights(usuario_id: int, now: datetime) -> tuple[Usuario, Actor] | None:
    """The person of that number and the rights at `now`, in one question, as every page asks for them; None when there is nobody."""
    rows = db.session.execute(_PERSON, {"usuario": usuario_id, "ahora": now}).all()
    return (rows[0].Usuario, _actor(rows[0].Usuario, rows)) if rows else None


def _actor(usuario: Usuario, rows: Iterable[Any]) -> Actor:
    held: dict[int | None, list[Any]] = {kind: [] for kind in (None, *_Kind)}
    for row in rows:
        held[row.clase].append(row)
    accounts = held[_Kind.CUENTA]
    offices = [(Cargo(o.cargo), o.institucion_id) for o in held[_Kind.NOMBRAMIENTO]]
    aiq = [(cargo, place) for cargo, place in offices if cargo not in SGE and not _lost_account(place, accounts)]
    places = frozenset(place for _, place in aiq)

    def designated(kind: _Kind) -> frozenset[int]:
        return frozenset(row.id for row in held[kind] if row.vale or row.institucion_id in places)

    return Actor(
        usuario_id=usuario.id,
        nombre=usuario.nombre_completo,
        correo=usuario.correo,
        aiq_of=places,
        principal_of=frozenset(place for cargo, place in aiq if cargo is Cargo.AIQ_PRINCIPAL),
        sge=any(cargo in SGE for cargo, _ in offices),
        sge_admin=any(cargo is Cargo.SGE_ADMIN for cargo, _ in offices),
        own_accounts=frozenset(a.id for a in accounts),
        active_accounts=frozenset(a.id for a in accounts if a.vale),
        # Of an AIQ; whoever else has accounts needs them all.
        asked_elsewhere=frozenset(a.id for a in held[_Kind.SOLICITUD] if a.institucion_id not in places) if accounts and places else None,
        designated_implantations=designated(_Kind.IMPLANTACION),
        designated_changes=designated(_Kind.CAMBIO),
    )


class _Kind(IntEnum):
    """What a row of _HELD is."""

    NOMBRAMIENTO = 0
    CUENTA = 1
    IMPLANTACION = 2
    CAMBIO = 3
    SOLICITUD = 4


def _held() -> CompoundSelect:
    """All that a person's rights come from, in one question: offices in force, accounts, processes in which the person is
    the AIQ to be, institutions in which something was asked for these accounts. vale: the account is active; the process is not
    finished (once it is, the office gives the right to look at it: who has left the office has left the process too, decisions 2)."""
    usuario, now = bindparam("usuario", type_=Integer), bindparam("ahora", type_=UTCDateTime)
    cedula = select(Usuario.cedula).where(Usuario.id == usuario).scalar_subquery()

    def kind(number: _Kind) -> ColumnElement[int]:
        return literal_column(str(int(number)), Integer).label("clase")

    def process(number: _Kind, table: type, column: ColumnElement[int], going: ColumnElement[bool]) -> Select:
        return select(kind(number), table.id, table.institucion_id, null(), going).where(column == usuario, table.estado != "anulada")

    mine = select(Cuenta.id).where(Cuenta.cedula == cedula)
    return union_all(
        select(kind(_Kind.NOMBRAMIENTO), Nombramiento.id, Nombramiento.institucion_id, type_coerce(Nombramiento.cargo, String).label("cargo"), true().label("vale"))
        .where(Nombramiento.usuario_id == usuario, in_force(now)),
        select(kind(_Kind.CUENTA), Cuenta.id, Cuenta.institucion_id, null(), there()).where(Cuenta.cedula == cedula),
        process(_Kind.IMPLANTACION, Implantacion, Implantacion.usuario_id, Implantacion.estado != Etapa.PRODUCCION),
        process(_Kind.CAMBIO, CambioAIQ, CambioAIQ.entrante_id, or_(CambioAIQ.estado != Paso.REGISTRADA, func.coalesce(CambioAIQ.hora_efectiva > now, false()))),
        select(kind(_Kind.SOLICITUD), Solicitud.cuenta_id, Solicitud.institucion_id, null(), true()).where(Solicitud.cuenta_id.in_(mine)).distinct(),
    )


_HELD = _held()
_RIGHTS = _HELD.subquery("derechos")
_PERSON = select(Usuario, *_RIGHTS.c).outerjoin(_RIGHTS, true()).where(Usuario.id == bindparam("usuario", type_=Integer)).execution_options(**{PREPARED: True})


def _lost_account(institucion_id: int, accounts) -> bool:
    here = [a for a in accounts if a.institucion_id == institucion_id]
    return bool(here) and not any(a.vale for a in here)


def aiqs_of(institucion_id: int, now: datetime) -> list[Usuario]:
    """The institution's active AIQs, the principal first: who is told of everything."""
    rows = db.session.scalars(
        select(Usuario)
        .join(Nombramiento)
        .where(
            Nombramiento.institucion_id == institucion_id,
            Nombramiento.cargo.in_([Cargo.AIQ_PRINCIPAL, Cargo.AIQ_BACKUP]),
            in_force(now),
            Usuario.habilitado,
        )
        .order_by(case((Nombramiento.cargo == Cargo.AIQ_PRINCIPAL, 0), else_=1), Usuario.id)
    ).unique()
    return [u for u in rows if institucion_id in actor_of(u, now).aiq_of]


def sge_staff(now: datetime) -> list[Usuario]:
    """Officers of the SGE in office now."""
    return list(
        db.session.scalars(
            select(Usuario).join(Nombramiento).where(Nombramiento.cargo.in_(SGE), in_force(now), Usuario.habilitado).order_by(Usuario.id)
        ).unique()
    )


def usuario_of(cedula: str) -> Usuario | None:
    return db.session.scalar(select(Usuario).where(Usuario.cedula == cedula))


def search_text(*fields: str) -> str:
    """What `search` looks into: the folded words of all fields, each after a blank. Words hold only letters and digits,
    so that no LIKE wildcard can come from what a person types."""
    return "".join(f" {word}" for word in words(" ".join(fields)))


def surname_key(surname: str, name: str = "") -> str:
    """What lists are sorted by: folded words, the surname's first. Its first word is the one that a search prefers."""
    return " ".join(words(f"{surname} {name}"))
