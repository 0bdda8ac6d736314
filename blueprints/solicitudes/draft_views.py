"""*Solicitudes por enviar* and *Mis solicitudes*: the drafts of an institution, and a person's own requests."""

from __future__ import annotations

from flask import Response, render_template, request, url_for
from sqlalchemy import func, select

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.solicitudes import bp
from blueprints.solicitudes.forms import ANY, whole_number
from extensions import db
from models import Solicitud
from rules import texts
from rules.glossary import ESTADO_BADGE
from rules.lifecycle import Clase, effective
from rules.policy import Permission, may
from services import clock, scope, solicitudes
from services.errors import Conflict, NotFound, Refused

SHOWN = 100


@bp.route("/solicitudes/por-enviar", methods=["GET", "POST"])
@requires(Permission.REQUEST_INSTITUTIONAL)
def drafts():
    return _send_chosen() if request.method == "POST" else _drafts()


@bp.post("/solicitudes/<int:solicitud_id>/eliminar")
@requires(Permission.SOLICITUD_EDIT, load=scope.solicitud)
def delete(solicitud: Solicitud):
    version = whole_number(request.form.get("version")) or ANY
    try:
        solicitudes.delete(actor(), solicitud, version=version)
    except Conflict as conflict:
        db.session.rollback()
        page = _mine if solicitud.clase is Clase.PERSONAL else _drafts
        return page(409, failed=[(solicitud, conflict.message)])
    db.session.commit()
    htmx.notify(f"El borrador Nº {texts.number6(solicitud.id)} se eliminó.")
    return htmx.redirect_303(url_for(".mine" if solicitud.clase is Clase.PERSONAL else ".drafts"))


@bp.get("/personales")
@requires(Permission.REQUEST_PERSONAL)
def mine():
    return _mine()


def _send_chosen() -> Response:
    """*Enviar seleccionadas*: each request is a transaction of its own, so that one that cannot go does not hold the rest."""
    chosen = dict.fromkeys(whole_number(value) or 0 for value in request.form.getlist("id")[:SHOWN])
    if not chosen:
        return _drafts(422, problem="Seleccione al menos una solicitud completa.")
    sent, failed = [], []
    for number in chosen:
        try:
            row = _own(number)
            heard = solicitudes.hear_again(row)  # before the transaction that writes
            sent.append(solicitudes.send(actor(), row, heard=heard).id)
            db.session.commit()
        except NotFound:
            db.session.rollback()
            failed.append((None, "Una de las solicitudes seleccionadas ya no existe."))
        except Refused as refused:
            db.session.rollback()
            failed.append((row, " ".join(refused.fields.values())))
        except Conflict as conflict:
            db.session.rollback()
            failed.append((row, conflict.message))
    if failed:
        return _drafts(422, sent=sent, failed=failed)
    htmx.notify(_sent_text(sent))
    return htmx.redirect_303(url_for(".drafts"))


def _own(number: int) -> Solicitud:
    """A request this person may send. Raises NotFound, also for a personal one of somebody else."""
    row = scope.solicitud(actor(), number)
    if not may(actor(), Permission.SOLICITUD_EDIT, row):
        raise NotFound
    return row


def _sent_text(sent: list[int]) -> str:
    if len(sent) == 1:
        return f"La solicitud Nº {texts.number6(sent[0])} se envió a la SGE."
    return f"Se enviaron {len(sent)} solicitudes a la SGE." if sent else ""


def _drafts(status: int = 200, *, problem: str = "", sent: list[int] = (), failed: list = ()) -> Response:
    query = scope.drafts(actor())
    total = db.session.scalar(select(func.count()).select_from(query.subquery()))
    rows = db.session.scalars(query.order_by(Solicitud.editada_en.desc(), Solicitud.id.desc()).limit(SHOWN)).all()
    filas = [(row, solicitudes.missing(row)) for row in rows]
    return render_template(
        "solicitudes/por_enviar.html", filas=filas, total=total, problema=problem, enviadas=_sent_text(sent), fallidas=failed,
    ), status


def _mine(status: int = 200, *, failed: list = ()) -> Response:
    query = scope.personal(actor()).order_by(Solicitud.id.desc()).limit(SHOWN)
    at = clock.now()
    filas = [(row, effective(row.estado, row.vigente_hasta, at)) for row in db.session.scalars(query)]
    return render_template("solicitudes/mis.html", filas=filas, badges=ESTADO_BADGE, fallidas=failed), status
