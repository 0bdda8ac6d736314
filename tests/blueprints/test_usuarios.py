"""*Usuarios internos*: pages, tenant isolation, the actions on an access and the import, through the browser's door."""

from __future__ import annotations

import io
import re

import pytest
from lxml import html as parser
from sqlalchemy import func, select

from extensions import db
from models import AccesoEvento, Correo, Cuenta, Usuario
from services import demo
from sources import demo_people
from tests.blueprints.solicitud_cases import context
from tests.blueprints.strict import assert_fragment, assert_page

HTMX = {"HX-Request": "true"}
NEW = next(a for a in demo_people.staff() if a.inst == demo_people.SNBAP)
FOREIGN = next(a for a in demo_people.staff() if a.inst == demo_people.IEPH)
ACTIONS = ("dar", "quitar", "devolver", "restablecer")


def words(answer, status: int = 200) -> str:
    text = answer.get_data(as_text=True)
    assert answer.status_code == status, text[:400]
    assert_page(text)
    return " ".join(parser.document_fromstring(text).text_content().replace("\xa0", " ").split())


@pytest.fixture
def cuenta_id(app):
    """`cuenta_id(demo person)` → the id of that account."""

    def find(who=NEW) -> int:
        with context(app):
            return db.session.scalar(select(Cuenta.id).where(Cuenta.quipux_codi == who.codi))

    return find


@pytest.fixture
def counts(app):
    """How many people, movements and mails there are."""

    def count() -> tuple[int, ...]:
        with context(app):
            return tuple(db.session.scalar(select(func.count()).select_from(kind)) for kind in (Usuario, AccesoEvento, Correo))

    return count


def link_of(app) -> str:
    with context(app):
        text = db.session.scalar(select(Correo.texto).order_by(Correo.id.desc()).limit(1))
    return re.search(r"/clave/\S+", text)[0]


def upload(client, text: str | bytes, name: str = "accesos.csv"):
    data = text if isinstance(text, bytes) else text.encode()
    return client.post("/usuarios/importar", data={"archivo": (io.BytesIO(data), name)}, content_type="multipart/form-data")


def test_the_list_says_whose_data_they_are(aiq, sge, sign_in):
    page = words(aiq.get("/usuarios"))
    assert "Datos de Quipux, aquí de solo lectura" in page and "Institución" not in page.split("Puesto y área")[0].split("Nombre, C.I.")[1]
    assert words(aiq.get("/usuarios?nombre=nunez+ana")).count("2 cuentas") >= 2
    assert "No se encontraron usuarios" in words(aiq.get("/usuarios?nombre=zzzz"))
    assert_fragment(aiq.get("/usuarios?estado=activos", headers=HTMX).get_data(as_text=True))
    everything = words(sge.get("/usuarios"))
    assert "IEPH" in everything or "SNBAP" in everything
    servant = sign_in("servidor@demo.gob.ec")
    assert servant.get("/usuarios").status_code == 403 and "Usuarios internos" not in servant.get("/").get_data(as_text=True)


def test_pages_follow_each_other(aiq):
    seen, url = [], "/usuarios"
    while url:
        doc = parser.document_fromstring(aiq.get(url).get_data(as_text=True))
        seen += doc.xpath("//tbody//th//a/@href")
        url = next(iter(doc.xpath("//a[@rel='next']/@href")), None)
    assert len(seen) == len(set(seen)) == sum(a.inst == demo_people.SNBAP for a in demo_people.accounts())


@pytest.mark.parametrize("query", ["estado=x", "acceso=%00x", "nombre=" + "x" * 121])
def test_bad_filters_are_told(aiq, query):
    answer = aiq.get(f"/usuarios?{query}")
    assert answer.status_code == 422 and "Error: " in answer.get_data(as_text=True)
    assert_page(answer.get_data(as_text=True))


def test_other_peoples_filters_do_nothing(aiq, sge, cuenta_id, app):
    with context(app):
        foreign = db.session.scalar(select(Cuenta.institucion_id).where(Cuenta.quipux_codi == FOREIGN.codi))
    assert FOREIGN.cedula not in words(aiq.get(f"/usuarios?institucion={foreign}&area=Direcci%C3%B3n+General"))
    assert "Dirección General" in words(sge.get(f"/usuarios?institucion={foreign}"))
    assert sge.get("/usuarios?institucion=99999").status_code == 422
    assert aiq.get("/usuarios?cursor=x&orden=-clave&area=%00").status_code == 200


