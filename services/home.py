"""What the home page shows, in a handful of queries: what needs attention, what is in course, the SGE's counters.

Every query starts at services.scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import UNFINISHED, Correo, CorreoEstado, Descarga, Ejecucion, EjecucionEstado, Entrega, Parte, ParteTipo, Solicitud
from rules import deadlines
from rules.lifecycle import Clase, Estado, Motivo
from rules.policy import Actor
from services import scope

SHOWN = 6
SOON = timedelta(hours=48)
# For how long after the vigencia a hand-over nobody recorded is asked for, and how long before its end a request was filed at most.
REMEMBERED, LONGEST_LIFE = timedelta(days=60), timedelta(days=120)
IN_COURSE = (Estado.EN_EJECUCION, Estado.DETENIDA, Estado.APROBADA, Estado.ENVIADA)


@dataclass(frozen=True, slots=True)
class Ready:
    """An archive to download. `parts`, `size` (bytes) and `complete` count data volumes; `ends`: last valid minute."""

    solicitud: Solicitud
    parts: int
    size: int
    complete: int
    ends: datetime
    left: timedelta

    @property
    def all_complete(self) -> bool:
        return 0 < self.parts <= self.complete

    @property
    def soon(self) -> bool:
        return self.left <= SOON


@dataclass(frozen=True, slots=True)
class Drafts:
    """*Solicitudes por enviar*: how many, how many of them lack nothing, and when the oldest was written."""

    total: int
    complete: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Course:
    """A request on its way and its run, if there is one."""

    solicitud: Solicitud
    run: Ejecucion | None

    @property
    def percent(self) -> int | None:
        """How far the run is, by bytes; None before its plan."""
        if self.run is None or not self.run.bytes_total:
            return None
        return min(99, 100 * self.run.bytes_hechos // self.run.bytes_total)


@dataclass(frozen=True, slots=True)
class Counters:
    """The SGE's figures; `expiring`: archives whose vigencia ends within 48 hours; `failed_mails`: given up."""

    waiting: int
    running: int
    stopped: int
    expiring: int
    failed_mails: int


def carried(actor: Actor) -> Select[tuple[Solicitud]]:
    """Requests whose files the actor carries: the institution's, his or her own personal ones, and those an officer
    registered. The twin of rules.policy `_carry` in SQL: AIQs see a colleague's personal request, never its files."""
    own = and_(Solicitud.clase == Clase.PERSONAL, Solicitud.cuenta_id.in_(actor.own_accounts))
    office = [Solicitud.institucion_id.in_(actor.aiq_of)]
    if actor.sge:
        office.append(Solicitud.creada_por_id == actor.usuario_id)
    return scope.solicitudes(actor).where(or_(own, and_(Solicitud.clase == Clase.INSTITUCIONAL, or_(*office))))


def ready(actor: Actor, now: datetime) -> list[Ready]:
    """Archives to download or to hand over, the first to expire first. One that was downloaded whole leaves the list
    when it is a personal one or its hand-over is recorded."""
    delivered = exists().where(Entrega.solicitud_id == Solicitud.id)
    rows = db.session.execute(
        carried(actor)
        .where(Solicitud.estado == Estado.ATENDIDA, Solicitud.vigente_hasta > now)
        .add_columns(delivered)
        .order_by(Solicitud.vigente_hasta, Solicitud.id)
    ).all()
    parts = _parts([s.id for s, _ in rows])
    found = []
    for solicitud, handed_over in rows:
        count, size, complete = parts.get(solicitud.id, (0, 0, 0))
        until = solicitud.vigente_hasta
        one = Ready(solicitud, count, size, complete, deadlines.last_moment(until), until - now)
        if not (one.all_complete and (handed_over or solicitud.clase is Clase.PERSONAL)):
            found.append(one)
    return found


def undelivered(actor: Actor, now: datetime) -> list[Solicitud]:
    """Archives of the actor's institutions that were downloaded whole and whose vigencia ended since without a record of the hand-over
    to the citizen (seed 000, "Notas importantes"), the latest first."""
    if not actor.aiq_of:
        return []
    data = (
        select(Parte.id).join(Ejecucion, Parte.ejecucion_id == Ejecucion.id)
        .where(Ejecucion.solicitud_id == Solicitud.id, Ejecucion.estado == EjecucionEstado.PUBLICADA, Parte.tipo == ParteTipo.DATOS)
    )
    whole = exists().where(Descarga.parte_id == Parte.id, Descarga.completa_en.is_not(None))
    ended = or_(Solicitud.estado == Estado.ATENDIDA, and_(Solicitud.estado == Estado.ELIMINADA, Solicitud.motivo == Motivo.VIGENCIA_TERMINADA))
    query = scope.solicitudes(actor).where(
        scope.one_of(Solicitud.institucion_id, actor.aiq_of), Solicitud.clase == Clase.INSTITUCIONAL,
        Solicitud.fecha_solicitud > now - REMEMBERED - LONGEST_LIFE, Solicitud.vigente_hasta > now - REMEMBERED, Solicitud.vigente_hasta <= now,
        ended, ~exists().where(Entrega.solicitud_id == Solicitud.id), data.exists(), ~data.where(~whole).exists(),
    )
    return list(db.session.scalars(query.order_by(Solicitud.vigente_hasta.desc(), Solicitud.id.desc()).limit(SHOWN)))


