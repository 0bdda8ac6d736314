"""Institutions and their implantación (seed 002): the SGE's pages and the designated AIQ's own."""

from flask import Blueprint

bp = Blueprint("instituciones", __name__)

from blueprints.instituciones import list_views, process_views, register_views, template_views  # noqa: E402, F401
