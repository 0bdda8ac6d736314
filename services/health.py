"""Is everything alive? One word or one sentence per part (decisions 25)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from flask import current_app
from redis.exceptions import RedisError
from rq import Worker
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from archive.signatures import trust
from config import LIGHT, RUNS
from extensions import db, redis_connection
from models import Latido
from services import clock, people, schedule
from services.adapters import storage
from storage import StorageError

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


def setup_problems() -> list[str]:
    """What an installation still lacks before it can serve, one sentence each (decisions 6, 7, 13)."""
    at, config = clock.now(), current_app.config
    found = [state for name, state in parts().items() if state != OK and name in {"base", "cola"}]
    if _base() != OK:
        return found
    if len(people.sge_staff(at)) < 2:
        found.append("Se necesitan al menos dos personas de la SGE: quien registra una solicitud no la aprueba (usuario crear-sge).")
    for year in {clock.today().year, (at + timedelta(days=60)).year}:
        if not schedule.has_feriados(year):
            found.append(f"Faltan los feriados de {year} (feriados seed {year}).")
        elif warning := schedule.unconfirmed_warning(date(year, 1, 1)):
            found.append(f"{warning} Un administrador de la SGE los confirma en Calendario → Feriados.")
    if not config["MAIL_SERVER"] and not config["DEMO"]:
        found.append("Falta MAIL_SERVER: no saldría ningún correo.")
    if config["FIRMAS"] and config["FIRMAS_ANCLAS"] and not _has_roots(config["FIRMAS_ANCLAS"]):
        found.append("FIRMAS_ANCLAS no es una carpeta con certificados raíz (PEM o DER): ninguna firma se podría verificar.")
    try:
        storage().stat("config-check")
    except (StorageError, OSError) as problem:
        found.append(f"El almacenamiento no responde: {problem}")
    return found


def _has_roots(anchors: str) -> bool:
    try:
        return bool(trust.load(anchors))
    except (OSError, ValueError):
        return False


def setup_notices() -> list[str]:
    """What works, but perhaps not as somebody expects, one sentence each."""
    config = current_app.config
    if not config["FIRMAS"]:
        return ["Las firmas electrónicas no se verifican (FIRMAS_DESACTIVADAS)."]
    if not config["FIRMAS_ANCLAS"]:
        return ["FIRMAS_ANCLAS está vacío: sin certificados raíz de confianza, toda firma íntegra consta como «no verificable»."]
    return []
