"""Institutions as the SGE looks at them: the file card of each, and which row an implantación is about (decisions 3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import contains_eager

from extensions import db
from models import Area, CambioAIQ, Cargo, Cuenta, Implantacion, Institucion, Nombramiento, Solicitud, Usuario
from rules.identity import compact
from rules.lifecycle import Estado
from rules.policy import Actor
from rules.processes import Etapa, Step
from services import clock, mirror, people, plazos, processes, scope
from services.errors import Conflict, Refused

AIQS = (Cargo.AIQ_PRINCIPAL, Cargo.AIQ_BACKUP)
OPEN = tuple(e for e in Etapa if e not in (Etapa.PRODUCCION, Etapa.ANULADA))


@dataclass(frozen=True, slots=True)
class Office:
    """A Nombramiento of an AIQ. `active`: in force, the person enabled here and no account lost in Quipux (people.keeps_account)."""

    nombramiento: Nombramiento
    active: bool


@dataclass(frozen=True, slots=True)
class Card:
    """File card of an institution. `areas`: (name, sigla, active accounts); `requests` and `live`: how many in all, alive."""

    areas: list[tuple[str, str, int]]
    offices: list[Office]
    changes: list[CambioAIQ]
    accounts: int
    requests: int
    live: int

    def holder(self, cargo: str) -> Office | None:
        return next((o for o in self.offices if o.active and o.nombramiento.cargo == cargo), None)

    @property
    def without_aiq(self) -> bool:
        return not any(o.active for o in self.offices)


def effective(row: Implantacion, at: datetime | None = None) -> Etapa:
    """The stage to show: an ambiente whose plazo is over is *suspendida*, whether or not a sweep has passed."""
    return Etapa.SUSPENDIDA if row.estado is Etapa.AMBIENTE and plazos.is_over(row, at) else row.estado


def offices_of(ids: list[int], now: datetime, *, history: bool = False) -> dict[int, list[Office]]:
    """AIQs of these institutions, the newest first; with `history`, also the offices that ended."""
    active = and_(people.in_force(now), Usuario.habilitado, people.keeps_account())
    query = (
        select(Nombramiento, active).join(Nombramiento.usuario).where(Nombramiento.institucion_id.in_(ids), Nombramiento.cargo.in_(AIQS))
        .options(contains_eager(Nombramiento.usuario)).order_by(Nombramiento.desde.desc(), Nombramiento.id.desc())
    )
    by_place: dict[int, list[Office]] = {}
    for row, holds in db.session.execute(query if history else query.where(people.in_force(now))) if ids else ():
        by_place.setdefault(row.institucion_id, []).append(Office(row, bool(holds)))
    return by_place


def card(row: Institucion) -> Card:
    """Everything the file card of an institution shows."""
    now = clock.now()
    by_area = dict(db.session.execute(
        select(Cuenta.area, func.count()).where(Cuenta.institucion_id == row.id, people.there()).group_by(Cuenta.area)
    ).all())
    areas = db.session.scalars(select(Area).where(Area.institucion_id == row.id, Area.activa).order_by(Area.nombre)).all()
    sent = (Solicitud.institucion_id == row.id, Solicitud.estado != Estado.BORRADOR, Solicitud.oculta.is_(False))
    requests, live = db.session.execute(
        select(func.count(), func.coalesce(func.sum(case((Solicitud.estado != Estado.ELIMINADA, 1), else_=0)), 0)).where(*sent)
    ).one()
    return Card(
        areas=[(a.nombre, a.sigla, by_area.get(a.nombre, 0)) for a in areas],
        offices=offices_of([row.id], now, history=True).get(row.id, []),
        changes=list(db.session.scalars(select(CambioAIQ).where(CambioAIQ.institucion_id == row.id).order_by(CambioAIQ.id.desc()))),
        accounts=sum(by_area.values()), requests=requests, live=live,
    )


def taken_ruc(ruc: str, row: Implantacion | None = None) -> str | None:
    """Why a RUC cannot be registered again: an institution or an open implantación (other than `row`) has it."""
    return _taken("RUC", Institucion.ruc == ruc, Implantacion.ruc == ruc, row) if ruc else None


def taken_sigla(sigla: str, row: Implantacion | None = None) -> str | None:
    """The same for a sigla, in capitals or not."""
    same = sigla.strip().upper()
    return _taken("sigla", func.upper(Institucion.sigla) == same, func.upper(Implantacion.sigla) == same, row)


def _taken(what: str, in_place, in_process, row: Implantacion | None) -> str | None:
    name = db.session.scalar(select(Institucion.nombre).where(in_place).limit(1))
    if name:
        return f"Ya existe una institución con {'ese' if what == 'RUC' else 'esa'} {what}: {name}."
    query = select(Implantacion.nombre).where(in_process, Implantacion.estado.in_(OPEN))
    name = db.session.scalar((query.where(Implantacion.id != row.id) if row else query).limit(1))
    return f"Ya existe una implantación en curso con {'ese' if what == 'RUC' else 'esa'} {what}: {name}." if name else None


def proposals(row: Implantacion) -> list[Institucion]:
    """Institutions of Quipux that may be this one: by RUC, then by sigla (decisions 3)."""
    query = select(Institucion).where(or_(Institucion.ruc == row.ruc, func.upper(Institucion.sigla) == row.sigla.upper()), Institucion.activa)
    return list(db.session.scalars(query.order_by(case((Institucion.ruc == row.ruc, 0), else_=1), Institucion.id)))


def link(row: Implantacion, institucion_id: int | None) -> Institucion:
    """The institution an implantación ends in: one of its proposals, completed with its data, or a new one. Raises Refused."""
    if institucion_id is not None:
        place = next((i for i in proposals(row) if i.id == institucion_id), None)
        if place is None:
            raise Refused({"institucion": "Elija una de las instituciones propuestas."})
    else:
        if problem := taken_ruc(row.ruc, row):
            raise Refused({"institucion": f"{problem} Vincúlela en lugar de crear otra."})
        place = Institucion(nombre=row.nombre, ruc=row.ruc, sigla=row.sigla)
        db.session.add(place)
    place.ruc, place.sigla = place.ruc or compact(row.ruc), place.sigla or row.sigla
    place.telefono, place.direccion = place.telefono or row.telefono, place.direccion or row.direccion
    db.session.flush()
    return place


def counterparts(row: Institucion) -> list[Institucion]:
    """Institutions that came from Quipux and may be this one, which was registered here: by RUC, then by sigla."""
    if row.quipux_codi is not None:
        return []
    same = or_(and_(Institucion.ruc == row.ruc, row.ruc != ""), and_(func.upper(Institucion.sigla) == row.sigla.upper(), row.sigla != ""))
    query = select(Institucion).where(same, Institucion.quipux_codi.is_not(None))
    return list(db.session.scalars(query.order_by(case((Institucion.ruc == row.ruc, 0), else_=1), Institucion.id)))


def link_to_quipux(actor: Actor, row: Institucion, institucion_id: int | None) -> None:
    """*Vincular con Quipux*: one of its counterparts is this same institution. Only while nothing was done in this site in
    the name of that one. It is a row in the Recorrido of the implantación that the institution comes from. Raises Refused, Conflict."""
    mirrored = next((i for i in counterparts(row) if i.id == institucion_id), None)
    if mirrored is None:
        raise Refused({"quipux": "Elija una de las instituciones propuestas."})
    if _in_use(mirrored):
        raise Refused({"quipux": (
            f"{mirrored.nombre} ya tiene AIQ, solicitudes o procesos en este sitio: no se puede vincular sin perderlos. Continúe con esa "
            "institución y registre en ella el cambio de AIQ."
        )})
    said, data = f"{mirrored.nombre} ({mirrored.sigla})", {"quipux_codi": mirrored.quipux_codi, "institucion": mirrored.id}
    ended_here = scope.implantaciones(actor).where(Implantacion.institucion_id == row.id)
    origin = db.session.scalar(ended_here.order_by(Implantacion.id.desc()).limit(1))
    try:
        with db.session.begin_nested():
            mirror.adopt(row, mirrored)
            if origin is not None:
                processes.step(origin, Step.LINK, actor, comment=said, data=data)
    except IntegrityError:  # something was registered for it, or it was linked, in the same instant
        raise Conflict("La institución cambió mientras usted la vinculaba. Actualice la página.") from None


def _in_use(row: Institucion) -> bool:
    """Whether anything but what the mirror copied hangs on an institution."""
    copied = {Institucion.__tablename__, Area.__tablename__, Cuenta.__tablename__}
    columns = [
        key.parent for table in db.metadata.tables.values() if table.name not in copied
        for key in table.foreign_keys if key.column is Institucion.__table__.c.id
    ]
    return any(db.session.scalar(select(column).where(column == row.id).limit(1)) for column in columns)
