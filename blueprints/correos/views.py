"""The outbox, in the demo only: what was written to whom. It is public there, so that a newcomer who has not signed in
yet can read it, and absent everywhere else: it holds password links."""

from __future__ import annotations

from flask import abort, current_app, make_response, redirect, render_template, request, url_for

from blueprints import htmx
from blueprints.access import public
from blueprints.correos import bp
from extensions import db
from models import CorreoEstado
from rules.glossary import Badge
from services import notices, outbox

BADGE = {
    CorreoEstado.PENDIENTE: Badge("info", "clock", "Pendiente"),
    CorreoEstado.ENVIADO: Badge("ok", "ok", "Enviado"),
    CorreoEstado.DIFERIDO: Badge("warn", "refresh", "Diferido"),
    CorreoEstado.FALLIDO: Badge("bad", "bad", "Fallido"),
}

# A mail carries its own styles: it is served alone, without scripts, cookies or forms, and nothing is fetched for it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"


@bp.before_request
def _only_in_the_demo() -> None:
    if not current_app.config["DEMO"]:
        abort(404)


@bp.get("/correos", endpoint="outbox")
@public
def listing():
    estado = request.args.get("estado", "")
    chosen = CorreoEstado(estado) if estado in set(CorreoEstado) else None
    page = outbox.page(request.args.get("pagina", 1, type=int), chosen)
    return htmx.render("correos/bandeja.html", "correos/_bandeja.html", page=page, estado=chosen, badges=BADGE)


@bp.get("/correos/<int:correo_id>")
@public
def show(correo_id: int):
    return render_template("correos/correo.html", correo=outbox.mail(correo_id), badges=BADGE)


@bp.get("/correos/<int:correo_id>/html")
@public
def html(correo_id: int):
    answer = make_response(outbox.mail(correo_id).html)
    answer.headers["Content-Security-Policy"] = POLICY
    return answer


@bp.post("/correos/<int:correo_id>/reenviar")
@public
def resend(correo_id: int):
    notices.resend(outbox.mail(correo_id))
    db.session.commit()
    htmx.notify("El correo se enviará nuevamente.")
    return redirect(url_for("correos.show", correo_id=correo_id), 303)
