"""Access of an institution's people to this site: give, take, give back, reset (decisions 1-2).

Who is active is Quipux's word alone. Here an AIQ only says which of the institution's *active* accounts may sign in; nothing
in this module can make anybody inactive, nor eligible for a backup."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError

from extensions import db
from models import AccesoAccion, AccesoEvento, Cuenta, Institucion, Nombramiento, Usuario
from rules.identity import cedula_problem, email_problem
from rules.policy import Actor
from services import clock, notices, people, scope, signin
from services.errors import Refused

MAX_TEXT = 500

INACTIVE = "Sus cuentas están inactivas en Quipux: no puede ingresar a este sitio."
OWN = "Su propio acceso no se administra aquí: para cambiar su contraseña use «Cambiar contraseña»."
BY_SGE = "El acceso de esta persona lo administra la SGE."
STAFF = "El acceso del personal de la SGE no se administra en esta pantalla."
BAD_CEDULA = "La cédula que consta en Quipux no es válida. Corríjala en Quipux y espere la siguiente actualización."
NO_MAIL = "La cuenta no tiene un correo válido en Quipux. Regístrelo en Quipux y espere la siguiente actualización."
TAKEN_MAIL = "Ese correo ya lo utiliza otra persona en este sitio."


class Access(StrEnum):
    """Where a person stands. INACTIVA: no active account, so nothing to give or take."""

    SIN = "sin_acceso"
    ENLACE = "enlace_enviado"
    ACTIVO = "activo"
    RETIRADO = "retirado"
    INACTIVA = "inactiva"


class SignsIn(Protocol):
    """What of a Usuario says whether he or she may sign in."""

    habilitado: bool
    clave_hash: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """The owner of an account. cuentas: every account of the same person that the actor may see, active ones first.
    offers: the actions that fit the present state, each with the reason it is blocked, or "". link_until: until when a
    mailed link that was not used yet works."""

    cuenta: Cuenta
    cuentas: list[Cuenta]
    usuario: Usuario | None
    access: Access
    correos: list[str]
    offices: list[Nombramiento] = field(default_factory=list)
    events: list[AccesoEvento] = field(default_factory=list)
    offers: dict[AccesoAccion, str] = field(default_factory=dict)
    link_until: datetime | None = None


def access_of(usuario: SignsIn | None, active: bool) -> Access:
    """`active`: the person has an active account where the actor looks."""
    if not active:
        return Access.INACTIVA
    if usuario is None:
        return Access.SIN
    if not usuario.habilitado:
        return Access.RETIRADO
    return Access.ACTIVO if usuario.clave_hash else Access.ENLACE


FITTING = {
    Access.SIN: (AccesoAccion.DAR,),
    Access.ENLACE: (AccesoAccion.RESTABLECER, AccesoAccion.QUITAR),
    Access.ACTIVO: (AccesoAccion.RESTABLECER, AccesoAccion.QUITAR),
    Access.RETIRADO: (AccesoAccion.DEVOLVER,),
    Access.INACTIVA: (),
}


def person(actor: Actor, cuenta: Cuenta) -> Person:
    """The owner of `cuenta` as the actor may see him or her. What the person does elsewhere is not told to an AIQ."""
    cuentas = accounts_of(actor, cuenta)
    active = [c for c in cuentas if people.in_quipux(c)]
    known = people.usuario_of(cuenta.cedula) if _identified(cuenta) else None
    usuario = known if active else None
    access = access_of(usuario, bool(active))
    events = _events(actor, known) if known else []
    return Person(
        cuenta, cuentas, usuario, access, mailboxes(active, usuario), _offices(actor, known) if known else [], events,
        {a: _blocked(actor, a, active, usuario) for a in FITTING[access]}, _link_until(access, events),
    )


def accounts_of(actor: Actor, cuenta: Cuenta) -> list[Cuenta]:
    """Accounts of the same person that the actor may see. A cédula that is none ("0000000000") joins nobody."""
    if not _identified(cuenta):
        return [cuenta]
    rows = db.session.scalars(scope.cuentas(actor).where(Cuenta.cedula == cuenta.cedula).order_by(Cuenta.activa.desc(), Cuenta.id))
    return list(rows)


def mailboxes(active: list[Cuenta], usuario: Usuario | None = None) -> list[str]:
    """Addresses a link may be mailed to: those of the active accounts in Quipux, after the one in use."""
    own = [usuario.correo] if usuario else []
    found = [c.strip().lower() for cuenta in active for c in cuenta.correos.split(",")]
    return [c for c in dict.fromkeys(own + found) if not email_problem(c)]


def give(actor: Actor, cuenta: Cuenta, correo: str, comment: str = "") -> Usuario:
    """Let the owner of an active account sign in: the person is registered and a one-time link mailed to `correo`, one of
    the account's. Raises Refused."""
    active, usuario = _checked(actor, cuenta, AccesoAccion.DAR)
    address = _address(active, None, correo)
    source = active[0]
    usuario = Usuario(cedula=source.cedula, correo=address, nombre=source.nombre, apellido=source.apellido, creado=clock.now())
    try:
        with db.session.begin_nested():
            db.session.add(usuario)
    except IntegrityError:
        raise Refused("Otra persona dio este acceso hace un momento. Actualice la página.") from None
    _record(actor, usuario, source, AccesoAccion.DAR, comment)
    return usuario


