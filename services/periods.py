"""Períodos de alta demanda: name, dates, and what they change: more days to answer, more or less capacity, a reserve.

No two share a day, so that one banner says what holds. The caller commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from extensions import db
from models import PeriodoAltaDemanda
from rules import texts
from rules.capacity import Period
from rules.policy import Actor
from services import calendar_log, clock, schedule
from services.errors import NotFound

MAX_NAME = 120
MAX_DAYS = 366  # a longer time is no time of high demand
MAX_EXTRA = 60
MIN_CAPACITY, MAX_CAPACITY = 10, 1000
MAX_RESERVE = 90


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form says; None: nothing, or nothing of the kind. capacidad and reserva: per cent."""

    nombre: str
    desde: date | None
    hasta: date | None
    dias_extra: int | None = 0
    capacidad: int | None = 100
    reserva: int | None = 0


def listing() -> list[PeriodoAltaDemanda]:
    """All of them, the latest first."""
    return list(db.session.scalars(select(PeriodoAltaDemanda).order_by(PeriodoAltaDemanda.desde.desc())))


def period(period_id: int | None) -> PeriodoAltaDemanda:
    """One of them. Raises NotFound."""
    row = db.session.get(PeriodoAltaDemanda, period_id) if period_id and 0 < period_id < 2**31 else None
    if row is None:
        raise NotFound
    return row


def standing(row: PeriodoAltaDemanda) -> str:
    """"programado", "vigente" or "concluido" (rules.glossary.AVISO_BADGE)."""
    today = clock.today()
    return "programado" if today < row.desde else "vigente" if today <= row.hasta else "concluido"


def save(actor: Actor, draft: Draft, *, existing: PeriodoAltaDemanda | None = None) -> PeriodoAltaDemanda:
    """A new period, or another text of one. Raises Refused."""
    schedule.hold()  # two officers who add at the same moment must not both find the days free
    calendar_log.checked(_problems(draft, existing))
    row = existing or PeriodoAltaDemanda()
    before = _words(row) if existing else ""
    row.nombre, row.desde, row.hasta = draft.nombre.strip(), draft.desde, draft.hasta
    row.dias_extra, row.capacidad, row.reserva = draft.dias_extra, draft.capacidad, draft.reserva
    db.session.add(row)
    texto = f"Modificó {before} Ahora: {_words(row)}" if existing else f"Creó {_words(row)}"
    calendar_log.record(actor, calendar_log.PERIODOS, texto)
    return row


def remove(actor: Actor, row: PeriodoAltaDemanda) -> None:
    """The period ends as if it had never been; dates already announced stay."""
    calendar_log.record(actor, calendar_log.PERIODOS, f"Eliminó {_words(row)}")
    db.session.delete(row)


def _words(row: PeriodoAltaDemanda) -> str:
    return (
        f"«{row.nombre}», del {texts.day(row.desde)} al {texts.day(row.hasta)}: {texts.plural(row.dias_extra, 'día laborable', 'días laborables')} "
        f"adicionales, capacidad {row.capacidad} %, reserva {row.reserva} %."
    )


def _problems(draft: Draft, existing: PeriodoAltaDemanda | None) -> dict[str, str]:
    wrong = {
        "nombre": "" if 0 < len(draft.nombre.strip()) <= MAX_NAME else f"Escriba el nombre del período (hasta {MAX_NAME} caracteres).",
        "desde": "" if draft.desde else "Ingrese la fecha de inicio.",
        "hasta": "" if draft.hasta else "Ingrese la fecha de fin.",
        "dias_extra": _between(draft.dias_extra, 0, MAX_EXTRA, "Los días adicionales deben ser"),
        "capacidad": _between(draft.capacidad, MIN_CAPACITY, MAX_CAPACITY, "La capacidad debe ser, en porcentaje,"),
        "reserva": _between(draft.reserva, 0, MAX_RESERVE, "La reserva debe ser, en porcentaje,"),
    }
    if draft.desde and draft.hasta:
        wrong["hasta"] = _dates_problem(draft.desde, draft.hasta, existing)
        wrong["desde"] = "" if wrong["hasta"] else _overlap_problem(draft.desde, draft.hasta, existing)
    if not any(wrong.values()) and (draft.dias_extra, draft.capacidad, draft.reserva) == (0, 100, 0):
        wrong["dias_extra"] = "El período no cambia nada: indique días adicionales, otra capacidad o una reserva."
    return wrong


def _between(value: int | None, least: int, most: int, what: str) -> str:
    return "" if value is not None and least <= value <= most else f"{what} un número entero de {least} a {most}."


def _dates_problem(desde: date, hasta: date, existing: PeriodoAltaDemanda | None) -> str:
    today = clock.today()
    if hasta < desde:
        return "La fecha de fin debe ser igual o posterior a la de inicio."
    if (hasta - desde).days >= MAX_DAYS:
        return "Un período no puede durar más de un año."
    if hasta < today and (existing is None or existing.hasta != hasta):
        return "El período ya habría terminado: la fecha de fin no puede ser anterior a hoy."
    return "La fecha de fin está demasiado lejos." if hasta > today + 2 * schedule.HORIZON else ""


def _overlap_problem(desde: date, hasta: date, existing: PeriodoAltaDemanda | None) -> str:
    new = Period("", desde, hasta)
    for row in db.session.scalars(select(PeriodoAltaDemanda).order_by(PeriodoAltaDemanda.desde)):
        if row is not existing and new.overlaps(Period("", row.desde, row.hasta)):
            return f"Se cruza con «{row.nombre}» ({texts.day(row.desde)} a {texts.day(row.hasta)}): cambie las fechas de uno de los dos."
    return ""
