"""An implantación, stage by stage: the SGE's moves and the designated AIQ's."""

from __future__ import annotations

from typing import Callable

from flask import abort, render_template, request, url_for

from blueprints import htmx, shape, training
from blueprints.access import actor, requires
from blueprints.instituciones import bp, forms
from blueprints.instituciones.screen import Screen
from extensions import db
from models import Implantacion
from rules.policy import Permission
from rules.processes import MATERIA, TRAINING_HOURS, Etapa
from rules.responsibilities import RESPONSIBILITIES
from services import clock, implantaciones, scope
from services.errors import Conflict, Refused

SGE, WORK, SEE = Permission.INSTITUTIONS, Permission.IMPLANTATION_WORK, Permission.IMPLANTATION_SEE


def load(who, implantacion_id: int) -> Implantacion:
    """The scoped look-up; before anything is done to it, a plazo that is over is written down and told."""
    row = scope.implantacion(who, implantacion_id)
    if request.method == "POST" and implantaciones.settle(row):
        db.session.commit()
    return row


def guarded(permission: Permission) -> Callable:
    return requires(permission, load=load, param="implantacion_id")


@bp.get("/implantaciones/<int:implantacion_id>")
@guarded(SEE)
def show(implantacion: Implantacion):
    return _page(Screen(implantacion))


@bp.get("/mi-implantacion")
@requires(Permission.ENTER)
def mine():
    """*Mi implantación*, of the designated AIQ."""
    row = implantaciones.own(actor())
    if row is None:
        abort(404)
    return htmx.redirect_303(url_for(".show", implantacion_id=row.id))


def _page(screen: Screen, status: int = 200):
    return render_template(
        "instituciones/implantacion.html", p=screen, i=screen.row, responsabilidades=RESPONSIBILITIES, materias=list(MATERIA.items()),
        hoy=clock.today().isoformat(), horas_total=TRAINING_HOURS, max_dias=implantaciones.MAX_RESUME_DAYS,
    ), status


def _do(row: Implantacion, form: str, action: Callable[[], object], done: str):
    """Carry out an action; what is refused comes back in its own form, a conflict on the page as it now is."""
    row_id = row.id
    try:
        action()
    except (Refused, Conflict) as problem:
        db.session.rollback()
        errors = problem.fields if isinstance(problem, Refused) else {"": problem.message}
        return _page(Screen(scope.implantacion(actor(), row_id), form, errors, request.form.to_dict()), 422 if isinstance(problem, Refused) else 409)
    db.session.commit()
    htmx.notify(done)
    return htmx.redirect_303(url_for(".show", implantacion_id=row_id))


@bp.post("/implantaciones/<int:implantacion_id>/sesiones")
@guarded(SGE)
def train(implantacion: Implantacion):
    form = request.form
    return _do(implantacion, "sesion", lambda: implantaciones.train(
        actor(), implantacion, fecha=shape.day(form.get("fecha")), materia=form.get("materia", ""),
        horas=shape.decimal(form.get("horas")), capacitador=forms.line(form, "capacitador"),
    ), "La sesión quedó registrada.")


@bp.route("/implantaciones/<int:implantacion_id>/sesiones/<int:sesion_id>/retirar", methods=["GET", "POST"])
@guarded(SGE)
def untrain(implantacion: Implantacion, sesion_id: int):
    """Withdraw a session that was entered by mistake."""
    back = url_for(".show", implantacion_id=implantacion.id)
    crumbs = [("Instituciones", url_for(".listing")), (implantacion.sigla, back)]
    return training.withdraw(implantacion, sesion_id, back, "instituciones", crumbs)


@bp.get("/implantaciones/<int:implantacion_id>/certificado")
@guarded(SEE)
def certificate(implantacion: Implantacion):
    """Certificate of attendance, to print; only once the training is complete."""
    screen = Screen(implantacion)
    if screen.training_gap:
        abort(404)
    return render_template("instituciones/certificado.html", i=implantacion, p=screen, materias=MATERIA)


@bp.post("/implantaciones/<int:implantacion_id>/ambiente")
@guarded(SGE)
def open_environment(implantacion: Implantacion):
    done = "Se crearon los accesos y se envió la plantilla de seguimiento al AIQ designado."
    return _do(implantacion, "ambiente", lambda: implantaciones.open_environment(actor(), implantacion), done)


