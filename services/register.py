"""The base de Administradores Institucionales (seed 004, step 5): who was AIQ of an institution on a date, by what document."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import BinaryIO, Iterable

import xlsxwriter
from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import CambioAIQ, Institucion, Nombramiento
from rules import texts
from rules.deadlines import midnight
from rules.glossary import CARGO
from rules.identity import words
from services import institution_choice
from services.aiq_offices import AIQ
from services.listing import Leg, Listing, Page, Sort

DEFAULT_ORDER = "institucion"
HEADS = ("Institución", "Siglas", "RUC", "Cargo", "Nombres y apellidos", "Cédula", "Correo", "Desde", "Hasta", "Documento")


@dataclass(frozen=True, slots=True)
class Entry:
    """One office held. cambio: the change of AIQ that made it, None for older ones and for backups."""

    office: Nombramiento
    cambio: CambioAIQ | None


def offices(day: date | None = None, institucion_id: int | None = None, text: str = "") -> Select[tuple[Nombramiento]]:
    """Offices of AIQ, by institution and newest first. day: only those in force at some moment of that day (Guayaquil).
    text: every word must appear in the institution's name or siglas."""
    query = (
        select(Nombramiento).join(Institucion, Institucion.id == Nombramiento.institucion_id).where(Nombramiento.cargo.in_(AIQ))
        .options(joinedload(Nombramiento.usuario), joinedload(Nombramiento.institucion))
        .order_by(Institucion.nombre, Institucion.id, Nombramiento.desde.desc(), Nombramiento.id.desc())
    )
    if day is not None:
        start, end = midnight(day), midnight(day + timedelta(days=1))
        query = query.where(Nombramiento.desde < end, or_(Nombramiento.hasta.is_(None), Nombramiento.hasta > start))
    if institucion_id is not None:
        query = query.where(Nombramiento.institucion_id == institucion_id)
    if words(text):
        query = query.where(Nombramiento.institucion_id.in_(institution_choice.named(text)))
    return query


def page(query: Select[tuple[Nombramiento]], name: str, order: str = "", token: str = "") -> tuple[Page[Entry], str]:
    """A page of a query of `offices`, each with the change that made it, and the order it is in. name: tells these filters from
    others inside a cursor."""

    def by_place(descending: bool) -> list[Leg]:
        return [Leg(None, ((Institucion.nombre, descending), (Institucion.id, descending), (Nombramiento.desde, True)))]

    sorts = {
        "institucion": Sort(Institucion.nombre, legs=(by_place(False), by_place(True))),
        "desde": Sort(Nombramiento.desde, descending=True),
        "hasta": Sort(Nombramiento.hasta, descending=True, empty=True),
    }
    listing = Listing(f"registro {hashlib.sha256(name.encode()).hexdigest()[:12]}", query, Nombramiento.id, sorts, DEFAULT_ORDER)
    found = listing.page(order, token)
    rows = [row for (row,) in found.rows]
    made = {(c.institucion_id, c.entrante_id, c.hora_efectiva): c for c in _changes({row.institucion_id for row in rows})}
    entries = [Entry(row, made.get((row.institucion_id, row.usuario_id, row.desde))) for row in rows]
    return replace(found, rows=entries), listing.order(order)


def on(institucion_id: int, at: datetime) -> list[Nombramiento]:
    """Who held the institution's offices of AIQ at an instant, the principal first."""
    return list(db.session.scalars(
        select(Nombramiento).where(
            Nombramiento.institucion_id == institucion_id, Nombramiento.cargo.in_(AIQ),
            and_(Nombramiento.desde <= at, or_(Nombramiento.hasta.is_(None), Nombramiento.hasta > at)),
        ).order_by(Nombramiento.cargo.desc(), Nombramiento.desde)
    ))


def workbook(query: Select[tuple[Nombramiento]]) -> BinaryIO:
    """The same rows, all of them, as a spreadsheet. Row by row to disk; what a person typed is never a formula or a link."""
    out = tempfile.TemporaryFile()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet("Registro de AIQ")
        sheet.set_column(0, len(HEADS) - 1, 24)
        sheet.freeze_panes(1, 0)
        bold = book.add_format({"bold": True})
        sheet.write_row(0, 0, HEADS, bold)
        for number, office in enumerate(db.session.scalars(query.execution_options(yield_per=500)), start=1):
            for column, value in enumerate(_cells(office)):
                sheet.write_string(number, column, value)
    out.seek(0)
    return out


def _cells(office: Nombramiento) -> Iterable[str]:
    place, person = office.institucion, office.usuario
    until = texts.moment(office.hasta) if office.hasta else ""
    return (place.nombre, place.sigla, place.ruc, CARGO[office.cargo], person.nombre_completo, person.cedula, person.correo,
            texts.moment(office.desde), until, office.documento)


def _changes(places: set[int]) -> list[CambioAIQ]:
    query = select(CambioAIQ).where(CambioAIQ.institucion_id.in_(places), CambioAIQ.hora_efectiva.is_not(None))
    return list(db.session.scalars(query)) if places else []
