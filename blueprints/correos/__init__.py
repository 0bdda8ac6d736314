"""Outbox of the demo."""

from flask import Blueprint

bp = Blueprint("correos", __name__)

from blueprints.correos import views  # noqa: E402, F401
