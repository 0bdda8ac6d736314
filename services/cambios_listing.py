"""The page *Cambios de AIQ*: the changes an actor may see, and the offices of the institutions he or she answers for."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import CambioAIQ, Cuenta, Institucion, Nombramiento, Usuario
from rules.identity import words
from rules.policy import Actor
from rules.processes import Paso
from services import aiq_offices, cambios, clock, institution_choice, people, scope

PER_PAGE = 25
OPEN, OVER = "abiertos", "vencidos"


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[CambioAIQ]
    total: int
    number: int
    pages: int


@dataclass(frozen=True, slots=True)
class Place:
    """An institution with its AIQs in office. obstacle: why no change may start now, None when one may."""

    institucion: Institucion
    offices: list[Nombramiento]
    active: int
    principal: bool
    obstacle: str | None

    @property
    def without_backup(self) -> bool:
        return self.active == 1


def listing(actor: Actor, text: str, state: str, number: int) -> Page:
    """Newest first. text: words of the institution's name or siglas; state: a Paso, "abiertos", "vencidos" or "" for all."""
    query = scope.cambios(actor)
    if state in set(Paso):
        query = query.where(CambioAIQ.estado == Paso(state))
    elif state == OPEN:
        query = query.where(CambioAIQ.estado.not_in(cambios.CLOSED))
    elif state == OVER:
        query = query.where(CambioAIQ.estado == Paso.AMBIENTE, CambioAIQ.plazo_congelado.is_(None), CambioAIQ.plazo_vence <= clock.now())
    if words(text):
        query = query.where(CambioAIQ.institucion_id.in_(institution_choice.named(text)))
    total = db.session.scalar(select(func.count()).select_from(query.subquery()))
    pages = max(1, -(-total // PER_PAGE))
    number = min(max(number, 1), pages)
    rows = db.session.scalars(
        query.options(joinedload(CambioAIQ.institucion), joinedload(CambioAIQ.entrante), joinedload(CambioAIQ.saliente))
        .order_by(CambioAIQ.id.desc()).limit(PER_PAGE).offset((number - 1) * PER_PAGE)
    ).all()
    return Page(list(rows), total, number, pages)


def without_aiq(actor: Actor) -> list[Place]:
    """For the SGE: institutions in force that had an AIQ and have none active now (decisions 4: a red alert)."""
    if not actor.sge:
        return []
    here = (Cuenta.cedula == Usuario.cedula) & (Cuenta.institucion_id == Nombramiento.institucion_id)
    active = select(Nombramiento.institucion_id).join(Usuario).where(
        Nombramiento.cargo.in_(aiq_offices.AIQ), people.in_force(clock.now()), Usuario.habilitado,
        # As people.actor_of: who has an account there needs an active one.
        or_(select(Cuenta.id).where(here, Cuenta.activa).exists(), ~select(Cuenta.id).where(here).exists()),
    )
    once = select(Nombramiento.institucion_id).where(Nombramiento.cargo.in_(aiq_offices.AIQ))
    query = select(Institucion).where(Institucion.activa, Institucion.id.in_(once), Institucion.id.not_in(active)).order_by(Institucion.nombre)
    return [Place(row, [], 0, False, cambios.obstacle(row.id)) for row in db.session.scalars(query)]


def offices_of(actor: Actor) -> list[Place]:
    """The institutions of which the actor is AIQ."""
    return [
        Place(place, aiq_offices.in_office(place.id), len(people.aiqs_of(place.id, clock.now())), place.id in actor.principal_of,
              cambios.obstacle(place.id))
        for place in db.session.scalars(select(Institucion).where(Institucion.id.in_(actor.aiq_of)).order_by(Institucion.nombre))
    ]
