"""One change with its pipeline, and its preparation by the outgoing AIQ or the backup (step 1)."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response, abort, redirect, request, url_for

from blueprints import htmx
from blueprints.access import actor, can, requires
from blueprints.cambios import bp, forms
from blueprints.cambios.labels import stages, trail
from extensions import db
from models import CambioAIQ, Institucion
from rules.policy import Permission
from rules.processes import MATERIA, TRAINING_HOURS, Paso, training_problem
from rules.responsibilities import RESPONSIBILITIES
from services import aiq_offices, cambios, clock, plazos, processes, relevo, scope
from services.aiq_offices import AiqData
from services.cambios_listing import badge
from services.errors import Conflict, Refused


@bp.get("/cambios/nuevo")
@requires(Permission.CHANGE_START)
def new() -> Response:
    """The AIQ of one institution goes straight to its form."""
    places = sorted(actor().aiq_of)
    return redirect(url_for(".start", institucion_id=places[0]), 303) if len(places) == 1 else redirect(url_for(".index"), 303)


@bp.route("/instituciones/<int:institucion_id>/cambio-aiq", methods=["GET", "POST"])
@requires(Permission.AFFAIRS, load=cambios.startable, param="institucion_id")
def start(institucion: Institucion) -> Response:
    """Step 1, Preparación. An officer of the SGE acts only where there is no active AIQ (decisions 4)."""
    if request.method != "POST":
        if problem := cambios.obstacle(institucion.id):
            raise Conflict(problem)
        return _form(institucion, AiqData())
    data = forms.aiq_data()
    try:
        cambio = cambios.start(actor(), institucion, data)
    except Refused as refused:
        db.session.rollback()
        return _form(institucion, data, errors=refused.fields)
    db.session.commit()
    htmx.notify("El nuevo AIQ quedó preparado. La institución debe enviar el oficio a la Subsecretaría de Gobierno Electrónico.")
    return htmx.redirect_303(url_for(".show", cambio_id=cambio.id))


@bp.route("/cambios/<int:cambio_id>/datos", methods=["GET", "POST"])
@requires(Permission.CHANGE_PREPARE, load=scope.cambio, param="cambio_id")
def edit(cambio: CambioAIQ) -> Response:
    if request.method != "POST":
        stored = {name: getattr(cambio, f"aiq_{name}") for name in forms.LABELS}
        return _form(cambio.institucion, AiqData(**stored), cambio=cambio)
    data = forms.aiq_data()
    try:
        cambios.edit(actor(), cambio, data, version=forms.version())
    except Refused as refused:
        db.session.rollback()
        return _form(cambio.institucion, data, cambio=cambio, errors=refused.fields)
    db.session.commit()
    htmx.notify("Los datos del nuevo AIQ quedaron corregidos.")
    return htmx.redirect_303(url_for(".show", cambio_id=cambio.id))


@bp.get("/cambios/<int:cambio_id>")
@requires(Permission.CHANGE_SEE, load=scope.cambio, param="cambio_id")
def show(cambio: CambioAIQ) -> Response:
    return page(cambio)


@bp.get("/mi-proceso")
@requires(Permission.ENTER)
def mine() -> Response:
    """The designated AIQ's own process."""
    own = sorted(actor().designated_changes)
    if not own:
        abort(404)
    return redirect(url_for(".show", cambio_id=own[-1]), 303)


def page(cambio: CambioAIQ, *, form: str = "", errors: dict[str, str] | None = None, typed: dict[str, str] | None = None) -> Response:
    """One change. form: which of its forms is shown again with its errors and what was typed."""
    hours = processes.hours(cambio)
    office = cambio.estado is Paso.INFORMADA and can(Permission.AIQ_REGISTER)
    return htmx.render(
        "cambios/cambio.html", status=422 if errors else 200, c=cambio, badge=badge(cambio), etapas=stages(cambio), pasos=trail(cambio),
        horas=hours, materias=MATERIA, total=TRAINING_HOURS, falta_capacitacion=training_problem(hours), pendientes=processes.pending(cambio),
        actividades=[a for a in cambio.actividades if a.lista == "ambiente"], vencida=plazos.is_over(cambio), P=Paso,
        faltan=relevo.missing(cambio), hora=relevo.hour(cambio) if office else None, hoy=clock.today(), form=form, errores=errors or {},
        v=typed or {}, responsabilidades=RESPONSIBILITIES, oficinas=aiq_offices.in_office(cambio.institucion_id),
        editable=_editable(cambio), anulable=_cancellable(cambio),
        primera=cambios.earliest(cambio.oficio_recibido) if cambio.oficio_recibido else None,
        adelantable=cambio.estado is Paso.REGISTRADA and cambio.hora_efectiva > clock.now() and can(Permission.AIQ_REGISTER),
    )


def _editable(cambio: CambioAIQ) -> bool:
    mine = {Paso.PREPARACION, Paso.CAPACITACION} if can(Permission.AIQ_REGISTER) else {Paso.PREPARACION}
    return can(Permission.CHANGE_PREPARE, cambio) and cambio.estado in mine


def _cancellable(cambio: CambioAIQ) -> bool:
    mine = set(Paso) - cambios.CLOSED if can(Permission.AIQ_REGISTER) else {Paso.PREPARACION}
    return can(Permission.CHANGE_PREPARE, cambio) and cambio.estado in mine


def _form(institucion: Institucion, data: AiqData, *, cambio: CambioAIQ | None = None, errors: dict[str, str] | None = None) -> Response:
    return htmx.render(
        "cambios/preparacion.html", status=422 if errors else 200, i=institucion, c=cambio, v=asdict(data), errores=errors or {},
        rotulos=forms.LABELS, saliente=cambios.principal(institucion.id),
    )
