"""The tab *Descarga* of a request, the fragment that follows the downloads, and the reason of an officer of the SGE."""

from __future__ import annotations

from flask import abort, render_template, request, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.descargas import bp, reasons
from blueprints.descargas.screen import build
from extensions import db
from models import Solicitud
from rules.glossary import CLASE, ESTADO_BADGE, MOTIVO
from rules.lifecycle import Estado
from rules.policy import Permission
from services import downloads, received, scope
from services.errors import Conflict, NotFound, Refused


def _page(solicitud: Solicitud, status: int = 200, *, errors: dict[str, str] | None = None, typed: str = "", conflict: str = ""):
    d = build(actor(), solicitud)
    here = {"solicitud_id": solicitud.id}
    tabs = [
        ("informacion", "Información", url_for("solicitudes.show", **here), "doc"),
        ("recorrido", "Recorrido", url_for("solicitudes.trail", **here), "history"),
        ("descarga", "Descarga", url_for(".download", **here), "download"),
    ]
    return render_template(
        "descargas/descarga.html", d=d, s=solicitud, estado=d.estado, badges=ESTADO_BADGE, clases=CLASE, motivos=MOTIVO, pestanas=tabs,
        tab="descarga", descarga_url="", errores=errors or {}, escrito=typed, conflicto=conflict,
    ), status


@bp.get("/solicitudes/<int:solicitud_id>/descarga")
@requires(Permission.SOLICITUD_SEE, load=scope.solicitud)
def download(solicitud: Solicitud):
    return _page(solicitud)


@bp.get("/solicitudes/<int:solicitud_id>/partes")
@requires(Permission.SOLICITUD_SEE, load=scope.solicitud)
def parts(solicitud: Solicitud):
    """How far each part is. Asked by a timer; the page itself is drawn again when the archive is no longer there."""
    page = url_for(".download", solicitud_id=solicitud.id)
    d = build(actor(), solicitud)
    if not htmx.is_fragment() or d.estado is not Estado.ATENDIDA or not d.rows:
        return htmx.redirect_303(page)
    return htmx.render("descargas/_avance.html", d=d, s=solicitud)


@bp.post("/solicitudes/<int:solicitud_id>/descarga/motivo")
@requires(Permission.SOLICITUD_FILES_WITH_REASON, load=scope.solicitud)
def reason(solicitud: Solicitud):
    typed = request.form.get("motivo", "")
    try:
        downloads.give_reason(actor(), solicitud, typed)
    except Refused as refused:
        db.session.rollback()
        return _page(solicitud, 422, errors=refused.fields, typed=typed)
    except Conflict as conflict:
        db.session.rollback()
        return _page(solicitud, 409, typed=typed, conflict=conflict.message)
    db.session.commit()
    reasons.remember(solicitud.id)
    htmx.notify("El motivo quedó registrado en el Recorrido y se comunicó al AIQ.")
    return htmx.redirect_303(url_for(".download", solicitud_id=solicitud.id))


@bp.post("/solicitudes/<int:solicitud_id>/descarga/verificada")
@requires(Permission.SOLICITUD_FILES, load=scope.solicitud)
def confirm(solicitud: Solicitud):
    """*Descargué y verifiqué*, where the storage serves by itself and the end of a transfer is not seen (decisions 31)."""
    d = build(actor(), solicitud)
    chosen = [row for row in d.rows if str(row.parte.id) == request.form.get("parte")]
    if d.measured or not chosen:
        abort(404)
    try:
        parte = downloads.part_for(actor(), chosen[0].parte.id, chosen[0].nombre, reasoned=reasons.given)
    except downloads.Over as over:
        raise Conflict(over.message) from None
    except downloads.NotAllowed:
        raise NotFound from None
    received.confirm(actor(), parte)
    db.session.commit()
    return htmx.redirect_303(url_for(".download", solicitud_id=solicitud.id))
