"""*Tablero*: the SGE's figures, each with the list of exactly what it counts, and the series behind the charts.

A figure over requests is counted by the query of the list it leads to. What happened on past days comes from
services.board_summary, so that a million requests cost no more than a thousand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import defer

from extensions import db
from models import Correo, CorreoEstado, Solicitud
from rules.calendar import LIMIT_DAY, TARGET_DAY, Calendar
from rules.deadlines import midnight
from rules.lifecycle import Estado
from rules.policy import Actor
from rules.series import Point, by_month, bytes_by_day, bytes_by_week, mean_wait, span_of, waits_by_week
from services import board_summary, clock, desk_queue, notices, schedule, solicitudes_filters
from services.board_summary import DayCount
from services.board_views import generated_key
from services.errors import Conflict, NotFound
from services.solicitudes_filters import Filters

MONTHS = 6  # shown unless asked otherwise
LONGEST = 5 * 366  # days
BY_DAY = 186  # days that a chart shows one by one; longer spans by week
QUEUE = (Estado.ENVIADA, Estado.APROBADA, Estado.EN_EJECUCION, Estado.DETENIDA)
SOON = {24: "vencen-24h-sin-descarga", 48: "vencen-48h-sin-descarga"}
INCIDENTS = "vigentes-con-novedades"
MAILS = 100  # failed mails listed at once


@dataclass(frozen=True, slots=True)
class Span:
    """The days looked at, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def view(self) -> str:
        """The list of the archives finished in it."""
        return generated_key(self.first, self.last)


def default_span(today: date) -> Span:
    return Span(solicitudes_filters.months_before(today, MONTHS), today)


@dataclass(frozen=True, slots=True)
class Figures:
    """The present, except `mean` and `finished`, which are of the span.

    queue: requests in each estado on the way. late: of those that wait for approval, how many wait longer than the target;
    unopened: how many nobody has opened in two working days.
    mean: working days from approval to the archive, None when none was finished; finished: of how many. today_bytes, today:
    archives finished today; capacity: bytes a day, 0 when it is not set up. expiring: hours → archives that end within them and
    have not been downloaded whole. incidents: archives in force with novedades. mails: those given up."""

    queue: dict[Estado, int]
    late: int
    unopened: int
    mean: float | None
    finished: int
    today_bytes: int
    today: int
    capacity: int
    expiring: dict[int, int]
    incidents: int
    mails: int

    @property
    def late_mean(self) -> bool:
        return self.mean is not None and self.mean > LIMIT_DAY

    @property
    def load(self) -> int | None:
        """Per cent of the capacity made today; None without a capacity."""
        return round(100 * self.today_bytes / self.capacity) if self.capacity else None


@dataclass(frozen=True, slots=True)
class Charts:
    """requests: sent per month. waits: working days per week. sizes: bytes per day (`daily`), or per working day by week."""

    requests: list[Point]
    waits: list[Point]
    sizes: list[Point]
    daily: bool


@dataclass(frozen=True, slots=True)
class Board:
    span: Span
    figures: Figures
    charts: Charts
    days: list[DayCount]


def board(actor: Actor, span: Span) -> Board:
    """Everything on the page, in about a dozen queries."""
    now, today = clock.now(), clock.today()
    calendar = schedule.working_calendar()
    days = board_summary.days(span.first, span.last)
    working = span_of(days, calendar)
    mean, finished = mean_wait(days, working)
    current = days[-1] if span.last == today else board_summary.days(today, today)[0]
    figures = Figures(
        queue=_queue(actor, now), late=_late(actor, now, calendar, today), unopened=desk_queue.unopened(actor), mean=mean, finished=finished,
        today_bytes=current.bytes, today=current.generadas, capacity=capacity_bytes(),
        expiring=_expiring(actor, now),
        incidents=total(actor, Filters(cifra=INCIDENTS), now), mails=failed_mails(),
    )
    daily = span.days <= BY_DAY
    sizes = (bytes_by_day if daily else bytes_by_week)(days, working)
    return Board(span, figures, Charts(by_month(days), waits_by_week(days, working), sizes, daily), days)


def total(actor: Actor, filters: Filters, now: datetime) -> int:
    """How many requests the list with these filters shows."""
    query = solicitudes_filters.matching(actor, filters, now)
    return db.session.scalar(query.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)) or 0


def _queue(actor: Actor, now: datetime) -> dict[Estado, int]:
    query = solicitudes_filters.matching(actor, Filters(estados=frozenset(QUEUE)), now)
    found = db.session.execute(query.with_only_columns(Solicitud.estado, func.count()).group_by(Solicitud.estado)).all()
    return dict.fromkeys(QUEUE, 0) | {estado: n for estado, n in found}


def _expiring(actor: Actor, now: datetime) -> dict[int, int]:
    """Both views in one reading: the shorter is a part of the longer."""
    first, last = sorted(SOON)
    query = solicitudes_filters.matching(actor, Filters(cifra=SOON[last]), now)
    sooner = case((Solicitud.vigente_hasta <= now + timedelta(hours=first), 1), else_=0)
    row = db.session.execute(query.with_only_columns(func.coalesce(func.sum(sooner), 0), func.count())).one()
    return dict(zip((first, last), row))


def _late(actor: Actor, now: datetime, calendar: Calendar, today: date) -> int:
    """Waiting for approval longer than the target, in working days."""
    day = today
    while calendar.working_between(day, today) <= TARGET_DAY:
        day -= timedelta(days=1)
    query = solicitudes_filters.matching(actor, Filters(estados=frozenset({Estado.ENVIADA})), now)
    query = query.where(Solicitud.enviada_en < midnight(day + timedelta(days=1)))
    return db.session.scalar(query.with_only_columns(func.count()).order_by(None)) or 0


def capacity_bytes() -> int:
    """Bytes today can produce, alta demanda included; 0 when the capacity is not set up in a way that means anything."""
    try:
        return schedule.limit(clock.today()).bytes
    except ValueError:
        return 0


def failed_mails() -> int:
    """Mails that were given up."""
    return db.session.scalar(select(func.count()).select_from(Correo).where(Correo.estado == CorreoEstado.FALLIDO)) or 0


def failed_mail_rows() -> list[Correo]:
    """The mails given up, newest first, without what they say: some carry links that are keys."""
    query = select(Correo).where(Correo.estado == CorreoEstado.FALLIDO).options(defer(Correo.texto), defer(Correo.html))
    return list(db.session.scalars(query.order_by(Correo.id.desc()).limit(MAILS)))


def failed_mail(actor: Actor, correo_id: int) -> Correo:
    """One mail, for the officer who will send it again. Raises NotFound."""
    row = db.session.get(Correo, correo_id) if actor.sge and 0 < correo_id < 2**62 else None
    if row is None:
        raise NotFound
    return row


def resend(row: Correo) -> None:
    """Try a mail again that was given up. Raises Conflict when it is no longer among those. The caller commits."""
    if row.estado is not CorreoEstado.FALLIDO:
        raise Conflict("El correo ya no está entre los fallidos: se está enviando nuevamente o ya se envió.")
    notices.resend(row)
