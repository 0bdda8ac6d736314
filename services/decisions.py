"""What the SGE and the calendar do with a request: approve, reschedule, return, reject, extend, expire. One transaction and one
Recorrido row each.

The caller commits. Rules: seed 000, mission.md §1, decisions 2, 8, 10.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from models import Solicitud
from rules import deadlines, texts
from rules.glossary import DEVOLUCION, RECHAZO
from rules.lifecycle import Action, Motivo
from rules.policy import Actor
from services import acting, clock, notices, runs, schedule
from services.asking import Heard, beforehand
from services.errors import Refused
from services.mover import move
from sources import SourceUnavailable

REJECTED_KEPT = timedelta(hours=72)


def approve(
    actor: Actor, solicitud: Solicitud, day: date | None, *, comment: str = "", include_reserved: bool = False, reserved_reason: str = "",
    version: int | None = None, heard: Heard | None = None, **told: Any,
) -> Solicitud:
    """Approve and put on the calendar. Including reserved documents needs a reason: `reserved_reason`, or the comment.
    `heard`: Quipux's answers, if it was asked before. `told`: more data for the row of the Recorrido. Raises Refused, Conflict."""
    problems = day_problems(solicitud, day, comment)
    if include_reserved and not (comment.strip() or reserved_reason.strip()):
        problems["comentario"] = "Escriba el motivo por el que se incluyen los documentos reservados."
    if problems:
        raise Refused(problems)
    said = " ".join(filter(None, (acting.text_of(comment, "comentario"), acting.text_of(reserved_reason, "reservados_motivo"))))
    try:
        acting.eligible_now(solicitud, heard or Heard())
    except SourceUnavailable:
        raise Refused(acting.QUIPUX_SILENT) from None
    _take_place(solicitud, day, comment)
    return approve_on(actor, solicitud, day, comment=said, include_reserved=include_reserved, version=version, told=told)


def hear(solicitud: Solicitud) -> Heard:
    """What `approve` will want to know of Quipux, asked before anything is written (services.asking)."""

    def questions(heard: Heard) -> Iterator[Callable[[], Any]]:
        codi = solicitud.cuenta.quipux_codi
        yield lambda: heard.account(codi)

    return beforehand(questions)


def approve_on(
    actor: Actor | None, solicitud: Solicitud, day: date, *, comment="", include_reserved=False, version=None, told: dict[str, Any] | None = None
) -> Solicitud:
    late = schedule.out_of_time(solicitud, day)
    data = {"fecha_tentativa": day.isoformat(), "reservados": "incluir" if include_reserved else "excluir", "fuera_de_plazo": late}
    data |= told or {}
    acting.move_or_tell(
        solicitud, Action.APPROVE, actor, version=version, comment=comment, data=data, fecha_tentativa=day, fuera_de_plazo=late,
        ejecutar_desde=schedule.opening(day), aprobada_en=clock.now(), aprobada_por_id=actor.usuario_id if actor else None,
        incluir_reservados=include_reserved,
    )
    notices.tell("aprobada", solicitud, occasion=str(solicitud.version))
    return solicitud


def reschedule(actor: Actor, solicitud: Solicitud, day: date | None, *, comment: str = "", version: int | None = None) -> Solicitud:
    """Move an approved request to another day; the AIQ is mailed the new date. Raises Refused, Conflict."""
    _take_place(solicitud, day, comment)
    return _reschedule(actor, solicitud, day, schedule.opening(day), acting.text_of(comment, "comentario"), version)


def day_problems(solicitud: Solicitud, day: date | None, comment: str) -> dict[str, str]:
    """Why a run may not be put on this day: field → message."""
    if problem := schedule.day_problem(day, clock.today()):
        return {"fecha": problem}
    if not comment.strip() and schedule.above_capacity(solicitud, day):
        return {"comentario": f"El {texts.long_day(day)} supera la capacidad diaria. Escriba el motivo o elija otra fecha."}
    return {}


def _take_place(solicitud: Solicitud, day: date | None, comment: str) -> None:
    """Hold the calendar until the commit and look again whether the day has room: of two officers one comes second. Raises
    Refused. Only now, after Quipux has answered: who waits for Quipux must not keep the others waiting."""
    schedule.hold()
    if problems := day_problems(solicitud, day, comment):
        raise Refused(problems)


