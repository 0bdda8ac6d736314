"""Backup AIQs: the principal's one mail to the support mailbox, and the end of an office."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response, request, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.cambios import bp, forms
from extensions import db
from models import Institucion, Nombramiento
from rules.policy import Permission
from services import aiq_offices, scope
from services.aiq_offices import SUPPORT, AiqData
from services.errors import Refused


@bp.route("/instituciones/<int:institucion_id>/aiq-backup", methods=["GET", "POST"])
@requires(Permission.AFFAIRS, load=scope.own_principal, param="institucion_id")
def appoint(institucion: Institucion) -> Response:
    """Only the principal: anyone else finds nothing here (scope.own_principal)."""
    data, boss = AiqData(), ""
    errors: dict[str, str] = {}
    if request.method == "POST":
        data, boss = forms.aiq_data(), forms.text("jefe")
        try:
            aiq_offices.appoint_backup(actor(), institucion, data, boss)
        except Refused as refused:
            db.session.rollback()
            errors = refused.fields
        else:
            db.session.commit()
            htmx.notify(f"El AIQ backup quedó registrado y el correo se envió a {SUPPORT}, con copia a su jefe inmediato.")
            return htmx.redirect_303(url_for(".index"))
    return htmx.render("cambios/backup.html", status=422 if errors else 200, i=institucion, v=asdict(data), jefe=boss, errores=errors,
                       rotulos=forms.LABELS, soporte=SUPPORT, yo=actor().correo)


@bp.route("/nombramientos/<int:nombramiento_id>/terminar", methods=["GET", "POST"])
@requires(Permission.AFFAIRS, load=scope.backup_office, param="nombramiento_id")
def end(nombramiento: Nombramiento) -> Response:
    errors: dict[str, str] = {}
    mine = nombramiento.institucion_id in actor().principal_of
    back = url_for(".index") if mine else url_for(".register_page", institucion=nombramiento.institucion_id)
    if request.method == "POST":
        try:
            aiq_offices.end_backup(actor(), nombramiento, boss=forms.text("jefe"), reason=forms.text("motivo"))
        except Refused as refused:
            db.session.rollback()
            errors = refused.fields
        else:
            db.session.commit()
            htmx.notify("El nombramiento del AIQ backup terminó.")
            return htmx.redirect_303(back)
    return htmx.render("cambios/backup_fin.html", status=422 if errors else 200, n=nombramiento, propio=mine, volver=back,
                       jefe=forms.text("jefe"), motivo=forms.text("motivo"), errores=errors, soporte=SUPPORT)
