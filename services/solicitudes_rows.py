"""What a list says of a request: its estado, a second line, and what may be done with it at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from extensions import db
from models import UNFINISHED, Ejecucion, Solicitud
from rules import deadlines, texts
from rules.glossary import DETENCION, ESPERA, MOTIVO
from rules.lifecycle import Estado, Motivo, effective
from rules.policy import Actor
from services import acting

# Estados whose second line is of a run.
RUNNING = frozenset({Estado.EN_EJECUCION, Estado.DETENIDA})


@dataclass(frozen=True, slots=True)
class Row:
    """One request as the list shows it. estado: the effective one. detail: the second line. action: "download",
    "correct", "edit" or ""."""

    solicitud: Solicitud
    estado: Estado
    detail: str
    action: str = ""


def runs(solicitudes: Iterable[int]) -> dict[int, Ejecucion]:
    """The runs of these requests that are alive, by request."""
    wanted = list(solicitudes)
    query = select(Ejecucion).where(Ejecucion.solicitud_id.in_(wanted), Ejecucion.estado.in_(UNFINISHED))
    return {run.solicitud_id: run for run in db.session.scalars(query)} if wanted else {}


def shown(actor: Actor, solicitud: Solicitud, run: Ejecucion | None, now: datetime) -> Row:
    estado, detail = told(solicitud, run, now)
    offered = acting.offered_actions(actor, solicitud, estado)
    action = ""
    if offered["download"]:
        action = "download"
    elif offered["edit"]:
        action = "correct" if solicitud.devuelta_por else "edit"
    return Row(solicitud, estado, detail, action)


def told(solicitud: Any, run: Ejecucion | None, now: datetime) -> tuple[Estado, str]:
    estado = effective(solicitud.estado, solicitud.vigente_hasta, now)
    return estado, second_line(solicitud, estado, run, now)


def second_line(solicitud: Any, estado: Estado, run: Ejecucion | None, now: datetime) -> str:
    """What a person wants to know beside the estado: a date, a percentage, what is left, why it ended. solicitud: a Solicitud, or a
    row with its names."""
    today = deadlines.local_day(now)
    match estado:
        case Estado.BORRADOR:
            return "Devuelta con observaciones" if solicitud.devuelta_por else f"Guardada: {_short(deadlines.local_day(solicitud.editada_en), today)}"
        case Estado.ENVIADA:
            return "En revisión de la SGE"
        case Estado.APROBADA:
            late = " · fuera de plazo" if solicitud.fuera_de_plazo else ""
            return f"Calendarizada: {_short(solicitud.fecha_tentativa, today)}{late}"
        case Estado.EN_EJECUCION:
            return _running(run, today)
        case Estado.DETENIDA:
            return DETENCION.get(run.detencion, DETENCION["orden"]) if run else DETENCION["orden"]
        case Estado.ATENDIDA:
            return _left(solicitud.vigente_hasta, now, today)
        case Estado.ELIMINADA:
            return MOTIVO[solicitud.motivo or Motivo.VIGENCIA_TERMINADA]


def percent(run: Ejecucion | None) -> int | None:
    """How far the run is: by bytes, else by documents; below 100 until it is over. None before its plan."""
    if run is None:
        return None
    total, done = (run.bytes_total, run.bytes_hechos) if run.bytes_total else (run.encontrados - run.excluidos, run.documentos_hechos)
    return min(99, 100 * done // total) if total > 0 else None


def _running(run: Ejecucion | None, today: date) -> str:
    if run is None or run.iniciada_en is None:
        return "Por comenzar"
    if run.espera:
        return ESPERA[run.espera]
    started = deadlines.local_day(run.iniciada_en)
    when = "hoy" if started == today else f"desde el {_short(started, today)}"
    share = percent(run)
    return f"Preparando · {when}" if share is None else f"{share} % · {when}"


def _left(until: datetime | None, now: datetime, today: date) -> str:
    if until is None:
        return ""
    if deadlines.last_moment(until).date() == today:
        return "Vence hoy, 23:59"
    return texts.remaining((until - now).total_seconds())


def _short(day: date | None, today: date) -> str:
    """ "25 nov", with the year only when it is another one."""
    if day is None:
        return "sin fecha"
    return texts.day(day).rsplit(" ", 1)[0] if day.year == today.year else texts.day(day)