def test_what_belongs_to_another_institution_does_not_exist(aiq, cuenta_id, counts):
    before, foreign = counts(), cuenta_id(FOREIGN)
    for wrong in (foreign, 0, 999_999, 2**70):
        assert aiq.get(f"/usuarios/{wrong}").status_code == 404
        for action in ACTIONS:
            assert aiq.post(f"/usuarios/{wrong}/{action}", data={"correo": FOREIGN.correo}).status_code == 404
    assert counts() == before


def test_every_page_and_action_is_for_aiqs_and_the_sge(app, sign_in, cuenta_id):
    servant, stranger, mine = sign_in("servidor@demo.gob.ec"), app.test_client(), cuenta_id()
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("usuarios."):
            continue
        url = rule.rule.replace("<int:cuenta_id>", str(mine)).replace("<int:vista_id>", "1")
        method = "POST" if "POST" in rule.methods else "GET"
        assert servant.open(url, method=method).status_code in {403, 404}, url
        assert stranger.open(url, method=method).status_code == 303, url


def test_the_whole_life_of_an_access(app, aiq, cuenta_id, counts):
    mine = cuenta_id()
    assert "Sin acceso" in words(aiq.get(f"/usuarios/{mine}"))
    assert aiq.post(f"/usuarios/{mine}/dar", data={"correo": NEW.correo, "comentario": "Ingresó en noviembre."}).status_code == 303
    page = words(aiq.get(f"/usuarios/{mine}"))
    assert "Enlace enviado" in page and "Ingresó en noviembre." in page and "Enlace vigente hasta" in page
    person = app.test_client()
    first = link_of(app)
    assert person.post(first, data={"clave": "Una-clave-larga-9", "repetida": "Una-clave-larga-9"}).status_code == 303
    assert person.post(first, data={"clave": "Otra-clave-9-x", "repetida": "Otra-clave-9-x"}).status_code == 410
    assert person.post("/ingresar", data={"usuario": NEW.cedula, "clave": "Una-clave-larga-9"}).status_code == 303
    assert person.get("/").status_code == 200
    assert "Con acceso" in words(aiq.get(f"/usuarios/{mine}"))
    assert aiq.post(f"/usuarios/{mine}/quitar").status_code == 303
    # The live session is over at its very next request.
    assert person.get("/").status_code == 303
    assert "Retirado" in words(aiq.get(f"/usuarios/{mine}"))
    before = counts()
    assert "está retirado" in words(aiq.post(f"/usuarios/{mine}/dar", data={"correo": NEW.correo}), 422)
    assert counts() == before
    assert aiq.post(f"/usuarios/{mine}/devolver", data={"correo": NEW.correo}).status_code == 303
    assert person.post("/ingresar", data={"usuario": NEW.cedula, "clave": "Una-clave-larga-9"}).status_code == 422
    assert person.post(link_of(app), data={"clave": "Nueva-clave-77", "repetida": "Nueva-clave-77"}).status_code == 303
    assert person.post("/ingresar", data={"usuario": NEW.cedula, "clave": "Nueva-clave-77"}).status_code == 303
    assert aiq.post(f"/usuarios/{mine}/restablecer", data={"correo": NEW.correo}).status_code == 303
    assert person.get("/").status_code == 303


def test_refusals_are_told_in_place(aiq, sge, cuenta_id, counts):
    before = counts()
    inactive = cuenta_id(demo_people.MAIN)
    assert "inactivas en Quipux" in words(aiq.post(f"/usuarios/{inactive}/dar", data={"correo": demo_people.MAIN.correo}), 422)
    assert "Dar acceso" not in words(aiq.get(f"/usuarios/{inactive}"))
    own = cuenta_id(demo_people.AIQ_PRINCIPAL)
    assert "Su propio acceso" in words(aiq.post(f"/usuarios/{own}/quitar"), 422)
    lonely = cuenta_id(demo_people.AIQ_OTHER)
    assert "único AIQ activo" in words(sge.post(f"/usuarios/{lonely}/quitar"), 422)
    page = aiq.post(f"/usuarios/{cuenta_id()}/dar", data={"correo": "x\x00@gmail.com", "comentario": "Se conserva"})
    assert "Elija uno de los correos" in words(page, 422) and "Se conserva" in page.get_data(as_text=True)
    assert counts() == before


