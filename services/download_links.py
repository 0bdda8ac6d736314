"""Links for download managers: a manager has no session, so the link itself says whose it is, for which file and until when.

The signature only proves that the site made it; every request is authorised anew with the rights of that moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from extensions import db
from models import Parte, Usuario
from rules.policy import Actor
from services import clock
from services.downloads import Over
from services.errors import NotFound
from services.people import actor_of

FIELDS = {"u": int, "s": int, "p": int, "n": str, "e": int, "r": bool}


@dataclass(frozen=True, slots=True)
class Link:
    """What a link asks for. `reasoned`: made after an officer of the SGE gave a reason for this request."""

    actor: Actor
    parte_id: int
    nombre: str
    reasoned: bool


def make(usuario: Usuario, parte: Parte, nombre: str, until: datetime, *, reasoned: bool = False) -> str:
    """A token that dies at `until`, when the person's sessions are ended, and when he or she leaves office."""
    return _signer().dumps(
        {"u": usuario.id, "s": usuario.sesion, "p": parte.id, "n": nombre, "e": int(until.timestamp()), "r": reasoned}
    )


def read(token: str) -> Link:
    """Who asks and for what, with the rights in force now. Raises NotFound (forged, person gone), Over (past its time)."""
    try:
        data = _signer().loads(token)
    except BadSignature:
        raise NotFound from None
    if not isinstance(data, dict) or any(not isinstance(data.get(k), kind) for k, kind in FIELDS.items()):
        raise NotFound
    at = clock.now()
    usuario = db.session.get(Usuario, data["u"])
    if usuario is None or not usuario.habilitado or usuario.sesion != data["s"]:
        raise NotFound
    actor = actor_of(usuario, at)
    if not actor.may_enter:
        raise NotFound
    if at >= datetime.fromtimestamp(data["e"], UTC):
        raise Over("Este enlace venció. Si la vigencia se amplió, copie uno nuevo en la página de descarga.")
    return Link(actor, data["p"], data["n"], data["r"])


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="enlace-de-descarga")
