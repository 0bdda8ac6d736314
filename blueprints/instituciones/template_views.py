"""The *plantilla de seguimiento*: its versions, and the form that publishes a new one."""

from __future__ import annotations

from flask import render_template, request, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.instituciones import bp, forms
from extensions import db
from rules.policy import Permission
from services import implantaciones, processes
from services.errors import Refused

KINDS = {"ambiente": "Ambiente de capacitación", "produccion": "Parametrización en producción"}


@bp.route("/plantillas/<any(ambiente, produccion):tipo>", methods=["GET", "POST"])
@requires(Permission.INSTITUTIONS)
def checklist(tipo: str):
    if request.method != "POST":
        return _page(tipo, None)
    typed = forms.text(request.form, "actividades", forms.MAX_ITEMS)
    try:
        row = processes.publish_template(actor(), tipo, forms.items(typed))
    except Refused as refused:
        db.session.rollback()
        return _page(tipo, typed, refused.fields, 422)
    version = row.version
    db.session.commit()
    htmx.notify(f"Se publicó la versión {version}. Los procesos en curso conservan la suya.")
    return htmx.redirect_303(url_for(".checklist", tipo=tipo))


def _page(tipo: str, typed: str | None, errors: dict[str, str] | None = None, status: int = 200):
    versions = implantaciones.template_versions(tipo)
    items = [(a["titulo"], a["detalle"]) for a in versions[0].actividades] if versions else processes.FIRST_TEMPLATE[tipo]
    lines = "\n".join(f"{title} | {detail}" if detail else title for title, detail in items)
    return render_template(
        "instituciones/plantilla.html", tipo=tipo, tipos=KINDS, actividades=items, versiones=versions, errores=errors or {},
        lineas=lines if typed is None else typed,
    ), status
