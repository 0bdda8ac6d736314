"""Escalation to the Mesa de Servicios: a form for registered AIQs; for everybody else, what is missing."""

from __future__ import annotations

from flask import render_template, url_for

from blueprints import htmx
from blueprints.access import actor, can, requires
from blueprints.asuntos import bp, forms
from blueprints.correos.views import BADGE
from extensions import db
from rules.policy import Permission
from rules.responsibilities import SUPPORT
from services import affairs, escalation
from services.errors import Refused

FIELDS = ("institucion", "asunto", "detalle", "primer_nivel")


@bp.get("/escalamientos")
@requires(Permission.AFFAIRS_READ)
def escalations():
    return _page({})


@bp.post("/escalamientos")
@requires(Permission.AFFAIRS_READ)
def escalate():
    if not can(Permission.ESCALATE):
        return _page({}, 403)
    values = forms.typed(*FIELDS)
    try:
        row = escalation.escalate(
            actor(), institucion=values["institucion"], asunto=forms.line(values["asunto"]), detalle=values["detalle"],
            primer_nivel=values["primer_nivel"],
        )
    except Refused as refused:
        db.session.rollback()
        return _page(values, 422, refused.fields)
    text = f"El escalamiento Nº {row.id} fue enviado a la Mesa de Servicios, con copia a su correo."
    db.session.commit()
    htmx.notify(text)
    return htmx.redirect_303(url_for(".escalations"))


def _page(values: dict[str, str], status: int = 200, errors: dict[str, str] | None = None):
    return render_template(
        "asuntos/escalamientos.html", enviados=escalation.sent(actor()), falta=escalation.missing(actor()), v=values,
        errores=errors or {}, soporte=SUPPORT, correo=BADGE, instituciones=[(p.id, p.nombre) for p in affairs.places(actor())], campos=FIELDS,
    ), status
