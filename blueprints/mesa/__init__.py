"""The SGE's approval page."""

from flask import Blueprint

bp = Blueprint("mesa", __name__)

from blueprints.mesa import bulk_views, decision_views, views  # noqa: E402, F401
