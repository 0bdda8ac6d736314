"""Change of AIQ, backup AIQs and the register of AIQs (seed 004)."""

from flask import Blueprint

bp = Blueprint("cambios", __name__)

from blueprints.cambios import backup_views, list_views, register_views, step_views, views  # noqa: E402, F401