def _parts(ids: list[int]) -> dict[int, tuple[int, int, int]]:
    """Published data volumes of each request: how many, bytes, how many somebody received whole."""
    if not ids:
        return {}
    whole = exists().where(Descarga.parte_id == Parte.id, Descarga.completa_en.is_not(None))
    rows = db.session.execute(
        select(Ejecucion.solicitud_id, func.count(Parte.id), func.sum(Parte.bytes), func.sum(case((whole, 1), else_=0)))
        .join(Parte, Parte.ejecucion_id == Ejecucion.id)
        .where(Ejecucion.solicitud_id.in_(ids), Ejecucion.estado == EjecucionEstado.PUBLICADA, Parte.tipo == ParteTipo.DATOS, Parte.borrada_en.is_(None))
        .group_by(Ejecucion.solicitud_id)
    )
    return {solicitud_id: (count, int(size or 0), int(complete or 0)) for solicitud_id, count, size, complete in rows}


def returned(actor: Actor) -> list[Solicitud]:
    """Drafts the SGE gave back with observations, the latest first."""
    query = carried(actor).where(Solicitud.estado == Estado.BORRADOR, Solicitud.devuelta_por != "")
    return list(db.session.scalars(query.order_by(Solicitud.editada_en.desc(), Solicitud.id.desc()).limit(SHOWN)))


def drafts(actor: Actor) -> Drafts:
    """The institution's drafts in figures (the SGE's own, for an officer); those given back are told apart by `returned`."""
    complete = and_(Solicitud.documento_codi.is_not(None), Solicitud.desde.is_not(None), Solicitud.hasta.is_not(None))
    query = scope.drafts(actor).where(Solicitud.devuelta_por == "").order_by(None)
    row = db.session.execute(
        query.with_only_columns(func.count(), func.coalesce(func.sum(case((complete, 1), else_=0)), 0), func.min(Solicitud.fecha_solicitud))
    ).one()
    return Drafts(*row)


def stopped(actor: Actor) -> list[Course]:
    """Runs the SGE must look at, the longest waiting first."""
    query = scope.solicitudes(actor).where(Solicitud.estado == Estado.DETENIDA)
    return _with_runs(query.order_by(Solicitud.ejecutar_desde, Solicitud.id).limit(SHOWN))


def in_course(actor: Actor) -> tuple[list[Course], int]:
    """Requests on their way, those being produced first, then by tentative date; and how many there are in all."""
    query = scope.solicitudes(actor).where(Solicitud.estado.in_(IN_COURSE))
    order = case(*((Solicitud.estado == estado, i) for i, estado in enumerate(IN_COURSE)))
    total = db.session.scalar(query.with_only_columns(func.count()).order_by(None)) or 0
    rows = _with_runs(query.order_by(order, Solicitud.fecha_tentativa, Solicitud.id).limit(SHOWN)) if total else []
    return rows, total


def _with_runs(query: Select[tuple[Solicitud]]) -> list[Course]:
    # At most one run of a request is alive (uq_ejecucion_una_viva), so that the join repeats no row.
    alive = and_(Ejecucion.solicitud_id == Solicitud.id, Ejecucion.estado.in_(UNFINISHED))
    rows = db.session.execute(query.options(joinedload(Solicitud.institucion)).outerjoin(Ejecucion, alive).add_columns(Ejecucion))
    return [Course(solicitud, run) for solicitud, run in rows]


def counters(actor: Actor, now: datetime) -> Counters:
    """The SGE's figures, over what it may see."""

    def how_many(condition):
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    expiring = and_(Solicitud.estado == Estado.ATENDIDA, Solicitud.vigente_hasta > now, Solicitud.vigente_hasta <= now + SOON)
    query = scope.solicitudes(actor).where(Solicitud.estado.in_((*IN_COURSE, Estado.ATENDIDA)))
    failed = select(func.count()).select_from(Correo).where(Correo.estado == CorreoEstado.FALLIDO).scalar_subquery()
    row = db.session.execute(
        query.with_only_columns(
            how_many(Solicitud.estado == Estado.ENVIADA), how_many(Solicitud.estado == Estado.EN_EJECUCION),
            how_many(Solicitud.estado == Estado.DETENIDA), how_many(expiring), failed,
        )
    ).one()
    return Counters(*row)


def personal_in_course(actor: Actor) -> int:
    """How many of the actor's own requests are on their way."""
    query = scope.personal(actor).where(Solicitud.estado.in_(IN_COURSE))
    return db.session.scalar(query.with_only_columns(func.count()).order_by(None)) or 0
