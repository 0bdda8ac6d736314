"""Who may do what: permission → predicate over (actor, thing). Routes, templates and jobs all ask here.

`thing` is whatever carries the facts named in the predicate (a Solicitud, usually); nothing here queries.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Callable

from rules.lifecycle import Clase, Estado


@dataclass(frozen=True, slots=True)
class Actor:
    """A person with the rights he or she has *now* (decisions 1): offices in force and own Quipux accounts.

    aiq_of: institutions of which the person is AIQ (principal or backup). own_accounts: ids of every Cuenta with his or
    her cédula; active_accounts: those active in Quipux. asked_elsewhere: own accounts with
    requests outside aiq_of, None when nobody looked.
    """

    usuario_id: int
    nombre: str
    correo: str = ""
    aiq_of: frozenset[int] = frozenset()
    principal_of: frozenset[int] = frozenset()
    sge: bool = False
    sge_admin: bool = False
    own_accounts: frozenset[int] = frozenset()
    active_accounts: frozenset[int] = field(default_factory=frozenset)
    asked_elsewhere: frozenset[int] | None = None
    # Processes in which the person is the designated AIQ, who until then sees nothing else (decisions 4, 32).
    designated_implantations: frozenset[int] = frozenset()
    designated_changes: frozenset[int] = frozenset()

    @property
    def may_enter(self) -> bool:
        """Who has no active account, no office of an AIQ and no SGE office cannot sign in (decisions 2)."""
        return self.sge or bool(self.aiq_of) or bool(self.active_accounts) or self.designated

    @property
    def designated(self) -> bool:
        return bool(self.designated_implantations or self.designated_changes)


class Permission(Enum):
    ENTER = auto()
    REQUEST_INSTITUTIONAL = auto()
    REQUEST_PERSONAL = auto()
    LIST_INSTITUTION = auto()
    SOLICITUD_SEE = auto()
    SOLICITUD_EDIT = auto()
    SOLICITUD_CANCEL = auto()
    SOLICITUD_DECIDE = auto()
    SOLICITUD_RUN = auto()
    SOLICITUD_FILES = auto()
    SOLICITUD_FILES_WITH_REASON = auto()
    SOLICITUD_DELIVER = auto()
    SOLICITUD_RENEW = auto()
    SGE_DESK = auto()
    BOARD = auto()
    PRODUCTION = auto()
    # The calendar: see it and move requests on it; lay down feriados, periods and capacity
    CALENDAR = auto()
    CALENDAR_ADMIN = auto()
    # The AIQs' own affairs
    INSTITUTIONS = auto()
    IMPLANTATION_SEE = auto()
    IMPLANTATION_WORK = auto()
    CHANGE_START = auto()
    CHANGE_SEE = auto()
    CHANGE_PREPARE = auto()
    CHANGE_WORK = auto()
    AIQ_REGISTER = auto()
    USERS = auto()
    AFFAIRS = auto()
    AFFAIRS_READ = auto()
    ESCALATE = auto()


def _anyone(actor: Actor, _thing: Any) -> bool:
    return actor.may_enter


def _aiq(actor: Actor, _thing: Any) -> bool:
    return bool(actor.aiq_of)


def _aiq_or_sge(actor: Actor, _thing: Any) -> bool:
    return bool(actor.aiq_of) or actor.sge


def _sge(actor: Actor, _thing: Any) -> bool:
    return actor.sge


def _servant(actor: Actor, _thing: Any) -> bool:
    return bool(actor.active_accounts)


def owns(actor: Actor, solicitud: Any) -> bool:
    return solicitud.clase is Clase.PERSONAL and solicitud.cuenta_id in actor.own_accounts


def _office(actor: Actor, solicitud: Any) -> bool:
    """The office that carries an institutional request: the institution's AIQs, or the officer who registered it for
    an institution no longer in force (mission.md §1, last line)."""
    if solicitud.clase is not Clase.INSTITUCIONAL:
        return False
    return solicitud.institucion_id in actor.aiq_of or filed_by_sge(actor, solicitud)


def filed_by_sge(actor: Actor, solicitud: Any) -> bool:
    return actor.sge and solicitud.creada_por_id == actor.usuario_id and solicitud.institucion_id not in actor.aiq_of


def _see(actor: Actor, solicitud: Any) -> bool:
    if owns(actor, solicitud) or solicitud.institucion_id in actor.aiq_of:
        return True
    return actor.sge and (solicitud.estado is not Estado.BORRADOR or solicitud.creada_por_id == actor.usuario_id)


def _carry(actor: Actor, solicitud: Any) -> bool:
    return owns(actor, solicitud) or _office(actor, solicitud)


def _decide(actor: Actor, solicitud: Any) -> bool:
    """Who filed or sent a request never approves it (separation of duties; also for an administrator)."""
    return actor.sge and actor.usuario_id not in {solicitud.creada_por_id, solicitud.enviada_por_id} and not owns(actor, solicitud)


def _files_with_reason(actor: Actor, solicitud: Any) -> bool:
    return actor.sge and not _carry(actor, solicitud)


POLICY: dict[Permission, Callable[[Actor, Any], bool]] = {
    Permission.ENTER: _anyone,
    Permission.REQUEST_INSTITUTIONAL: _aiq_or_sge,
    Permission.REQUEST_PERSONAL: _servant,
    Permission.LIST_INSTITUTION: _aiq_or_sge,
    Permission.SOLICITUD_SEE: _see,
    Permission.SOLICITUD_EDIT: _carry,
    Permission.SOLICITUD_CANCEL: _carry,
    Permission.SOLICITUD_DECIDE: _decide,
    Permission.SOLICITUD_RUN: _sge,
    Permission.SOLICITUD_FILES: _carry,
    Permission.SOLICITUD_FILES_WITH_REASON: _files_with_reason,
    Permission.SOLICITUD_DELIVER: _office,
    Permission.SOLICITUD_RENEW: _carry,
    Permission.SGE_DESK: _sge,
    Permission.BOARD: _sge,
    Permission.PRODUCTION: _sge,
    Permission.CALENDAR: _sge,
    Permission.CALENDAR_ADMIN: lambda actor, _thing: actor.sge and actor.sge_admin,
    Permission.INSTITUTIONS: _sge,
    Permission.IMPLANTATION_SEE: lambda actor, thing: actor.sge or thing.id in actor.designated_implantations,
    Permission.IMPLANTATION_WORK: lambda actor, thing: thing.id in actor.designated_implantations,
    Permission.CHANGE_START: _aiq,
    Permission.CHANGE_SEE: lambda actor, thing: actor.sge or thing.institucion_id in actor.aiq_of or thing.id in actor.designated_changes,
    Permission.CHANGE_PREPARE: lambda actor, thing: actor.sge or thing.institucion_id in actor.aiq_of,
    Permission.CHANGE_WORK: lambda actor, thing: thing.id in actor.designated_changes,
    Permission.AIQ_REGISTER: _sge,
    Permission.USERS: _aiq_or_sge,
    Permission.AFFAIRS: _aiq_or_sge,
    Permission.AFFAIRS_READ: _anyone,
    Permission.ESCALATE: _aiq,
}


def may(actor: Actor | None, permission: Permission, thing: Any = None) -> bool:
    """True when the actor holds the permission over the thing; nobody signed in holds none."""
    return actor is not None and actor.may_enter and POLICY[permission](actor, thing)
