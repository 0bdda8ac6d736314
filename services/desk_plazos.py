"""rules.risk for the whole queue: a table of days that SQL can order and filter by.

The day by which a request should be answered hangs on the day of sending alone. So it is worked out once for every day on which
something that waits may have been sent, and given to the database as a few intervals of instants: always by the feriados and the
times of alta demanda as they are now, with nothing to keep up to date."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Callable

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select

from extensions import db
from models import Solicitud
from rules.deadlines import local_day, midnight
from rules.lifecycle import Estado
from rules.risk import Risk, assess
from services import clock, schedule

# Not false(): SQLAlchemy would leave nothing else of the condition, neither what names the index of the desk.
NOBODY = Solicitud.id < 0
OLDEST = 400  # days looked back; what waits longer is as late as can be told


class Plazos:
    """The risk of every day of sending, from the oldest request that waits until today."""

    def __init__(self) -> None:
        self.today = clock.today()
        calendar, periods = schedule.working_calendar(), schedule.periods()
        oldest = db.session.scalar(select(func.min(Solicitud.enviada_en)).where(Solicitud.estado == Estado.ENVIADA))
        first = max(local_day(oldest), self.today - timedelta(days=OLDEST)) if oldest else self.today
        days = [first + timedelta(days=n) for n in range((self.today - first).days + 1)]
        self._risks = {day: assess(day, self.today, calendar, periods) for day in days} or {self.today: assess(self.today, self.today, calendar)}
        self._first = first

    def of(self, row: Solicitud) -> Risk:
        """The risk of one request that waits."""
        sent = local_day(row.enviada_en or row.fecha_solicitud)
        return self._risks[min(max(sent, self._first), self.today)]

    def late(self) -> ColumnElement[bool]:
        """Past the day the SGE aims at."""
        return self._where(lambda risk: risk.late)

    def unopened(self) -> ColumnElement[bool]:
        """Nobody has opened it, and it has been there for two working days."""
        return and_(Solicitud.abierta_en.is_(None), self._where(lambda risk: risk.unopened))

    def rank(self) -> ColumnElement[int]:
        """Orders by the limit; with it, by id."""
        steps = self._steps(lambda risk: risk.limit.toordinal())
        # Newest first: that is where most of what waits was sent, so that most rows are placed by the first comparisons.
        whens = [(Solicitud.enviada_en >= midnight(day), literal(value)) for day, value in reversed(steps[1:])]
        return case(*whens, else_=literal(steps[0][1])) if whens else literal(steps[0][1])

    def before(self, row: Solicitud) -> ColumnElement[bool]:
        """What stands before this request in the queue; as intervals of instants, which an index knows."""
        limit = self.of(row).limit
        return or_(self._where(lambda risk: risk.limit < limit), and_(self._where(lambda risk: risk.limit == limit), Solicitud.id < row.id))

    def after(self, row: Solicitud) -> ColumnElement[bool]:
        limit = self.of(row).limit
        return or_(self._where(lambda risk: risk.limit > limit), and_(self._where(lambda risk: risk.limit == limit), Solicitud.id > row.id))

    def _steps(self, value: Callable[[Risk], object]) -> list[tuple[date, object]]:
        """(first day, value) of every stretch of days with the same value, oldest first."""
        found: list[tuple[date, object]] = []
        for day, risk in self._risks.items():
            if not found or found[-1][1] != value(risk):
                found.append((day, value(risk)))
        return found

    def _where(self, holds: Callable[[Risk], bool]) -> ColumnElement[bool]:
        """The requests sent on days of which `holds` is true; the first stretch reaches back for ever."""
        steps = self._steps(holds)
        parts = []
        for number, (day, true) in enumerate(steps):
            since = [Solicitud.enviada_en >= midnight(day)] if number else []
            until = [Solicitud.enviada_en < midnight(steps[number + 1][0])] if number + 1 < len(steps) else []
            if true:
                parts.append(and_(*since, *until) if since or until else Solicitud.enviada_en.is_not(None))
        return or_(*parts) if parts else NOBODY
