"""Moving approved requests to other days, one or many: each with its own outcome, its own Recorrido row and its own mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date


from extensions import db
from models import Solicitud
from rules import texts
from rules.lifecycle import Estado
from rules.policy import Actor, Permission, may
from services import acting, calendar_log, clock, decisions, schedule, scope
from services.errors import Conflict, NotFound, Refused

MOST = 500  # requests in one move
NEXT_DAY = "Traslado a la siguiente fecha con capacidad."
OWN = "Usted registró o envió esta solicitud: otra persona de la SGE debe cambiar su fecha."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request. solicitud None: there is no such request, or it is out of sight."""

    number: int
    solicitud: Solicitud | None
    done: bool
    text: str


def problems(actor: Actor, numbers: Sequence[int], day: date | None, reason: str) -> dict[str, str]:
    """Why the chosen requests may not be put on `day` together: field → message. Nothing is moved before this is empty."""
    wrong = {"ids": _choice_problem(numbers), "fecha": schedule.day_problem(day, clock.today()) or "", "motivo": calendar_log.reason_problem(reason.strip())}
    if not any(wrong.values()) and not reason.strip():
        rows = [s for s in _seen(actor, numbers) if s.estado is Estado.APROBADA and s.fecha_tentativa != day]
        if share := schedule.above_capacity_with(rows, day):
            wrong["motivo"] = f"Con esta selección el {texts.long_day(day)} llegaría al {round(share * 100)} % de la capacidad. Escriba el motivo o elija otra fecha."
    return {name: message for name, message in wrong.items() if message}


def move(actor: Actor, number: int, version: int | None, day: date | None, reason: str) -> Outcome:
    """Move one request to `day`, and commit: what keeps it from being moved holds back no other. The whole choice was found
    right before (`problems`), so that only what has happened meanwhile speaks against it."""
    return _each(actor, number, version, lambda row: day, reason)


def advance(actor: Actor, number: int, version: int | None, reason: str = "") -> Outcome:
    """Move one request to the next day with capacity after its present date (after today, if that has passed). Commits."""
    return _each(actor, number, version, _next_day, reason or NEXT_DAY)


def _each(actor: Actor, number: int, version: int | None, day_of: Callable[[Solicitud], date | None], reason: str) -> Outcome:
    try:
        schedule.hold()
        row = scope.solicitud(actor, number)
        _movable(actor, row)
        day = day_of(row)
        if day == row.fecha_tentativa:
            raise Refused(f"Ya está calendarizada para el {texts.long_day(day)}.")
        decisions.reschedule(actor, row, day, comment=reason, version=version)
        db.session.commit()
        return Outcome(number, row, True, f"Se calendarizó para el {texts.long_day(day)}. {schedule.unconfirmed_warning(day)}".strip())
    except NotFound:
        text = "La solicitud no existe."
    except Refused as refused:
        text = " ".join(refused.fields.values())
    except Conflict as conflict:
        text = conflict.message
    db.session.rollback()
    return Outcome(number, next(iter(_seen(actor, [number])), None), False, text)


def _next_day(row: Solicitud) -> date:
    load = schedule.load_of(row)
    after = max(row.fecha_tentativa, clock.today())
    return schedule.propose_load(row.institucion_id, load.documents, load.bytes, after, without=row.id).day


def _movable(actor: Actor, row: Solicitud) -> None:
    if row.estado is not Estado.APROBADA:
        raise Conflict(acting.what_happened(row))
    if not may(actor, Permission.SOLICITUD_DECIDE, row):
        raise Refused(OWN)


def _choice_problem(numbers: Sequence[int]) -> str:
    if not numbers:
        return "Seleccione al menos una solicitud."
    return f"Seleccione hasta {MOST} solicitudes a la vez." if len(numbers) > MOST else ""


def _seen(actor: Actor, numbers: Sequence[int]) -> list[Solicitud]:
    wanted = [n for n in numbers if 0 < n < 2**62]
    return list(db.session.scalars(scope.solicitudes(actor).where(Solicitud.id.in_(wanted)))) if wanted else []
