"""*Listado de solicitudes*: how its filters and orders find their rows in a million (mission.md §1, decisions 30, docs/adr/0013)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, Select, and_, literal_column, or_, select, true
from sqlalchemy.orm import joinedload

from extensions import db
from models import MONTH_OF, UNFINISHED, Ejecucion, Institucion, Solicitud
from rules import deadlines
from rules.lifecycle import Estado
from rules.policy import Actor
from services import clock, scope, solicitudes_rows
from services.keyset import ROWID, Leg
from services.listing import Listing, Page, Sort, by_ids
from services.scope import BUILT
from services.solicitudes_filters import Filters, but_names, matching, number_of, on_days, place_of
from services.solicitudes_rows import RUNNING, Row
from services.word_index import SOLICITUDES, Query, asked, begins, on_sqlite

MONTH = literal_column(f"({MONTH_OF})", Integer)
MONTHS_MARKED = 24
MONTHS_WALKED = 240
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
# As the indexes of PostgreSQL's revision 0014 say it, letter by letter; and how many times as many rows all have as those so far.
NUMBER = "(solicitud.id / 512) % 64"
STRIPS = (
    (literal_column(f"{NUMBER} = 0", Boolean), 16),
    (literal_column(f"{NUMBER} >= 1 AND {NUMBER} < 4", Boolean), 4),
    (literal_column(f"{NUMBER} >= 4 AND {NUMBER} < 16", Boolean), 1),
)


def page(actor: Actor, filters: Filters, order: str = "", token: str = "") -> tuple[Page[Row], str]:
    """A page of the requests the actor may see, and the order it is in."""
    now = clock.now()
    listing = _listing(actor, filters, now)
    found = listing.page(order, token)
    rows = [solicitudes_rows.shown(actor, solicitud, run, now) for solicitud, run in found.rows]
    return replace(found, rows=rows), listing.order(order)


def every(actor: Actor, filters: Filters, order: str = "") -> Iterator[list[tuple[Any, Estado, str]]]:
    """All rows of the filters in their order, a batch at a time, whatever their number: (a row with the names of EXPORTED, the
    effective estado, the second line)."""
    now = clock.now()
    load = by_ids(scope.solicitudes(actor).join(Solicitud.institucion).with_only_columns(*EXPORTED), Solicitud.id)
    for batch in _listing(actor, filters, now).batches(order, load):
        runs = solicitudes_rows.runs(row.id for row in batch if row.estado in RUNNING)
        # Neither the rows nor the database's snapshot are kept while the file grows; forgotten first, none is marked as stale.
        db.session.expunge_all()
        db.session.rollback()
        yield [(row, *solicitudes_rows.told(row, runs.get(row.id), now)) for row in batch]


def _narrow(actor: Actor, filters: Filters, now: datetime, place: int | None) -> Select[tuple[Solicitud]]:
    """The rows of `matching`, found by the narrowest filter: number, view or estado, words, institution, date."""
    if filters.nro is not None or filters.cifra:
        return matching(actor, filters, now)
    if filters.texto:
        return _by_text(actor, filters, now, place)
    if wanted := _named(filters):
        return _by_words(but_names(actor, filters, now), _query(wanted, filters, place), wanted)
    index = BY_PLACE if place else BY_STATE if filters.estados or filters.vista else BY_DATE
    return matching(actor, filters, now).with_hint(Solicitud, f"INDEXED BY {index}", "sqlite")


def _named(filters: Filters) -> list[str]:
    """The words of a name, if they are what the rows are found by: of most estados and of views there are fewer rows than of a word."""
    few = filters.vista is not None or (filters.estados and Estado.ELIMINADA not in filters.estados)
    return [] if few or filters.nro is not None or filters.cifra or filters.texto else asked(filters.nombre)


def _strips(actor: Actor, filters: Filters, now: datetime, place: int | None) -> Iterator[tuple[Select[tuple[Solicitud]], int]]:
    """On PostgreSQL, whose word index gives all rows before the first one: parts of the table with indexes of their own (revision 0014), for
    the frequent names of the country. Days are asked row by row, since an index of them gives as many rows as the words';
    of a few months' requests too few are in any part."""
    wanted, months = _named(filters), _months(filters, now)
    if on_sqlite() or place or not wanted or (months and len(months) <= MONTHS_MARKED):
        return
    rest = but_names(actor, replace(filters, inicio=None, fin=None), now)
    if days := on_days(filters):
        rest = rest.where(and_(*days).is_(true()))
    for strip, times in STRIPS:
        yield _by_words(rest, _query(wanted, filters, place), wanted).where(strip), times


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
    rest, wanted, number = but_names(actor, filters, now), asked(filters.texto), number_of(filters.texto)
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
    place = place_of(actor, filters)
    sorts = {name: replace(sort, descending=FIRST_CLICK[name]) for name, sort in _sorts(filters, now, place).items()}
    return Listing(
        f"solicitudes {filters.digest}", matching(actor, filters, now), Solicitud.id, sorts, DEFAULT_ORDER,
        narrow=_narrow(actor, filters, now, place), load=_load(actor), hinted=Solicitud, once=bool(filters.nombre or filters.texto),
        strips=partial(_strips, actor, filters, now, place),
    )


@lru_cache(BUILT)
def _load(actor: Actor) -> Select[Any]:
    # At most one run of a request is alive (uq_ejecucion_una_viva): the join repeats no row.
    alive = and_(Ejecucion.solicitud_id == Solicitud.id, Ejecucion.estado.in_(UNFINISHED))
    return by_ids(scope.solicitudes(actor).outerjoin(Ejecucion, alive).add_columns(Ejecucion).options(joinedload(Solicitud.institucion)), Solicitud.id)


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


