"""*Usuarios internos*: the list, the same rows as a file, saved views."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from blueprints import lists, saved_views
from blueprints.access import actor, requires
from blueprints.lists import ListPage
from blueprints.usuarios import bp
from blueprints.usuarios.list_forms import FilterForm
from blueprints.usuarios.words import ACCESS, quipux_badge
from rules.deadlines import local_day
from rules.policy import Permission
from services import accounts_export, accounts_listing


ESTADOS = [("", "Todos"), ("activos", "Activos"), ("inactivos", "Inactivos")]
ACCESOS = [("", "Todos"), ("con", "Con acceso"), ("sin", "Activos sin acceso")]


def _asked() -> FilterForm:
    return FilterForm.of(actor(), request.args)


def _context(form: FilterForm) -> dict[str, Any]:
    return {
        "several": form.institution.several, "access_badges": ACCESS, "quipux_badge": quipux_badge, "local_day": local_day,
        "estados": ESTADOS, "accesos": ACCESOS, "mirrored": accounts_listing.mirrored_at(),
    }


LIST = ListPage(
    key="usuarios", path="/usuarios", endpoint="usuarios.listing", title="Usuarios internos", active="usuarios", permission=Permission.USERS,
    file="Usuarios_internos", sheet="Usuarios internos", templates="usuarios", heads=accounts_export.HEADS, orders=accounts_listing.FIRST_CLICK,
    ask=_asked, context=_context,
    find=lambda form, cursor: accounts_listing.page(actor(), form.filters, form.order, cursor),
    cells=lambda form: accounts_export.cells(actor(), form.filters, form.order),
)


@bp.get("/usuarios")
@requires(Permission.USERS)
def listing() -> Response:
    return lists.show(LIST)


lists.add_files(bp, LIST)
saved_views.add(bp, LIST)
