"""The AIQs' own affairs beside the backups: avisos, procedimientos, capacitaciones, escalamiento, responsabilidades."""

from flask import Blueprint

bp = Blueprint("asuntos", __name__)

from blueprints.asuntos import attachment_views, escalation_views, record_views, views  # noqa: E402, F401
