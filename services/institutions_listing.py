"""*Instituciones*: one list of those in production and of those on their way, for the SGE; the same rows as a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, and_, case, cast, func, literal, select, union_all
from sqlalchemy.orm import selectinload

from extensions import db
from models import CambioAIQ, Cargo, Cuenta, Implantacion, Institucion, Solicitud
from rules import texts
from rules.deadlines import local_day
from rules.glossary import ETAPA_BADGE
from rules.lifecycle import Estado
from rules.policy import Actor
from rules.processes import TRAINING_HOURS, Etapa, Paso
from services import clock, institution_choice, institutions, people, processes, scope
from services.institutions import Office
from services.listing import Listing, Page, Sort

DEFAULT_ORDER = "nombre"
# Names of the orders in the URL, with the direction of the first click.
FIRST_CLICK = {"nombre": False, "etapa": False}
HEADS = ("Institución", "Siglas", "RUC", "Etapa", "Detalle", "AIQ principal", "AIQ backup", "Usuarios activos", "Solicitudes", "Teléfono",
         "Dirección", "Correo", "En Quipux")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to; empty values filter nothing. texto: every word begins a word of the name, siglas or RUC.
    etapa: one Etapa; "" is every one but *anulada*."""

    texto: str = ""
    etapa: str = ""

    @property
    def digest(self) -> str:
        """Tells these filters from others inside a cursor, without spelling out what was searched."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list: an institution (`institucion`) or an implantación on its way (`proceso`)."""

    etapa: Etapa
    institucion: Institucion | None = None
    proceso: Implantacion | None = None
    principal: str = ""
    backup: str = ""
    accounts: int = 0
    requests: int = 0
    changing: bool = False
    hours: float = 0
    pending: int = 0

    @property
    def without_aiq(self) -> bool:
        """An institution in force that nobody can act for."""
        return self.institucion is not None and self.institucion.activa and not (self.principal or self.backup)


def page(actor: Actor, filters: Filters, order: str = "", token: str = "") -> tuple[Page[Row], str]:
    """A page of the institutions and implantaciones the actor looks at, and the order it is in."""
    now = clock.now()
    listing = _listing(actor, filters, now)
    found = listing.page(order, token)
    return replace(found, rows=_rows([(kind, row_id) for _, kind, row_id in found.rows], now)), listing.order(order)


def cells(actor: Actor, filters: Filters, order: str = "") -> Iterator[tuple[Any, ...]]:
    """The cells of every row of the filters, under HEADS, in the list's order."""
    now = clock.now()
    for batch in _listing(actor, filters, now).batches(order):
        rows = [_cells(row, now) for row in _rows([(kind, row_id) for _, kind, row_id in batch], now)]
        db.session.expunge_all()
        db.session.rollback()
        yield from rows


def detail(row: Row, now: datetime) -> str:
    """What a person wants to know beside the stage."""
    match row.etapa:
        case Etapa.CAPACITACION:
            return f"{row.hours:g} de {TRAINING_HOURS} horas".replace(".", ",")
        case Etapa.AMBIENTE:
            left = texts.remaining((row.proceso.plazo_vence - now).total_seconds())
            return f"{left} · {texts.plural(row.pending, 'actividad pendiente', 'actividades pendientes')}" if row.pending else f"{left} · falta informar"
        case Etapa.SUSPENDIDA:
            return f"Plazo terminado · {texts.plural(row.pending, 'actividad pendiente', 'actividades pendientes')}"
        case Etapa.REVISION:
            return f"Informada el {texts.day(local_day(row.proceso.plazo_congelado))}"
        case _:
            return ""


def _listing(actor: Actor, filters: Filters, now: datetime) -> Listing:
    query = _everything(actor, filters.texto, now)
    shown = query.c.etapa == filters.etapa if filters.etapa else query.c.etapa != str(Etapa.ANULADA)
    rank = case(*((query.c.etapa == str(e), i) for i, e in enumerate(Etapa)), else_=len(Etapa))
    return Listing(
        f"instituciones {filters.digest}", select(query.c.clave, query.c.clase, query.c.id).where(shown), query.c.clave,
        {"nombre": Sort(institution_choice.alphabetic(query.c.nombre)), "etapa": Sort(rank)}, DEFAULT_ORDER,
    )


