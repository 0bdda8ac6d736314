"""A Quipux that takes its time keeps nobody waiting: whenever it is asked, somebody else can write (docs/adr/0005, 0012)."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from extensions import db
from jobs import produce
from models import Solicitud
from rules.lifecycle import Estado
from sources import Quipux, demo_people
from sources.demo_petitions import petition_of
from tests.blueprints import solicitud_cases as cases
from tests.conftest import NOW
from tests.jobs import story

HTMX = {"HX-Request": "true"}
RANGE = {"desde": "2024-01-01", "hasta": "2025-12-31"}
FOUR = ["nombres", "cedula", "puesto", "fechas"]


@pytest.fixture
def asked(app, monkeypatch):
    """Starts to watch: every time Quipux is asked, another process writes to our database, without waiting for a lock."""
    times, real = [], Quipux._connection
    path = app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")

    def slow(self):
        with closing(sqlite3.connect(path, timeout=0)) as other:
            other.execute("begin immediate")
            other.execute("update feriado set nombre = nombre")
            other.commit()
        times.append(1)
        return real(self)

    def watch():
        monkeypatch.setattr(Quipux, "_connection", slow)
        return times

    return watch


def estado(app, number: int) -> Estado:
    with cases.context(app):
        return db.session.get(Solicitud, number).estado


def form(app, **changes) -> dict:
    with cases.context(app):
        cuenta_id = cases.account().id
    return {"cuenta_id": cuenta_id, "documento_codi": petition_of(demo_people.MAIN, NOW.date()).radi_nume_radi, **RANGE, "nonce": "1" * 32, **changes}


@pytest.mark.parametrize("accion", ["enviar", "guardar"])
def test_sending_and_saving_a_form(app, aiq, asked, accion):
    data, times = form(app, accion=accion), asked()
    assert aiq.post("/solicitudes/nueva", data=data).status_code == 303
    assert times and estado(app, 1) is (Estado.ENVIADA if accion == "enviar" else Estado.BORRADOR)


def test_a_refused_form_is_shown_again(app, aiq, asked):
    data, times = form(app, accion="enviar", desde="2025-12-31", hasta="2024-01-01"), asked()
    assert aiq.post("/solicitudes/nueva", data=data).status_code == 422 and times


def test_choosing_a_petition(app, aiq, asked):
    data, times = form(app), asked()
    assert aiq.post("/solicitudes/borrador/documento", data=data, headers=HTMX).status_code == 200 and times


def test_sending_drafts_from_their_list(app, aiq, asked):
    number, times = cases.make(app, Estado.BORRADOR), asked()
    assert aiq.post("/solicitudes/por-enviar", data={"id": number, "accion": "enviar"}).status_code == 303
    assert times and estado(app, number) is Estado.ENVIADA


def test_renewing(app, aiq, asked):
    number, times = cases.make(app, Estado.ELIMINADA), asked()
    assert aiq.post(f"/solicitudes/{number}/renovar").status_code == 303
    assert times and estado(app, number + 1) is Estado.ENVIADA


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_approving_and_seeing_the_next_one(app, sge, asked, headers):
    number, following = cases.make(app, Estado.ENVIADA), cases.make(app, Estado.ENVIADA, person=demo_people.LAWYER)
    times = asked()
    answer = sge.post(f"/mesa/{number}/aprobar", data={"fecha": "2026-11-23", "version": "2", "comentario": "Corresponde", "cotejo": FOUR, "reservados": "excluir"}, headers=headers)
    assert answer.status_code == (200 if headers else 303), answer.text
    assert times and (estado(app, number), estado(app, following)) == (Estado.APROBADA, Estado.ENVIADA)


def test_approving_many(app, sge, asked):
    number = cases.make(app, Estado.ENVIADA)
    page = sge.get(f"/mesa/lote?seleccion=1&ids={number}").text
    sello, times = page.split('name="sello" value="')[1].split('"')[0], asked()
    assert sge.post("/mesa/lote", data={"sello": sello}).status_code == 303
    assert times and estado(app, number) is Estado.APROBADA


def test_a_run_that_draws_up_its_plan(app, asked):
    with app.app_context():
        number = story.approved().id
        db.session.commit()
        times = asked()
        assert produce.work() == 1 and times
        db.session.remove()
    assert estado(app, number) is Estado.ATENDIDA
