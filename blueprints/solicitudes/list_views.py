"""*Listado de solicitudes*: one view, one URL, the page and its results; the same rows as a file; saved views."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for

from blueprints import lists, saved_views
from blueprints.access import actor, can, requires
from blueprints.institution_field import InstitutionField
from blueprints.lists import ListPage
from blueprints.solicitudes import bp
from blueprints.solicitudes.detail_views import download_url
from blueprints.solicitudes.list_forms import FilterForm
from rules.deadlines import last_moment, local_day
from rules.glossary import ESTADO_BADGE, VISTA
from rules.policy import Permission
from services import clock, solicitudes_export, solicitudes_listing


def _asked() -> FilterForm:
    return FilterForm.of(request.args, InstitutionField.of(actor(), request.args), clock.today())


def _context(form: FilterForm) -> dict[str, Any]:
    others = {name: value for name, value in form.typed.items() if value and name not in {"inicio", "fin"}}
    return {
        "several": form.institution.several, "badges": ESTADO_BADGE, "local_day": local_day, "last_moment": last_moment, "download_url": download_url,
        "everything_url": url_for(".listing", inicio="", fin="", **others),
        "vista": VISTA.get(form.typed["vista"], ""),
        "fijas": [(str(v), text, url_for(".listing", vista=v)) for v, text in VISTA.items()] if can(Permission.SGE_DESK) else [],
    }


LIST = ListPage(
    key="solicitudes", path="/solicitudes", endpoint="solicitudes.listing", title="Listado de solicitudes", active="listado",
    permission=Permission.LIST_INSTITUTION, file="Solicitudes", sheet="Solicitudes", templates="solicitudes", heads=solicitudes_export.HEADS,
    orders=solicitudes_listing.FIRST_CLICK, ask=_asked, context=_context,
    find=lambda form, cursor: solicitudes_listing.page(actor(), form.filters, form.order, cursor),
    cells=lambda form: solicitudes_export.rows(actor(), form.filters, form.order),
)


@bp.get("/solicitudes")
@requires(Permission.LIST_INSTITUTION)
def listing() -> Response:
    return lists.show(LIST)


lists.add_files(bp, LIST)
saved_views.add(bp, LIST)
