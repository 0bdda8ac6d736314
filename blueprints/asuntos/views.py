"""Notices (*avisos*) and the page of the nine responsibilities."""

from __future__ import annotations

from flask import render_template, url_for

from blueprints import htmx, shape
from blueprints.access import actor, can, requires
from blueprints.asuntos import bp, forms
from extensions import db
from models import Aviso
from rules.glossary import AVISO_BADGE
from rules.policy import Permission
from rules.responsibilities import RESPONSIBILITIES
from services import affairs, clock, scope
from services.errors import Conflict, Refused

NOTICE = ("publico", "titulo", "texto", "desde", "hasta")


@bp.get("/avisos")
@requires(Permission.AFFAIRS)
def notices():
    today = clock.today().isoformat()
    return _notices({"desde": today, "hasta": today})


@bp.post("/avisos")
@requires(Permission.AFFAIRS)
def publish_notice():
    values = forms.typed(*NOTICE)
    try:
        affairs.publish_notice(
            actor(), publico=values["publico"] or _audiences()[0][0], titulo=forms.line(values["titulo"]), texto=values["texto"],
            desde=shape.day(values["desde"]), hasta=shape.day(values["hasta"]),
        )
    except Refused as refused:
        db.session.rollback()
        return _notices(values, 422, refused.fields)
    db.session.commit()
    htmx.notify("El aviso está publicado.")
    return htmx.redirect_303(url_for(".notices"))


@bp.post("/avisos/<int:aviso_id>/retirar")
@requires(Permission.AFFAIRS, load=scope.aviso, param="aviso_id")
def withdraw_notice(aviso: Aviso):
    try:
        affairs.withdraw(aviso)
    except Conflict as conflict:
        db.session.rollback()
        htmx.notify(conflict.message, "warn")
    else:
        db.session.commit()
        htmx.notify("El aviso fue retirado: ya no se muestra en la página de inicio.")
    return htmx.redirect_303(url_for(".notices"))


def _audiences() -> list[tuple[str, str]]:
    """(value, label) of those whom the person may address."""
    every = [(affairs.ALL_AIQS, "Todos los AIQ")] if actor().sge else []
    return every + [(str(i.id), f"Personal de {i.sigla or i.nombre}") for i in affairs.places(actor())]


def _notices(values: dict[str, str], status: int = 200, errors: dict[str, str] | None = None):
    today, audiences = clock.today(), _audiences()
    rows = [(aviso, AVISO_BADGE[affairs.standing(aviso, today)]) for aviso in affairs.notices(actor())]
    return render_template(
        "asuntos/avisos.html", filas=rows, v=values, errores=errors or {}, publicos=audiences, hoy=today.isoformat(),
        nombres={None: "Todos los AIQ"} | {int(value): label for value, label in audiences if value.isdigit()},
        campos=("publico", "titulo", "texto", "desde", "hasta"),
    ), status


@bp.get("/responsabilidades")
@requires(Permission.AFFAIRS_READ)
def responsibilities():
    """The nine of seed 002, each with where it is done and whether this person may do it."""
    ways = _ways()
    rows = [(r, [ways[key] for key in r.places if key in ways]) for r in RESPONSIBILITIES]
    return render_template("asuntos/responsabilidades.html", filas=rows, aceptadas=affairs.accepted_on(actor()))


def _ways() -> dict[str, tuple[str, str]]:
    """Key of rules.responsibilities → (label, address), for what this person may open."""
    ways = {"procedimientos": ("Procedimientos internos", url_for(".procedures")), "escalamiento": ("Escalar a la Mesa de Servicios", url_for(".escalations"))}
    if can(Permission.AFFAIRS):
        ways |= {"avisos": ("Avisos", url_for(".notices")), "capacitaciones": ("Capacitaciones internas", url_for(".trainings"))}
    if can(Permission.REQUEST_INSTITUTIONAL):
        ways |= {
            "solicitar": ("Solicitar respaldos", url_for("solicitudes.new")),
            "listado": ("Listado de solicitudes", url_for("solicitudes.listing")),
        }
    if can(Permission.USERS):
        ways["usuarios"] = ("Usuarios internos", url_for("usuarios.listing"))
    if process := _process():
        ways["proceso"] = process
    return ways


def _process() -> tuple[str, str] | None:
    """Where the training environment and the production account are parametrised, for this person."""
    if can(Permission.INSTITUTIONS):
        return "Instituciones", url_for("instituciones.listing")
    if actor().designated_implantations:
        return "Mi implantación", url_for("instituciones.mine")
    if actor().designated_changes and not can(Permission.CHANGE_START):
        return "Mi proceso", url_for("cambios.mine")
    return ("Cambio de AIQ", url_for("cambios.index")) if can(Permission.CHANGE_START) else None
