"""The clock of the ambiente de capacitación: días calendario, frozen while the SGE reviews, enforced when read.

The same for both processes; what happens at its end differs (suspended, or an alert) and is decided by the caller."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from models import CambioAIQ, Implantacion
from rules import deadlines
from services import clock

Process = Implantacion | CambioAIQ


def started(days: int) -> dict[str, Any]:
    """Columns of a plazo that starts now: day 0 is today, it ends with day +`days` (decisions 10)."""
    at = clock.now()
    return {"plazo_desde": at, "plazo_vence": deadlines.calendar_deadline(at, days), "plazo_congelado": None, "vencida_en": None}


def frozen() -> dict[str, Any]:
    """Columns that stop the clock: the SGE is reviewing."""
    return {"plazo_congelado": clock.now()}


def thawed(process: Process) -> dict[str, Any]:
    """Columns that let it run again: the whole days of the review do not count."""
    if process.plazo_congelado is None:
        return {}
    return {"plazo_vence": deadlines.thawed(process.plazo_vence, process.plazo_congelado, clock.now()), "plazo_congelado": None}


def extended(process: Process, days: int) -> dict[str, Any]:
    """Columns of a plazo that ends `days` días calendario later; one that is over is counted on from today."""
    base = max(process.plazo_vence, deadlines.calendar_deadline(clock.now(), 0))
    return {"plazo_vence": base + timedelta(days=days), "vencida_en": None}


def is_over(process: Process, at: datetime | None = None) -> bool:
    """True when the plazo has ended and the clock was running."""
    if process.plazo_vence is None or process.plazo_congelado is not None:
        return False
    return process.plazo_vence <= (at or clock.now())


def reminder_due(process: Process) -> int | None:
    """2 or 1 when the reminder of two days or of one day before the end is due now; None otherwise."""
    if process.plazo_vence is None or process.plazo_congelado is not None or is_over(process):
        return None
    two, one = deadlines.reminders_before(process.plazo_vence)
    at = clock.now()
    return 1 if at >= one else 2 if at >= two else None
