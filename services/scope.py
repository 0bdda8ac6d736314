"""Where every query on an institution's data starts: what the actor may see, as a SELECT to refine.

A foreign row is absent here, so that a missing one and a foreign one give the same 404.
"""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Select, false, or_, select

from extensions import db
from models import (
    Actividad, Adjunto, Aviso, CambioAIQ, CapacitacionInterna, Cargo, Cuenta, Escalamiento, Implantacion, Institucion,
    Lote, Nombramiento, Orientacion, Procedimiento, Solicitud,
)
from rules.lifecycle import Clase, Estado
from rules.policy import Actor
from services.errors import NotFound

# Statements kept of each kind, of some 20 kB: what every page asks is built once for an actor (a frozen value, so other rights are another actor).
BUILT = 128


def one_of(column, ids):
    """`column` is among `ids`; with one of them an equality, after which an index still gives its order."""
    return column == next(iter(ids)) if len(ids) == 1 else column.in_(ids)


@lru_cache(BUILT)
def solicitudes(actor: Actor) -> Select[tuple[Solicitud]]:
    """Requests the actor may see: own personal ones; the institution's, for its AIQs; all that were sent, for the SGE.

    The twin of rules.policy `_see` in SQL; a test holds them equal. Conditions that add nothing are left out (requests for
    own accounts in the own institution are the institution's), so that an index on the institution answers alone."""
    own = actor.own_accounts if actor.asked_elsewhere is None else actor.asked_elsewhere
    visible = [(Solicitud.clase == Clase.PERSONAL) & Solicitud.cuenta_id.in_(own)] if own else []
    if actor.aiq_of:
        visible.append(one_of(Solicitud.institucion_id, actor.aiq_of))
    if actor.sge:
        visible.append(or_(Solicitud.estado != Estado.BORRADOR, Solicitud.creada_por_id == actor.usuario_id))
    if not visible:
        visible.append(false())
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


def designated_implantations(actor: Actor) -> Select[tuple[Implantacion]]:
    """Those in which the actor is the designated AIQ, the newest first."""
    return select(Implantacion).where(Implantacion.id.in_(actor.designated_implantations)).order_by(Implantacion.id.desc())


def implantacion(actor: Actor, implantacion_id: int) -> Implantacion:
    """One implantación. Raises NotFound."""
    row = db.session.scalar(implantaciones(actor).where(Implantacion.id == implantacion_id)) if 0 < implantacion_id < 2**31 else None
    if row is None:
        raise NotFound
    return row


def instituciones(actor: Actor) -> Select[tuple[Institucion]]:
    """Institutions the actor looks at: all, for the SGE; an AIQ's own."""
    query = select(Institucion)
    return query if actor.sge else query.where(Institucion.id.in_(actor.aiq_of))


def institucion(actor: Actor, institucion_id: int) -> Institucion:
    """One institution, for whoever looks at all of them (the SGE) or is its AIQ. Raises NotFound."""
    row = db.session.scalar(instituciones(actor).where(Institucion.id == institucion_id)) if 0 < institucion_id < 2**31 else None
    if row is None:
        raise NotFound
    return row


def aiq_institutions(actor: Actor) -> Select[tuple[Institucion]]:
    """Institutions of which the actor is AIQ."""
    return select(Institucion).where(Institucion.id.in_(actor.aiq_of))


def nombramientos(actor: Actor) -> Select[tuple[Nombramiento]]:
    """Offices of AIQ, past ones too: of every institution, for the SGE; of an AIQ's own."""
    query = select(Nombramiento).where(Nombramiento.institucion_id.is_not(None))
    return query if actor.sge else query.where(Nombramiento.institucion_id.in_(actor.aiq_of))


def cambios(actor: Actor) -> Select[tuple[CambioAIQ]]:
    """Changes of AIQ the actor may see: of the AIQ's institutions; the own one, for the designated AIQ; all, for the SGE."""
    own = CambioAIQ.institucion_id.in_(actor.aiq_of) | CambioAIQ.id.in_(actor.designated_changes)
    return select(CambioAIQ) if actor.sge else select(CambioAIQ).where(own)


def designated_changes(actor: Actor) -> Select[tuple[CambioAIQ]]:
    """Those in which the actor is the AIQ to be, the newest first."""
    return select(CambioAIQ).where(CambioAIQ.id.in_(actor.designated_changes)).order_by(CambioAIQ.id.desc())


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


