"""The calendar on PostgreSQL: the same answers, and two officers who approve at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from sqlalchemy import select

import config
from app import create_app
from extensions import db
from models import Solicitud
from services import calendario, capacities, clock, decisions, demo, estimates_report, feriados, periods, schedule
from services.errors import Refused
from sources import demo_people
from tests import making, pg
from tests.conftest import NOW, settings_for

THURSDAY = date(2026, 11, 19)


@pytest.fixture(scope="module")
def app(tmp_path_factory, quipux_folder):
    with pg.server_or_skip() as server:
        url = config.database_url(server.create_database("calendario", timezone="America/New_York"))
        app = create_app(settings_for(tmp_path_factory.mktemp("pg"), quipux_folder, SQLALCHEMY_DATABASE_URI=url, CAPACITY_DOCUMENTS=100))
        with app.app_context(), clock.frozen(NOW):
            db.create_all()
            demo.seed_base()
            db.session.remove()
        yield app
        with app.app_context():
            db.engine.dispose()


def sent(person, documents: int) -> int:
    row = making.sent(person)
    row.estimado_documentos = documents
    db.session.commit()
    return row.id


def test_of_two_officers_who_fill_the_same_day_the_second_is_asked_for_a_reason(app):
    ready = Barrier(2)
    with app.app_context():
        numbers = [sent(demo_people.MAIN, 60), sent(demo_people.LAWYER, 60)]
        db.session.remove()

    def approve(correo: str, number: int) -> str:
        with app.app_context(), clock.frozen(NOW):
            officer, row = making.actor(correo), db.session.get(Solicitud, number)
            ready.wait()
            try:
                decisions.approve(officer, row, THURSDAY)
                db.session.commit()
                return "approved"
            except Refused as refused:
                db.session.rollback()
                return refused.fields["comentario"]
            finally:
                db.session.remove()

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(approve, ["sge@demo.gob.ec", "sge2@demo.gob.ec"], numbers), key=len)
    assert answers[0] == "approved" and "supera la capacidad diaria" in answers[1]
    with app.app_context(), clock.frozen(NOW):
        assert schedule.booked(THURSDAY)[THURSDAY].total.documents == 60


def test_the_pages_of_the_calendar_answer(app):
    with app.app_context(), clock.frozen(NOW):
        sge = making.actor("sge@demo.gob.ec")
        row = db.session.scalar(select(Solicitud).where(Solicitud.fecha_tentativa.is_not(None)))
        assert schedule.booked(THURSDAY, without=row.id) == {} and schedule.booked(THURSDAY, without=[0])[THURSDAY].total.documents == 60
        assert sum(cell.requests for cell in calendario.month(date(2026, 11, 1)).days) == 1
        assert [line.place for line in calendario.day(sge, THURSDAY).lines] == [1]
        capacities.save(sge, capacities.Draft(date(2026, 11, 23), 10, 10**9, 50, "Menos"))
        periods.save(sge, periods.Draft("Fin de año", THURSDAY, date(2026, 12, 31), 5, 50, 0))
        feriados.add(sge, THURSDAY, "Duelo", "Decreto 1")
        assert feriados.touched() == [row] and schedule.propose(row, THURSDAY).days_needed == 3  # 50 on Friday, then 5 a day
        assert estimates_report.report(sge).whole.requests == 0
        db.session.rollback()
