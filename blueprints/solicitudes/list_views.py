"""*Listado de solicitudes*: one view, one URL, the page and its results; the same rows as a file."""

from __future__ import annotations

from flask import Response, request, send_file, session, stream_with_context, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.institution_field import InstitutionField
from blueprints.solicitudes import bp
from blueprints.solicitudes.detail_views import download_url
from blueprints.solicitudes.list_forms import FilterForm
from rules.deadlines import last_moment, local_day
from rules.glossary import ESTADO_BADGE, VISTA
from rules.policy import Permission
from services import clock, solicitudes_export, solicitudes_listing, spreadsheet, views

# A form that shows messages is swapped whole, so that they leave with the next answer (see listado_cuerpo.html).
WHOLE = "entero"
PAGE = "solicitudes"
RETURN = "listado"


@bp.get("/solicitudes")
@requires(Permission.LIST_INSTITUTION)
def listing() -> Response:
    form = _asked()
    if form.errors:
        response = _render(form, "solicitudes/listado_cuerpo.html", 422, page=None, heads={})
        return htmx.retarget(response, "#listado") if htmx.is_fragment() else response
    page, form.order = solicitudes_listing.page(actor(), form.filters, form.order, request.args.get("cursor", ""))
    # The way back from a request leads to the list as it was; in the cookie, as a GET writes nothing.
    session[RETURN] = form.arguments
    # A name that was completed is shown as it is.
    completed = form.institution.resolved
    fragment = "solicitudes/listado_cuerpo.html" if WHOLE in request.args or completed else "solicitudes/_tabla_resultados.html"
    response = _render(form, fragment, page=page, heads=_heads(form))
    if completed and htmx.is_fragment():
        htmx.retarget(response, "#listado")
    if htmx.is_fragment() and "cursor" not in request.args:
        htmx.push_url(response, form.url())
    return response


@bp.get("/solicitudes/exportar.csv", endpoint="export_csv")
@requires(Permission.LIST_INSTITUTION)
def export_csv() -> Response:
    form = _asked()
    if form.errors:
        return _render(form, "solicitudes/listado_cuerpo.html", 422, page=None, heads={})
    cells = solicitudes_export.rows(actor(), form.filters, form.order)
    response = Response(stream_with_context(solicitudes_export.to_csv(cells)), mimetype="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename={_file_name('csv')}"
    return response


@bp.get("/solicitudes/exportar.xlsx", endpoint="export_xlsx")
@requires(Permission.LIST_INSTITUTION)
def export_xlsx() -> Response:
    form = _asked()
    if form.errors:
        return _render(form, "solicitudes/listado_cuerpo.html", 422, page=None, heads={})
    book = solicitudes_export.to_xlsx(solicitudes_export.rows(actor(), form.filters, form.order))
    return send_file(book, spreadsheet.MIME, as_attachment=True, download_name=_file_name("xlsx"))


def _file_name(suffix: str) -> str:
    return f"Solicitudes_{clock.today().isoformat()}.{suffix}"


def _asked() -> FilterForm:
    return FilterForm.of(request.args, InstitutionField.of(actor(), request.args), clock.today())


def _render(form: FilterForm, fragment: str, status: int = 200, **context: object) -> Response:
    here = views.query_of(url_query(form.url()))
    return htmx.render(
        "solicitudes/listado.html", fragment, status, form=form, several=form.institution.several, clear_url=url_for(".listing"),
        badges=ESTADO_BADGE, local_day=local_day, last_moment=last_moment, download_url=download_url,
        everything_url=url_for(".listing", **{"inicio": "", "fin": "", **{k: v for k, v in form.typed.items() if v and k not in {"inicio", "fin"}}}),
        guardadas=views.of(actor(), PAGE), aqui=here, vistas=[(str(v), text, url_for(".listing", vista=v)) for v, text in VISTA.items()], **context,
    )


def url_query(url: str) -> str:
    """The part of an address after the question mark."""
    return url.partition("?")[2]


def _heads(form: FilterForm) -> dict[str, tuple[str, str]]:
    """For each sortable column: the link of its head and the present direction, as `aria-sort` says it."""
    present, descending = form.order.removeprefix("-"), form.order.startswith("-")
    heads = {}
    for name, first in solicitudes_listing.FIRST_CLICK.items():
        turned = not descending if name == present else first
        url = form.url(orden=("-" if turned else "") + name)
        heads[name] = (url, "none" if name != present else "descending" if descending else "ascending")
    return heads
