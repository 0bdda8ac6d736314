"""GET /salud: 200 when web, database, queue, worker and clock are alive, 503 naming what is not."""

from __future__ import annotations

from flask import jsonify

from blueprints.access import public
from blueprints.salud import bp
from services import health


@bp.get("/salud")
@public
def health_check():
    parts = health.parts()
    alive = all(state == health.OK for state in parts.values())
    return jsonify(estado="ok" if alive else "falla", partes=parts), 200 if alive else 503
