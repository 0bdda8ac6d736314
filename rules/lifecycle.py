"""Estados and moves of a Solicitud: the whole diagram, in one table.

Sources: mission.md §1, decisions 8-10 of the team, seed 000 ("Estados de la solicitud").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Estado(StrEnum):
    BORRADOR = "borrador"
    ENVIADA = "enviada"
    APROBADA = "aprobada"
    EN_EJECUCION = "en_ejecucion"
    DETENIDA = "detenida"
    ATENDIDA = "atendida"
    ELIMINADA = "eliminada"


class Motivo(StrEnum):
    """Why a request is Eliminada. The first two are the seed's own causes."""

    VIGENCIA_TERMINADA = "vigencia_terminada"
    DOCUMENTO_NO_CORRESPONDE = "documento_no_corresponde"
    CANCELADA = "cancelada"
    OTRO = "otro"


class Clase(StrEnum):
    INSTITUCIONAL = "institucional"
    PERSONAL = "personal"


class Action(StrEnum):
    CREATE = "create"
    EDIT = "edit"
    DELETE = "delete"
    SEND = "send"
    CANCEL = "cancel"
    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"
    RESCHEDULE = "reschedule"
    START = "start"
    RESUME = "resume"
    STOP = "stop"
    FAIL = "fail"
    RETRY = "retry"
    FINISH = "finish"
    DOWNLOAD = "download"
    DELIVER = "deliver"
    EXTEND = "extend"
    EXPIRE = "expire"
    PURGE = "purge"
    RENEW = "renew"
    # A complement with what was missing: ordered, published, not made, stopped by an officer (decisions 20)
    RETRY_MISSING = "retry_missing"
    COMPLEMENT = "complement"
    COMPLEMENT_FAIL = "complement_fail"
    COMPLEMENT_STOP = "complement_stop"


@dataclass(frozen=True, slots=True)
class Transition:
    """From which estados an action may start, and where it leads (None: the estado stays). needs_reason: the Recorrido must say why."""

    sources: frozenset[Estado]
    target: Estado | None
    needs_reason: bool = False
    # False: recorded in the Recorrido only when it says something new to a person.
    recorded: bool = True


def _t(*sources: Estado, to: Estado | None, reason: bool = False, recorded: bool = True) -> Transition:
    return Transition(frozenset(sources), to, reason, recorded)


E = Estado
TRANSITIONS: dict[Action, Transition] = {
    Action.EDIT: _t(E.BORRADOR, to=None, recorded=False),
    Action.DELETE: _t(E.BORRADOR, to=E.ELIMINADA),
    Action.SEND: _t(E.BORRADOR, to=E.ENVIADA),
    Action.CANCEL: _t(E.ENVIADA, E.BORRADOR, to=E.ELIMINADA),
    Action.APPROVE: _t(E.ENVIADA, to=E.APROBADA),
    Action.RETURN: _t(E.ENVIADA, to=E.BORRADOR, reason=True),
    Action.REJECT: _t(E.ENVIADA, E.APROBADA, E.DETENIDA, E.ATENDIDA, to=E.ELIMINADA, reason=True),
    Action.RESCHEDULE: _t(E.APROBADA, to=E.APROBADA),
    Action.START: _t(E.APROBADA, to=E.EN_EJECUCION),
    Action.RESUME: _t(E.EN_EJECUCION, to=None),
    Action.STOP: _t(E.EN_EJECUCION, to=E.DETENIDA, reason=True),
    Action.FAIL: _t(E.EN_EJECUCION, to=E.DETENIDA),
    Action.RETRY: _t(E.DETENIDA, to=E.APROBADA),
    Action.FINISH: _t(E.EN_EJECUCION, to=E.ATENDIDA),
    Action.DOWNLOAD: _t(E.ATENDIDA, to=None),
    Action.DELIVER: _t(E.ATENDIDA, E.ELIMINADA, to=None),
    Action.EXTEND: _t(E.ATENDIDA, to=None, reason=True),
    Action.EXPIRE: _t(E.ATENDIDA, to=E.ELIMINADA),
    Action.PURGE: _t(E.ELIMINADA, to=None),
    Action.RENEW: _t(E.ELIMINADA, to=None),
    Action.RETRY_MISSING: _t(E.ATENDIDA, to=None),
    Action.COMPLEMENT: _t(E.ATENDIDA, to=None),
    Action.COMPLEMENT_FAIL: _t(E.ATENDIDA, E.ELIMINADA, to=None),
    Action.COMPLEMENT_STOP: _t(E.ATENDIDA, to=None, reason=True),
}

# A live request blocks nobody, but a second one for the same person is warned of.
LIVE = frozenset({E.BORRADOR, E.ENVIADA, E.APROBADA, E.EN_EJECUCION, E.DETENIDA, E.ATENDIDA})


class IllegalMove(Exception):
    """The action may not start from this estado."""

    def __init__(self, action: Action, estado: Estado):
        super().__init__(f"{action} no procede desde {estado}")
        self.action, self.estado = action, estado


def effective(estado: Estado, vigente_hasta: datetime | None, now: datetime) -> Estado:
    """The estado a person must see at `now`: an Atendida whose vigencia is over is Eliminada even before the sweep.

    `vigente_hasta` is exclusive (00:00 Guayaquil of day +5, seed 000 "4 días calendario").
    The same rule in SQL: services.status.effective_sql; a property test holds them equal.
    """
    if estado is Estado.ATENDIDA and vigente_hasta is not None and vigente_hasta <= now:
        return Estado.ELIMINADA
    return estado


def allows(action: Action, estado: Estado) -> bool:
    return action in TRANSITIONS and estado in TRANSITIONS[action].sources
