"""The feriado table of a year: proposed by the law of 2016, corrected and confirmed by the SGE (decisions 13).

A feriado only makes its day one on which nothing is calendarizado from now on: dates already announced never move by
themselves (decisions 14), `touched` lists them. A local feriado (of a canton or a province) is shown and nothing more: the
production is in one place and serves the whole country. The caller commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from extensions import db
from models import AnioFeriados, Feriado, FeriadoLocal, Solicitud
from rules import holidays, texts
from rules.lifecycle import Estado
from rules.policy import Actor
from services import calendar_log, clock, schedule
from services.errors import NotFound, Refused

MAX_NAME = 120
AHEAD = 2  # years after the present one that may be prepared
TOUCHED_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Proposed:
    """One day the law gives, beside the table. kind: "falta" (not in the table), "difiere" (another name there) or "igual"."""

    feriado: holidays.Feriado
    kind: str


@dataclass(frozen=True, slots=True)
class Year:
    """One year of the table. law: what the rule proposes; extra: dates in the table that the rule does not know (decrees)."""

    year: int
    rows: list[Feriado]
    local: list[FeriadoLocal]
    law: list[Proposed]
    extra: frozenset[date]
    confirmed: AnioFeriados | None

    @property
    def missing(self) -> list[holidays.Feriado]:
        return [p.feriado for p in self.law if p.kind == "falta"]


def years() -> range:
    """Years an officer may open: from the first of the law to a few ahead."""
    return range(holidays.FIRST_YEAR, min(holidays.LAST_YEAR, clock.today().year + AHEAD) + 1)


def year(number: int) -> Year:
    """One year as it stands. Raises NotFound for a year that `years` does not offer."""
    if number not in years():
        raise NotFound
    first, last = date(number, 1, 1), date(number, 12, 31)
    rows = list(db.session.scalars(select(Feriado).where(Feriado.fecha.between(first, last)).order_by(Feriado.fecha)))
    local = list(db.session.scalars(select(FeriadoLocal).where(FeriadoLocal.fecha.between(first, last)).order_by(FeriadoLocal.fecha, FeriadoLocal.id)))
    names = {row.fecha: row.nombre for row in rows}
    law = holidays.days_off(number)
    compared = [Proposed(d, "falta" if d.fecha not in names else "igual" if names[d.fecha] == d.nombre else "difiere") for d in law]
    extra = frozenset(names) - {d.fecha for d in law}
    return Year(number, rows, local, compared, extra, db.session.get(AnioFeriados, number))


def seed(actor: Actor, number: int) -> int:
    """Put the days of the law that are missing into the table; returns how many. Raises NotFound."""
    missing = year(number).missing
    schedule.seed_year(number)
    if missing:
        days = ", ".join(f"{texts.day(d.fecha)} ({d.nombre})" for d in missing)
        calendar_log.record(actor, calendar_log.FERIADOS, f"Cargó los días de descanso que propone la ley: {days}.", anio=number)
    return len(missing)


def confirm(actor: Actor, number: int) -> None:
    """An officer answers for the year: from now on its dates carry no warning. Raises NotFound, Refused."""
    this = year(number)
    if not this.rows:
        raise Refused(f"El año {number} no tiene feriados: cárguelos antes de confirmarlo.")
    if this.confirmed is not None:
        raise Refused(f"El año {number} ya está confirmado.")
    db.session.add(AnioFeriados(anio=number, confirmado_en=clock.now(), confirmado_por_id=actor.usuario_id))
    calendar_log.record(actor, calendar_log.FERIADOS, f"Confirmó el año con {texts.plural(len(this.rows), 'día', 'días')} de descanso.", anio=number)


def add(actor: Actor, day: date | None, nombre: str, decreto: str, *, original: date | None = None) -> Feriado:
    """A day off that the law does not give: by decree, with its number. Raises Refused."""
    wrong = {"fecha": _new_day_problem(day), "nombre": _name_problem(nombre), "decreto": _decree_problem(decreto)}
    calendar_log.checked(wrong)
    row = Feriado(fecha=day, nombre=nombre.strip(), decreto=decreto.strip(), original=original or day)
    db.session.add(row)
    calendar_log.record(actor, calendar_log.FERIADOS, f"Agregó el {texts.long_day(day)}: {row.nombre}.", motivo=row.decreto, anio=day.year)
    return row


def shift(actor: Actor, day: date | None, to: date | None, decreto: str) -> Feriado:
    """Move a day off to another date, by decree; the day it celebrates stays as it was. Raises Refused, NotFound."""
    row = _row(day)
    calendar_log.checked({"fecha": _change_problem(row.fecha) or _new_day_problem(to), "decreto": _decree_problem(decreto)})
    moved = Feriado(fecha=to, nombre=row.nombre, original=row.original or row.fecha, decreto=decreto.strip())
    old = row.fecha
    db.session.delete(row)
    db.session.add(moved)
    for number in sorted({old.year, to.year}):
        calendar_log.record(
            actor, calendar_log.FERIADOS, f"Trasladó {moved.nombre} del {texts.long_day(old)} al {texts.long_day(to)}.",
            motivo=moved.decreto, anio=number,
        )
    return moved


def remove(actor: Actor, day: date | None, motivo: str) -> None:
    """The day is worked after all. Raises Refused, NotFound."""
    row = _row(day)
    motivo = motivo.strip()
    calendar_log.checked({"fecha": _change_problem(row.fecha), "motivo": _reason_problem(motivo)})
    db.session.delete(row)
    calendar_log.record(actor, calendar_log.FERIADOS, f"Quitó el {texts.long_day(row.fecha)}: {row.nombre}.", motivo=motivo, anio=row.fecha.year)


def add_local(actor: Actor, day: date | None, nombre: str, lugar: str, decreto: str) -> FeriadoLocal:
    """A feriado of one place. Raises Refused."""
    where = "" if 2 <= len(lugar.strip()) <= MAX_NAME else f"Escriba el cantón o la provincia (hasta {MAX_NAME} caracteres)."
    too_long = f"El número de decreto u ordenanza no puede superar los {MAX_NAME} caracteres." if len(decreto.strip()) > MAX_NAME else ""
    calendar_log.checked({"fecha": _year_problem(day), "nombre": _name_problem(nombre), "lugar": where, "decreto": too_long})
    row = FeriadoLocal(fecha=day, nombre=nombre.strip(), lugar=lugar.strip(), decreto=decreto.strip())
    db.session.add(row)
    calendar_log.record(
        actor, calendar_log.FERIADOS, f"Agregó el feriado local del {texts.long_day(day)}: {row.nombre}, {row.lugar}.", motivo=row.decreto, anio=day.year
    )
    return row


def remove_local(actor: Actor, local_id: int | None) -> None:
    """Take a local feriado away. Raises NotFound."""
    row = db.session.get(FeriadoLocal, local_id) if local_id and 0 < local_id < 2**31 else None
    if row is None:
        raise NotFound
    db.session.delete(row)
    calendar_log.record(actor, calendar_log.FERIADOS, f"Quitó el feriado local del {texts.long_day(row.fecha)}: {row.nombre}, {row.lugar}.", anio=row.fecha.year)


def touched() -> list[Solicitud]:
    """Approved requests still to be run that are promised for a day nobody works any more, by date. Runs an officer ordered
    at once are not among them."""
    promised = select(Solicitud.fecha_tentativa).where(schedule.ON_PROMISE, Solicitud.fecha_tentativa >= clock.today()).distinct()
    days = schedule.working_calendar()
    off = [day for day in db.session.scalars(promised) if not days.is_working(day)]
    query = (
        select(Solicitud)
        .options(joinedload(Solicitud.institucion))
        .where(Solicitud.estado == Estado.APROBADA, Solicitud.fecha_tentativa.in_(off), Solicitud.ejecutar_desde > clock.now())
        .order_by(Solicitud.fecha_tentativa, Solicitud.aprobada_en, Solicitud.id)
    )
    return list(db.session.scalars(query.limit(TOUCHED_SHOWN))) if off else []


def _row(day: date | None) -> Feriado:
    row = db.session.get(Feriado, day) if day else None
    if row is None:
        raise NotFound
    return row


def _year_problem(day: date | None) -> str:
    if day is None:
        return "Ingrese la fecha."
    if day.year not in years():
        return f"La fecha debe estar entre {years()[0]} y {years()[-1]}."
    return ""


def _change_problem(day: date) -> str:
    return "El día ya pasó: los feriados anteriores a hoy no se modifican." if day < clock.today() else ""


def _new_day_problem(day: date | None) -> str:
    if problem := _year_problem(day):
        return problem
    if day < clock.today():
        return "La fecha no puede ser anterior a hoy: no cambia lo que ya se ejecutó."
    if day.weekday() >= 5:
        return f"El {texts.day(day)} es {texts.WEEKDAYS[day.weekday()]}: ya no se trabaja."
    known = db.session.get(Feriado, day)
    return f"El {texts.day(day)} ya es feriado ({known.nombre})." if known else ""


def _name_problem(nombre: str) -> str:
    return "" if 0 < len(nombre.strip()) <= MAX_NAME else f"Escriba el nombre del feriado (hasta {MAX_NAME} caracteres)."


def _decree_problem(decreto: str) -> str:
    return "" if 0 < len(decreto.strip()) <= MAX_NAME else f"Escriba el número del decreto (hasta {MAX_NAME} caracteres)."


def _reason_problem(motivo: str) -> str:
    return calendar_log.reason_problem(motivo) if motivo else "Escriba el motivo."
