"""The desk on PostgreSQL: the same queue in the same order, and several workers and officers who really act at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from sqlalchemy import func, select

import config
from app import create_app
from extensions import db
from models import Apertura, Evento, Lote, PeriodoAltaDemanda, Solicitud
from rules.lifecycle import Action, Estado
from services import clock, demo, desk_batch, desk_presence, desk_preview, desk_queue
from services.desk_queue import CLEAN, LATE, UNOPENED, VIEWS, Filters
from sources import demo_people as people
from tests import pg
from tests.conftest import NOW, settings_for
from tests.services.test_desk import actor, ids, waiting

pytestmark = pytest.mark.slow
PEOPLE = (people.MAIN, people.LAWYER, people.DRIVER, people.LARGE, people.ACCOUNTANT, people.LIBRARIAN)


@pytest.fixture
def app(tmp_path, quipux_folder):
    with pg.server_or_skip() as server:
        app = create_app(settings_for(tmp_path, quipux_folder, SQLALCHEMY_DATABASE_URI=config.database_url(server.create_database("mesa"))))
        with app.app_context(), clock.frozen(NOW):
            db.create_all()
            demo.seed_base()
            db.session.remove()
        yield app
        with app.app_context():
            db.engine.dispose()


def at_once(app, tasks) -> list:
    """Each task in a thread with a context of its own, all started together."""
    ready = Barrier(len(tasks))

    def run(task):
        with app.app_context(), clock.frozen(NOW):
            ready.wait()
            try:
                return task()
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def test_queue_and_lote(app):
    with app.app_context():
        db.session.add(PeriodoAltaDemanda(nombre="Transición", desde=date(2026, 11, 2), hasta=date(2026, 11, 12), dias_extra=6))
        made = [waiting(account, days=n + 4).id for n, account in enumerate(PEOPLE)]
        db.session.commit()
        who = actor()
        queue = desk_queue.queue(who)
        # Sent on the 14th and 13th, after the period, they come before those of the period, which may wait longer.
        assert ids(queue) == [*made[:2], *reversed(made[2:])]
        assert queue.counts == {view: len(ids(desk_queue.queue(who, Filters(view)))) for view in VIEWS}
        assert queue.counts[LATE] == 0 and queue.counts[UNOPENED] == len(made)
        assert desk_queue.following(who, db.session.get(Solicitud, made[1])) == made[5]
        seal = desk_preview.preview(who, Filters(CLEAN)).seal
        db.session.remove()

    def confirm() -> int:
        number = desk_batch.confirm(actor(), seal).id
        desk_batch.work(number)
        return number

    assert len(set(at_once(app, [confirm] * 4))) == 1
    with app.app_context():
        approved = db.session.scalars(select(Evento.solicitud_id).where(Evento.accion == str(Action.APPROVE))).all()
        assert sorted(approved) == sorted(made)
        assert db.session.scalars(select(Lote)).one().terminado_en is not None
        assert set(db.session.scalars(select(Solicitud.estado))) == {Estado.APROBADA}


def test_two_windows_of_one_officer_open_a_request_at_once(app):
    with app.app_context():
        number = waiting().id
        db.session.commit()
        db.session.remove()

    def look() -> int:
        found = desk_presence.look(actor(), db.session.get(Solicitud, number))
        db.session.commit()
        return len(found)

    assert at_once(app, [look] * 3) == [0, 0, 0]
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Apertura)) == 1
        assert db.session.get(Solicitud, number).abierta_en == NOW
