"""Pausing and resuming the whole production."""

from __future__ import annotations

from flask import Response, request, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.ejecuciones import bp, page
from blueprints.shape import clean, number
from extensions import db
from rules.policy import Permission
from services import production
from services.errors import Conflict, Refused

FORM = "ejecuciones/pausa.html"


@bp.get("/produccion/pausa", endpoint="pause")
@requires(Permission.PRODUCTION)
def ask() -> Response:
    return htmx.render(FORM, None, motivo="", apartar=False, errores={}, pausa=production.paused())


@bp.post("/produccion/pausa", endpoint="order_pause")
@requires(Permission.PRODUCTION)
def pause() -> Response:
    reason, set_aside = clean(request.form.get("motivo")).replace("\r\n", "\n"), request.form.get("apartar") == "1"
    try:
        row = production.pause(actor(), reason, set_aside=set_aside)
    except Refused as refused:
        db.session.rollback()
        return htmx.render(FORM, None, 422, motivo=reason, apartar=set_aside, errores=refused.fields, pausa=None)
    except Conflict as conflict:
        db.session.rollback()
        return page.render(409, conflict.message)
    aside = row.apartadas
    db.session.commit()
    htmx.notify("La producción está en pausa." + (f" Ejecuciones apartadas: {aside}." if aside else ""), "warn")
    return htmx.redirect_303(url_for(".floor"))


@bp.post("/produccion/reanudar", endpoint="resume")
@requires(Permission.PRODUCTION)
def resume() -> Response:
    try:
        production.resume(actor(), number(request.form.get("pausa")) or 0)
    except Conflict as conflict:
        db.session.rollback()
        return page.render(409, conflict.message)
    db.session.commit()
    htmx.notify("La producción se reanudó.")
    return htmx.redirect_303(url_for(".floor"))
