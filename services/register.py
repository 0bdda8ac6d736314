"""The base de Administradores Institucionales (seed 004, step 5): who was AIQ of an institution on a date, by what document."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from extensions import db
from models import CambioAIQ, Institucion, Nombramiento, Usuario
from rules.deadlines import midnight
from rules.glossary import CARGO
from rules.policy import Actor
from services import institution_choice, scope
from services.aiq_offices import AIQ
from services.keyset import Leg
from services.listing import Listing, Page, Sort, by_ids

DEFAULT_ORDER = "institucion"
# Names of the orders in the URL, with the direction of the first click.
FIRST_CLICK = {"institucion": False, "desde": True, "hasta": True}
HEADS = ("Institución", "Siglas", "RUC", "Cargo", "Nombres y apellidos", "Cédula", "Correo", "Desde", "Hasta", "Documento", "Cambio Nº")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the register is narrowed to; empty values filter nothing. texto: words of the institution's name, siglas or RUC.
    persona: words of the AIQ's name, or the cédula. dia: offices in force at some moment of that day (Guayaquil)."""

    texto: str = ""
    persona: str = ""
    cargo: str = ""
    dia: date | None = None
    institucion_id: int | None = None

    @property
    def digest(self) -> str:
        """Tells these filters from others inside a cursor, without spelling out what was searched."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Entry:
    """One office held. cambio: the change of AIQ that made it, None for older ones and for backups."""

    office: Nombramiento
    cambio: CambioAIQ | None


def page(actor: Actor, filters: Filters, order: str = "", token: str = "") -> tuple[Page[Entry], str]:
    """A page of the offices of AIQ the actor may see, each with the change that made it, and the order it is in."""
    listing = _listing(actor, filters)
    found = listing.page(order, token)
    return replace(found, rows=_entries([row for (row,) in found.rows])), listing.order(order)


def cells(actor: Actor, filters: Filters, order: str = "") -> Iterator[tuple[Any, ...]]:
    """The cells of every row of the filters, under HEADS, in the list's order."""
    for batch in _listing(actor, filters).batches(order):
        rows = [_cells(entry) for entry in _entries([row for (row,) in batch])]
        db.session.expunge_all()
        db.session.rollback()
        yield from rows


def on(institucion_id: int, at: datetime) -> list[Nombramiento]:
    """Who held the institution's offices of AIQ at an instant, the principal first."""
    return list(db.session.scalars(
        select(Nombramiento).where(
            Nombramiento.institucion_id == institucion_id, Nombramiento.cargo.in_(AIQ),
            and_(Nombramiento.desde <= at, or_(Nombramiento.hasta.is_(None), Nombramiento.hasta > at)),
        ).order_by(Nombramiento.cargo.desc(), Nombramiento.desde)
    ))


def _listing(actor: Actor, filters: Filters) -> Listing:
    name = institution_choice.alphabetic(Institucion.nombre)

    def by_place(descending: bool) -> list[Leg]:
        return [Leg(None, ((name, descending), (Institucion.id, descending), (Nombramiento.desde, True)))]

    sorts = {
        "institucion": Sort(name, legs=by_place),
        "desde": Sort(Nombramiento.desde, descending=True),
        "hasta": Sort(Nombramiento.hasta, descending=True, empty=True),
    }
    load = _offices(actor).options(joinedload(Nombramiento.usuario), contains_eager(Nombramiento.institucion))
    return Listing(f"registro {filters.digest}", matching(actor, filters), Nombramiento.id, sorts, DEFAULT_ORDER, load=by_ids(load, Nombramiento.id))


def matching(actor: Actor, filters: Filters) -> Select[tuple[Nombramiento]]:
    """The offices of AIQ that the actor may see and that pass the filters."""
    query = _offices(actor)
    if filters.dia is not None:
        start, end = midnight(filters.dia), midnight(filters.dia + timedelta(days=1))
        query = query.where(Nombramiento.desde < end, or_(Nombramiento.hasta.is_(None), Nombramiento.hasta > start))
    if filters.institucion_id is not None:
        query = query.where(Nombramiento.institucion_id == filters.institucion_id)
    if filters.cargo:
        query = query.where(Nombramiento.cargo == filters.cargo)
    if filters.texto:
        query = query.where(Nombramiento.institucion_id.in_(institution_choice.named(filters.texto)))
    if filters.persona:
        people = select(Usuario.id, Usuario.nombre, Usuario.apellido, Usuario.cedula).where(
            Usuario.id.in_(_offices(actor).with_only_columns(Nombramiento.usuario_id, maintain_column_froms=True))
        )
        query = query.where(Nombramiento.usuario_id.in_(institution_choice.with_words(people, filters.persona)))
    return query


def _offices(actor: Actor) -> Select[tuple[Nombramiento]]:
    return scope.nombramientos(actor).join(Institucion, Institucion.id == Nombramiento.institucion_id).where(Nombramiento.cargo.in_(AIQ))


def _entries(rows: list[Nombramiento]) -> list[Entry]:
    made = {(c.institucion_id, c.entrante_id, c.hora_efectiva): c for c in _changes({row.institucion_id for row in rows})}
    return [Entry(row, made.get((row.institucion_id, row.usuario_id, row.desde))) for row in rows]


def _changes(places: set[int | None]) -> list[CambioAIQ]:
    query = select(CambioAIQ).where(CambioAIQ.institucion_id.in_(places), CambioAIQ.hora_efectiva.is_not(None)).options(joinedload(CambioAIQ.oficio))
    return list(db.session.scalars(query)) if places else []


def _cells(entry: Entry) -> tuple[Any, ...]:
    office = entry.office
    place, person = office.institucion, office.usuario
    return (
        place.nombre, place.sigla, place.ruc, CARGO[office.cargo], person.nombre_completo, person.cedula, person.correo, office.desde, office.hasta,
        office.documento, entry.cambio.id if entry.cambio else None,
    )
