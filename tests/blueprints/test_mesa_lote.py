"""Approving many through the pages: preview, confirmation, outcome; the sign of life of an open request; the filters in links."""

from __future__ import annotations

import pytest
from lxml import html as parser
from sqlalchemy import select

from extensions import db
from models import Correo, Evento
from rules.lifecycle import Action, Estado
from services import desk_batch
from sources import demo_people as demo
from sources.demo_petitions import petition_of
from tests.blueprints.strict import assert_fragment, assert_page, text_of
from tests.blueprints.test_mesa import FOUR, HTMX, SECOND, confirm, page, put, row, said, sent  # noqa: F401  (put, row: fixtures)
from tests.conftest import NOW

PEOPLE = (demo.MAIN, demo.LAWYER, demo.DRIVER)


def approvals(app) -> list[int]:
    with app.app_context():
        return list(db.session.scalars(select(Evento.solicitud_id).where(Evento.accion == str(Action.APPROVE)).order_by(Evento.id)))


def test_over_the_filter_two_done_one_explained_and_again_changes_nothing(put, sge, sign_in, row, app):
    numbers = [put(lambda a=a: sent(a, estimado_documentos=9)) for a in PEOPLE]
    link = page(sge).xpath("//a[contains(., 'Aprobar las 3 que cumplen')]")[0]
    preview = page(sge, link.get("href"))
    assert "Se aprobarán 3 solicitudes" in said(preview) and "Cumplen los controles" in said(preview)
    assert [tr.xpath("string(th)").strip() for tr in preview.xpath("//table[caption[contains(., 'Se aprobarán')]]/tbody/tr")] == [f"{n:06d}" for n in numbers]
    sign_in(SECOND).post(f"/mesa/{numbers[2]}/eliminar", data={"motivo": "vigente", "version": "2"})
    form = next(f for f in preview.forms if "sello" in f.fields)
    first, second = (sge.post(form.action, data=dict(form.fields) | {"filtro": form.fields["filtro"] + "\x00"}) for _ in range(2))
    assert (first.status_code, first.location) == (303, second.location), "a double click is one Lote"
    text = said(page(sge, first.location))
    assert "2 solicitudes aprobadas de 3" in text and "1 solicitud no se aprobó" in text
    assert "Gabriela Ximena Tamayo Jácome registró «Eliminada por la SGE» el 18 nov 2026, 10:00." in text
    assert said(page(sge, first.location)) == text, "reload is harmless"
    assert [row(n, "estado") for n in numbers] == [Estado.APROBADA, Estado.APROBADA, Estado.ELIMINADA]
    assert not row(numbers[0], "incluir_reservados") and approvals(app) == numbers[:2]
    with app.app_context():
        assert len(db.session.scalars(select(Correo).where(Correo.plantilla == "aprobada")).all()) == 4
    listed = said(page(sign_in(SECOND), "/mesa/lotes"))
    assert "Iván Peñaherrera Zúñiga" in listed and "Cumplen los controles" in listed


def test_ticked_rows_and_what_must_be_looked_at(put, sge, row):
    foreign = put(lambda: sent(demo.MAIN, petition_of(demo.LAWYER, NOW.date())))
    fine = put(lambda: sent(demo.DRIVER, estimado_documentos=9))
    doc = page(sge, "/mesa?vista=todas")
    form = doc.get_element_by_id("cola")
    assert form.get("method") == "get" and doc.xpath("//input[@name='ids'][not(@disabled)]/@value") == [str(fine)]
    preview = page(sge, f"{form.get('action')}?seleccion=1&ids={fine}&ids={foreign}&ids=nada&ids=-5&ids={10**25}")
    assert "La cédula del documento es de otra persona: se decide por separado." in said(preview)
    assert "1 solicitud aprobada de 1" in said(confirm(sge, preview))
    assert (row(fine, "estado"), row(foreign, "estado")) == (Estado.APROBADA, Estado.ENVIADA)


def test_nothing_ticked_and_nothing_to_approve(put, sge):
    put(sent)
    answer = sge.get("/mesa/lote?seleccion=1")
    assert answer.status_code == 422 and "Seleccione al menos una solicitud" in answer.text
    assert_page(answer.text)
    empty = page(sge, "/mesa/lote?q=nadie")
    assert "Ninguna solicitud se puede aprobar así" in said(empty) and not [f for f in empty.forms if "sello" in f.fields]


@pytest.mark.parametrize("sello", ["", "basura", "x" * 5000])
def test_a_tampered_confirmation_changes_nothing(put, sge, app, sello):
    number = put(sent)
    answer = sge.post("/mesa/lote?vista=cumplen", data={"sello": sello, "ids": number})
    assert answer.status_code == 422 and "La vista previa caducó" in answer.text
    assert_page(answer.text)
    assert "Se aprobará 1 solicitud" in answer.text, "the list is shown again, to be confirmed anew"
    assert approvals(app) == []


