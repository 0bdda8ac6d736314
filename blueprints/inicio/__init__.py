"""Home: what needs attention."""

from flask import Blueprint

bp = Blueprint("inicio", __name__)

from blueprints.inicio import views  # noqa: E402, F401
