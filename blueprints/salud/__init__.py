"""Sign of life for operators."""

from flask import Blueprint

bp = Blueprint("salud", __name__)

from blueprints.salud import views  # noqa: E402, F401
