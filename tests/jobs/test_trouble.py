"""When Quipux, the storage or the program itself fails in the middle of a run (decisions 9, 16)."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from archive import volume
from extensions import db
from jobs import produce
from models import Ejecucion, EjecucionEstado
from rules.lifecycle import Estado
from services import decisions, runs, turns
from services.adapters import quipux
from services.errors import Refused
from sources import demo_people
from storage import StorageError
from storage.disk import DiskStorage
from tests.conftest import NOW
from tests.jobs import story
from tests.jobs.story import again, approved, mails, run_of

pytestmark = [pytest.mark.real_clock, pytest.mark.usefixtures("impatient")]


@pytest.fixture
def settings(own_quipux):
    """The clock runs, from NOW on: the run's second thread must see the same hour. One attempt after another."""
    return {
        "CLOCK_OFFSET": NOW - datetime.now(UTC), "PART_SIZE": 1 << 20, "QUIPUX_URL": f"sqlite:///{own_quipux / 'quipux.sqlite'}",
        "BODEGA_URL": f"sqlite:///{own_quipux / 'bodega.sqlite'}", "BODEGA_DIR": str(own_quipux / "bodega"),
    }


def when_waiting(app, what: str, act) -> threading.Thread:
    """Do `act` once the run says that it waits for `what`."""

    def watch():
        with app.app_context():
            for _ in range(200):
                waiting = db.session.query(Ejecucion.espera).scalar()
                db.session.rollback()
                if waiting == what:
                    act()
                    return
                time.sleep(0.05)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def after_plan(monkeypatch, act) -> None:
    """Do `act` between the plan and the first volume."""
    real = runs.planned

    def planned(*args, **rest):
        real(*args, **rest)
        act()

    monkeypatch.setattr(runs, "planned", planned)


# --- Quipux ------------------------------------------------------------------------------------------------------------


def test_a_bodega_that_goes_away_in_mid_run_is_waited_for(ctx, own_quipux, monkeypatch):
    solicitud, away = approved(demo_people.MAIN), own_quipux / "away"
    after_plan(monkeypatch, lambda: (own_quipux / "bodega").rename(away))
    watcher = when_waiting(ctx, "fuente", lambda: away.rename(own_quipux / "bodega"))
    produce.work()
    watcher.join()
    run = run_of(solicitud)
    assert again(solicitud).estado is Estado.ATENDIDA
    assert (run.intento, run.fallos, run.espera, run.espera_desde) == (1, 0, "", None)
    assert {n.causa for n in run.novedades} == {"ausente"} and run.con_novedad == 1, "waiting must not make novedades"


def test_a_database_that_is_away_before_the_plan_is_waited_for(ctx, own_quipux):
    solicitud, away = approved(), own_quipux / "away"
    quipux().close()
    (own_quipux / "quipux.sqlite").rename(away)
    watcher = when_waiting(ctx, "fuente", lambda: away.rename(own_quipux / "quipux.sqlite"))
    produce.work()
    watcher.join()
    assert again(solicitud).estado is Estado.ATENDIDA and run_of(solicitud).espera == ""


def test_after_a_day_without_quipux_the_run_stops_and_the_sge_is_told(ctx, own_quipux):
    solicitud = approved()
    quipux().close()
    (own_quipux / "quipux.sqlite").rename(own_quipux / "away")

    def a_day_later():
        ctx.config["CLOCK_OFFSET"] += timedelta(hours=ctx.config["RUN_WAIT_HOURS"], seconds=1)

    watcher = when_waiting(ctx, "fuente", a_day_later)
    produce.work()
    watcher.join()
    run = run_of(solicitud)
    assert (again(solicitud).estado, run.estado, run.detencion) == (Estado.DETENIDA, EjecucionEstado.DETENIDA, "fuente")
    assert mails("detenida", solicitud) == sorted(story.SGE)
    assert turns.claim("another") is None


def test_a_new_worker_does_not_start_the_day_of_waiting_again(ctx, own_quipux):
    """A platform restarts its workers every day: the wait is the run's, not the worker's."""
    solicitud = approved()
    first = turns.claim("first")
    with pytest.raises(runs.Fenced):
        runs.wait(first, "fuente")
        since = run_of(solicitud).espera_desde
        runs.hand_back(first)
        second = turns.claim("second")
        assert run_of(solicitud).espera_desde == since
        ctx.config["CLOCK_OFFSET"] += timedelta(hours=25)
        runs.wait(second, "fuente")
    assert run_of(solicitud).detencion == "fuente"


def test_a_wait_taken_over_ends_when_quipux_answers(ctx):
    solicitud = approved()
    first = turns.claim("first")
    runs.wait(first, "fuente")
    runs.hand_back(first)
    produce.work()
    run = run_of(solicitud)
    assert (again(solicitud).estado, run.espera, run.espera_desde) == (Estado.ATENDIDA, "", None)


def test_who_became_active_again_is_not_backed_up(ctx, own_quipux):
    solicitud = approved()
    quipux().close()
    with closing(sqlite3.connect(own_quipux / "quipux.sqlite")) as connection:
        changed = connection.execute("update usuarios set usua_esta = 1 where usua_codi = ?", [demo_people.LAWYER.codi]).rowcount
        connection.commit()
    assert changed == 1
    produce.work()
    run = run_of(solicitud)
    assert (again(solicitud).estado, run.detencion, run.plan_clave) == (Estado.DETENIDA, "elegible", "")


