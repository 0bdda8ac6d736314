"""Steps 2 to 5 of a change: the SGE's, and the designated AIQ's checklist. What is refused is told in its place."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Callable

from flask import Response, abort, request, url_for

from blueprints import htmx, training
from blueprints.access import actor, requires
from blueprints.cambios import bp, forms
from blueprints.cambios.views import page
from blueprints.shape import day, decimal, number, whole
from extensions import db
from models import CambioAIQ
from rules import texts
from rules.policy import Permission
from rules.processes import Paso
from services import cambios, clock, processes, relevo, scope
from services.errors import Conflict, Refused


@bp.route("/cambios/<int:cambio_id>/solicitud", methods=["GET", "POST"])
@requires(Permission.AIQ_REGISTER, load=scope.cambio, param="cambio_id")
def register_request(cambio: CambioAIQ) -> Response:
    """Step 2: the oficio received by the SGE."""
    if cambio.estado is not Paso.PREPARACION:
        raise Conflict("La solicitud de este cambio ya se registró.")
    if request.method != "POST":
        today = clock.today()
        return _request_form(cambio, {"oficio_recibido": today.isoformat(), "fecha_efectiva": cambios.earliest(today).isoformat()}, today)
    asked = forms.asked()
    try:
        cambios.request(actor(), cambio, asked, request.files, version=forms.version())
    except Refused as refused:
        db.session.rollback()
        typed = {name: forms.text(name) for name in asdict(asked)} | {"excepcion": request.form.get("excepcion", "")}
        return _request_form(cambio, typed, asked.oficio_recibido, refused.fields)
    db.session.commit()
    htmx.notify("La solicitud quedó registrada.")
    return htmx.redirect_303(url_for(".show", cambio_id=cambio.id))


@bp.post("/cambios/<int:cambio_id>/capacitacion")
@requires(Permission.AIQ_REGISTER, load=scope.cambio, param="cambio_id")
def train(cambio: CambioAIQ) -> Response:
    session = {name: forms.text(name) for name in ("fecha", "materia", "horas", "capacitador")}
    return _do(cambio, "capacitacion", session, "La sesión de capacitación quedó registrada.", lambda: processes.train(
        actor(), cambio, fecha=day(session["fecha"]), materia=session["materia"], horas=decimal(session["horas"]),
        capacitador=session["capacitador"],
    ))


@bp.route("/cambios/<int:cambio_id>/sesiones/<int:sesion_id>/retirar", methods=["GET", "POST"])
@requires(Permission.AIQ_REGISTER, load=scope.cambio, param="cambio_id")
def untrain(cambio: CambioAIQ, sesion_id: int) -> Response:
    """Withdraw a session that was entered by mistake."""
    back = url_for(".show", cambio_id=cambio.id)
    crumbs = [("Cambios de AIQ", url_for(".index")), (f"Nº {texts.number6(cambio.id)}", back)]
    return training.withdraw(cambio, sesion_id, back, "cambios", crumbs)


@bp.post("/cambios/<int:cambio_id>/ambiente")
@requires(Permission.AIQ_REGISTER, load=scope.cambio, param="cambio_id")
def open_environment(cambio: CambioAIQ) -> Response:
    said = "El ambiente de capacitación quedó habilitado y la plantilla de seguimiento se envió por correo."
    return _do(cambio, "ambiente", {}, said, lambda: cambios.open_environment(actor(), cambio))


@bp.route("/cambios/<int:cambio_id>/actividades/<int:orden>", methods=["GET", "POST"])
@requires(Permission.CHANGE_WORK, load=scope.cambio, param="cambio_id")
def task(cambio: CambioAIQ, orden: int) -> Response:
    """One line of the plantilla, with its note or evidence."""
    line = next((a for a in cambio.actividades if a.lista == "ambiente" and a.orden == orden), None)
    if line is None:
        abort(404)
    if request.method != "POST":
        return htmx.render("cambios/actividad.html", c=cambio, a=line, nota=line.nota, errores={})
    try:
        cambios.task(actor(), cambio, orden, note=forms.text("nota"), file=request.files.get("evidencia"))
    except Refused as refused:
        db.session.rollback()
        return htmx.render("cambios/actividad.html", status=422, c=cambio, a=line, nota=forms.text("nota"), errores=refused.fields)
    db.session.commit()
    htmx.notify("La actividad quedó registrada.")
    return htmx.redirect_303(url_for(".show", cambio_id=cambio.id))


@bp.post("/cambios/<int:cambio_id>/responsabilidades")
@requires(Permission.CHANGE_WORK, load=scope.cambio, param="cambio_id")
def accept(cambio: CambioAIQ) -> Response:
    """Nine responsibilities (seed 002), accepted before the new AIQ is registered."""
    if not request.form.get("acepto"):
        return page(cambio, form="responsabilidades", errors={"acepto": "Marque la casilla para aceptar las responsabilidades."})
    return _do(cambio, "responsabilidades", {}, "Las responsabilidades quedaron aceptadas.", lambda: cambios.accept(actor(), cambio))


@bp.post("/cambios/<int:cambio_id>/informar")
@requires(Permission.CHANGE_WORK, load=scope.cambio, param="cambio_id")
def report(cambio: CambioAIQ) -> Response:
    said = "El cumplimiento quedó informado a la Subsecretaría de Gobierno Electrónico."
    return _do(cambio, "informar", {}, said, lambda: cambios.report(actor(), cambio))


@bp.post("/cambios/<int:cambio_id>/ampliar")
@requires(Permission.AIQ_REGISTER, load=scope.cambio, param="cambio_id")
def extend(cambio: CambioAIQ) -> Response:
    typed = {"dias": forms.text("dias"), "motivo_plazo": forms.text("motivo_plazo")}
    days = whole(typed["dias"])
    return _do(cambio, "ampliar", typed, "El plazo se amplió.", lambda: cambios.extend(actor(), cambio, days, typed["motivo_plazo"]))


@bp.post("/cambios/<int:cambio_id>/observar")
@requires(Permission.AIQ_REGISTER, load=scope.cambio, param="cambio_id")
def observe(cambio: CambioAIQ) -> Response:
    typed = {"observaciones": forms.text("observaciones"), "actividades": request.form.getlist("actividades")}
    lines = [orden for orden in map(number, typed["actividades"]) if orden is not None]
    return _do(cambio, "observar", typed, "Las observaciones se enviaron al nuevo AIQ.",
               lambda: cambios.observe(actor(), cambio, typed["observaciones"], lines))


@bp.post("/cambios/<int:cambio_id>/registrar")
@requires(Permission.AIQ_REGISTER, load=scope.cambio, param="cambio_id")
def register(cambio: CambioAIQ) -> Response:
    """Step 5: the new AIQ enters the base of AIQs."""
    return _do(cambio, "registrar", {}, "El nuevo AIQ quedó registrado.", lambda: relevo.register(actor(), cambio, version=forms.version()))


@bp.post("/cambios/<int:cambio_id>/adelantar")
@requires(Permission.AIQ_REGISTER, load=scope.cambio, param="cambio_id")
def advance_hour(cambio: CambioAIQ) -> Response:
    typed = {"hora": forms.text("hora"), "motivo_hora": forms.text("motivo_hora")}
    to, at_once = forms.instant(typed["hora"]), bool(request.form.get("ahora"))
    return _do(cambio, "adelantar", typed, "La hora efectiva se adelantó.",
               lambda: relevo.advance_hour(actor(), cambio, to, typed["motivo_hora"], at_once=at_once))


@bp.post("/cambios/<int:cambio_id>/anular")
@requires(Permission.CHANGE_PREPARE, load=scope.cambio, param="cambio_id")
def cancel(cambio: CambioAIQ) -> Response:
    typed = {"motivo": forms.text("motivo")}
    return _do(cambio, "anular", typed, "El cambio de AIQ se anuló.", lambda: cambios.cancel(actor(), cambio, typed["motivo"]))


def _do(cambio: CambioAIQ, form: str, typed: dict, said: str, action: Callable[[], object]) -> Response:
    """Act and show the change; what is refused, in the form it came from."""
    try:
        action()
    except Refused as refused:
        db.session.rollback()
        return page(cambio, form=form, errors=refused.fields, typed=typed)
    db.session.commit()
    htmx.notify(said)
    return htmx.redirect_303(url_for(".show", cambio_id=cambio.id))


def _request_form(cambio: CambioAIQ, typed: dict, received: date | None, errors: dict[str, str] | None = None) -> Response:
    first = cambios.earliest(received) if received and received <= clock.today() else None
    return htmx.render(
        "cambios/solicitud.html", status=422 if errors else 200, c=cambio, v=typed, errores=errors or {},
        primera=texts.long_day(first) if first else "",
        hoy=clock.today().isoformat(), autoridad=cambios.AUTHORITY, delegado=cambios.DELEGATE,
    )
