"""The filters of the *Listado de solicitudes*, each asked row by row (mission.md §1, decisions 30)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select

from models import Descarga, Ejecucion, Entrega, Parte, Solicitud
from rules import deadlines
from rules.lifecycle import Estado
from rules.policy import Actor
from services import board_views, scope, status
from services.word_index import asked, begins

MONTHS_SHOWN = 6
SOON = timedelta(hours=48)
_NUMBER = re.compile(r"\s*(?:#|n\.?\s*[º°o]\.?)?\s*([0-9]{1,15})\s*", re.IGNORECASE | re.ASCII)


class Vista(StrEnum):
    """Views that everybody has (`vista=` in the URL): the board's figures lead here."""

    VENCEN = "vencen-48h"
    ATRASADAS = "atrasadas"
    NOVEDADES = "con-novedades"
    SIN_ACTA = "sin-acta"
    SIN_ABRIR = "sin-abrir"


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to. inicio, fin: local days of the Fecha Solicitud, both included. texto: the header's
    search, a number, a name or a cédula. cifra: a figure of the board (services.board_views). Empty values
    filter nothing."""

    inicio: date | None = None
    fin: date | None = None
    nro: int | None = None
    estados: frozenset[Estado] = frozenset()
    nombre: str = ""
    institucion_id: int | None = None
    texto: str = ""
    vista: Vista | None = None
    cifra: str = ""

    @property
    def digest(self) -> str:
        """Tells these filters from others inside a cursor, without spelling out what was searched."""
        plain = repr(replace(self, estados=frozenset())) + repr(sorted(self.estados))
        return hashlib.sha256(plain.encode()).hexdigest()[:12]


def months_before(day: date, months: int) -> date:
    """The same day of the month `months` earlier, or the last one of a shorter month."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))


def default_start(today: date) -> date:
    """Fecha Inicio of a list nobody has filtered: six months ago."""
    return months_before(today, MONTHS_SHOWN)


def matching(actor: Actor, filters: Filters, now: datetime) -> Select[tuple[Solicitud]]:
    """The requests the actor may see that pass the filters, each asked row by row."""
    query = but_names(actor, filters, now)
    if filters.nombre:
        query = query.where(_named(filters.nombre))
    if filters.texto:
        named = _named(filters.texto)
        number = number_of(filters.texto)
        query = query.where(named if number is None else or_(Solicitud.id == number, named))
    return query


def in_view(vista: Vista, now: datetime) -> ColumnElement[bool]:
    """What a view shows. Archives count while they can be downloaded."""
    ready = and_(Solicitud.estado == Estado.ATENDIDA, Solicitud.vigente_hasta > now)
    match vista:
        case Vista.VENCEN:
            return and_(ready, Solicitud.vigente_hasta <= now + SOON)
        case Vista.ATRASADAS:
            waiting = Solicitud.estado.in_((Estado.APROBADA, Estado.EN_EJECUCION, Estado.DETENIDA))
            return and_(waiting, Solicitud.fecha_tentativa < deadlines.local_day(now))
        case Vista.NOVEDADES:
            return and_(ready, board_views.has_incidents())
        case Vista.SIN_ACTA:
            return and_(ready, ~exists().where(Entrega.solicitud_id == Solicitud.id))
        case Vista.SIN_ABRIR:
            opened = select(Descarga.id).join(Parte, Parte.id == Descarga.parte_id).join(Ejecucion, Ejecucion.id == Parte.ejecucion_id)
            return and_(ready, ~opened.where(Ejecucion.solicitud_id == Solicitud.id).exists())


def but_names(actor: Actor, filters: Filters, now: datetime) -> Select[tuple[Solicitud]]:
    query = scope.solicitudes(actor).where(*on_days(filters))
    if filters.nro is not None:
        query = query.where(Solicitud.id == filters.nro)
    if filters.estados:
        query = query.where(status.is_in(set(filters.estados), now))
    if filters.institucion_id:
        query = query.where(Solicitud.institucion_id == filters.institucion_id)
    if filters.vista:
        query = query.where(in_view(filters.vista, now))
    if filters.cifra and (figure := board_views.view(filters.cifra)):
        query = query.where(figure.condition(now))
    return query


def on_days(filters: Filters) -> list[ColumnElement[bool]]:
    days = []
    if filters.inicio:
        days.append(Solicitud.fecha_solicitud >= deadlines.midnight(filters.inicio))
    if filters.fin:
        days.append(Solicitud.fecha_solicitud < deadlines.midnight(filters.fin + timedelta(days=1)))
    return days


def _named(text: str) -> ColumnElement[bool]:
    """Every word is the beginning of a word of the name or of the cédula: the rule of services.people_search (decisions 29).
    One letter, or signs only, name nobody."""
    wanted = asked(text)
    return begins(Solicitud.busqueda, wanted) if wanted else Solicitud.id < 0


def number_of(text: str) -> int | None:
    """The request that a text names: "11", or as the screens write it, "Nº 000011"."""
    named = _NUMBER.fullmatch(text)
    return int(named[1]) if named else None


def place_of(actor: Actor, filters: Filters) -> int | None:
    """The one institution of the list, if it is one's."""
    if filters.institucion_id:
        return filters.institucion_id
    return next(iter(actor.aiq_of)) if len(actor.aiq_of) == 1 and not actor.sge and not actor.asked_elsewhere else None