def _everything(actor: Actor, text: str, now: datetime):
    """Institutions and the implantaciones that have none yet, as one table: clave, clase, id, nombre, etapa."""
    late = and_(Implantacion.estado == Etapa.AMBIENTE, Implantacion.plazo_congelado.is_(None), Implantacion.plazo_vence <= now)
    etapa = case((late, str(Etapa.SUSPENDIDA)), else_=cast(Implantacion.estado, String))
    here, going = scope.instituciones(actor), scope.implantaciones(actor).where(Implantacion.institucion_id.is_(None))
    return union_all(
        _columns("i", _named(here, Institucion, text), Institucion, literal(str(Etapa.PRODUCCION))),
        _columns("p", _named(going, Implantacion, text), Implantacion, etapa),
    ).subquery()


def _columns(kind: str, query: Select, table, etapa) -> Select:
    key = (literal(kind) + cast(table.id, String)).label("clave")
    return query.with_only_columns(key, literal(kind).label("clase"), table.id.label("id"), table.nombre.label("nombre"), etapa.label("etapa"))


def _named(query: Select, table, text: str) -> Select:
    if not text:
        return query
    return query.where(table.id.in_(institution_choice.with_words(query.with_only_columns(table.id, table.nombre, table.sigla, table.ruc), text)))


def _rows(keys: list[tuple[str, int]], now: datetime) -> list[Row]:
    places = _by_id(Institucion, [i for kind, i in keys if kind == "i"])
    # What is asked of each process is brought for all of them together.
    going = _by_id(Implantacion, [i for kind, i in keys if kind == "p"], selectinload(Implantacion.sesiones), selectinload(Implantacion.actividades))
    offices = institutions.offices_of(list(places), now)
    accounts = _count(Cuenta.institucion_id, list(places), people.there())
    requests = _count(Solicitud.institucion_id, list(places), Solicitud.estado != Estado.BORRADOR, Solicitud.oculta.is_(False))
    changing = set(db.session.scalars(
        select(CambioAIQ.institucion_id).where(CambioAIQ.institucion_id.in_(places), CambioAIQ.estado.not_in((Paso.REGISTRADA, Paso.ANULADA)))
    ))
    return [
        _place(places[i], offices.get(i, []), accounts.get(i, 0), requests.get(i, 0), i in changing) if kind == "i" else _process(going[i])
        for kind, i in keys
    ]


def _by_id(table, ids: list[int], *options) -> dict:
    return {row.id: row for row in db.session.scalars(select(table).where(table.id.in_(ids)).options(*options))} if ids else {}


def _count(column, ids: list[int], *conditions) -> dict[int, int]:
    return dict(db.session.execute(select(column, func.count()).where(column.in_(ids), *conditions).group_by(column)).all()) if ids else {}


def _place(row: Institucion, offices: list[Office], accounts: int, requests: int, changing: bool) -> Row:
    names = {o.nombramiento.cargo: o.nombramiento.usuario.nombre_completo for o in offices if o.active}
    return Row(
        Etapa.PRODUCCION, institucion=row, principal=names.get(Cargo.AIQ_PRINCIPAL, ""), backup=names.get(Cargo.AIQ_BACKUP, ""),
        accounts=accounts, requests=requests, changing=changing,
    )


def _process(row: Implantacion) -> Row:
    return Row(
        institutions.effective(row), proceso=row, principal=row.aiq_nombres, hours=sum(processes.hours(row).values()),
        pending=len(processes.pending(row)),
    )


def _cells(row: Row, now: datetime) -> tuple[Any, ...]:
    own = row.institucion or row.proceso
    said = [detail(row, now), "Sin AIQ activo" if row.without_aiq else "", "Cambio de AIQ en trámite" if row.changing else ""]
    return (
        own.nombre, own.sigla, own.ruc, ETAPA_BADGE[row.etapa].label, " · ".join(filter(None, said)), row.principal, row.backup, row.accounts,
        row.requests, own.telefono, own.direccion, row.institucion.correo if row.institucion else "", _in_quipux(row.institucion),
    )


def _in_quipux(place: Institucion | None) -> str:
    if place is None or place.quipux_codi is None:
        return "Sin vincular"
    return "Vinculada" if place.activa else "No vigente"
