"""Signing in, passwords, the lock after failed attempts, and the end of every session of a person."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import delete, func, or_, select
from sqlalchemy.exc import IntegrityError

from extensions import db
from models import Cargo, IntentoIngreso, Nombramiento, Usuario
from rules.identity import cedula_problem, compact, email_problem
from rules.typed import clean
from services import clock, notices
from services.errors import Refused
from services.people import actor_of

ATTEMPTS = 5
LOCK = timedelta(minutes=15)
LINK_DAYS = 3
LINK_EVERY = 600  # seconds
MIN_LENGTH = 10
_WRONG = "La cédula, el correo o la contraseña no coinciden."


class Locked(Exception):
    """Too many failed attempts. `until`: when the next is allowed. Says nothing of whether the account exists."""

    def __init__(self, until: datetime):
        self.until = until
        super().__init__(str(until))


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _decoy() -> str:
    """A hash to check against when there is no such account, so that the answer takes the same time."""
    return _hasher().hash(secrets.token_hex(16))


def authenticate(login: str, password: str) -> Usuario:
    """The person with this cédula or correo and this password, if he or she may enter now.

    Raises Refused (wrong, or no right to enter) and Locked. Commits the count of failed attempts."""
    at = clock.now()
    login = _clean(login)
    usuario = by_login(login)
    tries = _tries(usuario, login)
    if tries.bloqueado_hasta and tries.bloqueado_hasta > at:
        raise Locked(tries.bloqueado_hasta)
    if not _verify(usuario, password):
        _count_failure(tries, at)
    db.session.delete(tries)
    if not usuario.habilitado or not actor_of(usuario, at).may_enter:
        db.session.commit()
        raise Refused("Su acceso no está vigente. Consulte con el AIQ de su institución o con la Mesa de Servicios.")
    usuario.ultimo_ingreso = at
    db.session.commit()
    return usuario


def _tries(usuario: Usuario | None, login: str) -> IntentoIngreso:
    """The failures counted so far, by person, or by what was typed when there is no such person."""
    key = _person_key(usuario) if usuario else _key(f"l:{compact(login).lower()}")
    # The row's lock makes attempts for one login wait for each other: many at once count as many.
    row = db.session.get(IntentoIngreso, key, with_for_update=True)
    if row is None:
        try:
            with db.session.begin_nested():
                row = IntentoIngreso(clave=key, fallidos=0)
                db.session.add(row)
        except IntegrityError:
            row = db.session.get(IntentoIngreso, key, with_for_update=True, populate_existing=True)
    return row


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _person_key(usuario: Usuario) -> str:
    return _key(f"u:{usuario.id}")


def _clean(login: str) -> str:
    """What was typed as a cédula or correo."""
    return clean(login)[:200]


def _verify(usuario: Usuario | None, password: str) -> bool:
    stored = usuario.clave_hash if usuario and usuario.clave_hash else _decoy()
    try:
        return _hasher().verify(stored, password[:1000]) and usuario is not None and usuario.clave_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def _count_failure(tries: IntentoIngreso, at: datetime) -> None:
    """Count one failure and refuse. Raises Refused, or Locked at the last allowed attempt."""
    tries.fallidos += 1
    left = ATTEMPTS - tries.fallidos
    if left <= 0:
        tries.fallidos, tries.bloqueado_hasta = 0, at + LOCK
    until = tries.bloqueado_hasta
    db.session.commit()
    if left <= 0:
        raise Locked(until)
    raise Refused(f"{_WRONG} {'Le queda 1 intento' if left == 1 else f'Le quedan {left} intentos'} antes del bloqueo temporal.")


def password_problem(password: str) -> str | None:
    if len(password) < MIN_LENGTH:
        return f"La contraseña debe tener al menos {MIN_LENGTH} caracteres."
    if len(password) > 200:
        return "La contraseña no puede superar los 200 caracteres."
    if len(set(password)) < 5:
        return "La contraseña es demasiado sencilla."
    return None


def set_password(usuario: Usuario, password: str) -> None:
    """Keep a new password, end every session of the person and lift the lock. Raises Refused."""
    if problem := password_problem(password):
        raise Refused({"clave": problem})
    usuario.clave_hash = hashed(password)
    usuario.sesion += 1
    db.session.execute(delete(IntentoIngreso).where(IntentoIngreso.clave == _person_key(usuario)))


def hashed(password: str) -> str:
    """Argon2id hash of a password, as it is kept."""
    return _hasher().hash(password)


def change_password(usuario: Usuario, current: str, new: str) -> None:
    """Replace a password by its owner. Raises Refused with the field."""
    if not _verify(usuario, current):
        raise Refused({"actual": "La contraseña actual no es correcta."})
    set_password(usuario, new)


def send_link(login: str) -> None:
    """Mail a password link to the person with this cédula or correo; nothing happens when there is none, or when one was
    sent in these ten minutes: the form is public and must not fill anybody's mailbox."""
    at = clock.now()
    usuario = by_login(_clean(login))
    if usuario is None or not usuario.habilitado or not actor_of(usuario, at).may_enter:
        return
    turn = int(at.timestamp()) // LINK_EVERY
    notices.compose(f"clave:{usuario.id}:{usuario.sesion}:{turn}", "clave", usuario.correo, person=usuario, link=password_link(usuario))


def by_login(login: str) -> Usuario | None:
    """The person with this cédula or correo."""
    same = or_(Usuario.cedula == compact(login), func.lower(Usuario.correo) == login.lower())
    return db.session.scalar(select(Usuario).where(same))


def _links() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="clave")


def password_link(usuario: Usuario) -> str:
    """Address that lets its holder set the password once: setting it changes `sesion`, which the link carries."""
    token = _links().dumps([usuario.id, usuario.sesion])
    return f"{current_app.config['PUBLIC_URL']}/clave/{token}"


def from_link(token: str) -> Usuario:
    """The person a password link was made for. Raises Refused when it is used, altered or older than LINK_DAYS."""
    try:
        usuario_id, sesion = _links().loads(token, max_age=LINK_DAYS * 86_400)
    except (BadSignature, ValueError, TypeError):
        usuario = None
    else:
        usuario = db.session.get(Usuario, usuario_id)
        if usuario and usuario.sesion != sesion:
            usuario = None
    if usuario is None:
        raise Refused("Este enlace ya se utilizó o perdió su vigencia. Solicite uno nuevo.")
    return usuario


def create_sge(cedula: str, correo: str, nombre: str, apellido: str, *, admin: bool) -> Usuario:
    """Register a member of the SGE's staff (decisions 7). Raises Refused."""
    problems = {"cedula": cedula_problem(cedula), "correo": email_problem(correo), "nombre": None if nombre.strip() else "Ingrese el nombre."}
    if found := {field: text for field, text in problems.items() if text}:
        raise Refused(found)
    if db.session.scalar(select(Usuario.id).where(or_(Usuario.cedula == compact(cedula), func.lower(Usuario.correo) == correo.lower()))):
        raise Refused("Ya existe un usuario con esa cédula o ese correo.")
    usuario = Usuario(cedula=compact(cedula), correo=correo.strip().lower(), nombre=nombre.strip(), apellido=apellido.strip(), creado=clock.now())
    cargo = Cargo.SGE_ADMIN if admin else Cargo.SGE_OPERADOR
    usuario.nombramientos.append(Nombramiento(cargo=cargo, desde=clock.now()))
    db.session.add(usuario)
    db.session.flush()
    return usuario
