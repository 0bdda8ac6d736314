"""Sign in, sign out, passwords."""

from flask import Blueprint

bp = Blueprint("acceso", __name__)

from blueprints.acceso import views  # noqa: E402, F401
