"""The clock: frequent sweeps by their seconds, daily ones once a day in Guayaquil, whoever asks and however late."""

from __future__ import annotations

import contextvars
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import create_app
from extensions import db
from jobs import clock, sweeps
from models import Barrido, Latido
from services import clock as hours
from tests.conftest import NOW, settings_for

MIDNIGHT = NOW - timedelta(hours=10)  # 00:00 in Guayaquil
EVERY_DAY = ["mirror", "storage", "board", "digest"]


@pytest.fixture
def turns():
    return dict.fromkeys(clock.FREQUENT, 0.0)


@pytest.fixture
def later():
    """Nothing frequent is due for a long while: what runs is a daily one."""
    return dict.fromkeys(clock.FREQUENT, float("inf"))


def rows() -> list[tuple[str, str]]:
    return [(b.nombre, b.turno) for b in db.session.scalars(select(Barrido).order_by(Barrido.id))]


def test_frequent_sweeps_run_by_their_seconds(ctx, turns, monkeypatch):
    start = 1000.0
    ran = {}
    for second in (0, 1, 2, 5, 20, 60, 300):
        monkeypatch.setattr(clock.time, "monotonic", lambda at=start + second: at)
        ran[second] = [name for name in clock.tick(turns) if name in clock.FREQUENT]
    assert ran == {
        0: ["due", "reconcile", "mail", "expiry", "deadlines", "reminders", "petitions"], 1: [], 2: ["due"], 5: ["due", "reconcile"],
        20: ["due", "reconcile", "mail"], 60: ["due", "reconcile", "mail", "expiry", "deadlines"],
        300: ["due", "reconcile", "mail", "expiry", "deadlines", "reminders", "petitions"],
    }  # fmt: skip


def test_daily_sweeps_run_once_from_their_hour_on(ctx, later):
    day = {0: [], 2: ["mirror"], 3: ["storage"], 4: ["board"], 7: [], 8: ["digest"], 12: [], 23: []}
    for hour, expected in day.items():
        with hours.frozen(MIDNIGHT + timedelta(hours=hour)):
            assert clock.tick(later) == expected, hour
    with hours.frozen(MIDNIGHT + timedelta(days=1, hours=2)):
        assert clock.tick(later) == ["mirror"]
    assert rows() == [("mirror", "2026-11-18"), ("storage", "2026-11-18"), ("board", "2026-11-18"), ("digest", "2026-11-18"),
                      ("mirror", "2026-11-19")]
    assert all(b.terminado_en for b in db.session.scalars(select(Barrido)))


def test_a_clock_that_was_away_at_the_hour_catches_up(ctx, later):
    with hours.frozen(MIDNIGHT + timedelta(hours=23, minutes=59)):
        assert clock.tick(later) == EVERY_DAY
        assert clock.tick(later) == []


def test_no_digest_on_a_day_off(ctx, later):
    with hours.frozen(MIDNIGHT + timedelta(days=3, hours=9)):  # a Saturday
        assert clock.tick(later) == ["mirror", "storage", "board"]


def test_two_clocks_run_a_daily_sweep_once(app, ctx, tmp_path, quipux_folder, monkeypatch):
    """Two applications on one database, at the same moment: the unique row (name, day) lets one of them through."""
    other = create_app(settings_for(tmp_path, quipux_folder))
    count, barrier = [], threading.Barrier(2)
    real = sweeps.SWEEPS["storage"]
    monkeypatch.setitem(sweeps.SWEEPS, "storage", lambda: count.append(1) or real())

    def turn(each):
        with each.app_context():
            barrier.wait()
            clock._once_a_day("storage")

    threads = [threading.Thread(target=contextvars.copy_context().run, args=(turn, each)) for each in (app, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(count) == 1 and rows() == [("storage", "2026-11-18")]
    db.session.remove()
    with other.app_context():
        assert clock.tick(dict.fromkeys(clock.FREQUENT, float("inf"))) == ["mirror", "board", "digest"]
        db.engine.dispose()


def test_a_sweep_that_fails_stops_neither_the_others_nor_the_clock(ctx, turns, monkeypatch):
    monkeypatch.setitem(sweeps.SWEEPS, "mirror", lambda: 1 / 0)
    monkeypatch.setitem(sweeps.SWEEPS, "due", lambda: 1 / 0)
    # However long a busy machine takes for a tick.
    monkeypatch.setattr(clock.time, "monotonic", lambda: 1.0)
    assert clock.tick(turns) == [*clock.FREQUENT, *EVERY_DAY]
    assert clock.tick(turns) == [], "a failed daily sweep is not tried again at every tick"
    ended = {b.nombre: b.terminado_en is not None for b in db.session.scalars(select(Barrido))}
    assert ended == {"mirror": False, "storage": True, "board": True, "digest": True}


def test_the_clock_shows_that_it_lives(ctx, later):
    for seconds, seen in ((0, 0), (4, 0), (5, 5)):
        with hours.frozen(NOW + timedelta(seconds=seconds)):
            clock.sign_of_life()
            assert db.session.get(Latido, "clock").en == NOW + timedelta(seconds=seen)
