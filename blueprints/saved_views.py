"""A person's own saved views of a list: save, rename, delete, on a page that works without JavaScript."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, request, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.lists import ListPage
from blueprints.shape import clean
from extensions import db
from models import VistaGuardada
from services import views
from services.errors import Refused


def add(bp: Blueprint, page: ListPage) -> None:
    """Routes of the saved views of a list."""

    def show() -> Response:
        return _page(page)

    def save() -> Response:
        nombre, consulta = clean(request.form.get("nombre")), clean(request.form.get("consulta"))
        try:
            row = views.save(actor(), page.key, nombre, consulta)
        except Refused as refused:
            db.session.rollback()
            return _page(page, refused.fields["nombre"], nombre=nombre, consulta=consulta)
        db.session.commit()
        htmx.notify(f"La vista «{row.nombre}» se guardó.")
        return htmx.redirect_303(f"{url_for(page.endpoint)}?{row.consulta}")

    def rename(vista: VistaGuardada) -> Response:
        nombre, number = clean(request.form.get("nombre")), vista.id
        try:
            views.rename(actor(), vista, nombre)
        except Refused as refused:
            db.session.rollback()
            return _page(page, refused.fields["nombre"], nombre=nombre, editada=number)
        db.session.commit()
        htmx.notify(f"La vista se llama ahora «{vista.nombre}».")
        return htmx.redirect_303(url_for(page.beside("saved_views")))

    def delete(vista: VistaGuardada) -> Response:
        name = vista.nombre
        views.delete(vista)
        db.session.commit()
        htmx.notify(f"La vista «{name}» se eliminó.")
        return htmx.redirect_303(url_for(page.beside("saved_views")))

    anyone = requires(page.permission)
    owner = requires(page.permission, load=partial(views.one, pagina=page.key), param="vista_id")
    base = f"{page.path}/vistas"
    bp.add_url_rule(base, page.own("saved_views"), anyone(show))
    bp.add_url_rule(base, page.own("save_view"), anyone(save), methods=["POST"])
    bp.add_url_rule(f"{base}/<int:vista_id>/nombre", page.own("rename_view"), owner(rename), methods=["POST"])
    bp.add_url_rule(f"{base}/<int:vista_id>/eliminar", page.own("delete_view"), owner(delete), methods=["POST"])


def _page(page: ListPage, error: str = "", *, nombre: str = "", consulta: str = "", editada: int = 0) -> Response:
    """The page; refused, with the form that was sent as it was typed."""
    return htmx.render(
        "listado/vistas.html", status=422 if error else 200, lista=page, guardadas=views.of(actor(), page.key), error=error, nombre=nombre,
        consulta=consulta, editada=editada,
    )
