"""The page *Cambios de AIQ*: the changes an actor may see, and the offices of the institutions he or she answers for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import CambioAIQ, Cuenta, Institucion, Nombramiento, Usuario
from rules.identity import words
from rules.policy import Actor
from rules.processes import Paso
from services import aiq_offices, cambios, clock, institution_choice, people, scope
from services.listing import Listing, Page, Sort, by_ids

OPEN, OVER = "abiertos", "vencidos"


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


def page(actor: Actor, text: str, state: str, token: str = "") -> Page[CambioAIQ]:
    """Newest first. text: words of the institution's name, siglas or RUC; state: a Paso, "abiertos", "vencidos" or "" for all."""
    query = scope.cambios(actor)
    if state in set(Paso):
        query = query.where(CambioAIQ.estado == Paso(state))
    elif state == OPEN:
        query = query.where(CambioAIQ.estado.not_in(cambios.CLOSED))
    elif state == OVER:
        query = query.where(CambioAIQ.estado == Paso.AMBIENTE, CambioAIQ.plazo_congelado.is_(None), CambioAIQ.plazo_vence <= clock.now())
    if words(text):
        query = query.where(CambioAIQ.institucion_id.in_(institution_choice.named(text)))
    name = hashlib.sha256(f"{text} {state}".encode()).hexdigest()[:12]
    load = scope.cambios(actor).options(joinedload(CambioAIQ.institucion), joinedload(CambioAIQ.entrante), joinedload(CambioAIQ.saliente))
    listing = Listing(f"cambios {name}", query, CambioAIQ.id, {"nro": Sort(CambioAIQ.id, descending=True)}, "-nro", load=by_ids(load, CambioAIQ.id))
    found = listing.page("", token)
    return replace(found, rows=[row for (row,) in found.rows])


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
