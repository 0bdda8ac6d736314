"""The same house on a real PostgreSQL: migrations, one request from its draft to its archive, and claims that race."""

from __future__ import annotations

import contextvars
import threading

import pytest
from sqlalchemy import func, select

import config
from app import create_app
from extensions import db
from jobs import produce, sweeps
from models import Ejecucion, Evento, Parte, ParteTipo, Solicitud
from rules.lifecycle import Estado
from services import clock, demo, leases, mover, runs, turns
from sources import demo_people
from tests import pg
from tests.conftest import NOW, settings_for
from tests.jobs import story
from tests.jobs.site import ROOT

pytestmark = pytest.mark.slow
MIGRATIONS = str(ROOT / "migrations")


@pytest.fixture(scope="module")
def server():
    with pg.server_or_skip() as running:
        yield running


@pytest.fixture(scope="module")
def base(server, tmp_path_factory, quipux_folder):
    """An application on a migrated and seeded PostgreSQL, once for this module: each test adds its own requests."""
    url = config.database_url(server.create_database("respaldos", timezone="America/New_York"))
    app = create_app(settings_for(tmp_path_factory.mktemp("pg"), quipux_folder, SQLALCHEMY_DATABASE_URI=url))
    done = app.test_cli_runner().invoke(args=["db", "upgrade", "-d", MIGRATIONS])
    assert done.exit_code == 0, done.output
    with app.app_context(), clock.frozen(NOW):
        demo.seed_base()
        db.session.remove()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(base):
    return base


@pytest.fixture
def sqlite(tmp_path, quipux_folder):
    app = create_app(settings_for(tmp_path, quipux_folder))
    done = app.test_cli_runner().invoke(args=["db", "upgrade", "-d", MIGRATIONS])
    assert done.exit_code == 0, done.output
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("which", ["sqlite", "base"])
def test_the_migrations_and_the_models_say_the_same(which, request):
    app = request.getfixturevalue(which)
    answer = app.test_cli_runner().invoke(args=["db", "check", "-d", MIGRATIONS])
    assert answer.exit_code == 0, f"write a migration (flask --app app db migrate): {answer.output}"


def test_a_request_from_its_draft_to_the_end_of_its_vigencia(ctx, at):
    solicitud = story.produced(demo_people.MAIN)
    number = solicitud.id
    run = runs.latest(solicitud)
    assert solicitud.estado is Estado.ATENDIDA and run.encontrados == run.incluidos + run.con_novedad + run.excluidos > 20
    assert story.mails("lista", solicitud) == sorted([story.AIQ, story.SECOND_AIQ])
    assert solicitud.vigente_hasta.isoformat() == "2026-11-23T05:00:00+00:00"
    with at(days=5):
        assert sweeps.expiry() == (2, 0)
        assert sweeps.reminders() == (0, 0)
    solicitud = db.session.get(Solicitud, number, populate_existing=True)
    assert solicitud.estado is Estado.ELIMINADA and solicitud.purgada_en is not None and mover.broken_link(solicitud) is None


def race(app, take, racers: int = 2) -> list:
    """What each of `racers` threads gets when they all `take` at the same moment."""
    barrier, got = threading.Barrier(racers), []

    def enter(name: str):
        with app.app_context():
            try:
                db.session.execute(select(1))
                db.session.rollback()
                barrier.wait()
                got.append(take(name))
            except Exception as problem:  # a loser must lose quietly: the caller sees what it got
                got.append(problem)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=contextvars.copy_context().run, args=(enter, f"worker {n}")) for n in range(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def winners(got: list) -> list:
    assert not [g for g in got if isinstance(g, Exception)], got
    return [g for g in got if g is not None]


def test_of_claims_that_race_one_wins(ctx):
    for _ in range(3):
        number = story.approved(demo_people.DRIVER).id
        db.session.remove()
        winner, = winners(race(ctx, turns.claim, racers=4))
        assert (winner.solicitud_id, winner.intento) == (number, 1)
        told = db.session.scalars(select(Evento.accion).where(Evento.solicitud_id == number)).all()
        assert told.count("start") == 1
        db.session.remove()
        produce.run_one(winner)


def test_of_workers_that_race_for_volumes_each_gets_another(ctx):
    story.approved(demo_people.DRIVER)
    claim = turns.claim("leader")
    rows = [Parte(ejecucion_id=claim.ejecucion_id, numero=n, tipo=ParteTipo.DATOS, nombre=f"p{n}") for n in range(1, 7)]
    runs.planned(claim, "solicitudes/x/plan.gz", counts={"encontrados": 6, "bytes_total": 0}, parts=rows)
    db.session.remove()
    holds = winners(race(ctx, lambda name: leases.take(claim.ejecucion_id, name, leader=False), racers=4))
    assert sorted(h.numero for h in holds) == [1, 2, 3, 4]
    with pytest.raises(runs.Fenced):
        runs.detain(claim, "novedades")


def test_of_takeovers_that_race_one_wins(ctx, at):
    story.approved(demo_people.DRIVER)
    lost = turns.claim("lost")
    db.session.remove()
    with at(minutes=2):
        winner, = winners(race(ctx, turns.claim, racers=4))
        assert winner.intento == lost.intento + 1
        with pytest.raises(runs.Fenced):
            runs.heartbeat(lost)
        produce.run_one(winner)
    assert db.session.get(Solicitud, lost.solicitud_id, populate_existing=True).estado is Estado.ATENDIDA


def test_of_takeovers_that_race_to_stop_a_failing_run_one_stops_it(ctx, at):
    story.approved(demo_people.DRIVER)
    claim = turns.claim("lost")
    for minutes in (2, 4):
        with at(minutes=minutes):
            claim = turns.claim("lost")
    db.session.remove()
    with at(minutes=6):
        assert winners(race(ctx, turns.claim, racers=4)) == []
    row = db.session.get(Ejecucion, claim.ejecucion_id, populate_existing=True)
    assert (row.detencion, row.solicitud.estado) == ("fallos", Estado.DETENIDA)
    failed = select(func.count()).select_from(Evento).where(Evento.solicitud_id == claim.solicitud_id, Evento.accion == "fail")
    assert db.session.scalar(failed) == 1
