"""*Instituciones*: the list, the same rows as a file, saved views; the file card of each."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request, url_for

from blueprints import htmx, lists, saved_views, shape
from blueprints.access import actor, requires
from blueprints.instituciones import bp, forms
from blueprints.instituciones.list_forms import FilterForm
from blueprints.lists import ListPage
from extensions import db
from models import Institucion
from rules import texts
from rules.deadlines import local_day
from rules.glossary import CARGO, ETAPA_BADGE
from rules.identity import words
from rules.policy import Permission
from rules.processes import Etapa
from services import clock, implantaciones, institution_choice, institutions, institutions_listing, scope
from services.errors import Conflict, Refused


def _asked() -> FilterForm:
    return FilterForm.of(request.args)


def _context(_form: FilterForm) -> dict[str, Any]:
    return {
        "etapas": [("", "Todas"), *((str(e), ETAPA_BADGE[e].label) for e in Etapa)], "badges": ETAPA_BADGE, "detail": institutions_listing.detail,
        "ahora": clock.now(),
    }


LIST = ListPage(
    key="instituciones", path="/instituciones", endpoint="instituciones.listing", title="Instituciones", active="instituciones",
    permission=Permission.INSTITUTIONS, file="Instituciones", sheet="Instituciones", templates="instituciones", heads=institutions_listing.HEADS,
    orders=institutions_listing.FIRST_CLICK, ask=_asked, context=_context,
    find=lambda form, cursor: institutions_listing.page(actor(), form.filters, form.order, cursor),
    cells=lambda form: institutions_listing.cells(actor(), form.filters, form.order),
)


@bp.get("/instituciones")
@requires(Permission.INSTITUTIONS)
def listing() -> Response:
    return lists.show(LIST)


lists.add_files(bp, LIST)
saved_views.add(bp, LIST)


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
        institutions.link_to_quipux(actor(), institucion, shape.number(request.form.get("quipux")))
    except (Refused, Conflict) as problem:
        db.session.rollback()
        said, status = (problem.fields["quipux"], 422) if isinstance(problem, Refused) else (problem.message, 409)
        return _card(scope.institucion(actor(), row_id), said, status)
    db.session.commit()
    htmx.notify("La institución quedó vinculada con Quipux.")
    return htmx.redirect_303(url_for(".place", institucion_id=row_id))
