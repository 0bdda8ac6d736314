"""The header's search among requests: a few of them, the newest first. Each question is built once for an actor and a number of words."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import ARRAY, CompoundSelect, Integer, Select, Text, bindparam, func, select, union_all
from sqlalchemy.orm import joinedload, load_only

from extensions import PREPARED, db
from models import Institucion, Solicitud
from rules.lifecycle import effective
from rules.policy import Actor
from services import clock, scope
from services.scope import BUILT
from services.solicitudes_filters import Filters, number_of, place_of
from services.solicitudes_listing import BY_ID
from services.solicitudes_rows import Row
from services.word_index import SOLICITUDES, Query, asked, begins_later, on_sqlite, typed

# What is told of a request.
BRIEF = (
    load_only(Solicitud.clase, Solicitud.estado, Solicitud.persona_nombre, Solicitud.persona_apellido, Solicitud.persona_cedula, Solicitud.vigente_hasta),
    joinedload(Solicitud.institucion).load_only(Institucion.nombre, Institucion.sigla),
)
RECENT = 2000
LIMIT = bindparam("limite", type_=Integer)


def best(actor: Actor, text: str, limit: int) -> list[Row]:
    """The request of that number and those with these words."""
    now, wanted, number = clock.now(), asked(text), number_of(text)
    found = list(db.session.scalars(_numbered(actor), {"numero": number})) if number is not None else []
    if wanted:
        found += db.session.scalars(*(_newest if on_sqlite() else _newest_by_gin)(actor, wanted, limit))
    return [Row(row, effective(row.estado, row.vigente_hasta, now), "") for row in list(dict.fromkeys(found))[:limit]]


def _newest(actor: Actor, wanted: list[str], limit: int) -> tuple[Select[tuple[Solicitud]], dict[str, Any]]:
    query = _query(actor, wanted)
    return _by_fts5(actor, len(wanted), query.exact), typed(wanted) | {"consulta": query.fts5(), "limite": limit}


def _newest_by_gin(actor: Actor, wanted: list[str], limit: int) -> tuple[Select[tuple[Solicitud]], dict[str, Any]]:
    parameters = {"claves": _query(actor, wanted).keys()[0], "recientes": RECENT, "limite": limit}
    return _by_gin(actor, len(wanted)), typed(wanted) | parameters


def _query(actor: Actor, wanted: list[str]) -> Query:
    place = place_of(actor, Filters())
    return Query(wanted, [[f"__i{place}"]] if place else ())


def _load(actor: Actor) -> Select[tuple[Solicitud]]:
    return scope.solicitudes(actor).options(*BRIEF).execution_options(**{PREPARED: True})


@lru_cache(BUILT)
def _numbered(actor: Actor) -> Select[tuple[Solicitud]]:
    return _load(actor).where(Solicitud.id == bindparam("numero"))


def _of(actor: Actor, newest: Select[tuple[int]] | CompoundSelect[tuple[int]]) -> Select[tuple[Solicitud]]:
    return _load(actor).where(Solicitud.id.in_(newest)).order_by(Solicitud.id.desc()).limit(LIMIT)


@lru_cache(BUILT)
def _by_fts5(actor: Actor, count: int, exact: bool) -> Select[tuple[Solicitud]]:
    """FTS5 gives its rows from the last one back as readily as from the first one on."""
    rows = scope.solicitudes(actor).select_from(SOLICITUDES.joined).where(SOLICITUDES.match(bindparam("consulta")))
    rows = rows.with_hint(Solicitud, f"INDEXED BY {BY_ID}", "sqlite") if exact else rows.where(begins_later(Solicitud.busqueda, count))
    return _of(actor, rows.with_only_columns(SOLICITUDES.id, maintain_column_froms=True).order_by(SOLICITUDES.id.desc()).limit(LIMIT))


@lru_cache(BUILT)
def _by_gin(actor: Actor, count: int) -> Select[tuple[Solicitud]]:
    """A GIN index gives all rows of a word before the first one. So common words are met among the latest requests; words that
    are not met there often enough are rare, and all their rows are few: only then are they asked for."""
    latest = select(func.max(Solicitud.id)).scalar_subquery()
    named = scope.solicitudes(actor).with_only_columns(Solicitud.id).where(begins_later(Solicitud.busqueda, count))
    recent = named.where(Solicitud.id > latest - bindparam("recientes", type_=Integer))
    met = recent.order_by(Solicitud.id.desc()).limit(LIMIT).cte("recientes").prefix_with("MATERIALIZED")
    rare = named.where(SOLICITUDES.holds(bindparam("claves", type_=ARRAY(Text))), select(func.count()).select_from(met).scalar_subquery() < LIMIT)
    held = rare.cte("halladas").prefix_with("MATERIALIZED")
    return _of(actor, union_all(select(met.c.id), select(select(held.c.id).order_by(held.c.id.desc()).limit(LIMIT).subquery().c.id)))
