"""Internal users: the institution's accounts as Quipux has them, and their access to this site."""

from flask import Blueprint

bp = Blueprint("usuarios", __name__)

from blueprints.usuarios import import_views, list_views, views  # noqa: E402, F401
