"""The clock: runs each sweep when its time has come, in Guayaquil time. Two clocks do no harm.

Frequent sweeps are cheap questions asked again and again; the daily ones are kept apart by a unique row (name, day), which
also catches up: a clock that was away at the hour runs them when it is back.
"""

from __future__ import annotations

import logging
import signal
import time
from datetime import timedelta

from flask import Flask
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from extensions import db
from jobs import stopping, sweeps
from models import Barrido, Latido
from rules.deadlines import ZONE
from services import clock, schedule

log = logging.getLogger(__name__)
TICK = 1.0
# Seconds between two runs of the sweeps that must not wait.
FREQUENT = {"due": 2, "reconcile": 5, "mail": 20, "expiry": 60, "deadlines": 60, "reminders": 300, "petitions": 300}
# Hour of the day (Guayaquil) from which the daily ones run; the digest only on working days.
DAILY = {"mirror": 2, "storage": 3, "board": 4, "digest": 8}
NAME = "clock"
BEAT = timedelta(seconds=5)


def main(app: Flask) -> None:
    """Tick until SIGTERM."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stopping.request)
    next_turn = dict.fromkeys(FREQUENT, 0.0)
    while not stopping.requested():
        with app.app_context():
            try:
                tick(next_turn)
            except SQLAlchemyError:
                # The database is being restarted: what is due now is still due at the next tick.
                log.exception("tick")
        stopping.sleep(TICK)


def tick(next_turn: dict[str, float]) -> list[str]:
    """Run what is due; a sweep that fails is logged and tried again at its next turn. Returns the names that ran.
    `next_turn`: when each frequent sweep is due next, on the machine's own clock (a moved demo clock must not stall it)."""
    ran = []
    sign_of_life()
    for name, seconds in FREQUENT.items():
        if time.monotonic() >= next_turn[name]:
            next_turn[name] = time.monotonic() + seconds
            ran.append(name)
            _safely(name)
            sign_of_life()
    for name in _daily():
        ran.append(name)
        _once_a_day(name)
        sign_of_life()
    return ran


def _safely(name: str) -> tuple[int, int] | None:
    try:
        return sweeps.SWEEPS[name]()
    except Exception:
        log.exception("sweep %s", name)
        return None
    finally:
        db.session.remove()


def _daily() -> list[str]:
    local = clock.now().astimezone(ZONE)
    names = [name for name, hour in DAILY.items() if local.hour >= hour and not _ran(name)]
    if "digest" in names and not schedule.working_calendar().is_working(local.date()):
        names.remove("digest")
    db.session.remove()
    return names


def _ran(name: str) -> bool:
    return db.session.query(Barrido.id).filter_by(nombre=name, turno=clock.today().isoformat()).first() is not None


def _once_a_day(name: str) -> None:
    """Run a daily sweep if no other clock has taken today's turn."""
    row = Barrido(nombre=name, turno=clock.today().isoformat(), iniciado_en=clock.now())
    db.session.add(row)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return
    row_id = row.id
    report = _safely(name)
    row = db.session.get(Barrido, row_id)
    # A failed one keeps its turn without an end: trying again at every tick would be a storm; the log has the cause.
    if report is not None:
        row.terminado_en, (row.hechos, row.fallidos) = clock.now(), report
    db.session.commit()
    db.session.remove()


def sign_of_life() -> None:
    """Say that the clock lives: /salud reads it."""
    at = clock.now()
    row = db.session.get(Latido, NAME)
    if row is None:
        db.session.add(Latido(nombre=NAME, en=at))
    elif abs(at - row.en) >= BEAT:
        row.en = at
    db.session.commit()
    db.session.remove()
