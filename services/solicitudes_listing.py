"""*Listado de solicitudes*: filters, orders and what each row says (mission.md §1, decisions 10 and 30)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Row as SqlRow
from sqlalchemy import Select, and_, case, null, or_, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import Ejecucion, EjecucionEstado, Institucion, Solicitud
from rules import deadlines, texts
from rules.glossary import DETENCION, ESPERA, MOTIVO
from rules.identity import words
from rules.lifecycle import Estado, Motivo, effective
from rules.policy import Actor
from services import board_views, clock, scope, solicitudes, status
from services.listing import EPOCH, Listing, Page, Sort

MONTHS_SHOWN = 6
MAX_WORDS = 12
ALIVE = (EjecucionEstado.PENDIENTE, EjecucionEstado.EN_CURSO, EjecucionEstado.DETENIDA)
DEFAULT_ORDER = "-fecha"
# Names of the orders in the URL, with the direction of the first click.
FIRST_CLICK = {"nro": True, "fecha": True, "nombre": False, "estado": False, "vigencia": False}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to. inicio, fin: local days of the Fecha Solicitud, both included. texto: the header's
    search, a number, a name or a cédula. vista: a view of services.board_views. Empty values filter nothing."""

    inicio: date | None = None
    fin: date | None = None
    nro: int | None = None
    estados: frozenset[Estado] = frozenset()
    nombre: str = ""
    institucion_id: int | None = None
    texto: str = ""
    vista: str = ""

    @property
    def digest(self) -> str:
        """Tells these filters from others inside a cursor, without spelling out what was searched."""
        plain = repr(replace(self, estados=frozenset())) + repr(sorted(self.estados))
        return hashlib.sha256(plain.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Row:
    """One request as the list shows it. estado: the effective one. detail: the second line. action: "download",
    "correct", "edit" or ""."""

    solicitud: Solicitud
    estado: Estado
    detail: str
    action: str


def months_before(day: date, months: int) -> date:
    """The same day of the month `months` earlier, or the last one of a shorter month."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))


def default_start(today: date) -> date:
    """Fecha Inicio of a list nobody has filtered: six months ago."""
    return months_before(today, MONTHS_SHOWN)


def institutions(actor: Actor) -> list[SqlRow]:
    """Institutions the list can be narrowed to (id, nombre, sigla); none when there is nothing to choose from."""
    query = select(Institucion.id, Institucion.nombre, Institucion.sigla).order_by(Institucion.nombre)
    if actor.sge:
        return list(db.session.execute(query))
    return list(db.session.execute(query.where(Institucion.id.in_(actor.aiq_of)))) if len(actor.aiq_of) > 1 else []


def page(actor: Actor, filters: Filters, order: str = "", token: str = "") -> tuple[Page[Row], str]:
    """A page of the requests the actor may see, and the order it is in."""
    now = clock.now()
    listing = _listing(actor, filters, now)
    found = listing.page(order, token)
    rows = [_row(actor, solicitud, run, now) for solicitud, run in found.rows]
    return replace(found, rows=rows), listing.order(order)


def matching(actor: Actor, filters: Filters, now: datetime) -> Select[tuple[Solicitud]]:
    """The requests the actor may see that pass the filters."""
    query = scope.solicitudes(actor)
    if filters.inicio:
        query = query.where(Solicitud.fecha_solicitud >= deadlines.midnight(filters.inicio))
    if filters.fin:
        query = query.where(Solicitud.fecha_solicitud < deadlines.midnight(filters.fin + timedelta(days=1)))
    if filters.nro is not None:
        query = query.where(Solicitud.id == filters.nro)
    if filters.estados:
        query = query.where(status.is_in(set(filters.estados), now))
    if filters.nombre:
        query = query.where(_named(filters.nombre))
    if filters.institucion_id:
        query = query.where(Solicitud.institucion_id == filters.institucion_id)
    if filters.vista and (view := board_views.view(filters.vista)):
        query = query.where(view.condition(now))
    if filters.texto:
        number = Solicitud.id == int(filters.texto) if filters.texto.isascii() and filters.texto.isdigit() and len(filters.texto) < 16 else None
        query = query.where(_named(filters.texto) if number is None else or_(number, _named(filters.texto)))
    return query


def _named(text: str):
    """Every word is the beginning of a word of the name or of the cédula: services.people's rule (decisions 29).
    One letter, or signs only, name nobody."""
    asked = words(text)[:MAX_WORDS]
    return and_(*(Solicitud.busqueda.like(f"% {word}%") for word in asked)) if asked else Solicitud.id < 0


def _listing(actor: Actor, filters: Filters, now: datetime) -> Listing:
    # At most one run of a request is alive (uq_ejecucion_una_viva): the join repeats no row.
    alive = and_(Ejecucion.solicitud_id == Solicitud.id, Ejecucion.estado.in_(ALIVE))
    query = matching(actor, filters, now).outerjoin(Ejecucion, alive).add_columns(Ejecucion).options(joinedload(Solicitud.institucion))
    estado = status.effective_sql(now)
    rank = case(*((estado == str(each), i) for i, each in enumerate(Estado)), else_=len(Estado))
    in_force = case((estado == str(Estado.ATENDIDA), Solicitud.vigente_hasta), else_=null())
    columns = {
        "nro": Sort(Solicitud.id), "fecha": Sort(Solicitud.fecha_solicitud), "nombre": Sort(Solicitud.apellido_plegado),
        "estado": Sort(rank), "vigencia": Sort(in_force, empty=EPOCH),
    }
    sorts = {name: replace(sort, descending=FIRST_CLICK[name]) for name, sort in columns.items()}
    return Listing(f"solicitudes {filters.digest}", query, Solicitud.id, sorts, DEFAULT_ORDER)


def _row(actor: Actor, solicitud: Solicitud, run: Ejecucion | None, now: datetime) -> Row:
    estado = effective(solicitud.estado, solicitud.vigente_hasta, now)
    offered = solicitudes.offered_actions(actor, solicitud, estado)
    action = ""
    if offered["download"]:
        action = "download"
    elif offered["edit"]:
        action = "correct" if solicitud.devuelta_por else "edit"
    return Row(solicitud, estado, second_line(solicitud, estado, run, now), action)


def second_line(solicitud: Solicitud, estado: Estado, run: Ejecucion | None, now: datetime) -> str:
    """What a person wants to know beside the estado: a date, a percentage, what is left, why it ended."""
    today = deadlines.local_day(now)
    match estado:
        case Estado.BORRADOR:
            return "Devuelta con observaciones" if solicitud.devuelta_por else f"Guardada: {_short(deadlines.local_day(solicitud.editada_en), today)}"
        case Estado.ENVIADA:
            return "En revisión de la SGE"
        case Estado.APROBADA:
            late = " · fuera de plazo" if solicitud.fuera_de_plazo else ""
            return f"Calendarizada: {_short(solicitud.fecha_tentativa, today)}{late}"
        case Estado.EN_EJECUCION:
            return _running(run, today)
        case Estado.DETENIDA:
            return DETENCION.get(run.detencion, DETENCION["orden"]) if run else DETENCION["orden"]
        case Estado.ATENDIDA:
            return _left(solicitud.vigente_hasta, now, today)
        case Estado.ELIMINADA:
            return MOTIVO[solicitud.motivo or Motivo.VIGENCIA_TERMINADA]


def percent(run: Ejecucion | None) -> int | None:
    """How far the run is: by bytes, else by documents; below 100 until it is over. None before its plan."""
    if run is None:
        return None
    total, done = (run.bytes_total, run.bytes_hechos) if run.bytes_total else (run.encontrados - run.excluidos, run.documentos_hechos)
    return min(99, 100 * done // total) if total > 0 else None


def _running(run: Ejecucion | None, today: date) -> str:
    if run is None or run.iniciada_en is None:
        return "Por comenzar"
    if run.espera:
        return ESPERA[run.espera]
    started = deadlines.local_day(run.iniciada_en)
    when = "hoy" if started == today else f"desde el {_short(started, today)}"
    share = percent(run)
    return f"Preparando · {when}" if share is None else f"{share} % · {when}"


def _left(until: datetime | None, now: datetime, today: date) -> str:
    if until is None:
        return ""
    if deadlines.last_moment(until).date() == today:
        return "Vence hoy, 23:59"
    return texts.remaining((until - now).total_seconds())


def _short(day: date | None, today: date) -> str:
    """ "25 nov", with the year only when it is another one."""
    if day is None:
        return "sin fecha"
    return texts.day(day).rsplit(" ", 1)[0] if day.year == today.year else texts.day(day)
