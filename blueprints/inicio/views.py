"""Home."""

from __future__ import annotations

from flask import render_template

from blueprints.access import requires
from blueprints.inicio import bp
from rules.policy import Permission


@bp.get("/")
@requires(Permission.ENTER)
def home():
    return render_template("inicio/inicio.html")