def own_institutions(actor: Actor) -> Select[tuple[int]]:
    """Ids of the institutions the actor belongs to: where he or she is AIQ or has an active Quipux account."""
    accounts = select(Cuenta.institucion_id).where(Cuenta.id.in_(actor.active_accounts))
    return select(Institucion.id).where(Institucion.id.in_(actor.aiq_of) | Institucion.id.in_(accounts))


def adjuntos(actor: Actor) -> Select[tuple[Adjunto]]:
    """Uploaded documents: all, for the SGE; the institution's, for its AIQs; those of the own process, for the designated
    AIQ; procedures, for everybody of the institution."""
    if actor.sge:
        return select(Adjunto)
    parts = [
        *(select(column).where(kind.id.in_(ids)) for kind, columns, ids in (
            (Implantacion, (Implantacion.oficio_id,), actor.designated_implantations),
            (CambioAIQ, (CambioAIQ.oficio_id, CambioAIQ.delegacion_id), actor.designated_changes),
        ) for column in columns),
        select(Actividad.evidencia_id).where(
            Actividad.implantacion_id.in_(actor.designated_implantations) | Actividad.cambio_id.in_(actor.designated_changes)
        ),
        select(Procedimiento.adjunto_id).where(Procedimiento.institucion_id.in_(own_institutions(actor))),
    ]
    return select(Adjunto).where(or_(Adjunto.institucion_id.in_(actor.aiq_of), *(Adjunto.id.in_(part) for part in parts)))


def adjunto(actor: Actor, adjunto_id: int) -> Adjunto:
    """One uploaded document. Raises NotFound."""
    row = db.session.scalar(adjuntos(actor).where(Adjunto.id == adjunto_id)) if 0 < adjunto_id < 2**31 else None
    if row is None:
        raise NotFound
    return row


def avisos(actor: Actor) -> Select[tuple[Aviso]]:
    """Notices the actor answers for: of the SGE to all AIQs, for its officers; the institution's, for its AIQs."""
    own = Aviso.institucion_id.in_(actor.aiq_of)
    return select(Aviso).where(or_(own, Aviso.institucion_id.is_(None)) if actor.sge else own)


def aviso(actor: Actor, aviso_id: int) -> Aviso:
    """One notice the actor answers for. Raises NotFound."""
    row = db.session.scalar(avisos(actor).where(Aviso.id == aviso_id)) if 0 < aviso_id < 2**31 else None
    if row is None:
        raise NotFound
    return row


def procedimientos(actor: Actor) -> Select[tuple[Procedimiento]]:
    """Internal procedures, of which every user of the institution is a reader; all, for the SGE."""
    query = select(Procedimiento)
    return query if actor.sge else query.where(Procedimiento.institucion_id.in_(own_institutions(actor)))


def capacitaciones_internas(actor: Actor) -> Select[tuple[CapacitacionInterna]]:
    """Trainings the institution's AIQs gave; all, for the SGE."""
    query = select(CapacitacionInterna)
    return query if actor.sge else query.where(CapacitacionInterna.institucion_id.in_(actor.aiq_of))


def escalamientos(actor: Actor) -> Select[tuple[Escalamiento]]:
    """Difficulties sent to the Mesa de Servicios: the institution's, for its AIQs; all, for the SGE."""
    query = select(Escalamiento)
    return query if actor.sge else query.where(Escalamiento.institucion_id.in_(actor.aiq_of))


def lotes(actor: Actor) -> Select[tuple[Lote]]:
    """Bulk approvals, of all officers, for the SGE."""
    return select(Lote) if actor.sge else select(Lote).where(false())


def cuenta(actor: Actor, cuenta_id: int) -> Cuenta:
    """One account among those the actor may look at. Raises NotFound."""
    row = db.session.scalar(cuentas(actor).where(Cuenta.id == cuenta_id)) if 0 < cuenta_id < 2**31 else None
    if row is None:
        raise NotFound
    return row


def orientacion(actor: Actor, orientacion_id: int) -> Orientacion:
    """One orientation given by the SGE to an institution outside the Administración Pública Central. Raises NotFound."""
    row = db.session.get(Orientacion, orientacion_id) if actor.sge and 0 < orientacion_id < 2**31 else None
    if row is None:
        raise NotFound
    return row
