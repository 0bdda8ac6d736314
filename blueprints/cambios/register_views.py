"""*Registro de AIQ*: who was AIQ of an institution on a date; on screen and as a file; saved views."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from blueprints import lists, saved_views
from blueprints.access import actor, requires
from blueprints.cambios import bp
from blueprints.cambios.register_forms import FilterForm
from blueprints.lists import ListPage
from rules.glossary import CARGO
from rules.policy import Permission
from services import clock, register
from services.aiq_offices import AIQ


def _asked() -> FilterForm:
    return FilterForm.of(actor(), request.args)


def _context(form: FilterForm) -> dict[str, Any]:
    return {"cargos": [("", "Todos"), *((str(c), CARGO[c]) for c in AIQ)], "labels": CARGO, "lugar": form.place, "ahora": clock.now()}


LIST = ListPage(
    key="registro-aiq", path="/registro-aiq", endpoint="cambios.register_page", title="Registro de AIQ", active="registro-aiq",
    permission=Permission.AIQ_REGISTER, file="Registro_AIQ", sheet="Registro de AIQ", templates="registro", heads=register.HEADS,
    orders=register.FIRST_CLICK, ask=_asked, context=_context,
    find=lambda form, cursor: register.page(actor(), form.filters, form.order, cursor),
    cells=lambda form: register.cells(actor(), form.filters, form.order),
)


@bp.get("/registro-aiq")
@requires(Permission.AIQ_REGISTER)
def register_page() -> Response:
    return lists.show(LIST)


lists.add_files(bp, LIST)
saved_views.add(bp, LIST)
