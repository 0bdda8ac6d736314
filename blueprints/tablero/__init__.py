"""The SGE's board: figures, charts, and the mails that were given up."""

from flask import Blueprint

bp = Blueprint("tablero", __name__)

from blueprints.tablero import mail_views, views  # noqa: E402, F401
