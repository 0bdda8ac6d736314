"""*Usuarios internos*: the list, a person's page and what may be done to his or her access."""

from __future__ import annotations

from flask import Response, request, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.usuarios import bp
from blueprints.usuarios.forms import FilterForm, plain
from blueprints.usuarios.words import ACCESS, EN_QUIPUX, EVENT, OFFERS
from extensions import db
from models import AccesoAccion, Cuenta
from rules.deadlines import local_day
from rules.glossary import CARGO
from rules.policy import Permission
from services import accesses, accounts_listing, clock, scope
from services.errors import Refused

# A form that shows messages is swapped whole, so that they leave with the next answer (see listado_cuerpo.html).
WHOLE = "entero"


@bp.get("/usuarios")
@requires(Permission.USERS)
def listing() -> Response:
    form = FilterForm.of(actor(), request.args)
    if form.errors:
        response = _list(form, "usuarios/listado_cuerpo.html", 422, page=None, heads={})
        return htmx.retarget(response, "#listado") if htmx.is_fragment() else response
    page, form.order = accounts_listing.page(actor(), form.filters, form.order, request.args.get("cursor", ""))
    # With institutions to choose from, the areas of the form follow the one chosen.
    whole = WHOLE in request.args or form.institution.several
    response = _list(form, "usuarios/listado_cuerpo.html" if whole else "usuarios/_tabla.html", page=page, heads=_heads(form))
    if htmx.is_fragment():
        if whole:
            htmx.retarget(response, "#listado")
        if "cursor" not in request.args:
            htmx.push_url(response, form.url())
    return response


def _list(form: FilterForm, fragment: str, status: int = 200, **context: object) -> Response:
    return htmx.render(
        "usuarios/listado.html", fragment, status, form=form, several=form.institution.several, clear_url=url_for(".listing"),
        access_badges=ACCESS, quipux_badge=quipux_badge, local_day=local_day, mirrored=accounts_listing.mirrored_at(), **context,
    )


def _heads(form: FilterForm) -> dict[str, tuple[str, str]]:
    """For each sortable column: the link of its head and the present direction, as `aria-sort` says it."""
    present, descending = form.order.removeprefix("-"), form.order.startswith("-")
    heads = {}
    for name, first in accounts_listing.FIRST_CLICK.items():
        turned = not descending if name == present else first
        heads[name] = (form.url(orden=("-" if turned else "") + name), "none" if name != present else "descending" if descending else "ascending")
    return heads


def quipux_badge(cuenta: Cuenta):
    """The badge of an account's estado in Quipux."""
    return EN_QUIPUX["ausente" if cuenta.ausente_desde else "activa" if cuenta.activa else "inactiva"]


@bp.get("/usuarios/<int:cuenta_id>")
@requires(Permission.USERS, load=scope.cuenta, param="cuenta_id")
def show(cuenta: Cuenta) -> Response:
    return _person(cuenta)


def _person(cuenta: Cuenta, status: int = 200, errors: dict[str, str] | None = None, failed: AccesoAccion | None = None) -> Response:
    return htmx.render(
        "usuarios/persona.html", None, status, p=accesses.person(actor(), cuenta), errors=errors or {}, failed=failed,
        typed={name: plain(request.form.get(name, "")) for name in ("correo", "comentario")}, offers=OFFERS, access_badges=ACCESS,
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
        act(plain(request.form.get("correo", "")), plain(request.form.get("comentario", "")))
    except Refused as refused:
        cuenta_id = cuenta.id
        db.session.rollback()
        return _person(scope.cuenta(actor(), cuenta_id), 422, refused.fields, accion)
    db.session.commit()
    htmx.notify(OFFERS[accion].done)
    return htmx.redirect_303(url_for(".show", cuenta_id=cuenta.id))
