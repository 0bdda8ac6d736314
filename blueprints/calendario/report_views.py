"""Estimate against reality."""

from __future__ import annotations

from flask import render_template, request

from blueprints.access import actor, requires
from blueprints.calendario import bp, forms
from rules.policy import Permission
from services import clock, estimates_report


@bp.get("/calendario/estimacion", endpoint="estimates")
@requires(Permission.CALENDAR)
def show_estimates() -> str:
    """The twelve months up to `hasta` (2026-11; default: this one)."""
    today = clock.today()
    wanted = forms.month(request.args.get("hasta"))
    until = min(wanted, today) if wanted and wanted.year >= 2015 else today
    return render_template("calendario/estimacion.html", r=estimates_report.report(actor(), until), hasta=until, hoy=today)