def take(actor: Actor, cuenta: Cuenta, comment: str = "") -> None:
    """End every session of the person at once and let him or her in no more. Raises Refused for oneself and for the last
    active AIQ of an institution."""
    active, usuario = _checked(actor, cuenta, AccesoAccion.QUITAR)
    usuario.habilitado = False
    usuario.sesion += 1
    _record(actor, usuario, active[0], AccesoAccion.QUITAR, comment)


def give_back(actor: Actor, cuenta: Cuenta, correo: str, comment: str = "") -> None:
    """Undo `take`: a new link is mailed and the password of before is void. Raises Refused."""
    _relink(actor, cuenta, correo, AccesoAccion.DEVOLVER, comment)


def reset(actor: Actor, cuenta: Cuenta, correo: str, comment: str = "") -> None:
    """Mail a new link; the password and the sessions of before end at once. Raises Refused."""
    _relink(actor, cuenta, correo, AccesoAccion.RESTABLECER, comment)


def _relink(actor: Actor, cuenta: Cuenta, correo: str, accion: AccesoAccion, comment: str) -> None:
    active, usuario = _checked(actor, cuenta, accion)
    address = _address(active, usuario, correo)
    if address != usuario.correo:
        comment = f"{comment} Correo anterior: {usuario.correo}.".strip()
        usuario.correo = address
    usuario.habilitado, usuario.clave_hash = True, None
    usuario.sesion += 1
    _record(actor, usuario, active[0], accion, comment)


def _checked(actor: Actor, cuenta: Cuenta, accion: AccesoAccion) -> tuple[list[Cuenta], Usuario | None]:
    """The active accounts and the person, locked, if the action is possible now. Raises Refused."""
    active = [c for c in accounts_of(actor, cuenta) if people.in_quipux(c)]
    usuario = people.usuario_of(cuenta.cedula) if _identified(cuenta) else None
    if usuario:
        _lock_institutions(usuario)
        # The key stays free: rows that name this person (an event of his or her own) must not wait for us, nor we for them.
        usuario = db.session.get(Usuario, usuario.id, with_for_update={"key_share": True}, populate_existing=True)
    if reason := _blocked(actor, accion, active, usuario):
        raise Refused(reason)
    access = access_of(usuario, bool(active))
    if accion not in FITTING[access]:
        raise Refused(_UNFIT[access])
    return active, usuario


_UNFIT = {
    Access.SIN: "Esta persona todavía no tiene acceso.",
    Access.ENLACE: "Esta persona ya tiene acceso: el enlace se envió a su correo.",
    Access.ACTIVO: "Esta persona ya tiene acceso.",
    Access.RETIRADO: "El acceso de esta persona está retirado: puede devolverlo desde su ficha.",
}


def _blocked(actor: Actor, accion: AccesoAccion, active: list[Cuenta], usuario: Usuario | None) -> str:
    """Why the actor may not do this to that person; "" when he or she may."""
    if not active:
        return INACTIVE
    if not _identified(active[0]):
        return BAD_CEDULA
    if usuario is None:
        return "" if mailboxes(active) else NO_MAIL
    if usuario.id == actor.usuario_id:
        return OWN
    return _elsewhere(actor, usuario) or (_last_aiq(usuario) if accion is AccesoAccion.QUITAR else "")


