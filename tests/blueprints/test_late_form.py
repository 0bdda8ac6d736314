"""A form of a page that was open too long: nothing is done, and what was typed is not lost."""

from __future__ import annotations

import json
import re
from io import BytesIO

import pytest
from flask_wtf import FlaskForm
from lxml import html as parser
from sqlalchemy import func, select
from wtforms import PasswordField
from wtforms.fields.core import UnboundField

from blueprints import late_form
from extensions import db
from models import Aviso, Procedimiento
from services import signin
from tests.blueprints.strict import assert_page, text_of

AIQ, SGE, PASSWORD = "aiq@demo.gob.ec", "sge@demo.gob.ec", "Respaldo-2026"
HERE = {"Origin": "http://localhost"}
HTMX = HERE | {"HX-Request": "true"}
NOTICE = {"publico": "sge", "titulo": "Corte <b> de luz", "texto": "El sábado no hay servicio.\r\nDisculpe.", "desde": "2026-11-18", "hasta": "2026-11-20"}


@pytest.fixture
def settings():
    return {"WTF_CSRF_ENABLED": True}


def token(client, url="/ingresar") -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get(url).text)[1]


def enter(client, correo=SGE):
    answer = client.post("/ingresar", data={"usuario": correo, "clave": PASSWORD, "csrf_token": token(client)})
    assert answer.status_code == 303, answer.text
    return client


@pytest.fixture
def old_page(app):
    """(client of the SGE, the form of its notices page, typed): its token is of a session that was ended by signing in again."""
    client = enter(app.test_client())
    typed = NOTICE | {"csrf_token": token(client, "/avisos")}
    client.post("/salir", data={"csrf_token": typed["csrf_token"]})
    return enter(client), typed


def again(client, answer, **more):
    """Press the button of the page of a late form."""
    assert_page(answer.text)
    form = next(f for f in parser.document_fromstring(answer.text).forms if f.method == "POST")
    data = [(i.name, i.value) for i in form.inputs if i.name and i.get("type") != "file"]
    return client.post(form.action, data={name: value for name, value in data} | more, headers=HERE)


def rows(app, kind=Aviso) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(kind))


def test_what_was_typed_is_sent_with_one_press(app, old_page):
    client, typed = old_page
    before = rows(app)
    answer = client.post("/avisos", data=typed, headers=HERE)
    assert answer.status_code == 400 and rows(app) == before
    shown = text_of(parser.document_fromstring(answer.text).find(".//main"))
    assert "no se registró nada" in shown and "Se enviará con la cuenta de Iván Peñaherrera Zúñiga" in shown
    assert again(client, answer).status_code == 303
    with app.app_context():
        row = db.session.scalars(select(Aviso).order_by(Aviso.id.desc())).first()
        assert (row.titulo, row.texto.splitlines()) == ("Corte <b> de luz", ["El sábado no hay servicio.", "Disculpe."])


def test_after_the_end_of_the_session_it_waits_for_the_next(app, at):
    client = enter(app.test_client())
    typed, before = NOTICE | {"csrf_token": token(client, "/avisos")}, rows(app)
    with at(minutes=21):
        answer = client.post("/avisos", data=typed, headers=HERE)
        assert answer.status_code == 401 and "Su sesión se cerró antes de enviar" in answer.text
        assert re.search(r'Referencia: <span class="mono">401-[0-9A-F]{8}<', answer.text)
        assert_page(answer.text)
        asked = again(client, answer)
        assert asked.status_code == 401 and "Corte &lt;b&gt; de luz" in asked.text, "not signed in yet: it still waits"
        enter(client)
        asked = again(client, asked)
        assert asked.status_code == 400 and rows(app) == before
        assert again(client, asked).status_code == 303 and rows(app) == before + 1


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Referer": "http://[x"}])
def test_a_form_of_another_site_is_not_given_back(app, old_page, headers):
    client, typed = old_page
    answer = client.post("/avisos", data=typed, headers=headers)
    assert answer.status_code == 400 and "El formulario caducó por seguridad" in answer.text
    assert "Corte" not in answer.text and "<form" not in answer.text


