"""*Listado de solicitudes*: one view, one URL, the page and its results."""

from __future__ import annotations

from flask import Response, request, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.solicitudes import bp
from blueprints.solicitudes.detail_views import download_url
from blueprints.solicitudes.list_forms import FilterForm
from rules.deadlines import last_moment, local_day
from rules.glossary import ESTADO_BADGE
from rules.policy import Permission
from services import clock, solicitudes_listing

# A form that shows messages is swapped whole, so that they leave with the next answer (see listado_cuerpo.html).
WHOLE = "entero"


@bp.get("/solicitudes")
@requires(Permission.LIST_INSTITUTION)
def listing() -> Response:
    offered = solicitudes_listing.institutions(actor())
    form = FilterForm.of(request.args, {row.id for row in offered}, clock.today())
    if form.errors:
        response = _render(form, offered, "solicitudes/listado_cuerpo.html", 422, page=None, heads={})
        return htmx.retarget(response, "#listado") if htmx.is_fragment() else response
    page, form.order = solicitudes_listing.page(actor(), form.filters, form.order, request.args.get("cursor", ""))
    fragment = "solicitudes/listado_cuerpo.html" if WHOLE in request.args else "solicitudes/_tabla_resultados.html"
    response = _render(form, offered, fragment, page=page, heads=_heads(form))
    if htmx.is_fragment() and "cursor" not in request.args:
        htmx.push_url(response, form.url())
    return response


def _render(form: FilterForm, offered: list, fragment: str, status: int = 200, **context: object) -> Response:
    return htmx.render(
        "solicitudes/listado.html", fragment, status, form=form, instituciones=offered, several=bool(offered), clear_url=url_for(".listing"),
        badges=ESTADO_BADGE, local_day=local_day, last_moment=last_moment, download_url=download_url,
        everything_url=url_for(".listing", **{"inicio": "", "fin": "", **{k: v for k, v in form.typed.items() if v and k not in {"inicio", "fin"}}}),
        **context,
    )


def _heads(form: FilterForm) -> dict[str, tuple[str, str]]:
    """For each sortable column: the link of its head and the present direction, as `aria-sort` says it."""
    present, descending = form.order.removeprefix("-"), form.order.startswith("-")
    heads = {}
    for name, first in solicitudes_listing.FIRST_CLICK.items():
        turned = not descending if name == present else first
        url = form.url(orden=("-" if turned else "") + name)
        heads[name] = (url, "none" if name != present else "descending" if descending else "ascending")
    return heads
