"""The page *Producción* drawn, whole or as the fragment that refreshes itself; also with what went wrong above it."""

from __future__ import annotations

from datetime import datetime

from flask import Response

from blueprints import htmx
from blueprints.access import actor
from rules import texts
from rules.deadlines import local_day
from rules.glossary import DETENCION, Badge
from services import clock, production, production_floor

PAGE, FLOOR = "ejecuciones/produccion.html", "ejecuciones/_piso.html"
# Seconds between two looks: at runs that move; at a queue that may begin. Without either nothing is asked again.
MOVING, WAITING = 5, 30
WORKER = {
    "busy": Badge("run", "activity", "Trabajando"), "idle": Badge("mute", "clock", "En espera"), "silent": Badge("bad", "warn", "Sin señales"),
}
PURGE = {
    "overdue": Badge("bad", "warn", "No se pudo eliminar"), "due": Badge("run", "trash", "Eliminándose"), "later": Badge("mute", "clock", "Pendiente"),
}


def render(status: int = 200, problem: str = "") -> Response:
    """problem: why an order was not carried out (409)."""
    pause = production.paused()
    runs, queue = production_floor.runs(actor()), production_floor.queue(actor())
    purges, waiting = production_floor.purges()
    return htmx.render(
        PAGE, None if problem else FLOOR, status, problema=problem, pausa=pause, pausas=production.history(), procesos=production_floor.workers(),
        ejecuciones=runs, detenidas=production_floor.stopped(actor()), cola=queue, espacio=production_floor.space(), purgas=purges,
        purgas_total=waiting, cada=_every(bool(runs), queue.total > 0 and pause is None), worker=WORKER, purga=PURGE, causas=DETENCION, hace=ago,
        local_day=local_day, hoy=clock.today(),
    )


def _every(moving: bool, waiting: bool) -> int | None:
    return MOVING if moving else WAITING if waiting else None


def ago(instant: datetime | None) -> str:
    """ "hace 3 s" by this page's clock; "nunca" without a sign of life."""
    return "nunca" if instant is None else f"hace {texts.duration((clock.now() - instant).total_seconds())}"
