"""The desk drawn: the whole page, or one of its fragments, from the same context."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from flask import Response, request

from blueprints import htmx
from blueprints.access import actor
from blueprints.mesa.forms import Where
from blueprints.mesa.panel import Panel
from models import Solicitud
from rules.glossary import CLASE
from services import desk, desk_queue
from services.asking import unlocked

PAGE, PANEL, NEXT, MEANWHILE = "mesa/mesa.html", "mesa/_panel.html", "mesa/_siguiente.html", "mesa/_entretanto.html"
CALENDAR, PETITION = "mesa/_calendario.html", "mesa/_peticion.html"
# Fragments that draw the queue too; the others leave it, and the boxes ticked in it, alone.
WITH_QUEUE = {None, NEXT, MEANWHILE}


def render(
    solicitud: Solicitud | None, fragment: str | None = None, *, where: Where | None = None, queue: desk_queue.Queue | None = None,
    done: Solicitud | None = None, problem: str = "", gone: desk.Returned | None = None, status: int = 200, **shown: Any,
) -> Response:
    """The desk with `solicitud` in its panel (None: nothing waits). done: the request approved a moment ago. problem: what is
    wrong with a bulk approval. gone: what is told instead of a request. `shown`: fields of Panel.

    The panel asks Quipux, also in answer to a decision: outside of what locks our database."""
    with unlocked() if request.method == "POST" else nullcontext():
        where = where or Where.read()
        alone = fragment is not None and htmx.is_fragment()
        if queue is None and (not alone or fragment in WITH_QUEUE):
            queue = desk_queue.queue(actor(), where.filters, where.cursor)
        observed = None if queue is None else queue.observed
        panel = Panel(actor(), solicitud, where=where, fragment=alone, observed=observed, **shown) if solicitud else None
        return htmx.render(
            PAGE, fragment, status, cola=queue, panel=panel, donde=where.args, filtro=where.filter_args, filtros=where.filters,
            hecha=done, problema=problem, devuelta=gone, fragmento=alone, vistas=desk_queue.VIEWS, **(_choices() if queue is not None else {}),
        )


def _choices() -> dict[str, list[tuple[str, str]]]:
    """What the selects of the filter offer."""
    places = [(str(number), f"{name} ({count})") for number, name, count in desk_queue.institutions(actor())]
    return {
        "instituciones": [("", "Todas"), *places], "clases": [("", "Todas"), *((str(key), label) for key, label in CLASE.items())],
        "reservas": [("", "Con o sin ellos"), *desk_queue.RESERVED.items()],
        "tamanos": [("", "Cualquiera"), *((key, size[0]) for key, size in desk_queue.SIZES.items())],
    }