def test_htmx_keeps_its_page_and_gets_the_token_for_the_next_press(app, old_page):
    client, typed = old_page
    before = rows(app)
    answer = client.post("/avisos", data=typed, headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Reswap"], rows(app)) == (400, "none", before)
    assert "Lo que escribió sigue aquí: envíelo otra vez" in answer.text
    fresh = json.loads(answer.headers["HX-Trigger"])["ficha"]["value"]
    assert client.post("/avisos", data=typed | {"csrf_token": fresh}, headers=HTMX).status_code in {204, 303}
    assert rows(app) == before + 1
    poll = client.post("/avisos", data=typed, headers=HTMX | {"HX-Trigger-Name": "sondeo"})
    assert (poll.status_code, poll.text) == (204, "") and "ficha" in poll.headers["HX-Trigger"]


def test_htmx_is_not_sent_away_with_what_was_typed_when_the_session_has_ended(app, at):
    client = enter(app.test_client())
    typed = NOTICE | {"csrf_token": token(client, "/avisos")}
    with at(minutes=21):
        for name in ("", "sondeo"):
            answer = client.post("/avisos", data=typed, headers=HTMX | {"HX-Trigger-Name": name})
            assert answer.status_code == 401 and "HX-Redirect" not in answer.headers and answer.headers["HX-Reswap"] == "none"
        poll = client.get("/", headers=HTMX | {"HX-Trigger-Name": "sondeo"})
        assert poll.status_code == 401 and "HX-Redirect" not in poll.headers
        for target in ("servidor-lista", "estimacion", "calendario"):
            help_ = client.get("/", headers=HTMX | {"HX-Target": target})
            assert help_.status_code == 401 and "HX-Redirect" not in help_.headers and help_.headers["HX-Reswap"] == "none"
        assert client.get("/", headers=HTMX).headers["HX-Redirect"].startswith("/ingresar")


def test_the_sign_in_page_of_yesterday_asks_for_the_password_alone(app):
    client = app.test_client()
    typed = {"usuario": SGE, "clave": PASSWORD, "csrf_token": token(client)}
    client.delete_cookie("respaldos")  # as a browser does with one that is too old
    answer = client.post("/ingresar?siguiente=/mesa", data=typed, headers=HERE)
    assert answer.status_code == 400 and SGE in answer.text and PASSWORD not in answer.text
    signed = again(client, answer, clave=PASSWORD)
    assert (signed.status_code, signed.location) == (303, "/mesa")


def passwords(text: str) -> list[tuple[str, str, str]]:
    """Name, label and autocomplete of each password field of a page."""
    page = parser.document_fromstring(text)
    fields = page.xpath("//input[@type='password']")
    return [(f.name, text_of(page.xpath(f"//label[@for='{f.get('id')}']")[0]), f.get("autocomplete")) for f in fields]


def test_new_passwords_are_asked_for_as_new_ones(app):
    client = enter(app.test_client())
    with app.app_context():
        link = signin.password_link(signin.by_login(SGE)).removeprefix(app.config["PUBLIC_URL"])
    client_of = {"/cuenta/clave": client, link: app.test_client(), "/ingresar": app.test_client()}
    for address, each in client_of.items():
        shown = passwords(each.get(address).text)
        typed = {"usuario": SGE, "csrf_token": "viejo"} | {name: "Nueva-Clave-2026" for name, *_ in shown}
        answer = each.post(address, data=typed, headers=HERE)
        assert answer.status_code == 400 and "Nueva-Clave-2026" not in answer.text
        assert_page(answer.text)
        assert passwords(answer.text) == shown
    assert [how for *_, how in passwords(client.get("/cuenta/clave").text)] == ["current-password", "new-password", "new-password"]


def test_every_form_with_passwords_is_named_by_its_view(app):
    """Otherwise a late one would give them back in a page."""
    ours = [form for form in FlaskForm.__subclasses__() if form.__module__.startswith("blueprints.")]
    asking = {form for form in ours if any(isinstance(field, UnboundField) and field.field_class is PasswordField for field in vars(form).values())}
    named = {getattr(view, late_form.PASSWORDS, None) for view in app.view_functions.values()} - {None}
    assert asking == named, "put @late_form.asks_passwords(…) on the view of " + str(asking ^ named)


def test_a_file_is_chosen_again(app):
    client = enter(app.test_client(), AIQ)
    typed = {"titulo": "Uso de Quipux", "csrf_token": "viejo", "documento": (BytesIO(b"%PDF-1.4"), "uso «1».pdf"), "otro": (BytesIO(b""), "")}
    answer = client.post("/procedimientos", data=typed, content_type="multipart/form-data", headers=HERE)
    assert answer.status_code == 400
    assert_page(answer.text)
    form = next(f for f in parser.document_fromstring(answer.text).forms if f.method == "POST")
    assert form.get("enctype") == "multipart/form-data" and form.fields["titulo"] == "Uso de Quipux"
    assert [text_of(label) for label in form.xpath(".//label")] == ["Elija nuevamente el archivo «uso «1».pdf»"]
    assert rows(app, Procedimiento) == 0


def test_signing_out_twice_leads_to_the_door(app):
    answer = app.test_client().post("/salir", data={"csrf_token": "viejo"}, headers=HERE | {"Referer": "http://localhost/avisos"})
    assert (answer.status_code, answer.location) == (303, "/avisos")
