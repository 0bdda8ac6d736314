"""Parts to download, acta, hand-over."""

from flask import Blueprint

bp = Blueprint("descargas", __name__)

from blueprints.descargas import delivery_views, file_views, views  # noqa: E402, F401
