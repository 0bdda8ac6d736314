"""The SGE's calendar: months and days, feriados, alta demanda, capacity, and estimate against reality."""

from flask import Blueprint

bp = Blueprint("calendario", __name__)

from blueprints.calendario import capacity_views, feriado_views, period_views, report_views, views  # noqa: E402, F401