def test_a_shared_person_shows_both_accounts(aiq, cuenta_id):
    page = words(aiq.get(f"/usuarios/{cuenta_id(demo_people.TWO_FIRST)}"))
    assert "Cuentas en Quipux" in page and "Especialista de Adquisiciones" in page and "Subrogante" in page and "No puede ingresar" in page


def test_names_from_quipux_are_text(app, aiq, cuenta_id):
    with context(app):
        row = db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == NEW.codi))
        row.nombre, row.puesto, row.correos = "<img src=x onerror=alert(1)>", "{{7*7}}", "\"><script>@x,ok@demo.gob.ec"
    for url in ("/usuarios?area=" + demo_people.AREAS[NEW.area].nombre, f"/usuarios/{cuenta_id()}"):
        page = aiq.get(url).get_data(as_text=True)
        assert "<img src=x" not in page and "<script>@x" not in page
        assert_page(page)


def test_import_from_preview_to_result(app, aiq, counts):
    before = counts()
    text = f"cédula;correo\n{NEW.cedula};{NEW.correo}\n=HYPERLINK(1);x\n{FOREIGN.cedula};{FOREIGN.correo}\n1714307103;x@x.ec\n"
    page = upload(aiq, text.encode("latin-1"))
    shown = words(page)
    assert "Todavía no se ha cambiado nada" in shown and "=HYPERLINK(1)" in shown and shown.count("no consta en su institución") == 3
    assert counts() == before
    token = parser.document_fromstring(page.get_data(as_text=True)).xpath("//input[@name='lineas']/@value")[0]
    result = words(aiq.post("/usuarios/importar/confirmar", data={"lineas": token}))
    assert "Se dio acceso a 1 persona" in result and counts() == tuple(n + 1 for n in before)
    assert "No se dio ningún acceso" in words(aiq.post("/usuarios/importar/confirmar", data={"lineas": token}))
    assert counts() == tuple(n + 1 for n in before)


def test_a_preview_confirmed_by_somebody_else_or_altered_does_nothing(aiq, sign_in, counts):
    token = parser.document_fromstring(upload(aiq, f"cedula,correo\n{NEW.cedula},{NEW.correo}").get_data(as_text=True)).xpath("//input[@name='lineas']/@value")[0]
    before = counts()
    for client, sent in ((sign_in("respaldo@demo.gob.ec"), token), (aiq, token[1:]), (aiq, ""), (aiq, "x\x00")):
        assert "La vista previa caducó" in words(client.post("/usuarios/importar/confirmar", data={"lineas": sent}), 422)
    assert counts() == before


def test_what_was_previewed_is_checked_again(app, aiq, counts):
    token = parser.document_fromstring(upload(aiq, f"cedula,correo\n{NEW.cedula},{NEW.correo}").get_data(as_text=True)).xpath("//input[@name='lineas']/@value")[0]
    with context(app):
        db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == NEW.codi)).activa = False
    before = counts()
    assert "Inactiva" in words(aiq.post("/usuarios/importar/confirmar", data={"lineas": token}))
    assert counts() == before


@pytest.mark.parametrize("data", [b"", b"cedula\n1", b"cedula;correo\n" + b"1;2\n" * 5000, b"cedula;correo\n\x00;2", b'cedula;correo\n"1;2', b"cedula;correo\n1;" + b"x" * 1_100_000])
def test_files_that_are_refused(aiq, data):
    answer = upload(aiq, data)
    assert "Error: Importar accesos" in answer.get_data(as_text=True)
    words(answer, 422)


def test_no_file_at_all(aiq):
    words(aiq.get("/usuarios/importar"))
    assert "Elija un archivo CSV" in words(aiq.post("/usuarios/importar"), 422)


def test_the_person_sees_the_last_sign_in(aiq, cuenta_id, app, sign_in):
    sign_in("servidor@demo.gob.ec")
    assert demo.PASSWORD not in words(aiq.get(f"/usuarios/{cuenta_id(demo_people.SERVANT)}"))
    assert "18 nov 2026, 10:00" in words(aiq.get(f"/usuarios/{cuenta_id(demo_people.SERVANT)}"))
    assert "AIQ backup · SNBAP" in words(aiq.get(f"/usuarios/{cuenta_id(demo_people.AIQ_BACKUP)}"))
