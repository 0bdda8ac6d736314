"""Around the list: views everybody has and one's own, the whole filter as a file, the header's search, numbered pages."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import timedelta

import pytest
from lxml import html as parser

from extensions import db
from models import Descarga, Ejecucion, Entrega, Novedad, Parte, Solicitud, VistaGuardada
from rules.lifecycle import Estado
from services import clock, people
from sources import demo_people
from tests.blueprints import solicitud_cases as cases
from tests.blueprints.strict import assert_fragment, assert_page
from tests.blueprints.test_listado import HTMX, URL, link, numbers, read, words
from tests.conftest import NOW


def ready(number: int) -> Ejecucion:
    return db.session.scalar(db.select(Ejecucion).where(Ejecucion.solicitud_id == number))


class TestFixedViews:
    def test_what_expires_within_48_hours(self, app, sge):
        with cases.context(app):
            today, soon, later, over = cases.plant(4, estado=Estado.ATENDIDA, vigente_hasta=lambda i: [cases.expires_in(0), cases.expires_in(1), cases.expires_in(2), NOW][i])
        assert set(numbers(read(sge, URL + "?vista=vencen-48h"))) == {today, soon}

    def test_what_is_late(self, app, sge):
        with cases.context(app):
            late, stopped, planned, done = cases.plant(
                4, estado=lambda i: [Estado.APROBADA, Estado.DETENIDA, Estado.APROBADA, Estado.ATENDIDA][i], vigente_hasta=cases.expires_in(3),
                fecha_tentativa=lambda i: clock.today() - timedelta(days=[1, 5, 0, 9][i]), fecha_solicitud=NOW - timedelta(days=900))
        assert set(numbers(read(sge, URL + "?vista=atrasadas"))) == {late, stopped}, "of any date"

    def test_archives_with_novedades_without_acta_and_never_opened(self, app, sge):
        first, second = cases.make(app, Estado.ATENDIDA), cases.make(app, Estado.ATENDIDA, person=demo_people.LAWYER)
        with cases.context(app):
            ready(first).con_novedad = ready(second).con_novedad = 1
            # A complement has brought what the second one lacked.
            for number, brought_by in ((first, None), (second, ready(second).id)):
                db.session.query(Novedad).filter_by(ejecucion_id=ready(number).id).delete()
                db.session.add(Novedad(ejecucion_id=ready(number).id, documento_codi="1", causa="ausente", recuperada_por_id=brought_by))
            author = cases.actor("aiq@demo.gob.ec").usuario_id
            part = db.session.scalar(db.select(Parte).where(Parte.ejecucion_id == ready(first).id))
            db.session.add(Descarga(parte_id=part.id, usuario_id=author, primera_en=NOW, ultima_en=NOW))
            db.session.add(Entrega(solicitud_id=first, fecha=NOW.date(), recibe_nombre="X", recibe_cedula="1", registrada_por_id=author, registrada_en=NOW))
        assert numbers(read(sge, URL + "?vista=con-novedades")) == [first] == numbers(read(sge, URL + "?cifra=vigentes-con-novedades"))
        assert numbers(read(sge, URL + "?vista=sin-acta")) == [second] == numbers(read(sge, URL + "?vista=sin-abrir"))
        chips = read(sge, URL + "?vista=sin-acta").xpath("//nav[@aria-label='Vistas guardadas']/a[@aria-current]")
        assert [c.text for c in chips] == ["Sin acta"]

    def test_an_unknown_view_is_the_list(self, app, sge):
        with cases.context(app):
            cases.plant(2)
        assert len(numbers(read(sge, URL + "?vista=inventada"))) == 2


class TestOwnViews:
    def save(self, client, nombre="Enviadas", consulta="inicio=&fin=&estado=enviada&cursor=abc"):
        return client.post("/solicitudes/vistas", data={"nombre": nombre, "consulta": consulta})

    def test_save_open_rename_and_delete(self, app, aiq, sign_in):
        with cases.context(app):
            cases.plant(1)
        answer = self.save(aiq)
        assert answer.status_code == 303 and answer.headers["Location"] == "/solicitudes?inicio=&fin=&estado=enviada"
        doc = read(aiq, answer.headers["Location"])
        chip = doc.xpath("//nav[@aria-label='Vistas guardadas']/a[@aria-current]")[0]
        assert chip.text == "Enviadas" and len(numbers(doc)) == 1
        with cases.context(app):
            row = db.session.scalar(db.select(VistaGuardada))
            number = row.id
        assert not read(sign_in("respaldo@demo.gob.ec")).xpath("//nav[@aria-label='Vistas guardadas']")
        assert aiq.post(f"/solicitudes/vistas/{number}/nombre", data={"nombre": "Las enviadas"}).status_code == 303
        assert_page(aiq.get("/solicitudes/vistas").get_data(as_text=True))
        assert "Las enviadas" in aiq.get("/solicitudes/vistas").get_data(as_text=True)
        assert aiq.post(f"/solicitudes/vistas/{number}/eliminar").status_code == 303
        assert "Aún no tiene vistas" in aiq.get("/solicitudes/vistas").get_data(as_text=True)

    @pytest.mark.parametrize("nombre, message", [("", "Escriba un nombre"), ("a" * 81, "80 caracteres"), ("ENVIADAS", "Ya tiene una vista"), ("\x00\u202e ", "Escriba un nombre")])
    def test_a_bad_name_is_said_and_changes_nothing(self, app, aiq, nombre, message):
        self.save(aiq)
        answer = self.save(aiq, nombre, "nombre=ana")
        text = answer.get_data(as_text=True)
        assert answer.status_code == 422 and message in text and 'value="nombre=ana"' in text
        assert_page(text)
        with cases.context(app):
            number = db.session.scalars(db.select(VistaGuardada.id)).one()
        self.save(aiq, "Otra")
        again = aiq.post(f"/solicitudes/vistas/{number}/nombre", data={"nombre": "OTRA"})
        assert again.status_code == 422 and "Ya tiene una vista" in again.get_data(as_text=True)

    def test_there_is_a_limit(self, aiq):
        for n in range(20):
            assert self.save(aiq, f"Vista {n}").status_code == 303
        assert self.save(aiq, "Una más").status_code == 422
        assert self.save(aiq, "Larga", "nombre=" + "a" * 3000).status_code == 422


class TestFiles:
    @pytest.fixture
    def rows(self, app) -> list[int]:
        with cases.context(app):
            ids = cases.plant(45, estado=lambda i: Estado.ATENDIDA if i == 0 else Estado.ENVIADA, vigente_hasta=lambda i: cases.expires_in(1) if i == 0 else None)
            first = db.session.get(Solicitud, ids[0])
            first.persona_nombre, first.persona_puesto = "=1+1", "Señor; \"ñandú\"\n-2"
            return ids

    def table(self, client, query=""):
        answer = client.get(f"/solicitudes/exportar.csv?{query}")
        assert answer.status_code == 200 and answer.mimetype == "text/csv" and "attachment" in answer.headers["Content-Disposition"]
        raw = answer.get_data()
        assert raw.startswith(b"\xef\xbb\xbfN\xc2\xba Solicitud;")
        return list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))

    def test_csv_has_every_row_of_the_filter_and_no_formula(self, aiq, rows):
        table = self.table(aiq)
        assert len(table) == 46 and len({row[0] for row in table[1:]}) == 45
        first = next(row for row in table if row[0] == str(rows[0]))
        assert first[1] == "'=1+1" and first[4].startswith("Señor; \"ñandú\"")
        assert first[9] == "18/11/2026 10:00" and first[12] == "Atendida" and first[15] == "19/11/2026 23:59"
        assert len(self.table(aiq, "estado=atendida")) == 2

    def test_rows_come_in_the_lists_order_batch_after_batch(self, aiq, rows, monkeypatch):
        monkeypatch.setattr("services.listing.EXPORTED", 7)
        for order in ("nro", "-fecha", "estado", "vigencia"):
            assert [int(r[0]) for r in self.table(aiq, f"orden={order}")[1:21]] == numbers(read(aiq, f"{URL}?orden={order}"))

    def test_xlsx_has_them_too_and_texts_stay_texts(self, aiq, rows):
        answer = aiq.get("/solicitudes/exportar.xlsx")
        assert answer.status_code == 200 and ".xlsx" in answer.headers["Content-Disposition"]
        with zipfile.ZipFile(io.BytesIO(answer.get_data())) as book:
            sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert sheet.count("<row ") == 46 and "<f>" not in sheet and "=1+1" in sheet and "ñandú" in sheet

    def test_bad_filters_make_no_file(self, aiq):
        for suffix in ("csv", "xlsx"):
            assert aiq.get(f"/solicitudes/exportar.{suffix}?inicio=ayer").status_code == 422


class TestHeader:
    def options(self, client, q):
        answer = client.get("/buscar", query_string={"q": q}, headers=HTMX)
        assert answer.status_code == 200
        assert_fragment(answer.get_data(as_text=True))
        return parser.fragment_fromstring(answer.get_data(as_text=True), create_parent="div")

    def test_requests_and_people_are_suggested(self, app, aiq):
        number = cases.make(app, Estado.ENVIADA)
        doc = self.options(aiq, "ñau")
        hrefs = doc.xpath("//li[@role='option']/@data-href")
        assert hrefs[0] == f"/solicitudes/{number}" and hrefs[1].startswith("/usuarios/")
        assert doc.xpath("//li[1]//mark")[0].text == "Ñau"
        assert self.options(aiq, str(number)).xpath("//li/@data-href")[0] == f"/solicitudes/{number}"
        assert self.options(aiq, demo_people.MAIN.cedula).xpath("count(//li)") >= 2

    @pytest.mark.parametrize("q", ["", "a", "%", "_", "'", '"', "AND", "NEAR(", "ma* OR x", "😀", "\x00", "x" * 10_000, "9" * 30, "-1", "<b>x</b>"])
    def test_whatever_is_typed_is_harmless(self, aiq, q):
        doc = self.options(aiq, q)
        assert doc.xpath("//b//b") == [] and doc.xpath("//*[@id='global-nota']")

    def test_without_htmx_it_is_the_list(self, aiq, sign_in):
        assert aiq.get("/buscar?q=ana").headers["Location"] == "/solicitudes?q=ana"
        assert sign_in("servidor@demo.gob.ec").get("/buscar?q=ana").status_code == 403


def test_short_lists_have_numbered_pages(app, aiq):
    with cases.context(app):
        cases.plant(95)
    doc = read(aiq)
    marks = doc.xpath("//nav[@aria-label='Paginación']//a[@aria-label]")
    assert [m.text for m in marks] == ["1", "2", "3", "5"] and marks[0].get("aria-current") == "page"
    third = read(aiq, marks[2].get("href"))
    assert numbers(third) == numbers(read(aiq, link(read(aiq, link(doc, "Siguiente")), "Siguiente"))) and "41 a 60 de 95" in words(third)


def test_the_way_back_leads_to_the_list_as_it_was(app, aiq):
    with cases.context(app):
        number = cases.plant(1)[0]
    read(aiq, URL + "?inicio=&fin=&estado=enviada&orden=nro")
    doc = parser.document_fromstring(aiq.get(f"/solicitudes/{number}").get_data(as_text=True))
    back = doc.xpath("//ol[@class='crumbs']//a[contains(., 'Listado')]/@href")[0]
    assert "estado=enviada" in back and "orden=nro" in back and "inicio=" in back


def test_rows_of_names_with_accents_are_found_after_an_edit(app, aiq):
    """The word index follows the row, whoever writes it."""
    with cases.context(app):
        number = cases.plant(1, busqueda=people.search_text("Zoila", "Ñusta"))[0]
    assert numbers(read(aiq, URL + "?nombre=zoi")) == [number]
    with cases.context(app):
        db.session.get(Solicitud, number).busqueda = people.search_text("Narcisa", "Ñusta")
    assert numbers(read(aiq, URL + "?nombre=zoi")) == [] and numbers(read(aiq, URL + "?nombre=nar nus")) == [number]
