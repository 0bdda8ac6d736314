"""Mails that were given up: whom they did not reach and why, and a button to try again. Not what they say: some carry keys."""

from __future__ import annotations

from flask import Response, url_for

from blueprints import htmx
from blueprints.access import requires
from blueprints.tablero import bp
from extensions import db
from models import Correo
from rules.policy import Permission
from services import board


@bp.get("/tablero/correos", endpoint="mails")
@requires(Permission.BOARD)
def listing() -> Response:
    return htmx.render("tablero/correos.html", filas=board.failed_mail_rows(), total=board.failed_mails())


@bp.post("/tablero/correos/<int:correo_id>/reenviar")
@requires(Permission.BOARD, load=board.failed_mail, param="correo_id")
def resend(correo: Correo) -> Response:
    board.resend(correo)
    db.session.commit()
    htmx.notify("El correo se enviará nuevamente.")
    return htmx.redirect_303(url_for(".mails"))
