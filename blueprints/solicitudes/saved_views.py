"""A person's own saved views of the list: save, rename, delete, on a page that works without JavaScript."""

from __future__ import annotations

from flask import Response, request, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.shape import clean
from blueprints.solicitudes import bp
from blueprints.solicitudes.list_views import PAGE
from extensions import db
from models import VistaGuardada
from rules.policy import Permission
from services import views
from services.errors import Refused


@bp.get("/solicitudes/vistas", endpoint="saved_views")
@requires(Permission.LIST_INSTITUTION)
def show_views() -> Response:
    return _page()


@bp.post("/solicitudes/vistas", endpoint="save_view")
@requires(Permission.LIST_INSTITUTION)
def save() -> Response:
    nombre, consulta = clean(request.form.get("nombre")), clean(request.form.get("consulta"))
    try:
        row = views.save(actor(), PAGE, nombre, consulta)
    except Refused as refused:
        db.session.rollback()
        return _page(refused.fields["nombre"], nombre=nombre, consulta=consulta)
    db.session.commit()
    htmx.notify(f"La vista «{row.nombre}» se guardó.")
    return htmx.redirect_303(f"{url_for('.listing')}?{row.consulta}")


@bp.post("/solicitudes/vistas/<int:vista_id>/nombre", endpoint="rename_view")
@requires(Permission.LIST_INSTITUTION, load=views.one, param="vista_id")
def rename(vista: VistaGuardada) -> Response:
    nombre, number = clean(request.form.get("nombre")), vista.id
    try:
        views.rename(actor(), vista, nombre)
    except Refused as refused:
        db.session.rollback()
        return _page(refused.fields["nombre"], nombre=nombre, editada=number)
    db.session.commit()
    htmx.notify(f"La vista se llama ahora «{vista.nombre}».")
    return htmx.redirect_303(url_for(".saved_views"))


@bp.post("/solicitudes/vistas/<int:vista_id>/eliminar", endpoint="delete_view")
@requires(Permission.LIST_INSTITUTION, load=views.one, param="vista_id")
def delete(vista: VistaGuardada) -> Response:
    name = vista.nombre
    views.delete(vista)
    db.session.commit()
    htmx.notify(f"La vista «{name}» se eliminó.")
    return htmx.redirect_303(url_for(".saved_views"))


def _page(error: str = "", *, nombre: str = "", consulta: str = "", editada: int = 0) -> Response:
    """The page; refused, with the form that was sent as it was typed."""
    return htmx.render(
        "solicitudes/vistas.html", status=422 if error else 200, guardadas=views.of(actor(), PAGE), error=error, nombre=nombre,
        consulta=consulta, editada=editada,
    )