@bp.post("/implantaciones/<int:implantacion_id>/responsabilidades")
@guarded(WORK)
def accept(implantacion: Implantacion):
    if request.form.get("acepto") != "1":
        problem = {"acepto": "Marque la casilla para aceptar las responsabilidades."}
        return _page(Screen(implantacion, "responsabilidades", problem), 422)
    return _do(implantacion, "responsabilidades", lambda: implantaciones.accept(actor(), implantacion), "Aceptó las responsabilidades del AIQ.")


@bp.post("/implantaciones/<int:implantacion_id>/actividades/<int:actividad_id>")
@guarded(WORK)
def fulfil(implantacion: Implantacion, actividad_id: int):
    note, evidence = forms.text(request.form, "nota"), request.files.get("evidencia")
    action = lambda: implantaciones.fulfil(actor(), implantacion, actividad_id, note, evidence)  # noqa: E731
    return _do(implantacion, f"actividad-{actividad_id}", action, "La actividad quedó cumplida.")


@bp.post("/implantaciones/<int:implantacion_id>/informar")
@guarded(WORK)
def report(implantacion: Implantacion):
    done = "Se informó el cumplimiento a la Subsecretaría de Gobierno Electrónico. El plazo está detenido durante la revisión."
    return _do(implantacion, "informar", lambda: implantaciones.report(actor(), implantacion), done)


@bp.post("/implantaciones/<int:implantacion_id>/reanudar")
@guarded(SGE)
def resume(implantacion: Implantacion):
    days, reason = shape.whole(request.form.get("dias")), forms.text(request.form, "motivo")
    return _do(implantacion, "reanudar", lambda: implantaciones.resume(actor(), implantacion, days, reason), "El proceso se reanudó con el nuevo plazo.")


@bp.post("/implantaciones/<int:implantacion_id>/ampliar")
@guarded(SGE)
def extend(implantacion: Implantacion):
    days, reason = shape.whole(request.form.get("dias")), forms.text(request.form, "motivo")
    return _do(implantacion, "ampliar", lambda: implantaciones.extend(actor(), implantacion, days, reason), "El plazo se amplió.")


@bp.post("/implantaciones/<int:implantacion_id>/observaciones")
@guarded(SGE)
def observe(implantacion: Implantacion):
    ids = [n for n in (shape.number(each) for each in request.form.getlist("actividades")) if n is not None]
    text = forms.text(request.form, "observaciones")
    return _do(implantacion, "observar", lambda: implantaciones.observe(actor(), implantacion, text, ids), "Las observaciones se enviaron al AIQ designado.")


@bp.post("/implantaciones/<int:implantacion_id>/produccion")
@guarded(SGE)
def produce(implantacion: Implantacion):
    chosen = request.form.get("institucion", "")
    if chosen != "nueva" and shape.number(chosen) is None:
        return _page(Screen(implantacion, "produccion", {"institucion": "Elija la institución."}), 422)
    done = "La institución está en producción: se envió la bienvenida a su AIQ principal."
    return _do(implantacion, "produccion", lambda: implantaciones.produce(actor(), implantacion, shape.number(chosen)), done)


@bp.route("/implantaciones/<int:implantacion_id>/anular", methods=["GET", "POST"])
@guarded(SGE)
def cancel(implantacion: Implantacion):
    if implantaciones.effective(implantacion) in (Etapa.REVISION, Etapa.PRODUCCION, Etapa.ANULADA):
        abort(404)
    row_id, errors, reason = implantacion.id, {}, forms.text(request.form, "motivo")
    if request.method == "POST":
        try:
            implantaciones.cancel(actor(), implantacion, reason)
        except Refused as refused:
            db.session.rollback()
            errors = refused.fields
        else:
            db.session.commit()
            htmx.notify("El proceso quedó anulado.")
            return htmx.redirect_303(url_for(".show", implantacion_id=row_id))
    row = scope.implantacion(actor(), row_id)
    return render_template("instituciones/anular.html", i=row, motivo=reason, errores=errors, lista=forms.summary(errors)), 422 if errors else 200
