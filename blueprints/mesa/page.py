"""The desk drawn: the whole page, or one of its fragments, from the same context."""

from __future__ import annotations

from typing import Any

from flask import Response

from blueprints import htmx
from blueprints.access import actor
from blueprints.mesa.forms import Where
from blueprints.mesa.panel import Panel
from models import Solicitud
from services import desk

PAGE, PANEL, NEXT = "mesa/mesa.html", "mesa/_panel.html", "mesa/_siguiente.html"
CALENDAR, PETITION = "mesa/_calendario.html", "mesa/_peticion.html"
# Fragments that draw the queue too; the others leave it, and the boxes ticked in it, alone.
WITH_QUEUE = {None, NEXT}


def render(
    solicitud: Solicitud | None, fragment: str | None = None, *, where: Where | None = None, queue: desk.Queue | None = None,
    done: Solicitud | None = None, problem: str = "", status: int = 200, **shown: Any,
) -> Response:
    """The desk with `solicitud` in its panel (None: nothing waits). done: the request approved a moment ago. problem: what is
    wrong with a bulk approval. `shown`: fields of Panel."""
    where = where or Where.read()
    alone = fragment is not None and htmx.is_fragment()
    if queue is None and (not alone or fragment in WITH_QUEUE):
        queue = desk.queue(actor(), where.view, where.q, where.page)
    panel = Panel(actor(), solicitud, fragment=alone, **shown) if solicitud else None
    return htmx.render(
        PAGE, fragment, status, cola=queue, panel=panel, donde=where.args, vistas=desk.VIEWS, hecha=done, problema=problem, fragmento=alone,
    )
