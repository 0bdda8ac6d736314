"""The SGE's approval page: the queue of requests that wait, its order and its observations, and what a bulk approval takes.

Observations come from our own rows, so that they can be counted and filtered; the checks of one request, with their
evidence and with Quipux read live, are in services.desk_checks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select, tuple_
from sqlalchemy.orm import joinedload

from extensions import db
from models import Cuenta, Evento, Solicitud
from rules import texts
from rules.calendar import TARGET_DAY, Calendar
from rules.deadlines import local_day, midnight
from rules.glossary import ACTION
from rules.identity import words
from rules.lifecycle import LIVE, Action, Clase, Estado
from rules.policy import Actor, Permission, may
from services import clock, schedule, scope, solicitudes
from services.errors import Conflict, NotFound, Refused
from services.status import is_in

PAGE = 20
LARGE = 10_000_000_000  # bytes: an archive that hardly fits a USB stick with something else on it
ALL, OBSERVED, LATE = "todas", "observaciones", "plazo"
VIEWS = {ALL: "Todas", OBSERVED: "Con observaciones", LATE: "Sobre el plazo"}

# Observation → (kind, words), the gravest first. With a "bad" one a request is decided by itself, never in bulk.
NOTES: dict[str, tuple[str, str]] = {
    "activa": ("bad", "El servidor público consta activo"),
    "otra": ("bad", "Tiene otra solicitud vigente"),
    "remitente": ("bad", "La cédula del documento es de otra persona"),
    "sin_cedula": ("warn", "Revisar el remitente del documento"),
    "vacia": ("warn", "Sin documentos en el rango"),
    "grande": ("warn", "Tamaño superior a 10 GB"),
}
OWN = "Usted registró esta solicitud: otra persona de la SGE debe aprobarla."


@dataclass(frozen=True, slots=True)
class Row:
    """A request that waits. waiting: working days since it was sent; kind, note: its gravest observation, or ""."""

    solicitud: Solicitud
    waiting: int
    late: bool
    kind: str
    note: str
    bulk: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """One page of the queue. counts: requests in each view, of those found; waiting, late: of all, found or not."""

    rows: list[Row]
    view: str
    q: str
    page: int
    pages: int
    counts: dict[str, int]
    waiting: int
    late: int

    @property
    def first(self) -> int:
        return (self.page - 1) * PAGE + 1 if self.rows else 0

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1 if self.rows else 0

    @property
    def total(self) -> int:
        return self.counts[self.view]


def queue(actor: Actor, view: str = ALL, q: str = "", page: int = 1) -> Queue:
    """The requests that wait for a decision, oldest first. Unknown views and pages fall back to the nearest there is."""
    view = view if view in VIEWS else ALL
    days, today = schedule.working_calendar(), clock.today()
    before = _late_before(days, today)
    found = _found(actor, q)
    counts = _counts(found, before)
    pages = max(1, -(-counts[view] // PAGE))
    page = min(max(1, page), pages)
    query = _viewed(found, view, before).options(joinedload(Solicitud.institucion)).add_columns(*_flags().values())
    rows = db.session.execute(query.order_by(Solicitud.enviada_en, Solicitud.id).limit(PAGE).offset((page - 1) * PAGE)).all()
    everything = counts if not q else _counts(_found(actor, ""), before)
    return Queue([_row(actor, row, days, today) for row in rows], view, q, page, pages, counts, everything[ALL], everything[LATE])


def following(actor: Actor, solicitud: Solicitud, view: str = ALL, q: str = "") -> int | None:
    """The request to look at after a decision on this one: the next of the queue as it was filtered, else its first, else
    the first of the whole queue. None when nothing waits."""
    query = _viewed(_found(actor, q), view, _late_before(schedule.working_calendar(), clock.today())).with_only_columns(Solicitud.id)
    query = query.where(Solicitud.id != solicitud.id).order_by(Solicitud.enviada_en, Solicitud.id).limit(1)
    sent = solicitud.enviada_en
    after = or_(Solicitud.enviada_en > sent, and_(Solicitud.enviada_en == sent, Solicitud.id > solicitud.id)) if sent else None
    found = db.session.scalar(query.where(after)) if after is not None else None
    found = found or db.session.scalar(query)
    return found if found or (view == ALL and not q) else following(actor, solicitud)


def solicitud(actor: Actor, solicitud_id: int) -> Solicitud:
    """A request an officer may see. One that a colleague has just given back is a draft again and out of sight: whoever had
    it open is told so. Raises NotFound, Conflict."""
    try:
        return scope.solicitud(actor, solicitud_id)
    except NotFound:
        back = _returned(solicitud_id) if actor.sge and 0 < solicitud_id < 2**62 else None
        if back is None:
            raise
        raise Conflict(outcome(back)) from None


def outcome(evento: Evento) -> str:
    """Who decided what and when, in one sentence, from a row of the Recorrido."""
    who = evento.actor.nombre_completo if evento.actor else "el Sistema"
    action = ACTION[Action(evento.accion)].label
    day = evento.datos.get("fecha_tentativa")
    when = f", para el {texts.long_day(date.fromisoformat(day))}" if day else ""
    return f"{who} registró «{action}» el {texts.moment(evento.en)}{when}."


def decided(row: Solicitud) -> str:
    """What has happened to a request that waits no longer."""
    return outcome(row.eventos[-1]) if row.eventos else ""


def approve_one(actor: Actor, number: int, version: int | None) -> Solicitud:
    """One request of a bulk approval, on its own proposed date, reserved documents excluded. Raises NotFound, Refused,
    Conflict. `version`: the one the officer had on the page."""
    row = solicitud(actor, number)
    if not may(actor, Permission.SOLICITUD_DECIDE, row):
        raise Refused(OWN)
    if row.estado is not Estado.ENVIADA:
        raise Conflict(decided(row))
    if note := _gravest(_bad(row)):
        raise Refused(f"{note[1]}: revísela y decida por separado.")
    return solicitudes.approve(actor, row, schedule.propose(row).day, version=version)


def earlier(actor: Actor, row: Solicitud, limit: int = 5) -> list[tuple[Solicitud, str]]:
    """Other requests for the same person, newest first, each with the last decision on it in words."""
    query = scope.solicitudes(actor).where(
        Solicitud.persona_cedula == row.persona_cedula, Solicitud.institucion_id == row.institucion_id, Solicitud.id != row.id
    )
    found = db.session.scalars(query.order_by(Solicitud.id.desc()).limit(limit))
    return [(other, _last_decision(other)) for other in found]


def _last_decision(row: Solicitud) -> str:
    """The SGE's last word on a request, with what it decided on reserved documents and why."""
    told = {str(a) for a in (Action.APPROVE, Action.RETURN, Action.REJECT)}
    evento = next((e for e in reversed(row.eventos) if e.accion in told), None)
    if evento is None:
        return "Sin decisión de la SGE."
    reserved = {"incluir": " Incluyó los documentos reservados.", "excluir": ""}.get(evento.datos.get("reservados", ""), "")
    return f"{outcome(evento)}{reserved}{f' {evento.comentario}' if evento.comentario else ''}"


