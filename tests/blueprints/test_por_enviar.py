"""*Solicitudes por enviar* and *Mis solicitudes*: whose they are, sending several, throwing away."""

from __future__ import annotations

import pytest
from lxml import html as parser
from sqlalchemy import func, select

from extensions import db
from models import Cuenta, Evento, Solicitud
from rules.lifecycle import Action, Clase, Estado, Motivo
from services import people as who
from services import solicitudes
from services.clock import now
from services.solicitudes import Draft
from sources import demo_people as people
from sources.demo_petitions import petition_of
from tests.blueprints.strict import assert_page, text_of
from tests.conftest import NOW


@pytest.fixture
def saved(app):
    """`saved(account, complete=True, by="aiq@demo.gob.ec")`: a draft in the database; returns its number."""

    def make(account, complete=True, by="aiq@demo.gob.ec", clase=Clase.INSTITUCIONAL):
        with app.app_context():
            from models import Usuario

            actor = who.actor_of(db.session.scalar(select(Usuario).where(Usuario.correo == by)), now())
            cuenta = db.session.scalar(select(Cuenta.id).where(Cuenta.quipux_codi == account.codi))
            codi = petition_of(account, NOW.date()).radi_nume_radi if complete and clase is Clase.INSTITUCIONAL else ""
            made = solicitudes.save(actor, clase, Draft(cuenta, codi, NOW.date().replace(year=2024), NOW.date().replace(year=2025) if complete else None))
            db.session.commit()
            number = made.id
            db.session.remove()
        return number

    return make


@pytest.fixture
def estado(app):
    def ask(number):
        with app.app_context():
            row = db.session.get(Solicitud, number)
            answer = (row.estado, row.oculta, row.motivo)
            db.session.remove()
        return answer

    return ask


def page(answer, status=200):
    assert answer.status_code == status, answer.text[:2000]
    assert_page(answer.text)
    return parser.document_fromstring(answer.text)


DRAFT, SENT = (Estado.BORRADOR, False, None), (Estado.ENVIADA, False, None)


def test_an_empty_list_says_what_will_be_there(aiq):
    assert "No tiene solicitudes por enviar" in text_of(page(aiq.get("/solicitudes/por-enviar")))


def test_every_aiq_of_the_institution_sees_the_drafts_and_nobody_else(sign_in, saved):
    ready, lacking = saved(people.MAIN), saved(people.EMPTY, complete=False)
    saved(people.RESEARCHER, by="aiq@otra.gob.ec")
    for person in ("aiq@demo.gob.ec", "respaldo@demo.gob.ec"):
        doc = page(sign_in(person).get("/solicitudes/por-enviar"))
        rows = doc.xpath("//tbody/tr")
        assert len(rows) == 2
        assert "Faltan 2 datos" in text_of(rows[0]) and rows[0].xpath(".//input[@disabled]")
        assert "Lista para enviar" in text_of(rows[1]) and rows[1].xpath(".//input[@name='id']")[0].get("value") == str(ready)
        assert "Rosa Elena Chicaiza Ñacato" in text_of(rows[1])
    doc = page(sign_in("aiq@otra.gob.ec").get("/solicitudes/por-enviar"))
    assert len(doc.xpath("//tbody/tr")) == 1 and people.MAIN.apellidos not in text_of(doc)
    assert "No tiene" in text_of(page(sign_in("sge@demo.gob.ec").get("/solicitudes/por-enviar")))
    assert lacking


def test_several_are_sent_at_once(aiq, saved, estado):
    chosen = [saved(people.MAIN), saved(people.LAWYER)]
    rest = saved(people.DRIVER)
    answer = aiq.post("/solicitudes/por-enviar", data={"id": chosen, "accion": "enviar"})
    assert (answer.status_code, answer.location) == (303, "/solicitudes/por-enviar")
    assert [estado(n) for n in (*chosen, rest)] == [SENT, SENT, DRAFT]
    assert "Se enviaron 2 solicitudes a la SGE." in aiq.get("/solicitudes/por-enviar").text


def test_one_that_cannot_go_does_not_hold_the_others(aiq, saved, estado):
    good, lacking, foreign = saved(people.MAIN), saved(people.EMPTY, complete=False), saved(people.RESEARCHER, by="aiq@otra.gob.ec")
    doc = page(aiq.post("/solicitudes/por-enviar", data={"id": [lacking, good, foreign, "abc", "9" * 30]}), 422)
    said = text_of(doc.xpath("//div[@role='alert']")[0])
    assert "Seleccione el documento de solicitud" in said and said.count("ya no existe") == 2, "nonsense counts once: two zeros are one"
    assert f"La solicitud Nº {good:06d} se envió a la SGE." in text_of(doc)
    assert [estado(n) for n in (good, lacking, foreign)] == [SENT, DRAFT, DRAFT]


