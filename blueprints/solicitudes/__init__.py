"""Requests: form, drafts, listing, detail."""

from flask import Blueprint

bp = Blueprint("solicitudes", __name__)

from blueprints.solicitudes import views  # noqa: E402, F401
