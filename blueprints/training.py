"""Withdrawing a training session that was entered by mistake: one page for implantaciones and for changes of AIQ."""

from __future__ import annotations

from flask import Response, request

from blueprints import htmx
from blueprints.access import actor
from extensions import db
from rules.processes import MATERIA
from rules.typed import lines
from services import processes
from services.errors import Refused
from services.processes import Process

MOST = 5000


def withdraw(process: Process, sesion_id: int, back: str, active: str, crumbs: list[tuple[str, str]]) -> Response:
    """The page that asks for the reason, and its answer. back: address of the process; active, crumbs: where the page stands in the site.
    Raises NotFound and Conflict (`processes.withdrawable`)."""
    session, errors, reason = processes.withdrawable(process, sesion_id), {}, lines(request.form.get("motivo", ""))[:MOST]
    if request.method == "POST":
        try:
            processes.untrain(actor(), process, session, reason)
        except Refused as refused:
            errors = refused.fields
        else:
            db.session.commit()
            htmx.notify("La sesión quedó retirada.")
            return htmx.redirect_303(back)
    return htmx.render(
        "instituciones/retirar_sesion.html", status=422 if errors else 200, s=session, materia=MATERIA[session.materia], motivo=reason,
        errores=errors, volver=back, activo=active, migas=crumbs,
    )