def _elsewhere(actor: Actor, usuario: Usuario) -> str:
    """A person has one access for everything: who also serves elsewhere is the SGE's affair, not one institution's."""
    now = clock.now()
    offices = db.session.scalars(
        select(Nombramiento).where(Nombramiento.usuario_id == usuario.id, or_(Nombramiento.hasta.is_(None), Nombramiento.hasta > now))
    ).all()
    staff = any(o.institucion_id is None for o in offices)
    if actor.sge:
        return STAFF if staff else ""
    active_at = set(db.session.scalars(select(Cuenta.institucion_id).where(Cuenta.cedula == usuario.cedula, people.there())))
    return BY_SGE if staff or ({o.institucion_id for o in offices} | active_at) - actor.aiq_of else ""


def _last_aiq(usuario: Usuario) -> str:
    now = clock.now()
    for institucion_id in sorted(people.actor_of(usuario, now).aiq_of):
        if all(u.id == usuario.id for u in people.aiqs_of(institucion_id, now)):
            name = db.session.get(Institucion, institucion_id).nombre
            return f"Es el único AIQ activo de {name}: una institución no puede quedar sin AIQ. Primero debe registrarse otro."
    return ""


def _lock_institutions(usuario: Usuario) -> None:
    """Two AIQs who take each other's access at the same time must not both succeed."""
    places = sorted(people.actor_of(usuario, clock.now()).aiq_of)
    db.session.execute(select(Institucion.id).where(Institucion.id.in_(places)).order_by(Institucion.id).with_for_update(key_share=True))


def _address(active: list[Cuenta], usuario: Usuario | None, correo: str) -> str:
    address = correo.strip().lower()
    if address not in mailboxes(active, usuario):
        raise Refused({"correo": "Elija uno de los correos que la cuenta tiene en Quipux."})
    holder = db.session.scalar(select(Usuario.id).where(func.lower(Usuario.correo) == address))
    if holder is not None and (usuario is None or holder != usuario.id):
        raise Refused({"correo": TAKEN_MAIL})
    return address


def _record(actor: Actor, usuario: Usuario, cuenta: Cuenta, accion: AccesoAccion, comment: str) -> None:
    if len(comment) > MAX_TEXT:
        raise Refused({"comentario": f"El comentario no puede superar los {MAX_TEXT} caracteres."})
    row = AccesoEvento(
        usuario_id=usuario.id, institucion_id=cuenta.institucion_id, accion=accion, actor_id=actor.usuario_id, en=clock.now(), comentario=comment,
    )
    db.session.add(row)
    db.session.flush()
    link = "" if accion is AccesoAccion.QUITAR else signin.password_link(usuario)
    notices.compose(
        f"acceso:{row.id}", _MAIL[accion], usuario.correo, person=usuario, link=link, institucion=cuenta.institucion,
        autor=actor.nombre, devuelto=accion is AccesoAccion.DEVOLVER,
    )


_MAIL = {
    AccesoAccion.DAR: "acceso_dado", AccesoAccion.DEVOLVER: "acceso_dado",
    AccesoAccion.RESTABLECER: "acceso_restablecido", AccesoAccion.QUITAR: "acceso_retirado",
}


def _identified(cuenta: Cuenta) -> bool:
    return cedula_problem(cuenta.cedula) is None


def _events(actor: Actor, usuario: Usuario) -> list[AccesoEvento]:
    query = select(AccesoEvento).where(AccesoEvento.usuario_id == usuario.id)
    if not actor.sge:
        query = query.where(AccesoEvento.institucion_id.in_(actor.aiq_of))
    return list(db.session.scalars(query.order_by(AccesoEvento.id.desc())))


def _offices(actor: Actor, usuario: Usuario) -> list[Nombramiento]:
    return [o for o in usuario.nombramientos if actor.sge or o.institucion_id in actor.aiq_of]


def _link_until(access: Access, events: list[AccesoEvento]) -> datetime | None:
    return events[0].en + timedelta(days=signin.LINK_DAYS) if access is Access.ENLACE and events else None
