"""The queue of the desk: what waits for a decision, the nearest to its limit first, filtered, counted, in pages."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, case, func, or_, select, text
from sqlalchemy.orm import aliased, joinedload

from extensions import db
from models import WAITING, Institucion, Solicitud
from rules.identity import words
from rules.lifecycle import Clase
from rules.policy import Actor, Permission, may
from rules.risk import Risk
from services import desk_notes, scope
from services.desk_plazos import NOBODY, Plazos
from services.listing import Listing, Page, Sort, by_ids
from services.word_index import begins, on_sqlite

MAX_WORDS = 12
# Written out: with a parameter in it neither database would see that the small index of what waits applies.
ON_DESK = text(f"solicitud.{WAITING}")
ALL, CLEAN, OBSERVED, LATE, UNOPENED = "todas", "cumplen", "observaciones", "plazo", "sin_abrir"
VIEWS = {ALL: "Todas", CLEAN: "Cumplen los controles", OBSERVED: "Con observaciones", LATE: "Atrasadas", UNOPENED: "Sin abrir"}
GB = 1_000_000_000
# Name in the URL → (words, bytes from, bytes below).
SIZES: dict[str, tuple[str, int, int | None]] = {
    "pequeno": ("Hasta 1 GB", 0, GB), "mediano": ("De 1 a 10 GB", GB, 10 * GB), "grande": ("Más de 10 GB", 10 * GB, None),
}
RESERVED = {"con": "Con documentos reservados", "sin": "Sin documentos reservados"}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the queue is narrowed to; empty values filter nothing. Values that do not exist count as empty."""

    view: str = ALL
    q: str = ""
    institucion: int | None = None
    clase: Clase | None = None
    reservados: str = ""
    tamano: str = ""

    @property
    def digest(self) -> str:
        """Tells these filters from others inside a cursor, without spelling out what was searched."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]

    @property
    def narrow(self) -> bool:
        """Whether anything but the view is set."""
        return self != Filters(view=self.view)


@dataclass(frozen=True, slots=True)
class Row:
    """A request that waits. kind, note: its gravest observation, or "". bulk: may be ticked. unopened: nobody looked at it
    in two working days."""

    solicitud: Solicitud
    risk: Risk
    kind: str
    note: str
    bulk: bool
    unopened: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """One page of the queue. counts: requests in each view, of those the other filters leave; waiting, late: of all.
    observed: numbers of those the filters leave, whatever the view, that have an observation."""

    page: Page[Row]
    filters: Filters
    counts: dict[str, int]
    waiting: int
    late: int
    observed: Sequence[int] = ()

    @property
    def rows(self) -> list[Row]:
        return self.page.rows


def queue(actor: Actor, filters: Filters = Filters(), token: str = "") -> Queue:
    """The page at `token` of what waits; the first one when the token leads nowhere."""
    plazos = Plazos()
    found = _narrow(_found(actor, replace(filters, view=ALL)))
    # The observations are the dear part: worked out once, they serve the counts, the page and its total.
    observed = db.session.scalars(found.with_only_columns(Solicitud.id).where(desk_notes.observed())).all()
    counts = _counts(found, plazos, len(observed))
    everything = counts if not filters.narrow else _totals(_narrow(_waiting(actor)), plazos)
    listing = _listing(actor, _viewed(found, filters.view, plazos, observed), filters, plazos)
    page = listing.page(token=token)
    return Queue(replace(page, rows=[_row(actor, row, plazos) for row in page.rows]), filters, counts, everything[ALL], everything[LATE], observed)


def matching(actor: Actor, filters: Filters, limit: int) -> list[Row]:
    """The first `limit` requests of the whole filter, in the order of the queue."""
    plazos = Plazos()
    query = _with_flags(_viewed(_found(actor, filters), filters.view, plazos)).order_by(plazos.rank(), Solicitud.id).limit(limit)
    return [_row(actor, row, plazos) for row in db.session.execute(query)]


def chosen(actor: Actor, numbers: list[int]) -> list[Row]:
    """Those of these requests that wait, in the order of the queue."""
    plazos = Plazos()
    query = _with_flags(_waiting(actor).where(Solicitud.id.in_(numbers))).order_by(plazos.rank(), Solicitud.id)
    return [_row(actor, row, plazos) for row in db.session.execute(query)]


def following(
    actor: Actor, solicitud: Solicitud, filters: Filters = Filters(), *, back: bool = False, plazos: Plazos | None = None,
    observed: Sequence[int] | None = None,
) -> int | None:
    """The request to look at after this one: the next of the queue as it was filtered, else its first, else the first of the
    whole queue; `back`: the one before it, else None. None when nothing waits. plazos,
    observed: those the caller has at hand."""
    plazos = plazos or Plazos()
    rank = plazos.rank()
    query = _narrow(_viewed(_found(actor, filters), filters.view, plazos, observed)).with_only_columns(Solicitud.id).where(Solicitud.id != solicitud.id)
    if back:
        return db.session.scalar(query.where(plazos.before(solicitud)).order_by(rank.desc(), Solicitud.id.desc()).limit(1))
    query = query.order_by(rank, Solicitud.id).limit(1)
    found = db.session.scalar(query.where(plazos.after(solicitud))) or db.session.scalar(query)
    return found if found or filters == Filters() else following(actor, solicitud, plazos=plazos)


def unopened(actor: Actor) -> int:
    """How many requests wait for two working days and nobody has opened: the total of that view."""
    return db.session.scalar(_narrow(_waiting(actor)).where(Plazos().unopened()).with_only_columns(func.count())) or 0


def institutions(actor: Actor) -> list[tuple[int, str, int]]:
    """(id, name, how many wait) of the institutions something waits of, by name."""
    # Counted before it is joined: the names of a few hundred institutions, not of thousands of requests.
    counted = _narrow(_waiting(actor)).with_only_columns(Solicitud.institucion_id, func.count().label("many")).group_by(Solicitud.institucion_id).subquery()
    joined = scope.instituciones(actor).join(counted, counted.c.institucion_id == Institucion.id)
    query = joined.with_only_columns(Institucion.id, Institucion.nombre, counted.c.many)
    return [tuple(row) for row in db.session.execute(query.order_by(Institucion.nombre))]


def _waiting(actor: Actor) -> Select[tuple[Solicitud]]:
    return scope.solicitudes(actor).where(ON_DESK)


def _narrow(query: Select) -> Select:
    """`query` from the index of what waits alone, whatever SQLite thinks of the others."""
    return query.with_hint(Solicitud, "INDEXED BY ix_solicitud_mesa", "sqlite")


def _found(actor: Actor, filters: Filters) -> Select[tuple[Solicitud]]:
    """What waits and passes every filter but the view."""
    query = _waiting(actor)
    if filters.institucion is not None:
        query = query.where(Solicitud.institucion_id == filters.institucion)
    if filters.clase is not None:
        query = query.where(Solicitud.clase == filters.clase)
    if filters.reservados in RESERVED:
        some = func.coalesce(Solicitud.estimado_reservados, 0) > 0
        query = query.where(some if filters.reservados == "con" else ~some)
    if filters.tamano in SIZES:
        _, least, below = SIZES[filters.tamano]
        size = func.coalesce(Solicitud.estimado_bytes, 0)
        query = query.where(size >= least, size < below) if below else query.where(size >= least)
    return query.where(_named(filters.q)) if filters.q.strip() else query


def _named(typed: str) -> ColumnElement[bool]:
    """A number, or beginnings of words of a name or cédula (decisions 29). Signs only name nobody."""
    typed = typed.strip()
    asked = words(typed)[:MAX_WORDS]
    wanted = [_with_words(asked)] if asked else []
    if typed.isascii() and typed.isdigit() and len(typed) < 19:
        wanted.append(Solicitud.id == int(typed))
    return or_(*wanted) if wanted else NOBODY


def _with_words(asked: list[str]) -> ColumnElement[bool]:
    """On SQLite from the small index of the names of what waits, whose rows are wide; the word index would give first all that a
    common word ever found. PostgreSQL reads the rows."""
    if not on_sqlite():
        return begins(Solicitud.busqueda, asked)
    named = aliased(Solicitud, name="nombrada")
    found = select(named.id).where(text(f"nombrada.{WAITING}"), begins(named.busqueda, asked))
    return Solicitud.id.in_(found.with_hint(named, "INDEXED BY ix_solicitud_mesa_busqueda", "sqlite"))


def _viewed(query: Select, view: str, plazos: Plazos, observed: Sequence[int] | None = None) -> Select:
    """`query` narrowed to a view. observed: which ones have an observation, where it is known already."""
    if view in {CLEAN, OBSERVED}:
        noted = desk_notes.observed() if observed is None else Solicitud.id.in_(_written_out(observed))
        return query.where(noted if view == OBSERVED else ~noted)
    if view in {LATE, UNOPENED}:
        return query.where(plazos.late() if view == LATE else plazos.unopened())
    return query


def _written_out(numbers: Sequence[int]) -> BindParameter:
    """Numbers of a list of any length: a database takes no more than some ten thousand parameters."""
    return bindparam("observed", list(numbers), expanding=True, literal_execute=True)


def _counts(query: Select, plazos: Plazos, observed: int) -> dict[str, int]:
    """How many requests each view holds. observed: how many have an observation."""
    row = db.session.execute(query.with_only_columns(func.count(), _how_many(plazos.late()), _how_many(plazos.unopened()))).one()
    total, late, unopened = row
    return {ALL: total, CLEAN: total - observed, OBSERVED: observed, LATE: late, UNOPENED: unopened}


def _totals(query: Select, plazos: Plazos) -> dict[str, int]:
    row = db.session.execute(query.with_only_columns(func.count(), _how_many(plazos.late()))).one()
    return dict(zip((ALL, LATE), row))


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _with_flags(query: Select) -> Select:
    return query.options(joinedload(Solicitud.institucion)).add_columns(*desk_notes.flags().values())


def _listing(actor: Actor, query: Select, filters: Filters, plazos: Plazos) -> Listing:
    # The order belongs to a day: a cursor of yesterday starts the list anew.
    name = f"mesa {plazos.today.isoformat()} {filters.digest}"
    return Listing(name, query, Solicitud.id, {"riesgo": Sort(plazos.rank())}, "riesgo", load=by_ids(_with_flags(_waiting(actor)), Solicitud.id))


def _row(actor: Actor, row, plazos: Plazos) -> Row:
    one: Solicitud = row[0]
    kind, note = desk_notes.gravest(row[1:])
    risk = plazos.of(one)
    bulk = kind != desk_notes.BAD and may(actor, Permission.SOLICITUD_DECIDE, one)
    return Row(one, risk, kind, note, bulk, one.abierta_en is None and risk.unopened)
