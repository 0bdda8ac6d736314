"""*Producción*: one view for the page and for the fragment it asks for again."""

from __future__ import annotations

from flask import Response

from blueprints.access import requires
from blueprints.ejecuciones import bp, page
from rules.policy import Permission


@bp.get("/produccion", endpoint="floor")
@requires(Permission.PRODUCTION)
def show() -> Response:
    return page.render()
