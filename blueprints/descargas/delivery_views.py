"""The acta de entrega-recepción, on screen and as a PDF, and the record of the hand-over."""

from __future__ import annotations

from flask import Response, render_template, request, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.descargas import acta_text, bp
from blueprints.shape import day
from extensions import db
from models import Solicitud
from rules import deadlines, texts
from rules.glossary import ESTADO_BADGE
from rules.lifecycle import effective
from rules.policy import Permission
from services import clock, deliveries, scope
from services.errors import Conflict, Refused


@bp.get("/solicitudes/<int:solicitud_id>/acta")
@requires(Permission.SOLICITUD_DELIVER, load=scope.solicitud)
def acta(solicitud: Solicitud):
    return render_template("descargas/acta.html", a=deliveries.acta(actor(), solicitud), s=solicitud, texto=acta_text)


@bp.get("/solicitudes/<int:solicitud_id>/acta.pdf")
@requires(Permission.SOLICITUD_DELIVER, load=scope.solicitud)
def acta_pdf(solicitud: Solicitud):
    # Here, not above: fpdf costs half a second that every process would pay at its start.
    from blueprints.descargas.acta_pdf import draw

    response = Response(draw(deliveries.acta(actor(), solicitud), clock.now()), content_type="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=f"Acta_{solicitud.nombre_archivo}.pdf")
    return response


@bp.route("/solicitudes/<int:solicitud_id>/entrega", methods=["GET", "POST"])
@requires(Permission.SOLICITUD_DELIVER, load=scope.solicitud)
def deliver(solicitud: Solicitud):
    """*Registrar entrega*. A correction is a new record: nothing is overwritten."""
    if request.method != "POST":
        last = next(iter(deliveries.of(solicitud)), None)
        typed = {
            "fecha": clock.today().isoformat(), "recibe_nombre": last.recibe_nombre if last else solicitud.persona,
            "recibe_cedula": last.recibe_cedula if last else solicitud.persona_cedula, "medio": last.medio if last else "",
            "observacion": "",
        }
        return _form(solicitud, typed)
    typed = {name: " ".join(request.form.get(name, "").split()) for name in deliveries.Draft.__slots__}
    try:
        deliveries.record(actor(), solicitud, deliveries.Draft(**typed | {"fecha": day(typed["fecha"])}))
    except Refused as refused:
        db.session.rollback()
        return _form(solicitud, typed, 422, refused.fields)
    except Conflict as conflict:
        db.session.rollback()
        return _form(solicitud, typed, 409, {"": conflict.message})
    db.session.commit()
    htmx.notify(f"La entrega de la solicitud Nº {texts.number6(solicitud.id)} quedó registrada.")
    return htmx.redirect_303(url_for(".download", solicitud_id=solicitud.id))


def _form(solicitud: Solicitud, typed: dict[str, str], status: int = 200, errors: dict[str, str] | None = None):
    estado = effective(solicitud.estado, solicitud.vigente_hasta, clock.now())
    first = deadlines.local_day(solicitud.generada_en).isoformat() if solicitud.generada_en else ""
    return render_template(
        "descargas/entrega.html", s=solicitud, v=typed, errores=errors or {}, medios=[("", "Elija el medio"), *((m, m) for m in deliveries.MEDIA)], entregas=deliveries.of(solicitud),
        badge=ESTADO_BADGE[estado], desde=first, hoy=clock.today().isoformat(),
    ), status