def test_nothing_chosen(aiq, saved):
    saved(people.MAIN)
    assert "Seleccione al menos una solicitud completa" in text_of(page(aiq.post("/solicitudes/por-enviar"), 422))


def test_one_already_sent_by_a_colleague_says_who_and_when(aiq, saved, sign_in, at):
    number = saved(people.MAIN)
    with at(minutes=3):
        sign_in("respaldo@demo.gob.ec").post("/solicitudes/por-enviar", data={"id": number})
        doc = page(aiq.post("/solicitudes/por-enviar", data={"id": number}), 422)
    said = text_of(doc.xpath("//div[@role='alert']")[0])
    assert "Mayra Alexandra Cumbal Toapanta" in said and "18 nov 2026, 10:03" in said


def test_a_personal_draft_is_not_sent_by_the_aiq(aiq, saved, estado):
    number = saved(people.SERVANT, by="servidor@demo.gob.ec", clase=Clase.PERSONAL)
    page(aiq.post("/solicitudes/por-enviar", data={"id": number}), 422)
    assert estado(number) == DRAFT


def test_a_draft_is_thrown_away_after_asking(aiq, saved, estado):
    number = saved(people.MAIN)
    doc = page(aiq.get("/solicitudes/por-enviar"))
    form = doc.xpath(f"//dialog[@id='eliminar-{number}']/form")[0]
    assert form.get("action") == f"/solicitudes/{number}/eliminar" and not doc.xpath("//form//form")
    data = {i.get("name"): i.get("value") for i in form.xpath(".//input")}
    answer = aiq.post(form.get("action"), data=data)
    assert (answer.status_code, answer.location) == (303, "/solicitudes/por-enviar")
    assert estado(number) == (Estado.ELIMINADA, True, Motivo.CANCELADA)
    assert aiq.get(f"/solicitudes/{number}/editar").status_code == 404
    assert aiq.post(f"/solicitudes/{number}/eliminar", data=data).status_code == 404


def test_a_get_deletes_nothing(aiq, saved, estado):
    number = saved(people.MAIN)
    assert aiq.get(f"/solicitudes/{number}/eliminar").status_code == 405
    assert estado(number) == DRAFT


def test_an_old_list_withdraws_nothing_that_was_sent_meanwhile(aiq, saved, sign_in, estado):
    number = saved(people.MAIN)
    sign_in("respaldo@demo.gob.ec").post("/solicitudes/por-enviar", data={"id": number})
    doc = page(aiq.post(f"/solicitudes/{number}/eliminar", data={"version": 1}), 409)
    assert "Mayra Alexandra Cumbal Toapanta" in text_of(doc.xpath("//div[@role='alert']")[0])
    assert estado(number) == SENT


def test_a_draft_edited_meanwhile_is_not_deleted_unseen(aiq, saved, estado):
    number = saved(people.MAIN)
    page(aiq.post(f"/solicitudes/{number}/eliminar", data={"version": 7}), 409)
    assert estado(number) == DRAFT


def test_my_requests_are_mine_alone(sign_in, saved):
    mine = saved(people.SERVANT, by="servidor@demo.gob.ec", clase=Clase.PERSONAL)
    saved(people.MAIN)
    doc = page(sign_in("servidor@demo.gob.ec").get("/personales"))
    rows = doc.xpath("//tbody/tr")
    assert len(rows) == 1 and f"{mine:06d}" in text_of(rows[0]) and "Por enviar" in text_of(rows[0])
    assert "No tiene solicitudes personales" in text_of(page(sign_in("aiq@demo.gob.ec").get("/personales")))
    assert sign_in("sge@demo.gob.ec").get("/personales").status_code == 403


def test_each_sent_request_has_one_row_of_the_recorrido_more(app, aiq, saved):
    number = saved(people.MAIN)
    aiq.post("/solicitudes/por-enviar", data={"id": [number, number]})
    with app.app_context():
        actions = db.session.scalars(select(Evento.accion).where(Evento.solicitud_id == number).order_by(Evento.orden)).all()
        assert actions == [Action.CREATE, Action.SEND]
        assert db.session.scalar(select(func.count(Evento.id))) == 2
        db.session.remove()
