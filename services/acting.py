"""What every use case of a request shares: who is eligible, the texts people type, and a move whose lost race is told in words."""

from __future__ import annotations

from typing import Any

from models import Solicitud
from rules import texts
from rules.glossary import ACTION, ESTADO_BADGE
from rules.lifecycle import Action, Clase, Estado, IllegalMove, Motivo
from rules.policy import Actor, Permission, may
from rules.typed import clean
from services.asking import Heard
from services.errors import Conflict, Refused
from services.mover import move
from sources import SourceAccount

MAX_TEXT = 2000
QUIPUX_SILENT = "Quipux no responde en este momento. Sus datos se conservan: intente nuevamente en unos minutos."


def eligible_now(solicitud: Solicitud, heard: Heard) -> None:
    """By the account as it is in Quipux: an institutional request only for an inactive one, of the same institution (decisions 2).
    Raises Refused; sources.SourceUnavailable when Quipux does not answer."""
    account = heard.account(solicitud.cuenta.quipux_codi)
    if problem := ineligible(account, solicitud.clase, solicitud.institucion.quipux_codi):
        raise Refused({"servidor": problem})


def ineligible(account: SourceAccount | None, clase: Clase, inst_codi: str | None) -> str:
    """Why no request may be made for the account; empty when one may."""
    if account is None:
        return "El servidor público ya no consta en Quipux."
    if account.inst_codi != inst_codi:
        return "El servidor público ya no pertenece a esta institución en Quipux."
    if clase is Clase.INSTITUCIONAL and account.activa:
        return "El servidor público está activo en Quipux: solo se respaldan usuarios inactivos."
    return ""


def text_of(text: str, field: str) -> str:
    text = clean(text)
    if len(text) > MAX_TEXT:
        raise Refused({field: too_long(text)})
    return text


def too_long(text: str) -> str:
    """What is said of a text above MAX_TEXT."""
    return f"El texto no puede superar los {texts.miles(MAX_TEXT)} caracteres; tiene {texts.miles(len(text))}."


def move_or_tell(solicitud: Solicitud, action: Action, actor: Actor | None, **rest: Any) -> Solicitud:
    """Move, turning a lost race into words: who did what, and when."""
    try:
        return move(solicitud, action, actor, **rest)
    except IllegalMove:
        raise Conflict(what_happened(solicitud)) from None


def what_happened(solicitud: Solicitud) -> str:
    last = solicitud.eventos[-1] if solicitud.eventos else None
    if last is None:
        return "La solicitud cambió mientras usted la tenía abierta."
    who = last.actor.nombre_completo if last.actor else "el Sistema"
    if solicitud.editada_en > last.en:
        return f"{solicitud.editada_por.nombre_completo} modificó la solicitud el {texts.moment(solicitud.editada_en)}. Revise los datos actuales."
    return (
        f"La solicitud está en estado {ESTADO_BADGE[solicitud.estado].label}: {who} registró "
        f"«{ACTION[Action(last.accion)].label}» el {texts.moment(last.en)}."
    )


def offered_actions(actor: Actor, solicitud: Solicitud, estado: Estado) -> dict[str, bool]:
    """What the page may offer this actor for this request: rights and estado together."""
    carry, decide = may(actor, Permission.SOLICITUD_EDIT, solicitud), may(actor, Permission.SOLICITUD_DECIDE, solicitud)
    return {
        "edit": carry and estado is Estado.BORRADOR,
        "cancel": carry and estado is Estado.ENVIADA,
        "decide": decide and estado is Estado.ENVIADA,
        "reschedule": decide and estado is Estado.APROBADA,
        "reject": decide and estado in {Estado.ENVIADA, Estado.APROBADA, Estado.DETENIDA, Estado.ATENDIDA},
        "stop": actor.sge and estado is Estado.EN_EJECUCION,
        "retry": actor.sge and estado is Estado.DETENIDA,
        "extend": actor.sge and estado is Estado.ATENDIDA and not solicitud.ampliada,
        "download": may(actor, Permission.SOLICITUD_FILES, solicitud) and estado is Estado.ATENDIDA,
        "renew": may(actor, Permission.SOLICITUD_RENEW, solicitud) and estado is Estado.ELIMINADA
        and (solicitud.motivo is Motivo.VIGENCIA_TERMINADA or solicitud.motivo is None),
        "deliver": may(actor, Permission.SOLICITUD_DELIVER, solicitud) and estado in {Estado.ATENDIDA, Estado.ELIMINADA}
        and solicitud.generada_en is not None,
    }
