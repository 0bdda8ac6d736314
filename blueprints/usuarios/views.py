"""*Usuarios internos*: a person's page and what may be done to his or her access."""

from __future__ import annotations

from flask import Response, request, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.shape import clean
from blueprints.usuarios import bp
from blueprints.usuarios.words import ACCESS, EVENT, OFFERS, quipux_badge
from extensions import db
from models import AccesoAccion, Cuenta
from rules.deadlines import local_day
from rules.glossary import CARGO
from rules.policy import Permission
from services import accesses, accounts_listing, clock, scope
from services.errors import Refused


@bp.get("/usuarios/<int:cuenta_id>")
@requires(Permission.USERS, load=scope.cuenta, param="cuenta_id")
def show(cuenta: Cuenta) -> Response:
    return _person(cuenta)


def _person(cuenta: Cuenta, status: int = 200, errors: dict[str, str] | None = None, failed: AccesoAccion | None = None) -> Response:
    return htmx.render(
        "usuarios/persona.html", None, status, p=accesses.person(actor(), cuenta), errors=errors or {}, failed=failed,
        typed={name: clean(request.form.get(name, "")) for name in ("correo", "comentario")}, offers=OFFERS, access_badges=ACCESS,
        event_badges=EVENT, quipux_badge=quipux_badge, local_day=local_day, cargos=CARGO, now=clock.now(), mirrored=accounts_listing.mirrored_at(),
    )


@bp.post("/usuarios/<int:cuenta_id>/dar")
@requires(Permission.USERS, load=scope.cuenta, param="cuenta_id")
def give(cuenta: Cuenta) -> Response:
    return _do(AccesoAccion.DAR, cuenta, lambda mail, comment: accesses.give(actor(), cuenta, mail, comment))


@bp.post("/usuarios/<int:cuenta_id>/quitar")
@requires(Permission.USERS, load=scope.cuenta, param="cuenta_id")
def take(cuenta: Cuenta) -> Response:
    return _do(AccesoAccion.QUITAR, cuenta, lambda mail, comment: accesses.take(actor(), cuenta, comment))


@bp.post("/usuarios/<int:cuenta_id>/devolver")
@requires(Permission.USERS, load=scope.cuenta, param="cuenta_id")
def give_back(cuenta: Cuenta) -> Response:
    return _do(AccesoAccion.DEVOLVER, cuenta, lambda mail, comment: accesses.give_back(actor(), cuenta, mail, comment))


@bp.post("/usuarios/<int:cuenta_id>/restablecer")
@requires(Permission.USERS, load=scope.cuenta, param="cuenta_id")
def reset(cuenta: Cuenta) -> Response:
    return _do(AccesoAccion.RESTABLECER, cuenta, lambda mail, comment: accesses.reset(actor(), cuenta, mail, comment))


def _do(accion: AccesoAccion, cuenta: Cuenta, act) -> Response:
    """Do it and say so on the person's page; refused, the page says why and shows the form again."""
    try:
        act(clean(request.form.get("correo", "")), clean(request.form.get("comentario", "")))
    except Refused as refused:
        cuenta_id = cuenta.id
        db.session.rollback()
        return _person(scope.cuenta(actor(), cuenta_id), 422, refused.fields, accion)
    db.session.commit()
    htmx.notify(OFFERS[accion].done)
    return htmx.redirect_303(url_for(".show", cuenta_id=cuenta.id))
