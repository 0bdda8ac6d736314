"""Accesses on PostgreSQL, where two people really do act at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

import config
from app import create_app
from extensions import db
from models import Cuenta, Usuario
from services import accesses, accounts_listing, clock, demo, people
from services.errors import Refused
from sources import demo_people
from tests import pg
from tests.conftest import NOW, settings_for


@pytest.fixture
def app(tmp_path, quipux_folder):
    with pg.server_or_skip() as server:
        app = create_app(settings_for(tmp_path, quipux_folder, SQLALCHEMY_DATABASE_URI=config.database_url(server.create_database("accesos"))))
        with app.app_context():
            db.create_all()
            demo.seed_base()
            db.session.remove()
        yield app
        with app.app_context():
            db.engine.dispose()


def test_two_aiqs_who_take_each_others_access_do_not_leave_the_institution_alone(app):
    ready = Barrier(2)

    def take(correo: str, who) -> str:
        with app.app_context(), clock.frozen(NOW):
            actor = people.actor_of(db.session.scalar(select(Usuario).where(Usuario.correo == correo)), NOW)
            cuenta = db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == who.codi))
            ready.wait()
            try:
                accesses.take(actor, cuenta)
                db.session.commit()
                return "taken"
            except Refused as refused:
                return str(refused)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(take, ["aiq@demo.gob.ec", "respaldo@demo.gob.ec"], [demo_people.AIQ_BACKUP, demo_people.AIQ_PRINCIPAL])
    refused = [answer for answer in answers if answer != "taken"]
    assert len(refused) == 1 and "único AIQ activo" in refused[0]
    with app.app_context():
        actor = people.actor_of(db.session.scalar(select(Usuario).where(Usuario.correo == "sge@demo.gob.ec")), NOW)
        page, _ = accounts_listing.page(actor, accounts_listing.Filters(texto="nunez", acceso="sin"), "-ingreso")
        assert page.rows
