"""The estimate before sending: how many documents, how large, how many parts, and when (mission.md §1.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import current_app

from models import Cuenta, Solicitud
from rules.calendar import Proposal
from services import schedule
from services.adapters import quipux
from services.status import live_for
from sources import Count


@dataclass(frozen=True, slots=True)
class Estimate:
    """count: exact, by the run's own selection. bytes and parts: approximate. proposal: the date if approved today. warning: why
    that date is less certain than usual, or ""."""

    count: Count
    bytes: int
    exact: bool
    parts: int
    proposal: Proposal
    other: Solicitud | None
    warning: str = ""


def counted(cuenta: Cuenta, desde: date, hasta: date) -> Count:
    """The exact count alone: the fast half. Raises sources.SourceUnavailable."""
    return quipux().count(cuenta.quipux_codi, desde, hasta)


def of(cuenta: Cuenta, desde: date, hasta: date, *, without: int | None = None) -> Estimate:
    """The whole estimate. Raises sources.SourceUnavailable. `without`: the draft itself is not "another live request"."""
    count = counted(cuenta, desde, hasta)
    size = quipux().size(cuenta.quipux_codi, desde, hasta)
    documents = count.documentos - count.reservados
    proposal = schedule.propose_load(cuenta.institucion_id, documents, size.bytes, without=without)
    return Estimate(
        count, size.bytes, size.exacto, max(1, -(-size.bytes // current_app.config["PART_SIZE"])),
        proposal, live_for(cuenta, without=without), schedule.unconfirmed_warning(proposal.day),
    )
