"""The SGE's approval page, one request at a time: finding it, approving it with its decisions, and what was decided before.

The queue is in services.desk_queue, the checks in desk_checks, many at once in desk_preview and desk_batch, who is
looking in desk_presence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import Evento, Solicitud
from rules import texts
from rules.glossary import ACTION, COTEJO, ESTADO_BADGE, MOTIVO, RESERVADOS
from rules.lifecycle import Action, Clase, effective
from rules.policy import Actor
from services import acting, clock, decisions, desk_checks, scope
from services.asking import Heard, beforehand
from services.errors import Conflict, NotFound, Refused

EARLIER = 5
OWN = "Usted registró esta solicitud: otra persona de la SGE debe aprobarla."
DECISIONS = {str(a) for a in (Action.APPROVE, Action.RETURN, Action.REJECT, Action.CANCEL)}


@dataclass(frozen=True, slots=True)
class Approval:
    """What an officer says with an approval. reservados: a key of RESERVADOS, "" undecided. reservados_motivo: why.
    cotejo: which of the four data were compared with the petition, keys of COTEJO."""

    fecha: date | None
    comentario: str = ""
    reservados: str = ""
    reservados_motivo: str = ""
    cotejo: frozenset[str] = frozenset()
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """Another request for the same person. estado: the effective one, in words. decision: the last word on it, in one sentence."""

    solicitud: Solicitud
    estado: str
    decision: str


class Returned(Conflict):
    """The request was given back meanwhile: a draft again, which the SGE does not see."""

    def __init__(self, message: str, solicitud_id: int):
        super().__init__(message)
        self.solicitud_id = solicitud_id


def solicitud(actor: Actor, solicitud_id: int) -> Solicitud:
    """A request an officer may see. One that a colleague has just given back is a draft again and out of sight: whoever had
    it open is told so. Raises NotFound, Returned."""
    try:
        return scope.solicitud(actor, solicitud_id)
    except NotFound:
        back = _returned(solicitud_id) if actor.sge and 0 < solicitud_id < 2**62 else None
        if back is None:
            raise
        raise Returned(outcome(back), solicitud_id) from None


def approve(actor: Actor, row: Solicitud, said: Approval, *, heard: Heard | None = None) -> Solicitud:
    """Approve one request. When its range holds reserved documents, a decision on them is required, with its reason
    (decisions 18); the four data must be compared, or the comment says why not (decisions 32). `heard`: Quipux's answers, if it
    was asked before (`hear`). Raises Refused, Conflict."""
    heard = heard or Heard()
    reserved = _reserved(row, heard)
    wrong = _problems(row, said, reserved)
    if wrong:
        # What services.decisions would refuse is told in the same answer, without writing anything.
        raise Refused(wrong | decisions.day_problems(row, said.fecha, said.comentario))
    include = said.reservados == "incluir" and reserved > 0
    told: dict[str, Any] = {"cotejo": sorted(said.cotejo & set(COTEJO))} if row.clase is Clase.INSTITUCIONAL else {}
    told |= {"reservados_total": reserved} if reserved else {}
    return decisions.approve(
        actor, row, said.fecha, comment=said.comentario, include_reserved=include, reserved_reason=_reserved_note(said, reserved),
        version=said.version, heard=heard, **told,
    )


def hear(row: Solicitud) -> Heard:
    """What `approve` will want to know of Quipux, asked before anything is written (services.asking)."""

    def questions(heard: Heard) -> Iterator[Callable[[], Any]]:
        codi, desde, hasta = row.cuenta.quipux_codi, row.desde, row.hasta
        yield lambda: heard.account(codi)
        if desde and hasta:
            yield lambda: heard.counted(codi, desde, hasta)

    return beforehand(questions)


def _reserved(row: Solicitud, heard: Heard) -> int:
    """Reserved documents in the range: counted now, or as they were when it was sent while Quipux does not answer."""
    count = desk_checks.counted(row, heard)
    return count.reservados if count is not None else row.estimado_reservados or 0


def _problems(row: Solicitud, said: Approval, reserved: int) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if reserved and said.reservados not in RESERVADOS:
        wrong["reservados"] = "Decida si el respaldo incluye los documentos reservados."
    elif reserved and said.reservados == "incluir" and not said.reservados_motivo.strip():
        wrong["reservados_motivo"] = "Escriba el motivo por el que se incluyen los documentos reservados."
    if len(said.reservados_motivo) > acting.MAX_TEXT:
        wrong["reservados_motivo"] = acting.too_long(said.reservados_motivo)
    if len(said.comentario) > acting.MAX_TEXT:
        wrong["comentario"] = acting.too_long(said.comentario)
    if row.clase is Clase.INSTITUCIONAL and not said.comentario.strip() and not set(COTEJO) <= said.cotejo:
        wrong["cotejo"] = "Marque los datos que comparó con el documento; si falta alguno, explique en el comentario por qué aprueba."
    return wrong


def _reserved_note(said: Approval, reserved: int) -> str:
    if not reserved:
        return ""
    many = texts.plural(reserved, "documento reservado", "documentos reservados")
    return f"{many}. {RESERVADOS[said.reservados]} {said.reservados_motivo.strip()}".strip()


def outcome(evento: Evento) -> str:
    """Who decided what and when, in one sentence, from a row of the Recorrido."""
    who = evento.actor.nombre_completo if evento.actor else "el Sistema"
    action = ACTION[Action(evento.accion)].label
    day = evento.datos.get("fecha_tentativa")
    when = f", para el {texts.long_day(date.fromisoformat(day))}" if day else ""
    return f"{who} registró «{action}» el {texts.moment(evento.en)}{when}."


def decided(row: Solicitud) -> str:
    """What has happened to a request that waits no longer."""
    return outcome(row.eventos[-1]) if row.eventos else ""


def earlier(actor: Actor, row: Solicitud, limit: int = EARLIER) -> tuple[list[Earlier], int]:
    """Other requests for the same person, in any institution, newest first, each with the last decision on it; and how many
    there are in all."""
    query = scope.solicitudes(actor).where(Solicitud.persona_cedula == row.persona_cedula, Solicitud.id != row.id)
    rows = db.session.scalars(query.options(joinedload(Solicitud.institucion)).order_by(Solicitud.id.desc()).limit(limit + 1)).all()
    total = len(rows) if len(rows) <= limit else db.session.scalar(query.with_only_columns(func.count())) or 0
    shown, now = rows[:limit], clock.now()
    last = _last_decisions([other.id for other in shown])
    return [Earlier(s, ESTADO_BADGE[effective(s.estado, s.vigente_hasta, now)].label, _in_words(s, last.get(s.id))) for s in shown], total


def _last_decisions(ids: list[int]) -> dict[int, Evento]:
    """The last decision on each of these requests."""
    if not ids:
        return {}
    query = select(Evento).where(Evento.solicitud_id.in_(ids), Evento.accion.in_(DECISIONS)).options(joinedload(Evento.actor))
    return {evento.solicitud_id: evento for evento in db.session.scalars(query.order_by(Evento.solicitud_id, Evento.orden))}


def _in_words(row: Solicitud, evento: Evento | None) -> str:
    """The SGE's last word on a request, with what it decided on reserved documents and why, and how it ended."""
    if evento is None:
        return "Sin decisión de la SGE."
    reserved = {"incluir": " Incluyó los documentos reservados."}.get(evento.datos.get("reservados", ""), "")
    ended = f" {MOTIVO[row.motivo]}." if row.motivo and evento.accion == str(Action.APPROVE) else ""
    return f"{outcome(evento)}{reserved}{f' «{evento.comentario}»' if evento.comentario else ''}{ended}"


def _returned(solicitud_id: int) -> Evento | None:
    """The row that tells of a return, when that is the last thing that happened to the request."""
    last = db.session.scalar(select(Evento).where(Evento.solicitud_id == solicitud_id).order_by(Evento.orden.desc()).limit(1))
    return last if last is not None and last.accion == str(Action.RETURN) else None
