"""The capacity of a day as the SGE lays it down, from a date on. What was in force in the past stays as it was.

Dates already announced never move: a lower capacity shows them as over full days. The caller commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from extensions import db
from models import Capacidad
from rules import texts
from rules.policy import Actor
from services import calendar_log, clock, schedule
from services.errors import NotFound, Refused

MAX_DOCUMENTS = 2**31 - 1
MAX_BYTES = 10**15
GB = 10**9


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form says; None: nothing, or nothing of the kind. cuota: per cent."""

    desde: date | None
    documentos: int | None
    bytes: int | None
    cuota: int | None
    motivo: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One capacity with the days it is in force: `hasta` None is without end. row None: the installation's settings."""

    row: Capacidad | None
    documentos: int
    bytes: int
    cuota: float
    desde: date | None
    hasta: date | None
    standing: str

    @property
    def removable(self) -> bool:
        return self.standing == "programado"


def listing() -> list[Entry]:
    """All of them, the latest first, with the settings of the installation at the end. standing: as of a period."""
    rows = list(db.session.scalars(select(Capacidad).options(joinedload(Capacidad.registrada_por)).order_by(Capacidad.desde)))
    usual = schedule.usual()
    starts: list[date | None] = [None, *(row.desde for row in rows)]
    ends = [*(date.fromordinal(row.desde.toordinal() - 1) for row in rows), None]
    first = Entry(None, usual.documents, usual.bytes, round(usual.quota * 100, 2), None, ends[0], _standing(None, ends[0]))
    others = [
        Entry(row, row.documentos, row.bytes, row.cuota, start, end, _standing(start, end)) for row, start, end in zip(rows, starts[1:], ends[1:])
    ]
    return [*reversed(others), first]


def _standing(start: date | None, end: date | None) -> str:
    today = clock.today()
    if start is not None and today < start:
        return "programado"
    return "vigente" if end is None or today <= end else "concluido"


def save(actor: Actor, draft: Draft) -> Capacidad:
    """A capacity in force from a date on; the one that began on the same date is replaced. Raises Refused."""
    schedule.hold()
    calendar_log.checked(_problems(draft))
    row = db.session.get(Capacidad, draft.desde) or Capacidad(desde=draft.desde)
    row.documentos, row.bytes, row.cuota, row.motivo = draft.documentos, draft.bytes, draft.cuota, draft.motivo.strip()
    row.registrada_por_id, row.registrada_en = actor.usuario_id, clock.now()
    db.session.add(row)
    calendar_log.record(actor, calendar_log.CAPACIDAD, f"Fijó {_words(row)}", motivo=row.motivo)
    return row


def remove(actor: Actor, desde: date | None) -> None:
    """Take back a capacity that is not in force yet. Raises NotFound, Refused."""
    row = db.session.get(Capacidad, desde) if desde else None
    if row is None:
        raise NotFound
    if row.desde <= clock.today():
        raise Refused("La capacidad ya está o estuvo en vigor: registre otra desde una nueva fecha.")
    calendar_log.record(actor, calendar_log.CAPACIDAD, f"Retiró {_words(row)}")
    db.session.delete(row)


def _words(row: Capacidad) -> str:
    return (
        f"desde el {texts.long_day(row.desde)}: {texts.plural(row.documentos, 'documento', 'documentos')} y {texts.size(row.bytes)} por día, "
        f"cuota de {row.cuota} % por institución."
    )


def _problems(draft: Draft) -> dict[str, str]:
    return {
        "desde": _date_problem(draft.desde),
        "documentos": _positive(draft.documentos, MAX_DOCUMENTS, "Los documentos por día deben ser"),
        "bytes": _positive(draft.bytes, MAX_BYTES, "El tamaño por día debe ser"),
        "cuota": "" if draft.cuota is not None and 1 <= draft.cuota <= 100 else "La cuota por institución debe ser un número entero de 1 a 100.",
        "motivo": calendar_log.reason_problem(draft.motivo.strip()) if draft.motivo.strip() else "Escriba el motivo.",
    }


def _date_problem(day: date | None) -> str:
    today = clock.today()
    if day is None:
        return "Ingrese la fecha desde la que rige."
    if day < today:
        return "La fecha no puede ser anterior a hoy."
    return "La fecha no puede superar un año." if day > today + schedule.HORIZON else ""


def _positive(value: int | None, most: int, what: str) -> str:
    if value is None:
        return f"{what} un número mayor que cero."
    if value < 1:
        return f"{what} un número mayor que cero: con cero no se podría calendarizar nada."
    return "El número es demasiado grande." if value > most else ""
