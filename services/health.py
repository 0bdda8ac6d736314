"""Is everything alive? One word or one sentence per part (decisions 25)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from redis.exceptions import RedisError
from rq import Worker
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from config import LIGHT, RUNS
from extensions import db, redis_connection
from models import Latido
from services import clock

OK = "ok"
# A busy worker shows itself every 15 s, an idle one every 25: three missed signs are a death.
WORKER_SILENCE = timedelta(seconds=75)
CLOCK_SILENCE = timedelta(seconds=60)


def parts() -> dict[str, str]:
    """web, base, cola, worker, clock: each "ok" or what is wrong, for an operator."""
    base = _base()
    cola = _cola()
    return {
        "web": OK,
        "base": base,
        "cola": cola,
        "worker": _worker() if cola == OK else "No se puede comprobar: la cola no responde.",
        "clock": _clock() if base == OK else "No se puede comprobar: la base de datos no responde.",
    }


def _base() -> str:
    try:
        db.session.execute(text("SELECT 1 FROM solicitud LIMIT 1"))
    except SQLAlchemyError as problem:
        db.session.rollback()
        return f"La base de datos no responde o no tiene las tablas ({type(problem).__name__})."
    return OK


def _cola() -> str:
    try:
        redis_connection().ping()
    except (RedisError, OSError) as problem:
        return f"La cola no responde ({type(problem).__name__})."
    return OK


def _worker() -> str:
    """The registry is only read: cleaning it here would run failure callbacks in the web process."""
    now = datetime.now(UTC)
    alive: set[str] = set()
    for worker in Worker.all(connection=redis_connection()):
        seen = worker.last_heartbeat
        if seen and now - (seen if seen.tzinfo else seen.replace(tzinfo=UTC)) < WORKER_SILENCE:
            alive |= set(worker.queue_names())
    missing = [name for name in (RUNS, LIGHT) if name not in alive]
    return OK if not missing else f"No hay un proceso activo que atienda: {', '.join(missing)}."


def _clock() -> str:
    last = db.session.scalar(select(Latido.en).where(Latido.nombre == "clock"))
    if last is None:
        return "El reloj no se ha iniciado."
    if clock.now() - last > CLOCK_SILENCE:
        return f"El reloj no da señales desde {last.isoformat(timespec='seconds')}."
    return OK
