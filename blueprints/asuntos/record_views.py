"""Internal procedures and internal trainings: what the institution keeps of its own work with Quipux."""

from __future__ import annotations

from flask import render_template, request, url_for

from blueprints import htmx, shape
from blueprints.access import actor, requires
from blueprints.asuntos import bp, forms
from extensions import db
from rules.policy import Permission
from services import affairs, clock
from services.errors import Conflict, Refused

PROCEDURE = ("institucion", "titulo", "aprobado_por", "aprobado_en")
TRAINING = ("institucion", "fecha", "tema", "horas", "participantes")


@bp.get("/procedimientos")
@requires(Permission.AFFAIRS_READ)
def procedures():
    return _procedures({})


@bp.post("/procedimientos")
@requires(Permission.AFFAIRS)
def publish_procedure():
    values = forms.typed(*PROCEDURE)
    try:
        row = affairs.publish_procedure(
            actor(), request.files.get("documento"), institucion=values["institucion"], titulo=forms.line(values["titulo"]),
            aprobado_por=forms.line(values["aprobado_por"]), aprobado_en=shape.day(values["aprobado_en"]),
        )
    except Refused as refused:
        db.session.rollback()
        return _procedures(values, 422, refused.fields)
    except Conflict as conflict:
        db.session.rollback()
        return _procedures(values, 409, {"": conflict.message})
    text = f"«{row.titulo}», versión {row.version}, está publicado."
    db.session.commit()
    htmx.notify(text)
    return htmx.redirect_303(url_for(".procedures"))


def _procedures(values: dict[str, str], status: int = 200, errors: dict[str, str] | None = None):
    found = affairs.procedures(actor())
    places = affairs.places(actor())
    own = {place.id for place in places}
    return render_template(
        "asuntos/procedimientos.html", procedimientos=found, v=values, errores=errors or {}, hoy=clock.today().isoformat(),
        instituciones=[(p.id, p.nombre) for p in places], titulos=sorted({p.current.titulo for p in found if p.institucion.id in own}),
        # Several institutions in one list: each row says whose it is.
        con_institucion=len({p.institucion.id for p in found}) > 1, campos=("institucion", "titulo", "documento", "aprobado_por", "aprobado_en"),
    ), status


@bp.get("/capacitaciones-internas")
@requires(Permission.AFFAIRS)
def trainings():
    return _trainings({})


@bp.post("/capacitaciones-internas")
@requires(Permission.AFFAIRS)
def record_training():
    values = forms.typed(*TRAINING)
    try:
        affairs.record_training(
            actor(), institucion=values["institucion"], fecha=shape.day(values["fecha"]), tema=forms.line(values["tema"]),
            horas=shape.decimal(values["horas"]), participantes=values["participantes"],
        )
    except Refused as refused:
        db.session.rollback()
        return _trainings(values, 422, refused.fields)
    db.session.commit()
    htmx.notify("La capacitación está registrada.")
    return htmx.redirect_303(url_for(".trainings"))


def _trainings(values: dict[str, str], status: int = 200, errors: dict[str, str] | None = None):
    rows = [(row, affairs.participants(row)) for row in affairs.trainings(actor())]
    return render_template(
        "asuntos/capacitaciones.html", filas=rows, v=values, errores=errors or {}, hoy=clock.today().isoformat(),
        instituciones=[(p.id, p.nombre) for p in affairs.places(actor())], horas=sum(row.horas for row, _ in rows),
        personas=len({name for _, names in rows for name in names}), campos=TRAINING,
    ), status
