"""The approval desk: queue, panel, the three decisions and the bulk approval, through real pages."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import date, timedelta

import pytest
from lxml import html as parser
from sqlalchemy import select

from extensions import db
from models import Correo, Cuenta, Evento, Institucion, Solicitud, Usuario
from rules.lifecycle import Action, Clase, Estado, Motivo
from services import clock, people, petitions, solicitudes
from sources import demo_people as demo
from sources.demo_petitions import petition_of
from tests.blueprints.strict import assert_fragment, assert_page, text_of
from tests.conftest import NOW

HTMX = {"HX-Request": "true"}
MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
SECOND = "sge2@demo.gob.ec"
FOUR = ["nombres", "cedula", "puesto", "fechas"]


@pytest.fixture
def put(app):
    """`put(function)`: run it in a context of its own and commit; returns the id of what it made."""

    def inside(make):
        with app.app_context():
            made = make()
            db.session.commit()
            return made.id if hasattr(made, "id") else made

    return inside


@pytest.fixture
def row(app):
    """`row(id, "estado")`: a column as it is in the database now."""

    def read(number, name):
        with app.app_context():
            return getattr(db.session.get(Solicitud, number), name)

    return read


def actor(correo="aiq@demo.gob.ec"):
    return people.actor_of(db.session.scalar(select(Usuario).where(Usuario.correo == correo)), clock.now())


def sent(account=demo.MAIN, petition=None, *, desde=date(2024, 1, 1), hasta=date(2024, 6, 30), by="aiq@demo.gob.ec", **columns) -> Solicitud:
    """A request of the AIQ that waits for a decision, sent through the services."""
    cuenta = db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == account.codi))
    found = petition or petition_of(account, NOW.date())
    draft = solicitudes.Draft(cuenta.id, found.radi_nume_radi, desde, hasta, "Pedido en ventanilla")
    made = solicitudes.save_and_send(actor(by), Clase.INSTITUCIONAL, draft)
    for name, value in columns.items():
        setattr(made, name, value)
    return made


def page(client, url="/mesa", status=200) -> parser.HtmlElement:
    answer = client.get(url)
    assert answer.status_code == status, answer.text[:400]
    assert_page(answer.text)
    return parser.document_fromstring(answer.text)


def said(doc) -> str:
    return text_of(doc.find(".//main"))


def approve(client, number, fecha=MONDAY, headers=None, **more):
    data = {"fecha": str(fecha), "version": "2", "comentario": "", "cotejo": FOUR} | more
    return client.post(f"/mesa/{number}/aprobar", data=data, headers=headers)


# --- who may ------------------------------------------------------------------------------------------------------------


def test_only_the_sge_enters(put, aiq, app):
    number = put(sent)
    for url in ("/mesa", f"/mesa/{number}", f"/mesa/{number}/calendario", f"/mesa/{number}/peticion", "/mesa/lote", "/mesa/lotes", "/mesa/lotes/1"):
        assert aiq.get(url).status_code == (404 if url.endswith("/1") and "lotes" in url else 403), url
    for url in (f"/mesa/{number}/aprobar", f"/mesa/{number}/devolver", f"/mesa/{number}/eliminar", f"/mesa/{number}/abierta", "/mesa/lote"):
        assert aiq.post(url, data={"ids": str(number)}).status_code == 403
    assert app.test_client().get("/mesa").status_code == 303


def test_who_filed_it_is_told_and_cannot_approve(put, sge, row):
    def own():
        db.session.scalar(select(Institucion).where(Institucion.sigla == "STAH")).activa = False
        return sent(demo.ARCHIVIST, by="sge@demo.gob.ec", desde=date(2023, 1, 1), hasta=date(2023, 3, 31))

    number = put(own)
    doc = page(sge)
    assert "Usted registró esta solicitud: otra persona de la SGE debe aprobarla." in said(doc)
    assert not doc.xpath("//form[contains(@action, '/aprobar') and contains(@action, '/mesa/%d')]" % number)
    assert approve(sge, number).status_code == 403
    assert "otra persona de la SGE debe aprobarla" in said(page(sge, f"/mesa/lote?seleccion=1&ids={number}"))
    assert row(number, "estado") is Estado.ENVIADA


# --- queue and panel ----------------------------------------------------------------------------------------------------


def test_the_oldest_comes_first_and_is_in_the_panel(put, sge):
    first = put(lambda: sent(demo.MAIN))
    second = put(lambda: sent(demo.LAWYER, enviada_en=clock.now() - timedelta(days=9)))
    doc = page(sge)
    assert [tr.get("id") for tr in doc.xpath("//form[@id='cola']//tbody/tr")] == [f"fila-{second}", f"fila-{first}"]
    assert doc.get_element_by_id(f"fila-{second}").get("aria-current") == "true"
    assert text_of(doc.get_element_by_id("panel-t")) == demo.LAWYER.nombre
    # 9 days back is Monday 9 November; 7 working days without feriado in between.
    shown = text_of(doc.get_element_by_id(f"fila-{second}"))
    assert "Fuera de plazo desde el 16 nov" in shown and shown.endswith(" 7 d")
    assert "2 solicitudes por aprobar · 1 supera los 4 días laborables de espera" in said(doc)
    assert [tr.get("id") for tr in page(sge, "/mesa?vista=plazo").xpath("//tbody/tr[@id]")] == [f"fila-{second}"]
    assert [tr.get("id") for tr in page(sge, "/mesa?q=nauñay").xpath("//tbody/tr[@id]")] == [f"fila-{first}"]
    assert [tr.get("id") for tr in page(sge, f"/mesa?q=00{first}").xpath("//tbody/tr[@id]")] == [f"fila-{first}"]
    assert "Ninguna solicitud coincide" in said(page(sge, "/mesa?q=nadie"))


def test_an_empty_queue_says_so(sge):
    assert "No hay solicitudes por aprobar" in said(page(sge))
    for odd in ("/mesa?s=abc&vista=x&pagina=-1", "/mesa?s=99999999999999999999&pagina=999999999999999"):
        page(sge, odd)


def test_the_panel_as_fragment_and_as_page(put, sge):
    number = put(sent)
    assert text_of(page(sge, f"/mesa/{number}").get_element_by_id("panel-t")) == demo.MAIN.nombre
    answer = sge.get(f"/mesa/{number}", headers=HTMX)
    assert_fragment(answer.text)
    assert 'id="cola"' not in answer.text and "data-autofocus" in answer.text
    assert sge.get("/mesa/999").status_code == 404


def test_the_four_data_keep_their_meaning_when_a_phone_stacks_them(put, sge):
    put(sent)
    table = page(sge).get_element_by_id("cotejo")
    assert table.get("role") == "table"
    for row in table.xpath("./tbody/tr"):
        assert [cell.get("role") for cell in row] == ["rowheader", "cell", "cell", "cell"]
        assert [cell.get("data-l") for cell in row][1:3] == ["Solicitud", "Documento"]


def test_checks_carry_their_evidence(put, sge):
    put(sent)
    text = said(page(sge))
    for words in (
        "El documento corresponde al servidor público", f"Remitente y cédula coinciden: {demo.MAIN.nombre}, {demo.MAIN.cedula}.",
        "Misma institución", "Servidor público inactivo", "Sin otra solicitud vigente", "El rango está dentro de la vida de la cuenta",
        "Tamaño estimado: ≈", "Propuesta: jueves 19 de noviembre de 2026.",
    ):
        assert words in text, words


def test_a_petition_of_somebody_else_and_a_second_request_are_observed(put, sge):
    foreign = put(lambda: sent(demo.MAIN, petition_of(demo.LAWYER, NOW.date())))
    text = said(page(sge, f"/mesa/{foreign}"))
    assert "El documento no corresponde al servidor público" in text and demo.LAWYER.cedula in text
    twin = put(lambda: sent(demo.MAIN, hasta=date(2024, 3, 1)))
    doc = page(sge, f"/mesa/{twin}?vista=observaciones")
    assert f"Tiene otra solicitud vigente: Nº {foreign:06d}" in said(doc)
    assert {tr.get("id") for tr in doc.xpath("//tbody/tr[@id]")} == {f"fila-{foreign}", f"fila-{twin}"}
    assert len(doc.xpath("//input[@name='ids'][@disabled]")) == 2


def test_a_source_that_is_down_is_said_and_the_page_stands(put, sge, app, tmp_path):
    number = put(sent)
    from sources import Quipux

    app.extensions["respaldos"]["quipux"] = Quipux.from_config({"QUIPUX_URL": f"sqlite:///{tmp_path / 'no-existe.sqlite'}"})
    text = said(page(sge, f"/mesa/{number}"))
    assert "No se pudo comprobar: Quipux no responde" in text and "los documentos reservados son los contados al enviar" in text
    answer = approve(sge, number)
    assert answer.status_code == 422 and "Quipux no responde" in answer.text


def test_the_petition_is_shown_when_its_pages_exist(put, sge, row):
    number = put(sent)
    waiting = sge.get(f"/mesa/{number}/peticion", headers=HTMX)
    assert_fragment(waiting.text)
    assert "Preparando la vista del documento…" in waiting.text and "every 3s" in waiting.text
    pages = put(lambda: petitions.render(number))
    assert pages >= 1
    doc = page(sge, f"/mesa/{number}")
    images = doc.xpath("//div[@id='peticion']//img")
    assert len(images) == pages and not doc.xpath("//div[@id='peticion'][@hx-trigger]")
    assert sge.get(images[0].get("src")).data.startswith(b"\x89PNG")
    original = sge.get(doc.xpath("//div[@id='peticion']//a[contains(., 'original')]")[0].get("href"))
    assert original.data.startswith(b"%PDF") and "attachment" in original.headers["Content-Disposition"]
    put(lambda: setattr(db.session.get(Solicitud, number), "documento_paginas", 0))
    text = text_of(page(sge, f"/mesa/{number}").get_element_by_id("peticion"))
    assert "no se puede mostrar aquí" in text and "Descargar el original" in text


def test_other_weeks_keep_the_chosen_day(put, sge):
    number = put(sent)
    answer = sge.get(f"/mesa/{number}/calendario?desde=2026-12-21&fecha=2026-11-24", headers=HTMX)
    assert_fragment(answer.text)
    doc = parser.fromstring(answer.text)
    assert doc.xpath("//input[@checked]/@value") == ["2026-11-24"]
    assert "Feriado: Navidad" in text_of(doc)
    whole = page(sge, f"/mesa/{number}/calendario?desde=basura&fecha=2026-11-22")
    assert whole.xpath("//input[@name='fecha'][@checked]/@value") == ["2026-11-19"]
    assert whole.xpath("//input[@name='fecha']/@value")[0] == "2026-11-18"


# --- decisions ----------------------------------------------------------------------------------------------------------


def test_approve(put, sge, row, app):
    number = put(sent)
    following = put(lambda: sent(demo.LAWYER))
    answer = approve(sge, number, TUESDAY, comentario="De acuerdo")
    assert answer.status_code == 303 and answer.location == f"/mesa?s={following}&hecha={number}"
    assert (row(number, "estado"), row(number, "fecha_tentativa")) == (Estado.APROBADA, TUESDAY)
    doc = page(sge, answer.location)
    assert f"La solicitud Nº {number:06d} se aprobó para el martes 24 de noviembre de 2026" in said(doc)
    assert doc.xpath(f"//form[@action='/solicitudes/{number}/ejecutar']//button")
    with app.app_context():
        last = db.session.scalars(select(Evento).where(Evento.solicitud_id == number).order_by(Evento.orden)).all()[-1]
        assert (last.accion, last.comentario, last.datos["fecha_tentativa"]) == (Action.APPROVE, "De acuerdo", "2026-11-24")
        mails = db.session.scalars(select(Correo.para).where(Correo.plantilla == "aprobada", Correo.solicitud_id == number)).all()
        assert set(mails) == {"aiq@demo.gob.ec", "respaldo@demo.gob.ec"}


def test_approve_by_htmx_brings_the_next(put, sge):
    number = put(sent)
    following = put(lambda: sent(demo.LAWYER))
    answer = approve(sge, number, headers=HTMX)
    assert answer.status_code == 200 and answer.headers["HX-Push-Url"] == f"/mesa/{following}"
    assert_fragment(answer.text)
    doc = parser.fragment_fromstring(answer.text, create_parent="div")
    assert text_of(doc.get_element_by_id("panel-t")) == demo.LAWYER.nombre
    assert "Ejecutar ahora" in text_of(doc.get_element_by_id("panel"))
    assert [tr.get("id") for tr in doc.xpath(".//form[@id='cola']//tbody/tr")] == [f"fila-{following}"]
    assert doc.get_element_by_id("cola").get("hx-swap-oob") == "true"
    counter = "//span[@hx-swap-oob='innerHTML:[data-cuenta=mesa]']/text()"
    assert doc.xpath(counter) == ["1"], "the side menu counts what still waits"
    last = approve(sge, following, headers=HTMX)
    assert parser.fragment_fromstring(last.text, create_parent="div").xpath(counter) == []
    assert "La cola está vacía" in last.text and last.headers["HX-Push-Url"] == "/mesa"


def test_the_next_one_stays_within_the_view(put, sge):
    old = put(lambda: sent(demo.MAIN, enviada_en=clock.now() - timedelta(days=12)))
    put(lambda: sent(demo.DRIVER, enviada_en=clock.now() - timedelta(days=2)))
    late = put(lambda: sent(demo.LAWYER, enviada_en=clock.now() - timedelta(days=11)))
    answer = sge.post(f"/mesa/{old}/aprobar?vista=plazo", data={"fecha": "2026-11-23", "version": "2", "cotejo": FOUR})
    assert answer.location == f"/mesa?s={late}&hecha={old}&vista=plazo"


def test_give_back(put, sge, row, app):
    number = put(sent)
    answer = sge.post(f"/mesa/{number}/devolver", data={"motivo": "rango", "detalle": "Pide desde 2021.", "version": "2"})
    assert answer.status_code == 303
    assert row(number, "estado") is Estado.BORRADOR
    assert row(number, "devuelta_por") == "El rango de fechas no coincide con la petición. Pide desde 2021."
    assert f"La solicitud Nº {number:06d} se devolvió al AIQ" in page(sge, answer.location).text_content()
    with app.app_context():
        mail = db.session.scalars(select(Correo).where(Correo.plantilla == "devuelta", Correo.solicitud_id == number)).all()
        assert len(mail) == 2 and "Pide desde 2021." in " ".join(mail[0].texto.split())


def test_reject(put, sge, row):
    number = put(sent)
    answer = sge.post(f"/mesa/{number}/eliminar", data={"motivo": "documento_no_corresponde", "detalle": "", "version": "2"}, headers=HTMX)
    assert answer.status_code == 200 and f"La solicitud Nº {number:06d} se eliminó." in answer.text
    assert (row(number, "estado"), row(number, "motivo")) == (Estado.ELIMINADA, Motivo.DOCUMENTO_NO_CORRESPONDE)


def test_two_officers_the_second_is_told_who_when_and_what(put, sge, sign_in, row):
    number = put(sent)
    other = sign_in(SECOND)
    assert approve(other, number, TUESDAY).status_code == 303
    for headers in (None, HTMX):
        answer = approve(sge, number, MONDAY, headers=headers)
        assert answer.status_code == 409
        assert "Gabriela Ximena Tamayo Jácome registró «Aprobada» el 18 nov 2026, 10:00, para el martes 24 de noviembre de 2026." in answer.text
        assert "Su decisión no se registró" in answer.text
    assert_fragment(answer.text)
    assert row(number, "fecha_tentativa") == TUESDAY
    text = said(page(sge, f"/mesa/{number}"))
    assert "Esta solicitud ya no espera una decisión" in text


def test_a_request_given_back_meanwhile_is_a_conflict_too(put, sge, sign_in, row):
    number = put(sent)
    sign_in(SECOND).post(f"/mesa/{number}/devolver", data={"motivo": "datos", "detalle": "Falta el año.", "version": "2"})
    for answer in (approve(sge, number), approve(sge, number, headers=HTMX), sge.get(f"/mesa/{number}")):
        assert answer.status_code == 409
        assert "Gabriela Ximena Tamayo Jácome registró «Devuelta con observaciones» el 18 nov 2026, 10:00" in answer.text
    assert row(number, "estado") is Estado.BORRADOR


def waiting(answer) -> list[str]:
    """Rows of the queue in an answer."""
    return [tr.get("id") for tr in parser.document_fromstring(f"<main>{answer.text}</main>").xpath("//form[@id='cola']//tbody/tr")]


def test_a_decision_that_came_too_late_brings_the_queue_as_it_is_now(put, sge, sign_in):
    first, second, third = put(sent), put(lambda: sent(demo.LAWYER)), put(lambda: sent(demo.DRIVER))
    other = sign_in(SECOND)
    assert approve(other, first, TUESDAY).status_code == 303
    answer = approve(sge, first, headers=HTMX)
    assert answer.status_code == 409 and waiting(answer) == [f"fila-{second}", f"fila-{third}"]
    doc = parser.fromstring(answer.text)
    assert text_of(doc.get_element_by_id("mesa-cifras")).startswith("2 solicitudes por aprobar")
    assert [text_of(tag) for tag in doc.xpath("//*[@hx-swap-oob='innerHTML:[data-cuenta=mesa]']")] == ["2"]
    assert not doc.xpath("//*[contains(@hx-swap-oob, 'mesa-voz')]")  # nothing follows: the alert speaks
    # Whoever opens it from an old queue gets the new one too; one that waits leaves the boxes ticked beside it alone.
    assert waiting(sge.get(f"/mesa/{first}", headers=HTMX)) == [f"fila-{second}", f"fila-{third}"]
    assert 'id="cola"' not in sge.get(f"/mesa/{second}", headers=HTMX).text


def test_one_given_back_meanwhile_leaves_its_place_to_what_was_decided(put, sge, sign_in):
    first, second = put(sent), put(lambda: sent(demo.LAWYER))
    sign_in(SECOND).post(f"/mesa/{first}/devolver", data={"motivo": "datos", "detalle": "Falta el año.", "version": "2"})
    told = {"Su decisión no se registró": approve(sge, first, headers=HTMX | {"HX-Target": "panel"}),
            "Esta solicitud ya no espera una decisión": sge.get(f"/mesa/{first}", headers=HTMX | {"HX-Target": "panel"})}
    for title, answer in told.items():
        assert answer.status_code == 409 and "HX-Reswap" not in answer.headers
        assert_fragment(answer.text)
        assert waiting(answer) == [f"fila-{second}"]
        panel = parser.fromstring(answer.text).get_element_by_id("panel")
        assert f"{title}Gabriela Ximena Tamayo Jácome registró" in text_of(panel)
        assert panel.xpath(".//a[@aria-keyshortcuts='J']/@href") == [f"/mesa/{second}"] and not panel.xpath(".//form")
    life = sge.post(f"/mesa/{first}/abierta", headers=HTMX | {"HX-Target": "presencia"})
    assert life.status_code == 200 and "Esta solicitud ya no espera una decisión. Gabriela" in text_of(parser.fromstring(life.text))
    assert "hx-trigger" not in life.text
    # A fragment that goes elsewhere must not bring the desk there.
    for url in ("calendario", "peticion"):
        answer = sge.get(f"/mesa/{first}/{url}", headers=HTMX | {"HX-Target": url})
        assert (answer.status_code, answer.headers["HX-Reswap"]) == (409, "none")
    assert_page(approve(sge, first).text)


def test_a_form_of_an_older_version_is_refused(put, sge, row):
    number = put(sent)
    for old in ("1", "", "abc", "-3"):
        assert approve(sge, number, version=old).status_code == 409
    assert row(number, "estado") is Estado.ENVIADA


@pytest.mark.parametrize(
    ("fecha", "words"),
    [
        ("2026-11-17", "no puede ser anterior a hoy"), ("2026-11-22", "no es un día laborable"), ("2026-12-25", "no es un día laborable"),
        ("2100-01-04", "no puede superar un año"), ("basura", "Elija la fecha de ejecución"), ("", "Elija la fecha de ejecución"),
        ("99999-01-01", "Elija la fecha de ejecución"), ("0001-01-01", "no puede ser anterior a hoy"),
    ],
)
def test_bad_days_are_refused_in_the_panel(put, sge, row, fecha, words):
    number = put(sent)
    answer = approve(sge, number, fecha, comentario="Lo escrito se queda")
    assert answer.status_code == 422
    assert_page(answer.text)
    doc = parser.document_fromstring(answer.text)
    assert words in text_of(doc.xpath("//*[@role='alert']")[0]) and words in text_of(doc.get_element_by_id("fecha-error"))
    assert doc.get_element_by_id("comentario").text_content().strip() == "Lo escrito se queda"
    assert row(number, "estado") is Estado.ENVIADA


@pytest.mark.parametrize(
    ("accion", "data", "field"),
    [
        ("aprobar", {"fecha": "2026-11-23", "comentario": "a" * 10_000, "cotejo": FOUR}, "comentario"),
        ("aprobar", {"fecha": "2026-11-23", "cotejo": ["cedula"]}, "cotejo"),
        ("aprobar", {"fecha": "2026-11-23"}, "cotejo"),
        ("devolver", {"motivo": "otro", "detalle": "a" * 10_000}, "devolver-detalle"),
        ("devolver", {"motivo": "otro", "detalle": "  \x00\u202e"}, "devolver-detalle"),
        ("devolver", {"motivo": "rango", "detalle": ""}, "devolver-detalle"),
        ("devolver", {"motivo": "<b>", "detalle": "x"}, "devolver-motivo"),
        ("eliminar", {"motivo": "documento_no_corresponde", "detalle": "a" * 10_000}, "eliminar-detalle"),
        ("eliminar", {"motivo": "otro", "detalle": ""}, "eliminar-detalle"),
        ("eliminar", {}, "eliminar-motivo"),
    ],
)
def test_bad_reasons_are_refused_beside_the_field(put, sge, row, accion, data, field):
    number = put(sent)
    for headers in (None, HTMX):
        answer = sge.post(f"/mesa/{number}/{accion}", data=data | {"version": "2"}, headers=headers)
        assert answer.status_code == 422
        (assert_fragment if headers else assert_page)(answer.text)
        doc = parser.fromstring(answer.text)
        assert doc.get_element_by_id(f"{field}-error") is not None
        if "detalle" in data and len(data["detalle"]) > 10:
            assert data["detalle"] in doc.get_element_by_id(f"{accion}-detalle").text_content()
    assert row(number, "estado") is Estado.ENVIADA and row(number, "version") == 2


def test_reserved_documents_are_offered_and_included_with_a_reason(put, sge, row, app):
    number = put(lambda: sent(demo.MAIN, desde=date(2021, 2, 1), hasta=date(2026, 6, 30)))
    doc = page(sge)
    legend = doc.xpath("//legend[contains(., 'Documentos reservados')]")[0]
    assert int(text_of(legend).rsplit(" ", 1)[1]) > 0
    assert doc.xpath("//input[@name='reservados']/@value") == ["excluir", "incluir"] and not doc.xpath("//input[@name='reservados'][@checked]")
    answer = approve(sge, number)
    assert answer.status_code == 422 and parser.document_fromstring(answer.text).get_element_by_id("reservados-error") is not None
    answer = approve(sge, number, reservados="incluir", reservados_motivo="  ", comentario="De acuerdo")
    assert answer.status_code == 422 and "Escriba el motivo por el que se incluyen los documentos reservados" in answer.text
    assert parser.document_fromstring(answer.text).xpath("//input[@name='reservados'][@checked]/@value") == ["incluir"]
    assert approve(sge, number, reservados="incluir", reservados_motivo="Orden judicial 17-2026").status_code == 303
    assert row(number, "incluir_reservados") is True
    total = row(number, "estimado_reservados")
    with app.app_context():
        last = db.session.scalars(select(Evento).where(Evento.solicitud_id == number).order_by(Evento.orden)).all()[-1]
        assert (last.datos["reservados"], last.datos["reservados_total"]) == ("incluir", total)
        assert last.comentario.endswith("Se incluyen. Orden judicial 17-2026") and last.comentario.startswith(str(last.datos["reservados_total"]))


class TestAccountActiveAgain:
    @pytest.fixture
    def settings(self, tmp_path, quipux_folder):
        """A Quipux of this test's own, to write in."""
        shutil.copy(quipux_folder / "quipux.sqlite", tmp_path / "quipux.sqlite")
        return {"QUIPUX_URL": f"sqlite:///{tmp_path / 'quipux.sqlite'}"}

    def test_it_is_refused_with_the_reason(self, put, sge, row, tmp_path):
        number = put(sent)
        with sqlite3.connect(tmp_path / "quipux.sqlite") as quipux:
            quipux.execute("update usuarios set usua_esta = 1 where usua_codi = ?", (demo.MAIN.codi,))
        assert "El servidor público está activo en Quipux" in said(page(sge))
        answer = approve(sge, number)
        assert answer.status_code == 422 and "solo se respaldan usuarios inactivos" in answer.text
        outcome = confirm(sge, page(sge, f"/mesa/lote?seleccion=1&ids={number}"))
        assert "solo se respaldan usuarios inactivos" in said(outcome)
        assert row(number, "estado") is Estado.ENVIADA


# --- several at once: see test_mesa_lote ---------------------------------------------------------------------------------


def confirm(client, preview: parser.HtmlElement) -> parser.HtmlElement:
    """Send the form of a preview; the page of its outcome."""
    form = next(f for f in preview.forms if "sello" in f.fields)
    answer = client.post(form.action, data=dict(form.fields))
    assert answer.status_code == 303, answer.text[:300]
    return page(client, answer.location)


def test_a_renewal_shows_what_was_decided_before(put, sge, row):
    number = put(sent)
    approve(sge, number, comentario="Primera vez")

    def expired():
        original = db.session.get(Solicitud, number)
        solicitudes.move(original, Action.START, None)
        solicitudes.move(original, Action.FINISH, None, vigente_hasta=clock.now(), generada_en=clock.now())
        return solicitudes.renew(actor(), original)

    copy = put(expired)
    text = said(page(sge, f"/mesa/{copy}"))
    assert f"Renovación de la Nº {number:06d}" in text and "esta solicitud es su renovación" in text
    assert "Iván Peñaherrera Zúñiga registró «Aprobada» el 18 nov 2026, 10:00" in text and "Primera vez" in text
