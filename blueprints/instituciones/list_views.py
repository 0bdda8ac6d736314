"""The list of institutions and the file card of each."""

from __future__ import annotations

from flask import Response, render_template, request, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.instituciones import bp, forms
from extensions import db
from models import Institucion
from rules import texts
from rules.deadlines import local_day
from rules.glossary import CARGO, ETAPA_BADGE
from rules.identity import words
from rules.policy import Permission
from rules.processes import TRAINING_HOURS, Etapa
from services import clock, implantaciones, institution_choice, institutions, scope
from services.errors import Conflict, Refused

_KNOTS = {Etapa.SOLICITUD: 0, Etapa.CAPACITACION: 1, Etapa.AMBIENTE: 2, Etapa.SUSPENDIDA: 2, Etapa.REVISION: 3, Etapa.PRODUCCION: 5, Etapa.ANULADA: 0}


@bp.get("/instituciones")
@requires(Permission.INSTITUTIONS)
def listing() -> Response:
    q = forms.line(request.args, "q", 120)
    etapa = request.args.get("etapa", "")
    etapa = etapa if etapa in set(Etapa) else ""
    page, order = institutions.page(q, etapa, request.args.get("orden", "")[:20], request.args.get("cursor", ""))

    def url(**changes: str) -> str:
        kept = {"q": q, "etapa": etapa, "orden": "" if order == institutions.DEFAULT_ORDER else order} | changes
        return url_for(".listing", **{k: v for k, v in kept.items() if v})

    heads = {name: _head(name, order, url) for name in ("nombre", "etapa")}
    return htmx.render(
        "instituciones/listado.html", "instituciones/_resultados.html", page=page, q=q, etapa=etapa, orden=order, url=url, heads=heads,
        etapas=[("", "Todas"), *((str(e), ETAPA_BADGE[e].label) for e in Etapa)], badges=ETAPA_BADGE, detail=detail, knots=_KNOTS,
    )


@bp.get("/instituciones/opciones")
@requires(Permission.LIST_INSTITUTION)
def options() -> Response:
    """Options of the filter Institución of any list; whoever opens the address itself gets the list of requests."""
    if not htmx.is_fragment():
        return htmx.redirect_303(url_for("solicitudes.listing"))
    q = forms.line(request.args, "institucion_q", 120)
    found = institution_choice.find(actor(), q)
    return htmx.render("instituciones/_opciones.html", q=q, encontradas=found, nota=_found_note(q, found))


def _found_note(q: str, found: institution_choice.Found) -> str:
    if not q:
        return ""
    if not words(q):
        return "Escriba al menos 2 letras o números."
    if not found.total:
        return "No se encontraron instituciones."
    return f"Mostrando {len(found.rows)} de {texts.miles(found.total)}" if found.total > len(found.rows) else texts.plural(found.total, "institución", "instituciones")


def _head(name: str, order: str, url) -> tuple[str, str]:
    if order.removeprefix("-") != name:
        return url(orden=name), "none"
    return url(orden=name if order.startswith("-") else f"-{name}"), "descending" if order.startswith("-") else "ascending"


def detail(row: institutions.Row) -> str:
    """What a person wants to know beside the stage."""
    match row.etapa:
        case Etapa.CAPACITACION:
            return f"{row.hours:g} de {TRAINING_HOURS} horas".replace(".", ",")
        case Etapa.AMBIENTE:
            left = texts.remaining((row.proceso.plazo_vence - clock.now()).total_seconds())
            return f"{left} · {texts.plural(row.pending, 'actividad pendiente', 'actividades pendientes')}" if row.pending else f"{left} · falta informar"
        case Etapa.SUSPENDIDA:
            return f"Plazo terminado · {texts.plural(row.pending, 'actividad pendiente', 'actividades pendientes')}"
        case Etapa.REVISION:
            return f"Informada el {texts.day(local_day(row.proceso.plazo_congelado))}"
        case _:
            return ""


@bp.get("/instituciones/<int:institucion_id>")
@requires(Permission.INSTITUTIONS, load=scope.institucion, param="institucion_id")
def place(institucion: Institucion):
    return _card(institucion)


def _card(institucion: Institucion, problem: str = "", status: int = 200):
    return render_template(
        "instituciones/ficha.html", n=institucion, c=institutions.card(institucion), cargos=CARGO, problema=problem,
        procesos=implantaciones.in_institution(institucion), badges=ETAPA_BADGE, local_day=local_day,
        iguales=institutions.counterparts(institucion),
    ), status


@bp.post("/instituciones/<int:institucion_id>/vincular")
@requires(Permission.INSTITUTIONS, load=scope.institucion, param="institucion_id")
def link(institucion: Institucion):
    """*Vincular con Quipux*: the institution was registered here and has come from Quipux since."""
    row_id = institucion.id
    try:
        institutions.link_to_quipux(institucion, forms.number(request.form.get("quipux", "")))
    except (Refused, Conflict) as problem:
        db.session.rollback()
        said, status = (problem.fields["quipux"], 422) if isinstance(problem, Refused) else (problem.message, 409)
        return _card(scope.institucion(actor(), row_id), said, status)
    db.session.commit()
    htmx.notify("La institución quedó vinculada con Quipux.")
    return htmx.redirect_303(url_for(".place", institucion_id=row_id))