def _found(actor: Actor, q: str) -> Select[tuple[Solicitud]]:
    """What waits and matches what was typed: a number, or words of a name or cédula."""
    query = scope.solicitudes(actor).where(Solicitud.estado == Estado.ENVIADA).join(Cuenta, Cuenta.id == Solicitud.cuenta_id)
    typed = q.strip()
    if not typed:
        return query
    wanted = [and_(*(Solicitud.busqueda.like(f"% {word}%") for word in asked))] if (asked := words(typed)[:12]) else []
    if typed.isascii() and typed.isdigit() and len(typed) < 19:
        wanted.append(Solicitud.id == int(typed))
    return query.where(or_(*wanted)) if wanted else query.where(false())


def _flags() -> dict[str, ColumnElement[bool]]:
    """The observations of NOTES as SQL over Solicitud joined with Cuenta."""
    institutional = Solicitud.clase == Clase.INSTITUCIONAL
    sender = Solicitud.documento_remitente_cedula
    twice = (
        select(Solicitud.institucion_id, Solicitud.persona_cedula)
        .where(is_in(set(LIVE), clock.now()), Solicitud.oculta.is_(False))
        .group_by(Solicitud.institucion_id, Solicitud.persona_cedula)
        .having(func.count() > 1)
    )
    conditions = {
        "activa": and_(institutional, Cuenta.activa.is_(True)),
        "otra": tuple_(Solicitud.institucion_id, Solicitud.persona_cedula).in_(twice),
        "remitente": and_(institutional, sender != "", sender != Solicitud.persona_cedula),
        "sin_cedula": and_(institutional, sender == ""),
        "vacia": func.coalesce(Solicitud.estimado_documentos, 1) == 0,
        "grande": func.coalesce(Solicitud.estimado_bytes, 0) > LARGE,
    }
    return {name: condition.label(name) for name, condition in conditions.items()}


def _viewed(query: Select, view: str, before: datetime) -> Select:
    if view == OBSERVED:
        return query.where(or_(*_flags().values()))
    return query.where(Solicitud.enviada_en < before) if view == LATE else query


def _counts(query: Select, before: datetime) -> dict[str, int]:
    """How many requests each view holds."""

    def how_many(condition):
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    observed = how_many(or_(*_flags().values()))
    row = db.session.execute(query.with_only_columns(func.count(), observed, how_many(Solicitud.enviada_en < before))).one()
    return dict(zip((ALL, OBSERVED, LATE), row))


def _row(actor: Actor, row, days: Calendar, today: date) -> Row:
    one: Solicitud = row[0]
    kind, note = _gravest([name for name in NOTES if getattr(row, name)]) or ("", "")
    waiting = days.working_between(local_day(one.enviada_en or one.fecha_solicitud), today)
    bulk = kind != "bad" and may(actor, Permission.SOLICITUD_DECIDE, one)
    return Row(one, waiting, waiting > TARGET_DAY, kind, note, bulk)


def _gravest(names: list[str]) -> tuple[str, str] | None:
    return NOTES[names[0]] if names else None


def _bad(row: Solicitud) -> list[str]:
    """The observations of one request that forbid to approve it in bulk."""
    query = select(*_flags().values()).join_from(Solicitud, Cuenta, Cuenta.id == Solicitud.cuenta_id).where(Solicitud.id == row.id)
    found = db.session.execute(query).one()
    return [name for name, (kind, _) in NOTES.items() if kind == "bad" and getattr(found, name)]


def _returned(solicitud_id: int) -> Evento | None:
    """The row that tells of a return, when that is the last thing that happened to the request."""
    last = db.session.scalar(select(Evento).where(Evento.solicitud_id == solicitud_id).order_by(Evento.orden.desc()).limit(1))
    return last if last is not None and last.accion == str(Action.RETURN) else None


def _late_before(days: Calendar, today: date) -> datetime:
    """What was sent before this instant has waited more working days than the SGE aims at."""
    day = today
    while days.working_between(day, today) <= TARGET_DAY:
        day -= timedelta(days=1)
    return midnight(day + timedelta(days=1))