# --- too many unreadable files -----------------------------------------------------------------------------------------


@pytest.fixture
def unreadable(own_quipux, monkeypatch):
    """After the plan every file is gone, although its roots answer."""

    def destroy():
        for file in (own_quipux / "bodega").rglob("*"):
            if file.is_file():
                file.unlink()
        quipux().close()
        with closing(sqlite3.connect(own_quipux / "bodega.sqlite")) as connection:
            connection.execute("delete from archivo")
            connection.commit()

    after_plan(monkeypatch, destroy)


def test_twenty_unreadable_files_in_a_row_stop_the_run(ctx, unreadable):
    solicitud = approved(demo_people.MAIN)
    produce.work()
    run = run_of(solicitud)
    assert (again(solicitud).estado, run.detencion) == (Estado.DETENIDA, "novedades")
    assert mails("detenida", solicitud) == sorted(story.SGE) and not mails("lista", solicitud)


def test_the_sge_may_go_on_with_the_novedades_and_must_say_why(ctx, unreadable):
    solicitud = approved(demo_people.MAIN)
    produce.work()
    solicitud = again(solicitud)
    with pytest.raises(Refused):
        runs.retry(story.actor(story.OFFICER), solicitud, keep_going=True, reason=" ")
    runs.retry(story.actor(story.OFFICER), solicitud, keep_going=True, reason="La bodega se perdió en 2024.")
    db.session.commit()
    plan = run_of(solicitud).plan_clave
    produce.work()
    run = run_of(solicitud)
    assert again(solicitud).estado is Estado.ATENDIDA and run.plan_clave == plan
    assert run.con_novedad > 20 and run.encontrados == run.incluidos + run.con_novedad + run.excluidos
    assert mails("novedades", solicitud) == sorted(story.SGE)
    assert story.last_data(solicitud, "retry") == {"continuar": True}


# --- storage and program -----------------------------------------------------------------------------------------------


class Refusing(DiskStorage):
    """A disk that is full for the first few parts."""

    refusals = 2

    def put(self, key, path):
        if "plan" not in key and self.refusals:
            self.refusals -= 1
            raise StorageError(f"put {key}: No space left on device")
        return super().put(key, path)


def test_a_storage_that_refuses_is_waited_for_and_the_volume_is_not_built_again(ctx, monkeypatch):
    solicitud = approved()
    ctx.extensions["respaldos"]["storage"] = Refusing(ctx.config["DATA_DIR"] / "respaldos")
    built, waits = [], []
    real_build, real_wait = volume.build, runs.wait
    monkeypatch.setattr(volume, "build", lambda *a, **k: built.append(a[1]) or real_build(*a, **k))
    monkeypatch.setattr(runs, "wait", lambda claim, what: waits.append(what) or real_wait(claim, what))
    produce.work()
    run = run_of(solicitud)
    assert (again(solicitud).estado, run.espera, run.fallos) == (Estado.ATENDIDA, "", 0)
    assert waits == ["almacen", "almacen"] and built == [1]


def test_three_failures_of_the_program_stop_the_run(ctx, monkeypatch):
    solicitud = approved()

    def broken(*_args, **_rest):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(volume, "build", broken)
    produce.work()
    run = run_of(solicitud)
    assert (again(solicitud).estado, run.detencion, run.intento) == (Estado.DETENIDA, "fallos", 4)
    assert story.actions(solicitud).count("resume") == 2
    assert mails("detenida", solicitud) == sorted(story.SGE)


def test_a_retry_after_three_failures_starts_counting_anew_with_the_same_plan(ctx, monkeypatch):
    solicitud = approved()
    with monkeypatch.context() as broken:
        broken.setattr(volume, "build", lambda *_a, **_k: 1 / 0)
        produce.work()
    plan = run_of(solicitud).plan_clave
    runs.retry(story.actor(story.OFFICER), again(solicitud))
    db.session.commit()
    produce.work()
    run = run_of(solicitud)
    assert (again(solicitud).estado, run.fallos, run.plan_clave) == (Estado.ATENDIDA, 0, plan)


def test_a_stopped_run_writes_nothing_more_and_its_request_can_be_rejected(ctx, monkeypatch):
    """*Detener* while a volume is being made: the worker finds itself fenced off when it wants to publish."""
    solicitud = approved()
    real = volume.build

    def build_and_be_stopped(*args, **rest):
        result = real(*args, **rest)
        runs.stop(story.actor(story.OFFICER), again(solicitud), "Se pidió por error.")
        db.session.commit()
        return result

    monkeypatch.setattr(volume, "build", build_and_be_stopped)
    produce.work()
    run = run_of(solicitud)
    assert (again(solicitud).estado, run.detencion) == (Estado.DETENIDA, "orden")
    assert not any(part.sha256 for part in run.partes)
    decisions.reject(story.actor(story.OFFICER), again(solicitud), "otro", "Se pidió por error.")
    db.session.commit()
    assert again(solicitud).estado is Estado.ELIMINADA
