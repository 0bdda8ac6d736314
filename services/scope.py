"""Where every query on an institution's data starts: what the actor may see, as a SELECT to refine.

A foreign row is absent here, so that a missing one and a foreign one give the same 404.
"""

from __future__ import annotations

from sqlalchemy import Select, false, or_, select

from extensions import db
from models import Cuenta, Implantacion, Institucion, Solicitud
from rules.lifecycle import Clase, Estado
from rules.policy import Actor
from services.errors import NotFound


def solicitudes(actor: Actor) -> Select[tuple[Solicitud]]:
    """Requests the actor may see: own personal ones; the institution's, for its AIQs; all that were sent, for the SGE.

    The twin of rules.policy `_see` in SQL; a test holds them equal."""
    visible = [
        (Solicitud.clase == Clase.PERSONAL) & Solicitud.cuenta_id.in_(actor.own_accounts) if actor.own_accounts else false(),
        Solicitud.institucion_id.in_(actor.aiq_of) if actor.aiq_of else false(),
    ]
    if actor.sge:
        visible.append(or_(Solicitud.estado != Estado.BORRADOR, Solicitud.creada_por_id == actor.usuario_id))
    return select(Solicitud).where(or_(*visible), Solicitud.oculta.is_(False))


def solicitud(actor: Actor, solicitud_id: int) -> Solicitud:
    """One request by number. Raises NotFound."""
    row = db.session.scalar(solicitudes(actor).where(Solicitud.id == solicitud_id)) if 0 < solicitud_id < 2**62 else None
    if row is None:
        raise NotFound
    return row


def drafts(actor: Actor) -> Select[tuple[Solicitud]]:
    """*Solicitudes por enviar*: the institution's drafts, whoever of its AIQs wrote them; an officer's own."""
    return solicitudes(actor).where(Solicitud.estado == Estado.BORRADOR, Solicitud.clase == Clase.INSTITUCIONAL)


def personal(actor: Actor) -> Select[tuple[Solicitud]]:
    """*Mis solicitudes*: requests for the actor's own accounts."""
    own = Solicitud.cuenta_id.in_(actor.own_accounts) if actor.own_accounts else false()
    return solicitudes(actor).where(Solicitud.clase == Clase.PERSONAL, own)


def cuentas(actor: Actor) -> Select[tuple[Cuenta]]:
    """Accounts the actor may look at: of the AIQ's institutions; all, for the SGE."""
    query = select(Cuenta)
    return query if actor.sge else query.where(Cuenta.institucion_id.in_(actor.aiq_of))


def eligible(actor: Actor) -> Select[tuple[Cuenta]]:
    """Accounts an institutional request may name: inactive in Quipux, of the AIQ's own institution; for the SGE, only of
    institutions no longer in force (seed 000: the SGE takes no requests from ex-servants of institutions in force)."""
    query = select(Cuenta).where(Cuenta.activa.is_(False), Cuenta.ausente_desde.is_(None))
    own = Cuenta.institucion_id.in_(actor.aiq_of)
    if actor.sge:
        gone = select(Institucion.id).where(Institucion.activa.is_(False))
        return query.where(or_(own, Cuenta.institucion_id.in_(gone)))
    return query.where(own)


def own_accounts(actor: Actor) -> Select[tuple[Cuenta]]:
    """The actor's own accounts: a personal request names one of these."""
    return select(Cuenta).where(Cuenta.id.in_(actor.own_accounts))


def implantaciones(actor: Actor) -> Select[tuple[Implantacion]]:
    """Processes of implantación: all, for the SGE; the designated AIQ's own."""
    query = select(Implantacion)
    return query if actor.sge else query.where(Implantacion.id.in_(actor.designated_implantations))


def implantacion(actor: Actor, implantacion_id: int) -> Implantacion:
    """One implantación. Raises NotFound."""
    row = db.session.scalar(implantaciones(actor).where(Implantacion.id == implantacion_id)) if 0 < implantacion_id < 2**31 else None
    if row is None:
        raise NotFound
    return row


def institucion(actor: Actor, institucion_id: int) -> Institucion:
    """One institution, for whoever looks at all of them (the SGE) or is its AIQ. Raises NotFound."""
    query = select(Institucion).where(Institucion.id == institucion_id)
    row = db.session.scalar(query if actor.sge else query.where(Institucion.id.in_(actor.aiq_of))) if 0 < institucion_id < 2**31 else None
    if row is None:
        raise NotFound
    return row


def cambios(actor: Actor) -> Select[tuple[CambioAIQ]]:
    """Changes of AIQ the actor may see: of the AIQ's institutions; the own one, for the designated AIQ; all, for the SGE."""
    own = CambioAIQ.institucion_id.in_(actor.aiq_of) | CambioAIQ.id.in_(actor.designated_changes)
    return select(CambioAIQ) if actor.sge else select(CambioAIQ).where(own)


def cambio(actor: Actor, cambio_id: int) -> CambioAIQ:
    """One change of AIQ by number. Raises NotFound."""
    row = db.session.scalar(cambios(actor).where(CambioAIQ.id == cambio_id)) if 0 < cambio_id < 2**31 else None
    if row is None:
        raise NotFound
    return row


def own_principal(actor: Actor, institucion_id: int) -> Institucion:
    """The institution, for its principal AIQ only: who names and ends backups. Raises NotFound."""
    row = db.session.get(Institucion, institucion_id) if institucion_id in actor.principal_of else None
    if row is None:
        raise NotFound
    return row


def backup_office(actor: Actor, nombramiento_id: int) -> Nombramiento:
    """A backup AIQ's office, for the institution's principal or the SGE. Raises NotFound."""
    row = db.session.get(Nombramiento, nombramiento_id) if 0 < nombramiento_id < 2**31 else None
    if row is None or row.cargo is not Cargo.AIQ_BACKUP or not (actor.sge or row.institucion_id in actor.principal_of):
        raise NotFound
    return row