def test_a_long_lote_shows_its_progress_and_goes_on(put, sge, row, monkeypatch):
    numbers = [put(lambda a=a: sent(a, estimado_documentos=9)) for a in PEOPLE]
    monkeypatch.setattr(desk_batch, "AT_ONCE", 0.0)
    doc = confirm(sge, page(sge, "/mesa/lote"))
    assert "1 solicitud aprobada de 3" in said(doc) and "2 están en espera" in said(doc)
    polled = doc.get_element_by_id("lote")
    assert polled.get("hx-trigger") == "every 2s" and polled.get("name") == "sondeo"
    assert_fragment(sge.get(polled.get("hx-get"), headers=HTMX).text)
    form = next(f for f in doc.forms if f.action.endswith("/continuar"))
    for _ in range(2):
        assert sge.post(form.action).status_code == 303
    done = page(sge, polled.get("hx-get"))
    assert "3 solicitudes aprobadas de 3" in said(done) and not done.xpath("//*[@hx-trigger='every 2s']")
    assert {row(n, "estado") for n in numbers} == {Estado.APROBADA}


# --- opened -------------------------------------------------------------------------------------------------------------


def test_a_page_that_is_read_writes_nothing_its_sign_of_life_does(put, sge, sign_in, row):
    number = put(sent)
    beacon = page(sge, f"/mesa/{number}").get_element_by_id("presencia")
    assert row(number, "abierta_en") is None
    assert beacon.get("hx-post") == f"/mesa/{number}/abierta" and beacon.get("name") == "sondeo"
    answer = sge.post(beacon.get("hx-post"), headers=HTMX)
    assert_fragment(answer.text)
    assert row(number, "abierta_en") == NOW and "La está viendo" not in answer.text and "30s" in answer.text
    other = sign_in(SECOND).post(f"/mesa/{number}/abierta", headers=HTMX)
    assert "La está viendo Iván Peñaherrera Zúñiga desde las 10:00" in text_of(parser.fromstring(other.text))
    assert "La está viendo Gabriela Ximena Tamayo Jácome" in said(page(sge, f"/mesa/{number}"))


def test_the_sign_of_life_tells_of_a_decision_and_stops(put, sge, sign_in, row):
    number = put(sent)
    sign_in(SECOND).post(f"/mesa/{number}/aprobar", data={"fecha": "2026-11-24", "version": "2", "cotejo": FOUR})
    answer = sge.post(f"/mesa/{number}/abierta", headers=HTMX)
    assert "Gabriela Ximena Tamayo Jácome registró «Aprobada»" in answer.text and "hx-trigger" not in answer.text
    assert sge.post("/mesa/999/abierta", headers=HTMX).status_code == 404


# --- filters in the address -----------------------------------------------------------------------------------------------


def test_filters_travel_in_every_link_and_come_back(put, sge):
    number, following = put(lambda: sent(demo.MAIN)), put(lambda: sent(demo.LAWYER))
    query = "vista=cumplen&clase=institucional&tamano=pequeno"
    doc = page(sge, f"/mesa?{query}")
    row_link = doc.xpath(f"//tr[@id='fila-{number}']//a/@href")[0]
    assert query in row_link
    panel = page(sge, row_link)
    assert f"/mesa/{number}/aprobar?{query}" in [f.action for f in panel.forms]
    assert [o.get("value") for o in panel.xpath("//select/option[@selected]")] == ["", "institucional", "", "pequeno"]
    answer = sge.post(f"/mesa/{number}/aprobar?{query}", data={"fecha": "2026-11-24", "version": "2", "cotejo": FOUR})
    assert answer.location == f"/mesa?s={following}&hecha={number}&{query}"
    nexts = panel.xpath("//section[@id='panel']//a[@aria-keyshortcuts='J']/@href")
    assert nexts == [f"/mesa/{following}?{query}"]


@pytest.mark.parametrize("query", ["vista=x&clase=y&tamano=z&reservados=w&institucion=-1&cursor=zzz", f"institucion={10**17}&cursor={'x' * 5000}", "q=%00%25"])
def test_nonsense_in_the_address_is_no_filter(put, sge, query):
    put(sent)
    page(sge, f"/mesa?{query}")
    page(sge, f"/mesa/lote?{query}")


def test_what_was_decided_before_is_told_with_links(put, sge, row):
    first = put(sent)
    sge.post(f"/mesa/{first}/eliminar", data={"motivo": "documento_no_corresponde", "detalle": "Era otro oficio.", "version": "2"})
    second = put(sent)
    doc = page(sge, f"/mesa/{second}")
    assert doc.xpath(f"//a[@href='/solicitudes/{first}']") and "«El documento asociado no corresponde al servidor público. Era otro oficio.»" in said(doc)
    assert "Es la primera solicitud de esta persona." in said(page(sge, f"/mesa/{put(lambda: sent(demo.LAWYER))}"))
