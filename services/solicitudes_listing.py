"""*Listado de solicitudes*: filters, orders and what each row says (mission.md §1, decisions 10 and 30)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, exists, literal_column, or_, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import MONTH_OF, Descarga, Ejecucion, EjecucionEstado, Entrega, Institucion, Parte, Solicitud
from rules import deadlines, texts
from rules.glossary import DETENCION, ESPERA, MOTIVO
from rules.lifecycle import Estado, Motivo, effective
from rules.policy import Actor
from services import acting, board_views, clock, scope, status
from services.listing import ROWID, Leg, Listing, Page, Sort
from services.word_index import SOLICITUDES, Query, asked, begins, on_sqlite

MONTH = literal_column(f"({MONTH_OF})", Integer)
MONTHS_SHOWN = 6
MONTHS_MARKED = 24
MONTHS_WALKED = 240
SOON = timedelta(hours=48)
ALIVE = (EjecucionEstado.PENDIENTE, EjecucionEstado.EN_CURSO, EjecucionEstado.DETENIDA)
# Estados whose second line is of a run.
RUNNING = frozenset({Estado.EN_EJECUCION, Estado.DETENIDA})
DEFAULT_ORDER = "-fecha"
# Names of the orders in the URL, with the direction of the first click.
FIRST_CLICK = {"nro": True, "fecha": True, "nombre": False, "estado": False, "vigencia": False}
# What of a request a file says, its first SHOWN as they are, and what its second line is made of.
EXPORTED = (
    Solicitud.id, Solicitud.persona_nombre, Solicitud.persona_apellido, Solicitud.persona_cedula, Solicitud.persona_puesto, Solicitud.persona_area,
    Institucion.nombre.label("institucion"), Institucion.sigla.label("siglas"),
    Solicitud.clase, Solicitud.estado, Solicitud.fecha_solicitud, Solicitud.editada_en, Solicitud.desde, Solicitud.hasta, Solicitud.devuelta_por,
    Solicitud.fecha_tentativa, Solicitud.fuera_de_plazo, Solicitud.vigente_hasta, Solicitud.motivo,
)
SHOWN = 8
BY_DATE, BY_PLACE, BY_STATE = "ix_solicitud_fecha", "ix_solicitud_institucion_fecha", "ix_solicitud_estado_fecha"
# SQLite's, of revision 0012.
BY_ID = "ix_solicitud_palabras_filas"


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


@dataclass(frozen=True, slots=True)
class Row:
    """One request as the list shows it. estado: the effective one. detail: the second line. action: "download",
    "correct", "edit" or ""."""

    solicitud: Solicitud
    estado: Estado
    detail: str
    action: str = ""


def months_before(day: date, months: int) -> date:
    """The same day of the month `months` earlier, or the last one of a shorter month."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))


def default_start(today: date) -> date:
    """Fecha Inicio of a list nobody has filtered: six months ago."""
    return months_before(today, MONTHS_SHOWN)


def page(actor: Actor, filters: Filters, order: str = "", token: str = "") -> tuple[Page[Row], str]:
    """A page of the requests the actor may see, and the order it is in."""
    now = clock.now()
    listing = _listing(actor, filters, now)
    found = listing.page(order, token)
    rows = [_row(actor, solicitud, run, now) for solicitud, run in found.rows]
    return replace(found, rows=rows), listing.order(order)


def every(actor: Actor, filters: Filters, order: str = "") -> Iterator[list[tuple[Any, Estado, str]]]:
    """All rows of the filters in their order, a batch at a time, whatever their number: (a row with the names of EXPORTED, the
    effective estado, the second line)."""
    now = clock.now()
    load = scope.solicitudes(actor).join(Solicitud.institucion).with_only_columns(*EXPORTED)
    for batch in _listing(actor, filters, now).batches(order, load):
        runs = _runs(row.id for row in batch if row.estado in RUNNING)
        # Neither the rows nor the database's snapshot are kept while the file grows; forgotten first, none is marked as stale.
        db.session.expunge_all()
        db.session.rollback()
        yield [(row, *_told(row, runs.get(row.id), now)) for row in batch]


def _runs(solicitudes: Iterable[int]) -> dict[int, Ejecucion]:
    """The runs of these requests that are alive, by request."""
    wanted = list(solicitudes)
    query = select(Ejecucion).where(Ejecucion.solicitud_id.in_(wanted), Ejecucion.estado.in_(ALIVE))
    return {run.solicitud_id: run for run in db.session.scalars(query)} if wanted else {}


def matching(actor: Actor, filters: Filters, now: datetime) -> Select[tuple[Solicitud]]:
    """The requests the actor may see that pass the filters, each asked row by row."""
    query = _but_names(actor, filters, now)
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


