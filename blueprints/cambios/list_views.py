"""*Cambios de AIQ*: the list, the same rows as a file, saved views; above it what the reader answers for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Response, request
from werkzeug.datastructures import MultiDict

from blueprints import htmx, lists, saved_views
from blueprints.access import actor, can, requires
from blueprints.cambios import bp
from blueprints.lists import ListForm, ListPage
from blueprints.shape import clean
from rules.glossary import CAMBIO_VENCIDO, PASO_BADGE
from rules.policy import Permission
from rules.processes import Paso
from services import cambios_listing
from services.cambios_listing import Filters

STATES = [("", "Todos"), (cambios_listing.OPEN, "En curso"), (cambios_listing.OVER, CAMBIO_VENCIDO.label), *((str(p), PASO_BADGE[p].label) for p in Paso)]


@dataclass(kw_only=True)
class FilterForm(ListForm):
    """The filters of the changes, as values too."""

    filters: Filters
    FIELDS: ClassVar = ("q", "estado")
    WORDS: ClassVar = ("q",)
    ENDPOINT: ClassVar = "cambios.index"
    DEFAULT_ORDER: ClassVar = cambios_listing.DEFAULT_ORDER

    @classmethod
    def of(cls, args: MultiDict[str, str]) -> FilterForm:
        """Read the URL."""
        form = cls(typed={name: clean(args.get(name)) for name in cls.FIELDS}, filters=Filters(), order=args.get("orden", "")[:20])
        form.filters = Filters(form.text("q", "El nombre de la institución"), form.one_of("estado", cambios_listing.STATES))
        return form


def _context(_form: FilterForm) -> dict[str, Any]:
    shown = {"badge": cambios_listing.badge, "estados": STATES, "sge": can(Permission.AIQ_REGISTER)}
    if htmx.is_fragment():
        return shown
    return shown | {"lugares": cambios_listing.offices_of(actor()), "sin_aiq": cambios_listing.without_aiq(actor())}


LIST = ListPage(
    key="cambios", path="/cambios", endpoint="cambios.index", title="Cambios de AIQ", active="cambios", permission=Permission.AFFAIRS,
    file="Cambios_AIQ", sheet="Cambios de AIQ", templates="cambios", heads=cambios_listing.HEADS, orders=cambios_listing.FIRST_CLICK,
    ask=lambda: FilterForm.of(request.args), context=_context,
    find=lambda form, cursor: cambios_listing.page(actor(), form.filters, form.order, cursor),
    cells=lambda form: cambios_listing.cells(actor(), form.filters, form.order),
)


@bp.get("/cambios")
@requires(Permission.AFFAIRS)
def index() -> Response:
    """For the SGE all changes; for an AIQ the own institution's, with its offices."""
    return lists.show(LIST)


lists.add_files(bp, LIST)
saved_views.add(bp, LIST)
