"""*Producción*: workers, runs, what is due today, the storage; pausing all of it, stopping one run."""

from flask import Blueprint

bp = Blueprint("ejecuciones", __name__)

from blueprints.ejecuciones import order_views, pause_views, views  # noqa: E402, F401
