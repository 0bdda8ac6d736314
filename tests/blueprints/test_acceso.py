"""Signing in and out as a browser does it: pages, the session and its ends, where one lands."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from extensions import db
from models import Correo, Cuenta, IntentoIngreso, Nombramiento, Usuario
from services import clock, demo
from tests.blueprints.strict import assert_page
from tests.conftest import NOW

AIQ = "aiq@demo.gob.ec"
GOOD = {"usuario": AIQ, "clave": demo.PASSWORD}


@pytest.fixture
def visitor(app):
    return app.test_client()


def enter(client, path="/ingresar", **fields):
    return client.post(path, data=GOOD | fields)


def change(app, statement):
    with app.app_context():
        statement()
        db.session.commit()


def person() -> Usuario:
    return db.session.scalar(select(Usuario).where(Usuario.correo == AIQ))


def test_the_page_has_the_contract_and_pleases_the_strict_reader(visitor):
    page = visitor.get("/ingresar").text
    assert_page(page)
    assert 'name="usuario"' in page and 'name="clave"' in page and re.search(r"<button[^>]*>Ingresar</button>", page)
    assert "20 minutos sin actividad" in page


def test_the_demo_shows_its_accounts(visitor):
    page = visitor.get("/ingresar").text
    assert demo.PASSWORD in page
    for correo in ("aiq@demo.gob.ec", "respaldo@demo.gob.ec", "aiq@otra.gob.ec", "sge@demo.gob.ec", "sge2@demo.gob.ec", "servidor@demo.gob.ec"):
        assert correo in page


class TestOutsideTheDemo:
    @pytest.fixture
    def settings(self):
        return {"DEMO": False}

    def test_no_account_is_shown(self, visitor):
        page = visitor.get("/ingresar").text
        assert_page(page)
        assert demo.PASSWORD not in page and "demo.gob.ec" not in page


def test_in_and_out(visitor):
    answer = enter(visitor)
    assert answer.status_code == 303 and answer.location == "/"
    page = visitor.get("/").text
    assert re.search(r'action="/salir".*Cerrar sesión', page, re.S)
    assert visitor.get("/ingresar").location == "/"
    assert visitor.get("/salir").status_code == 405
    assert visitor.post("/salir").status_code == 303
    assert visitor.get("/").location == "/ingresar?siguiente=/"


@pytest.mark.parametrize("fields, said", [
    ({"clave": "no es esta"}, "no coinciden"),
    ({"usuario": "", "clave": ""}, "Hay 2 problemas"),
    ({"usuario": "x" * 5000}, "no puede superar los 200 caracteres"),
])  # fmt: skip
def test_a_wrong_form_is_422_and_keeps_the_login_but_never_the_password(visitor, fields, said):
    answer = enter(visitor, **fields)
    assert answer.status_code == 422 and said in answer.text
    assert_page(answer.text)
    assert "<title>Error: " in answer.text and 'value="no es esta"' not in answer.text
    assert f'value="{(GOOD | fields)["usuario"]}"' in answer.text
    assert visitor.get("/").status_code == 303


def test_the_locked_page_is_the_same_for_an_account_and_for_none(app):
    pages = []
    for login in (AIQ, "nadie@demo.gob.ec"):
        client = app.test_client()
        answers = [enter(client, usuario=login, clave="mala") for _ in range(5)]
        assert [a.status_code for a in answers] == [422] * 4 + [429]
        assert answers[4].headers["Retry-After"] == "900"
        assert_page(answers[4].text)
        assert enter(client, usuario=login).status_code == 429
        pages.append(answers[4].text)
    assert pages[0] == pages[1]
    assert "18 nov 2026, 10:15" in pages[0] and "15 minutos" in pages[0] and AIQ not in pages[0]


def test_the_lock_ends(visitor, at):
    for _ in range(5):
        enter(visitor, clave="mala")
    with at(minutes=15):
        assert enter(visitor).status_code == 303


@pytest.mark.parametrize("target, landing", [
    ("/solicitudes?estado=atendida", "/solicitudes?estado=atendida"),
    ("/", "/"),
    ("//mal.example", "/"), ("/\\mal.example", "/"), ("/\t/mal.example", "/"), ("/\n/mal.example", "/"), ("https://mal.example", "/"),
    ("/ok\r\nX: 1", "/"), ("javascript:alert(1)", "/"), ("", "/"),
])  # fmt: skip
def test_one_lands_only_on_this_site(visitor, target, landing):
    answer = visitor.post("/ingresar", query_string={"siguiente": target}, data=GOOD)
    assert answer.status_code == 303 and answer.location == landing


def test_a_page_asked_for_without_a_session_is_come_back_to(visitor):
    asked = visitor.get("/cuenta/clave")
    assert asked.status_code == 303 and asked.location == "/ingresar?siguiente=/cuenta/clave"
    for written, back in (("http://localhost/cuenta/clave", "/cuenta/clave"), ("http://[x", "/"), ("https://evil.example/cuenta/clave", "/")):
        assert visitor.post("/cuenta/clave", headers={"Referer": written}).location == f"/ingresar?siguiente={back}"
    assert enter(visitor, asked.location).location == "/cuenta/clave"


def test_htmx_without_a_session_is_sent_to_the_page(visitor):
    answer = visitor.get("/", headers={"HX-Request": "true"})
    assert answer.status_code == 401 and answer.headers["HX-Redirect"].startswith("/ingresar")


def test_a_session_ends_after_twenty_minutes_without_activity(sign_in, at):
    client = sign_in(AIQ)
    with at(minutes=20):
        assert client.get("/").status_code == 200
    with at(minutes=40):
        assert client.get("/").status_code == 200
    with at(minutes=60, seconds=1):
        assert client.get("/").status_code == 303


def test_going_on_keeps_the_session_and_every_page_knows_when_it_ends(sign_in, at):
    client = sign_in(AIQ)
    assert 'id="sesion-aviso" aria-labelledby="sesion-aviso-t" data-segundos="1200" data-url="/sesion"' in client.get("/").text
    with at(minutes=19):
        answer = client.get("/sesion", headers={"HX-Request": "true"})
        assert (answer.status_code, answer.data) == (204, b"")
    with at(minutes=38):
        assert client.get("/").status_code == 200
    with at(minutes=59):
        assert client.get("/sesion", headers={"HX-Request": "true"}).status_code == 401


def test_polling_is_not_activity(sign_in, at):
    client = sign_in(AIQ)
    with at(minutes=19):
        client.get("/", headers={"HX-Request": "true", "HX-Trigger-Name": "sondeo"})
    with at(minutes=21):
        assert client.get("/").status_code == 303


def test_the_cookie_is_written_again_only_after_a_while(sign_in, at):
    """An answer that comes late would put its older session over that of a page opened meanwhile."""
    client = sign_in(AIQ)
    client.get("/")
    with at(seconds=14):
        assert "Set-Cookie" not in client.get("/", headers={"HX-Request": "true"}).headers
    with at(seconds=15):
        assert client.get("/").headers["Set-Cookie"].startswith("respaldos=")


def test_a_new_password_ends_every_other_session(sign_in):
    here, elsewhere = sign_in(AIQ), sign_in(AIQ)
    assert_page(here.get("/cuenta/clave").text)
    answer = here.post("/cuenta/clave", data={"actual": demo.PASSWORD, "clave": "una frase que recuerdo", "repetida": "una frase que recuerdo"})
    assert answer.status_code == 303
    home = here.get("/")
    assert home.status_code == 200 and "Las demás sesiones se cerraron" in home.text
    assert elsewhere.get("/").status_code == 303


@pytest.mark.parametrize("fields, said", [
    ({"actual": "no es"}, "La contraseña actual no es correcta"),
    ({"repetida": "otra"}, "Las dos contraseñas no coinciden"),
    ({"clave": "corta", "repetida": "corta"}, "al menos 10 caracteres"),
    ({"actual": "", "clave": "", "repetida": ""}, "Ingrese su contraseña actual"),
])  # fmt: skip
def test_a_wrong_change_of_password_changes_nothing(app, aiq, fields, said):
    good = {"actual": demo.PASSWORD, "clave": "una frase que recuerdo", "repetida": "una frase que recuerdo"}
    answer = aiq.post("/cuenta/clave", data=good | fields)
    assert answer.status_code == 422 and said in answer.text
    assert_page(answer.text)
    assert enter(app.test_client()).status_code == 303


def test_raising_the_session_counter_ends_the_session(app, aiq):
    change(app, lambda: setattr(person(), "sesion", person().sesion + 1))
    assert aiq.get("/").status_code == 303


def test_disabling_a_person_ends_the_session(app, aiq):
    change(app, lambda: setattr(person(), "habilitado", False))
    assert aiq.get("/").status_code == 303


def test_an_aiq_inactivated_in_quipux_loses_access_at_once(app, aiq):
    change(app, lambda: db.session.query(Cuenta).where(Cuenta.cedula == person().cedula).update({"activa": False}))
    assert aiq.get("/").status_code == 303
    answer = enter(aiq)
    assert answer.status_code == 422 and "no está vigente" in answer.text


def test_an_office_ends_at_its_minute(app, sign_in, at):
    client = sign_in(AIQ)
    end = NOW + timedelta(minutes=5)
    change(app, lambda: setattr(db.session.scalar(select(Nombramiento).where(Nombramiento.usuario_id == person().id)), "hasta", end))
    with at(minutes=4, seconds=59):
        assert "Solicitudes de la Institución" in client.get("/").text
    with at(minutes=5):
        assert "Solicitudes de la Institución" not in client.get("/").text


def test_a_forgotten_password_is_set_by_a_link_that_works_once(app, visitor):
    assert_page(visitor.get("/clave/olvidada").text)
    told = [visitor.post("/clave/olvidada", data={"usuario": login}) for login in (AIQ, "nadie@demo.gob.ec")]
    assert [a.status_code for a in told] == [200, 200] and told[0].text == told[1].text
    assert_page(told[0].text)
    assert visitor.post("/clave/olvidada", data={"usuario": ""}).status_code == 422
    with app.app_context():
        mail, = db.session.scalars(select(Correo))
        assert mail.para == AIQ
        path = re.search(r"http://[^/]+(/clave/\S+)", mail.texto)[1]
        db.session.add(IntentoIngreso(clave="x", fallidos=1))
    assert_page(visitor.get(path).text)
    wrong = visitor.post(path, data={"clave": "corta", "repetida": "corta"})
    assert wrong.status_code == 422
    assert_page(wrong.text)
    new = "una frase que recuerdo"
    assert visitor.post(path, data={"clave": new, "repetida": new}).location == "/ingresar"
    assert "Su contraseña se guardó" in visitor.get("/ingresar").text
    assert enter(visitor, clave=new).status_code == 303
    used = app.test_client().get(path)
    assert used.status_code == 410
    assert_page(used.text)


def test_pages_of_a_session_are_not_kept_by_the_browser(aiq):
    assert aiq.get("/").headers["Cache-Control"] == "no-store"


def test_the_clock_of_the_page_is_the_application_s(aiq, at):
    assert f'data-now="{clock.now().isoformat()}"' in aiq.get("/").text