def run_now(actor: Actor, solicitud: Solicitud, *, version: int | None = None) -> Solicitud:
    """An officer orders the run for this moment, on whatever day: nobody is promised anything by it."""
    return _reschedule(actor, solicitud, clock.today(), clock.now(), "Ejecución inmediata", version)


def _reschedule(actor, solicitud, day, start, comment, version) -> Solicitud:
    late = schedule.out_of_time(solicitud, day)
    acting.move_or_tell(
        solicitud, Action.RESCHEDULE, actor, version=version, comment=comment,
        data={"fecha_tentativa": day.isoformat(), "fecha_anterior": str(solicitud.fecha_tentativa), "fuera_de_plazo": late},
        fecha_tentativa=day, ejecutar_desde=start, fuera_de_plazo=late,
    )
    notices.tell("calendarizada", solicitud, occasion=str(solicitud.version))
    return solicitud


def give_back(actor: Actor, solicitud: Solicitud, reason: str, text: str, *, version: int | None = None) -> Solicitud:
    """*Devolver para corrección*: the request is a draft again with everything it had."""
    if reason not in DEVOLUCION:
        raise Refused({"motivo": "Elija el motivo de la devolución."})
    text = acting.text_of(text, "detalle")
    if DEVOLUCION[reason].needs_text and not text:
        raise Refused({"detalle": "Escriba qué debe corregir el AIQ."})
    comment = f"{DEVOLUCION[reason].label}. {text}".strip()
    acting.move_or_tell(solicitud, Action.RETURN, actor, version=version, comment=comment, data={"motivo": reason}, devuelta_por=comment)
    notices.tell("devuelta", solicitud, occasion=str(solicitud.version), comentario=comment)
    return solicitud


def reject(actor: Actor, solicitud: Solicitud, reason: str, text: str, *, version: int | None = None) -> Solicitud:
    """End a request with a typed motivo, before or after generation; downloads stop at once, and the bytes of a generated
    one go when a second officer confirms or after 72 hours (decisions 8)."""
    if reason not in RECHAZO:
        raise Refused({"motivo": "Elija el motivo."})
    text, chosen = acting.text_of(text, "detalle"), RECHAZO[reason]
    if chosen.needs_text and not text:
        raise Refused({"detalle": "Explique el motivo al AIQ."})
    comment = f"{chosen.label}. {text}".strip()
    at = clock.now()
    columns: dict[str, Any] = {"motivo": chosen.motivo, "eliminada_en": at}
    if solicitud.ejecuciones:
        columns["purgar_desde"] = at + REJECTED_KEPT
    acting.move_or_tell(solicitud, Action.REJECT, actor, version=version, comment=comment, data={"motivo": reason}, **columns)
    runs.abandon(solicitud)
    notices.tell("rechazada", solicitud, comentario=comment)
    return solicitud


def extend(actor: Actor, solicitud: Solicitud, reason: str) -> Solicitud:
    """*Ampliar vigencia*: once, two días calendario, before it ends, with a reason (decisions 8)."""
    if solicitud.ampliada:
        raise Refused("La vigencia de este respaldo ya se amplió una vez.")
    if not reason.strip():
        raise Refused({"motivo": "Escriba el motivo de la ampliación."})
    until = deadlines.extend(solicitud.vigente_hasta)
    acting.move_or_tell(
        solicitud, Action.EXTEND, actor, comment=acting.text_of(reason, "motivo"), data={"vigente_hasta": until.isoformat()},
        vigente_hasta=until, ampliada=True,
    )
    notices.tell("ampliada", solicitud)
    return solicitud


def expire(solicitud: Solicitud) -> Solicitud:
    """The vigencia is over: Eliminada by the System, which tells everybody; the files are to be deleted now."""
    at = clock.now()
    move(solicitud, Action.EXPIRE, None, data={"motivo": str(Motivo.VIGENCIA_TERMINADA)}, motivo=Motivo.VIGENCIA_TERMINADA,
         eliminada_en=solicitud.vigente_hasta, purgar_desde=at)
    runs.abandon(solicitud)
    notices.tell("vencida", solicitud)
    return solicitud
