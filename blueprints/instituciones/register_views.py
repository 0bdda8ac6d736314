"""*Registrar institución*: the first question, the orientation, the Solicitud with its data and its oficio."""

from __future__ import annotations

from flask import abort, render_template, request, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.instituciones import bp, forms
from extensions import db
from models import Implantacion, Orientacion
from rules.policy import Permission
from rules.processes import Etapa
from services import clock, implantacion_solicitud, implantaciones, scope
from services.errors import Refused


@bp.route("/instituciones/registrar", methods=["GET", "POST"])
@requires(Permission.INSTITUTIONS)
def question():
    """Does it belong to the Administración Pública Central? "No" registers only that the orientation was given."""
    typed = {"pertenece": request.form.get("pertenece", ""), "institucion": forms.line(request.form, "institucion"), "contacto": forms.line(request.form, "contacto")}
    if request.method != "POST":
        return _question(typed)
    if typed["pertenece"] == "si":
        return htmx.redirect_303(url_for(".register"))
    if typed["pertenece"] != "no":
        return _question(typed, {"pertenece": "Indique si la institución pertenece a la Administración Pública Central."}, 422)
    try:
        row = implantacion_solicitud.orient(actor(), typed["institucion"], typed["contacto"])
    except Refused as refused:
        db.session.rollback()
        return _question(typed, refused.fields, 422)
    db.session.commit()
    return htmx.redirect_303(url_for(".orientation", orientacion_id=row.id))


def _question(typed: dict[str, str], errors: dict[str, str] | None = None, status: int = 200):
    errors = errors or {}
    listed = [("pertenece-0" if name == "pertenece" else name, message) for name, message in errors.items()]
    return render_template("instituciones/pregunta.html", v=typed, errores=errors, lista=listed), status


@bp.get("/instituciones/orientaciones/<int:orientacion_id>")
@requires(Permission.INSTITUTIONS, load=scope.orientacion, param="orientacion_id")
def orientation(orientacion: Orientacion):
    """The two options of the seed, for an institution outside the Administración Pública Central."""
    return render_template("instituciones/orientacion.html", o=orientacion)


@bp.route("/instituciones/registrar/solicitud", methods=["GET", "POST"])
@requires(Permission.INSTITUTIONS)
def register():
    if request.method != "POST":
        return _form({"oficio_recibido": clock.today().isoformat()})
    typed, data = forms.application(request.form)
    try:
        row = implantacion_solicitud.register(actor(), data, request.files.get("oficio"))
    except Refused as refused:
        db.session.rollback()
        return _form(typed, refused.fields, 422)
    db.session.commit()
    _warn(row, "La solicitud quedó registrada. Continúa con la capacitación.")
    return htmx.redirect_303(url_for(".show", implantacion_id=row.id))


@bp.route("/implantaciones/<int:implantacion_id>/datos", methods=["GET", "POST"])
@requires(Permission.INSTITUTIONS, load=scope.implantacion, param="implantacion_id")
def edit(implantacion: Implantacion):
    """Correct the data of the Solicitud while the process has not been reviewed."""
    if implantaciones.effective(implantacion) not in (Etapa.SOLICITUD, Etapa.CAPACITACION, Etapa.AMBIENTE):
        abort(404)
    if request.method != "POST":
        typed = {name: getattr(implantacion, name) for name in forms.FIELDS}
        return _form(typed | {"oficio_recibido": implantacion.oficio_recibido.isoformat()}, row=implantacion)
    typed, data = forms.application(request.form)
    row_id = implantacion.id
    try:
        implantacion_solicitud.edit(actor(), implantacion, data, request.files.get("oficio"))
    except Refused as refused:
        db.session.rollback()
        return _form(typed, refused.fields, 422, scope.implantacion(actor(), row_id))
    db.session.commit()
    _warn(implantacion, "Los datos quedaron guardados.")
    return htmx.redirect_303(url_for(".show", implantacion_id=row_id))


def _form(typed: dict[str, str], errors: dict[str, str] | None = None, status: int = 200, row: Implantacion | None = None):
    errors = errors or {}
    return render_template(
        "instituciones/solicitud.html", v=typed, errores=errors, i=row, lista=forms.summary(errors, "", (*forms.FIELDS, "oficio")),
        hoy=clock.today().isoformat(), aviso_ruc=implantacion_solicitud.ruc_warning(typed.get("ruc", "")) if errors else "",
    ), status


def _warn(row: Implantacion, done: str) -> None:
    htmx.notify(done)
    if warning := implantacion_solicitud.ruc_warning(row.ruc):
        htmx.notify(warning, "warn")
