"""Approving many, before anything is done: what would happen to each request, and the sealed list of it that confirming sends back.

A preview writes nothing. Days are handed out over one copy of the calendar, none is promised twice. Carrying it out: services.desk_batch."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import func, select

from extensions import db
from models import Solicitud
from rules import calendar
from rules.policy import Actor, Permission, may
from services import clock, desk, desk_notes, desk_queue, schedule
from services.desk_queue import Filters, Row
from services.errors import Refused

MOST = 500  # requests in one Lote
MAX_SEAL = 200_000
CHANGED = "La vista previa caducó o no es válida. Revise la lista y confirme otra vez."


@dataclass(frozen=True, slots=True)
class Planned:
    """One request of a preview and the day it would get. late: past the limit of the calendar."""

    row: Row
    day: date
    late: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One request of the filter that is not approved with the others, and why."""

    row: Row
    why: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen. more: requests of the filter beyond MOST, for another Lote. seal: to be sent back as it is."""

    planned: list[Planned]
    left_out: list[LeftOut]
    more: int
    days: list[tuple[date, int]]
    documents: int
    bytes: int
    reserved: int
    seal: str


def preview(actor: Actor, filters: Filters) -> Preview:
    """The whole filter: only what passes every check; the rest is left out with its reason."""
    rows = desk_queue.matching(actor, filters, MOST + 1)
    more = max(0, desk_queue.queue(actor, filters).counts[filters.view] - MOST) if len(rows) > MOST else 0
    return _preview(actor, rows[:MOST], more, observed_too=False)


def preview_chosen(actor: Actor, numbers: list[int]) -> Preview:
    """Requests ticked one by one: an observation that is only a warning does not leave them out."""
    return _preview(actor, desk_queue.chosen(actor, numbers[:MOST]), 0, observed_too=True)


def _preview(actor: Actor, rows: list[Row], more: int, *, observed_too: bool) -> Preview:
    book, planned, left_out = _Book({row.solicitud.institucion_id for row in rows}), [], []
    for row in rows:
        why = _why_not(actor, row, observed_too)
        try:
            proposal = book.take(row.solicitud) if not why else None
        except ValueError as impossible:  # in Spanish: larger than a year of capacity
            proposal, why = None, str(impossible)
        if proposal is None:
            left_out.append(LeftOut(row, why))
        else:
            planned.append(Planned(row, proposal.day, not proposal.on_time))
    chosen = [p.row.solicitud for p in planned]
    per_day: dict[date, int] = {}
    for each in planned:
        per_day[each.day] = per_day.get(each.day, 0) + 1
    return Preview(
        planned, left_out, more, sorted(per_day.items()), sum(s.estimado_documentos or 0 for s in chosen),
        sum(s.estimado_bytes or 0 for s in chosen), sum(s.estimado_reservados or 0 for s in chosen), _seal(actor, planned),
    )


def _why_not(actor: Actor, row: Row, observed_too: bool) -> str:
    if not may(actor, Permission.SOLICITUD_DECIDE, row.solicitud):
        return desk.OWN
    if row.kind == desk_notes.BAD or (row.kind and not observed_too):
        return f"{row.note}: se decide por separado."
    return ""


class _Book:
    """The calendar as it fills while a preview hands out its days: none is promised twice."""

    def __init__(self, institutions: set[int]) -> None:
        self.today = clock.today()
        self.booked = schedule.booked(self.today)
        self.calendar, self.capacities, self.periods = schedule.working_calendar(), schedule.capacities(), schedule.periods()
        # The totals are there already; what each of these institutions has of them decides its quota.
        own = (Solicitud.fecha_tentativa, Solicitud.institucion_id)
        sums = (func.sum(func.coalesce(Solicitud.estimado_documentos, 0)), func.sum(func.coalesce(Solicitud.estimado_bytes, 0)))
        query = select(*own, *sums).where(schedule.ON_PROMISE, own[0] >= self.today, own[1].in_(institutions)).group_by(*own)
        query = query.with_hint(Solicitud, schedule.BY_CALENDAR, "sqlite")
        for day, who, documents, size in db.session.execute(query):
            self.booked.setdefault(day, calendar.DayLoad()).institutions[who] = calendar.Load(int(documents), int(size))

    def take(self, row: Solicitud) -> calendar.Proposal:
        """The day this request gets, now taken. Raises ValueError."""
        load = schedule.load_of(row)
        found = calendar.propose(
            self.today, load.documents, load.bytes, row.institucion_id, self.booked, self.calendar, self.capacities, self.periods
        )
        for day, part in found.spread:
            self.booked.setdefault(day, calendar.DayLoad()).add(row.institucion_id, part)
        return found


# --- the seal ----------------------------------------------------------------------------------------------------------


def _seal(actor: Actor, planned: list[Planned]) -> str:
    rows = [[p.row.solicitud.id, p.row.solicitud.version, p.day.toordinal()] for p in planned]
    return str(_signer().dumps([secrets.token_hex(12), actor.usuario_id, rows])) if rows else ""


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key, salt="lote")


def unseal(actor: Actor, seal: str) -> tuple[str, list[tuple[int, int, date]]]:
    """(key of the preview, [(number, version, day)]) as it was sealed for this officer. Raises Refused."""
    try:
        key, officer, rows = _signer().loads(seal[:MAX_SEAL])
    except (BadData, ValueError):
        raise Refused(CHANGED) from None
    if officer != actor.usuario_id:
        raise Refused(CHANGED)
    return key, [(number, version, date.fromordinal(day)) for number, version, day in rows]
