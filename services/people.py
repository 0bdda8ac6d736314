"""Who a person is and what he or she may do now; the folded text by which people are found (services.people_search)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, case, false, not_, or_, select

from extensions import db
from models import CambioAIQ, Cargo, Cuenta, Implantacion, Nombramiento, Solicitud, Usuario
from rules.identity import words
from rules.policy import Actor
from rules.processes import Etapa, Paso

SGE = frozenset({Cargo.SGE_OPERADOR, Cargo.SGE_ADMIN})


def in_force(now: datetime):
    """Nombramientos in force at `now`: `desde <= now < hasta`."""
    return and_(Nombramiento.desde <= now, or_(Nombramiento.hasta.is_(None), Nombramiento.hasta > now))


def actor_of(usuario: Usuario, now: datetime) -> Actor:
    """The rights of a person at `now`. An AIQ whose Quipux account was inactivated loses the office's access at once
    (decisions 4); the SGE's staff and AIQs designated before their Quipux account exists have no account to lose."""
    offices = db.session.scalars(select(Nombramiento).where(Nombramiento.usuario_id == usuario.id, in_force(now))).all()
    # An account that vanished from Quipux is no account any more, whatever it said last.
    active = and_(Cuenta.activa, Cuenta.ausente_desde.is_(None)).label("activa")
    accounts = db.session.execute(select(Cuenta.id, Cuenta.institucion_id, active).where(Cuenta.cedula == usuario.cedula)).all()
    aiq = [o for o in offices if o.cargo not in SGE and not _lost_account(o.institucion_id, accounts)]
    held = frozenset(o.institucion_id for o in aiq)
    return Actor(
        usuario_id=usuario.id,
        nombre=usuario.nombre_completo,
        correo=usuario.correo,
        aiq_of=held,
        principal_of=frozenset(o.institucion_id for o in aiq if o.cargo is Cargo.AIQ_PRINCIPAL),
        sge=any(o.cargo in SGE for o in offices),
        sge_admin=any(o.cargo is Cargo.SGE_ADMIN for o in offices),
        own_accounts=frozenset(a.id for a in accounts),
        active_accounts=frozenset(a.id for a in accounts if a.activa),
        asked_elsewhere=_asked_elsewhere([a.id for a in accounts], held),
        designated_implantations=frozenset(_designated(Implantacion, Implantacion.usuario_id, usuario, held, now)),
        designated_changes=frozenset(_designated(CambioAIQ, CambioAIQ.entrante_id, usuario, held, now)),
    )


def _asked_elsewhere(accounts: list[int], held: frozenset[int]) -> frozenset[int] | None:
    """An AIQ's own accounts for which there are requests outside the institutions of his or her office: seldom any."""
    if not (accounts and held):
        return None
    query = select(Solicitud.cuenta_id).where(Solicitud.cuenta_id.in_(accounts), Solicitud.institucion_id.not_in(held))
    return frozenset(db.session.scalars(query))


def _designated(kind, column, usuario: Usuario, held: frozenset[int], now: datetime) -> list[int]:
    """Processes in which the person is the AIQ to be. Once it is finished, the office gives the right to look at it: who
    has left the office has left the process too (decisions 2)."""
    finished = kind.estado == (Etapa.PRODUCCION if kind is Implantacion else Paso.REGISTRADA)
    waiting = CambioAIQ.hora_efectiva > now if kind is CambioAIQ else false()
    mine = or_(not_(finished), waiting, kind.institucion_id.in_(held) if held else false())
    return list(db.session.scalars(select(kind.id).where(column == usuario.id, kind.estado != "anulada", mine)))


def _lost_account(institucion_id: int, accounts) -> bool:
    here = [a for a in accounts if a.institucion_id == institucion_id]
    return bool(here) and not any(a.activa for a in here)


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
