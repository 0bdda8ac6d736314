"""The page *Cambios de AIQ*: the changes an actor may see, on screen and as a file; and the offices of the institutions he or she
answers for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import contains_eager, joinedload

from extensions import db
from models import CambioAIQ, Cargo, Institucion, Nombramiento, Usuario
from rules.glossary import CAMBIO_VENCIDO, PASO_BADGE, Badge
from rules.policy import Actor
from rules.processes import Paso
from services import aiq_offices, cambios, clock, institution_choice, institutions, people, plazos, scope
from services.institutions import Office
from services.listing import Listing, Page, Sort, by_ids

OPEN, OVER = "abiertos", "vencidos"
STATES = (OPEN, OVER, *map(str, Paso))
DEFAULT_ORDER = "-nro"
SHOWN = 20  # institutions that the alert names
# Names of the orders in the URL, with the direction of the first click.
FIRST_CLICK = {"nro": True, "institucion": False, "estado": False}
HEADS = ("Nº", "Institución", "Siglas", "RUC", "Estado", "AIQ saliente", "AIQ entrante", "Cédula", "Cargo", "Correo", "Oficio", "Oficio recibido",
         "Fecha solicitada", "Hora efectiva")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to; empty values filter nothing. texto: words of the institution's name, siglas or RUC. estado: one of
    STATES."""

    texto: str = ""
    estado: str = ""

    @property
    def digest(self) -> str:
        """Tells these filters from others inside a cursor, without spelling out what was searched."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


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


@dataclass(frozen=True, slots=True)
class Abandoned:
    """Institutions without an active AIQ: the first SHOWN, each with the reason why no change may start now, and how many there are."""

    rows: list[tuple[Institucion, str | None]]
    total: int


def page(actor: Actor, filters: Filters, order: str = "", token: str = "") -> tuple[Page[CambioAIQ], str]:
    """A page of the changes the actor may see, and the order it is in."""
    listing = _listing(actor, filters)
    found = listing.page(order, token)
    return replace(found, rows=[row for (row,) in found.rows]), listing.order(order)


def cells(actor: Actor, filters: Filters, order: str = "") -> Iterator[tuple[Any, ...]]:
    """The cells of every row of the filters, under HEADS, in the list's order."""
    for batch in _listing(actor, filters).batches(order):
        rows = [_cells(row) for (row,) in batch]
        db.session.expunge_all()
        db.session.rollback()
        yield from rows


def badge(cambio: CambioAIQ) -> Badge:
    """Its Paso, or that its plazo is over: an alert, not an estado (seed 004, step 4)."""
    return CAMBIO_VENCIDO if cambio.estado is Paso.AMBIENTE and plazos.is_over(cambio) else PASO_BADGE[cambio.estado]


def _listing(actor: Actor, filters: Filters) -> Listing:
    query = _changes(actor)
    if filters.estado in set(Paso):
        query = query.where(CambioAIQ.estado == Paso(filters.estado))
    elif filters.estado == OPEN:
        query = query.where(CambioAIQ.estado.not_in(cambios.CLOSED))
    elif filters.estado == OVER:
        query = query.where(CambioAIQ.estado == Paso.AMBIENTE, CambioAIQ.plazo_congelado.is_(None), CambioAIQ.plazo_vence <= clock.now())
    if filters.texto:
        query = query.where(CambioAIQ.institucion_id.in_(institution_choice.named(filters.texto)))
    sorts = {
        "nro": Sort(CambioAIQ.id, descending=True), "institucion": Sort(institution_choice.alphabetic(Institucion.nombre)),
        "estado": Sort(case(*((CambioAIQ.estado == paso, place) for place, paso in enumerate(Paso)), else_=len(Paso))),
    }
    load = _changes(actor).options(contains_eager(CambioAIQ.institucion), joinedload(CambioAIQ.entrante), joinedload(CambioAIQ.saliente))
    return Listing(f"cambios {filters.digest}", query, CambioAIQ.id, sorts, DEFAULT_ORDER, load=by_ids(load, CambioAIQ.id))


def _changes(actor: Actor) -> Select[tuple[CambioAIQ]]:
    return scope.cambios(actor).join(Institucion, Institucion.id == CambioAIQ.institucion_id)


def _cells(row: CambioAIQ) -> tuple[Any, ...]:
    place = row.institucion
    return (
        row.id, place.nombre, place.sigla, place.ruc, badge(row).label, row.saliente.nombre_completo if row.saliente else "", row.aiq_nombres,
        row.aiq_cedula, row.aiq_cargo, row.aiq_correo, row.oficio_numero, row.oficio_recibido, row.fecha_efectiva, row.hora_efectiva,
    )


def without_aiq(actor: Actor) -> Abandoned:
    """For the SGE: institutions in force that had an AIQ and have none active now (decisions 4: a red alert). Those for which nobody
    has begun a change come first."""
    if not actor.sge:
        return Abandoned([], 0)
    held = select(Nombramiento.institucion_id).where(Nombramiento.cargo.in_(aiq_offices.AIQ))
    active = held.join(Usuario).where(people.in_force(clock.now()), Usuario.habilitado, people.keeps_account())
    query = scope.instituciones(actor).where(Institucion.activa, Institucion.id.in_(held), Institucion.id.not_in(active))
    begun = scope.cambios(actor).where(CambioAIQ.institucion_id == Institucion.id, cambios.under_way()).exists()
    rows = db.session.scalars(query.order_by(begun, Institucion.nombre).limit(SHOWN)).all()
    total = db.session.scalar(query.with_only_columns(func.count())) if len(rows) == SHOWN else len(rows)
    why = cambios.obstacles([row.id for row in rows])
    return Abandoned([(row, why.get(row.id)) for row in rows], total)


def offices_of(actor: Actor) -> list[Place]:
    """The institutions of which the actor is AIQ."""
    places = db.session.scalars(scope.aiq_institutions(actor).order_by(Institucion.nombre)).all()
    offices, why = institutions.offices_of(list(actor.aiq_of), clock.now()), cambios.obstacles(actor.aiq_of)
    return [_place(actor, place, offices.get(place.id, []), why.get(place.id)) for place in places]


def _place(actor: Actor, place: Institucion, offices: list[Office], why: str | None) -> Place:
    """With the principal's office first."""
    active = {office.nombramiento.usuario_id for office in offices if office.active}
    held = sorted((office.nombramiento for office in offices), key=lambda n: (n.cargo is not Cargo.AIQ_PRINCIPAL, n.desde, n.id))
    return Place(place, held, len(active), place.id in actor.principal_of, why)
