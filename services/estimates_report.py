"""Estimated against real: what was foreseen at *Enviar* beside what the run found, by month and for the worst ones.

Real are the run's own counts: documents found, and bytes of their files as the plan measured them. The calendar lives on the
estimate, so its error is the error of the calendar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Float, Row, Select, case, cast, func
from sqlalchemy.orm import joinedload

from extensions import db
from models import Ejecucion, EjecucionEstado, Solicitud
from rules import texts
from rules.deadlines import midnight
from rules.policy import Actor
from services import clock, scope

MONTHS = 12
WORST = 20
CLOSE = 0.1  # peers.md F10: within ten per cent
SMALL = 1_000_000  # bytes; below a megabyte a ratio says nothing


@dataclass(frozen=True, slots=True)
class Line:
    """Requests generated in a time. ratio: Σ real / Σ estimated bytes, mean: mean of the requests' own ratios (1 is exact);
    None where nothing was estimated. close: share of them within CLOSE. exact: share with the very number of documents."""

    label: str
    requests: int
    estimated: int
    real: int
    mean: float | None
    close: float | None
    exact: float | None

    @property
    def ratio(self) -> float | None:
        return self.real / self.estimated if self.estimated else None


@dataclass(frozen=True, slots=True)
class Miss:
    """One request, with its run, and how many times larger (or smaller) than estimated it was."""

    solicitud: Solicitud
    run: Ejecucion

    @property
    def ratio(self) -> float:
        return self.run.bytes_total / self.solicitud.previsto_bytes


@dataclass(frozen=True, slots=True)
class Report:
    """The last MONTHS months, the newest first. without: requests generated in them whose estimate was not kept."""

    whole: Line
    months: list[Line]
    worst: list[Miss]
    without: int


def report(actor: Actor, until: date | None = None) -> Report:
    """For the months up to that of `until` (default: today), over the requests the actor may see."""
    starts = _starts(until or clock.today())
    rows = {r.month: r for r in db.session.execute(_sums(actor, starts))}
    months = [_line(_label(start), [rows[n]]) for n, start in enumerate(starts[:-1]) if n in rows and rows[n].requests]
    return Report(_line("Total", rows.values()), months[::-1], _worst(actor, starts), sum(r.without for r in rows.values()))


def _starts(until: date) -> list[date]:
    """First days of the months, oldest first, and of the one after the last."""
    ordinals = range(until.year * 12 + until.month - MONTHS, until.year * 12 + until.month + 1)
    return [date(n // 12, n % 12 + 1, 1) for n in ordinals]


def _label(start: date) -> str:
    return f"{texts.MONTHS[start.month - 1]} de {start.year}"


def _month_of(starts: Sequence[date]) -> ColumnElement[int]:
    """The month of a run as a number of the list: by Guayaquil's midnights, which no function of the database knows."""
    ends = [midnight(day) for day in starts[1:]]
    return case(*((Ejecucion.terminada_en < end, n) for n, end in enumerate(ends)), else_=len(ends))


def _generated(actor: Actor, starts: Sequence[date]) -> Select:
    """Whole archives published in the time (complements are not what was estimated)."""
    return scope.solicitudes(actor).join(Ejecucion, Ejecucion.solicitud_id == Solicitud.id).where(
        Ejecucion.estado == EjecucionEstado.PUBLICADA, Ejecucion.complemento == "",
        Ejecucion.terminada_en >= midnight(starts[0]), Ejecucion.terminada_en < midnight(starts[-1]),
    )


def _sums(actor: Actor, starts: Sequence[date]) -> Select:
    """One row a month, of sums that can be added up: one pass over the runs of the time."""
    real, foreseen = Ejecucion.bytes_total, Solicitud.previsto_bytes
    known = foreseen.is_not(None)
    ratio = case((foreseen >= SMALL, cast(real, Float) / foreseen))
    month = _month_of(starts).label("month")
    return _generated(actor, starts).with_only_columns(
        month, func.sum(case((known, 1), else_=0)).label("requests"), func.sum(case((known, 0), else_=1)).label("without"),
        func.coalesce(func.sum(foreseen), 0).label("estimated"), func.coalesce(func.sum(case((known, real))), 0).label("real"),
        func.count(ratio).label("countable"), func.coalesce(func.sum(ratio), 0.0).label("ratios"),
        func.sum(case((ratio.between(1 - CLOSE, 1 + CLOSE), 1), else_=0)).label("close"),
        func.sum(case((known & (Ejecucion.encontrados == Solicitud.previsto_documentos), 1), else_=0)).label("exact"),
    ).group_by(month)


def _line(label: str, rows: Iterable[Row]) -> Line:
    """The sums of one or more months as one line."""
    rows = list(rows)
    total = {name: sum(getattr(row, name) for row in rows) for name in _SUMMED}
    countable, requests = total["countable"], total["requests"]
    return Line(
        label, int(requests), int(total["estimated"]), int(total["real"]), float(total["ratios"]) / countable if countable else None,
        int(total["close"]) / countable if countable else None, int(total["exact"]) / int(requests) if requests else None,
    )


_SUMMED = ("requests", "estimated", "real", "countable", "ratios", "close", "exact")


def _worst(actor: Actor, starts: Sequence[date]) -> list[Miss]:
    real, foreseen = cast(Ejecucion.bytes_total, Float), Solicitud.previsto_bytes
    error = case((Ejecucion.bytes_total > foreseen, real / foreseen), (Ejecucion.bytes_total > 0, foreseen / real), else_=foreseen)
    query = _generated(actor, starts).where(foreseen >= SMALL, error > 1 + CLOSE).options(joinedload(Solicitud.institucion))
    rows = db.session.execute(query.add_columns(Ejecucion).order_by(error.desc(), Solicitud.id).limit(WORST))
    return [Miss(solicitud, run) for solicitud, run in rows]