def _but_names(actor: Actor, filters: Filters, now: datetime) -> Select[tuple[Solicitud]]:
    query = scope.solicitudes(actor)
    if filters.inicio:
        query = query.where(Solicitud.fecha_solicitud >= deadlines.midnight(filters.inicio))
    if filters.fin:
        query = query.where(Solicitud.fecha_solicitud < deadlines.midnight(filters.fin + timedelta(days=1)))
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


def _named(text: str) -> ColumnElement[bool]:
    """Every word is the beginning of a word of the name or of the cédula: the rule of services.people_search (decisions 29).
    One letter, or signs only, name nobody."""
    wanted = asked(text)
    return begins(Solicitud.busqueda, wanted) if wanted else Solicitud.id < 0


def number_of(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def place_of(actor: Actor, filters: Filters) -> int | None:
    """The one institution of the list, if it is one's."""
    if filters.institucion_id:
        return filters.institucion_id
    return next(iter(actor.aiq_of)) if len(actor.aiq_of) == 1 and not actor.sge and not actor.asked_elsewhere else None


def _narrow(actor: Actor, filters: Filters, now: datetime, place: int | None) -> Select[tuple[Solicitud]]:
    """The rows of `matching`, found by the narrowest filter: number, view or estado, words, institution, date."""
    few = filters.vista is not None or (filters.estados and Estado.ELIMINADA not in filters.estados)
    if filters.nro is not None or filters.cifra:
        return matching(actor, filters, now)
    if filters.texto:
        return _by_text(actor, filters, now, place)
    if few:
        return matching(actor, filters, now).with_hint(Solicitud, f"INDEXED BY {BY_PLACE if place else BY_STATE}", "sqlite")
    if wanted := asked(filters.nombre):
        return _by_words(_but_names(actor, filters, now), _query(wanted, filters, place), wanted)
    index = BY_PLACE if place else BY_STATE if filters.estados else BY_DATE
    return matching(actor, filters, now).with_hint(Solicitud, f"INDEXED BY {index}", "sqlite")


def _query(wanted: list[str], filters: Filters, place: int | None) -> Query:
    marks = [[f"__i{place}"]] if place else []
    months = _months(filters, clock.now()) if on_sqlite() and filters.fin else None
    return Query(wanted, [*marks, _marks(months)] if months and len(months) <= MONTHS_MARKED else marks)


def _marks(months: range) -> list[str]:
    """Of these months in the word index of SQLite."""
    return [f"__m{(m - 1) // 12}{(m - 1) % 12 + 1:02d}" for m in months]


def _by_words(rest: Select[tuple[Solicitud]], words: Query, wanted: list[str]) -> Select[tuple[Solicitud]]:
    """On SQLite the rows that the word index gives are asked for the rest in an index of a tenth of the table's width, unless their
    words are asked too."""
    query = rest.select_from(SOLICITUDES.joined).where(SOLICITUDES.match(words)) if on_sqlite() else rest.where(SOLICITUDES.holds(words))
    if words.exact:
        return query.with_hint(Solicitud, f"INDEXED BY {BY_ID}", "sqlite")
    return query.where(begins(Solicitud.busqueda, wanted))


def _by_text(actor: Actor, filters: Filters, now: datetime, place: int | None) -> Select[tuple[Solicitud]]:
    """The header's search: a number of a request, or the words of a person."""
    rest, wanted, number = _but_names(actor, filters, now), asked(filters.texto), number_of(filters.texto)
    if not wanted:
        return rest.where(Solicitud.id == (-1 if number is None else number))
    words = _query(wanted, filters, place)
    if number is None:
        return _by_words(rest, words, wanted)
    if not on_sqlite():
        return rest.where(or_(Solicitud.id == number, and_(SOLICITUDES.holds(words), begins(Solicitud.busqueda, wanted))))
    found = select(SOLICITUDES.id).select_from(SOLICITUDES.rows).where(SOLICITUDES.match(words))
    return rest.where(or_(Solicitud.id == number, and_(Solicitud.id.in_(found), begins(Solicitud.busqueda, wanted))))


def _listing(actor: Actor, filters: Filters, now: datetime) -> Listing:
    # At most one run of a request is alive (uq_ejecucion_una_viva): the join repeats no row.
    alive = and_(Ejecucion.solicitud_id == Solicitud.id, Ejecucion.estado.in_(ALIVE))
    load = scope.solicitudes(actor).outerjoin(Ejecucion, alive).add_columns(Ejecucion).options(joinedload(Solicitud.institucion))
    place = place_of(actor, filters)
    sorts = {name: replace(sort, descending=FIRST_CLICK[name]) for name, sort in _sorts(filters, now, place).items()}
    return Listing(
        f"solicitudes {filters.digest}", matching(actor, filters, now), Solicitud.id, sorts, DEFAULT_ORDER,
        narrow=_narrow(actor, filters, now, place), load=load, hinted=Solicitud, once=bool(filters.nombre or filters.texto),
    )


def _sorts(filters: Filters, now: datetime, place: int | None) -> dict[str, Sort]:
    """The orders. Estado and vigencia are made of pieces that an index knows; inside them the newest first."""
    by_date = BY_PLACE if place else BY_DATE
    newest = ((Solicitud.fecha_solicitud, True),)

    def ends(descending: bool) -> list[Leg]:
        ready = and_(Solicitud.estado == Estado.ATENDIDA, Solicitud.vigente_hasta > now)
        rest = or_(Solicitud.estado != Estado.ATENDIDA, Solicitud.vigente_hasta.is_(None), Solicitud.vigente_hasta <= now)
        return [Leg(ready, ((Solicitud.vigente_hasta, descending),), "ix_solicitud_estado_vigencia"), Leg(rest, newest, by_date)]

    return {
        "nro": _by_number(filters, now, place),
        "fecha": Sort(Solicitud.fecha_solicitud, index=by_date),
        "nombre": Sort(Solicitud.apellido_plegado, index="ix_solicitud_nombre"),
        "estado": Sort(Solicitud.estado, legs=lambda descending: _states(filters, now)[:: -1 if descending else 1]),
        "vigencia": Sort(Solicitud.vigente_hasta, legs=ends),
    }


def _by_number(filters: Filters, now: datetime, place: int | None) -> Sort:
    """Numbers grow with the days: from the newest on, a range that ends today is near; one that ended long ago is far."""
    far = (filters.inicio is not None, filters.fin is not None and filters.fin < deadlines.local_day(now))
    months = None if place else _months(filters, now)
    if months is None:
        return Sort(Solicitud.id, index=ROWID, collect=(True, True) if place else far)
    if on_sqlite():
        return Sort(Solicitud.id, legs=lambda descending: [Leg(_within(months, descending) if far[descending] else None, index=ROWID)])
    # Within a month its numbers are in order.
    spans = (MONTH, months)
    return Sort(Solicitud.id, index=ROWID, spans=(spans if far[0] else None, spans if far[1] else None))


def _within(months: range, descending: bool) -> ColumnElement[bool]:
    """Not beyond the last (first) number of these months, which the word index of SQLite knows by their marks: the walk begins there."""
    end = select(SOLICITUDES.id).select_from(SOLICITUDES.rows).where(SOLICITUDES.match(Query([], [_marks(months)])))
    end = end.order_by(SOLICITUDES.id.desc() if descending else SOLICITUDES.id).limit(1).scalar_subquery()
    return Solicitud.id <= end if descending else Solicitud.id >= end


def _months(filters: Filters, now: datetime) -> range | None:
    """The months of the range, in UTC, counted as in the expression of ix_solicitud_mes. None: without a beginning, or of too many."""
    if filters.inicio is None:
        return None
    start = deadlines.midnight(filters.inicio)
    end = max(start, deadlines.midnight(filters.fin + timedelta(days=1)) if filters.fin else now)
    months = range(start.year * 12 + start.month, end.year * 12 + end.month + 1)
    return months if len(months) <= MONTHS_WALKED else None


def _states(filters: Filters, now: datetime) -> list[Leg]:
    """One piece for each estado in its order, the effective one: of the Atendidas, those that are over are among the Eliminadas."""
    newest = ((Solicitud.fecha_solicitud, True),)
    legs = []
    for estado in Estado:
        if filters.estados and estado not in filters.estados:
            continue
        where = [Solicitud.estado == estado]
        if estado is Estado.ATENDIDA:
            where.append(or_(Solicitud.vigente_hasta.is_(None), Solicitud.vigente_hasta > now))
        legs.append(Leg(and_(*where), newest, BY_STATE))
        if estado is Estado.ELIMINADA:
            legs.append(Leg(and_(Solicitud.estado == Estado.ATENDIDA, Solicitud.vigente_hasta <= now), newest, BY_STATE))
    return legs


def _row(actor: Actor, solicitud: Solicitud, run: Ejecucion | None, now: datetime) -> Row:
    estado, detail = _told(solicitud, run, now)
    offered = acting.offered_actions(actor, solicitud, estado)
    action = ""
    if offered["download"]:
        action = "download"
    elif offered["edit"]:
        action = "correct" if solicitud.devuelta_por else "edit"
    return Row(solicitud, estado, detail, action)


def _told(solicitud: Any, run: Ejecucion | None, now: datetime) -> tuple[Estado, str]:
    estado = effective(solicitud.estado, solicitud.vigente_hasta, now)
    return estado, second_line(solicitud, estado, run, now)


def second_line(solicitud: Any, estado: Estado, run: Ejecucion | None, now: datetime) -> str:
    """What a person wants to know beside the estado: a date, a percentage, what is left, why it ended. solicitud: a Solicitud, or a
    row with its names."""
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
