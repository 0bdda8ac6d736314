"""The board's page: every figure leads to exactly what it counts; spans, views and roles that make no sense."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta

import pytest
from lxml import html as parser

from extensions import db
from models import Correo, CorreoEstado
from rules.lifecycle import Estado, Motivo
from services import clock
from tests.blueprints import solicitud_cases as cases
from tests.blueprints.css import find
from tests.blueprints.strict import assert_fragment, assert_page, text_of
from tests.conftest import NOW

E = Estado


@pytest.fixture
def country(app) -> None:
    """Requests in every estado, some archives that end soon, some with novedades, two mails that failed."""
    with cases.context(app):
        cases.plant(4, enviada_en=NOW - timedelta(days=9), fecha_solicitud=NOW - timedelta(days=9))
        cases.plant(3, estado=E.APROBADA, enviada_en=NOW, aprobada_en=NOW)
        made = {"enviada_en": NOW - timedelta(days=6), "aprobada_en": NOW - timedelta(days=5)}
        cases.plant(2, estado=E.ATENDIDA, generada_en=NOW - timedelta(hours=1), vigente_hasta=cases.expires_in(0), **made)
        cases.plant(3, estado=E.ATENDIDA, generada_en=NOW - timedelta(days=2), vigente_hasta=cases.expires_in(1), **made)
        cases.plant(5, estado=E.ELIMINADA, motivo=Motivo.VIGENCIA_TERMINADA, generada_en=NOW - timedelta(days=1), vigente_hasta=NOW, **made)
        for i in range(2):
            db.session.add(Correo(clave=f"f{i}", plantilla="lista", para=f"aiq{i}@demo.gob.ec", asunto="Respaldo listo", texto="secreto", html="",
                                  estado=CorreoEstado.FALLIDO, intentos=7, error="SMTPRecipientsRefused", creado_en=NOW))
    cases.make(app, E.DETENIDA)
    cases.make(app, E.ATENDIDA)  # with a novedad


def page_of(client, path: str, status: int = 200):
    answer = client.get(path)
    text = answer.get_data(as_text=True)
    assert answer.status_code == status, text[:2000]
    assert_page(text)
    return parser.document_fromstring(text)


def cards(doc) -> dict[str, tuple[str, str]]:
    """Words of each card → its figure and its address."""
    found = {}
    for card in find(doc, ".tab-cifras > li"):
        link = find(card, "a.lbl")[0]
        found[text_of(link)] = (text_of(find(card, ".big")[0]), link.get("href"))
    return found


def spoken(element) -> str:
    """Every text inside, with a blank between two."""
    return " ".join(" ".join(element.itertext()).replace("\xa0", " ").split())


def total_of(client, url: str) -> int:
    heading = text_of(find(page_of(client, url), "#res-t, #fallidos-t")[0])
    return int(re.match(r"(\d+)", heading)[1]) if heading[0].isdigit() else 0


@pytest.mark.parametrize(
    "name, expected", [("Por aprobar", 4), ("Detenidas", 1), ("Vencen en 24 horas", 2), ("Vencen en 48 horas", 5), ("Con novedades", 1), ("Correos fallidos", 2)],
)
def test_a_click_on_a_figure_shows_as_many_rows(app, sge, country, name, expected):
    figure, url = cards(page_of(sge, "/tablero"))[name]
    assert int(figure) == expected == total_of(sge, url)


def test_the_means_and_todays_figures_lead_to_the_archives_behind_them(app, sge, country):
    doc = page_of(sge, "/tablero")
    found = cards(doc)
    assert total_of(sge, found["Tiempo medio de atención"][1]) == 11
    assert "11 respaldos, en días laborables desde la aprobación (plazo: 5)" in text_of(doc)
    assert total_of(sge, found["Generado hoy"][1]) == 3 and "3 respaldos" in text_of(doc)


def test_the_queue_by_estado_leads_to_its_lists(app, sge, country):
    for item in find(find(page_of(sge, "/tablero"), "#cola-t")[0].getparent().getparent(), ".legend li"):
        link, number = find(item, "a")[0], int(text_of(find(item, "strong")[0]))
        assert total_of(sge, link.get("href")) == number


def test_charts_are_pictures_with_a_title_a_description_and_their_numbers(app, sge, country):
    doc = page_of(sge, "/tablero?desde=2026-06-01&hasta=2026-11-18")
    for svg in find(doc, "figure svg[role=img]"):
        ids = svg.get("aria-labelledby"), svg.get("aria-describedby")
        assert all(text_of(doc.get_element_by_id(i)) for i in ids)
    tables = {text_of(t.find("caption")): t for t in find(doc, "figure table")}
    assert spoken(find(tables["Solicitudes por mes"], "tbody tr")[-1]) == "noviembre 2026 19"
    # Approved on Friday the 13th: two took 3 working days, three 1, five 2; the last was approved and finished today.
    weeks = spoken(tables["Tiempo medio por semana"])
    assert "9 nov 2026 a 15 nov 2026 — 0" in weeks and "16 nov 2026 a 18 nov 2026 1,7 11" in weeks
    assert "17 nov 2026 0 bytes 0 % 5" in spoken(tables["GB por día y capacidad"])


def test_the_page_asks_for_its_figures_again_and_gets_only_them(app, sge):
    doc = page_of(sge, "/tablero?desde=2026-10-01&hasta=2026-11-18")
    board = doc.get_element_by_id("tablero")
    assert board.get("name") == "sondeo" and board.get("hx-trigger") == "every 60s"
    fragment = sge.get(board.get("hx-get"), headers={"HX-Request": "true"}).get_data(as_text=True)
    assert_fragment(fragment)
    assert 'id="tablero"' in fragment and "desde=2026-10-01" in fragment


def test_the_print_view_opens_the_tables_and_asks_for_nothing(app, sge, country):
    doc = page_of(sge, "/tablero?imprimir=1")
    assert doc.get_element_by_id("tablero").get("hx-get") is None
    assert all(d.get("open") is not None for d in find(doc, "figure details")) and find(doc, "[data-print]")


@pytest.mark.parametrize("query, problem", [
    ("desde=2026-11-10&hasta=2026-11-01", "debe ser menor o igual"), ("desde=ayer", "no es una fecha válida"), ("desde=2026-02-30", "no es una fecha válida"),
    ("hasta=2026-11-19", "no puede ser posterior a hoy"), ("desde=1800-01-01", "no puede ser anterior"), ("desde=9999-12-31", "posterior a hoy"),
    ("desde=2010-01-01", "no puede superar 5 años"), ("desde=%00&hasta=%3Cb%3E", "no es una fecha válida"), ("hasta=" + "9" * 5000, "no es una fecha válida"),
])
def test_a_span_that_makes_no_sense_is_refused_beside_its_field(app, sge, query, problem):
    for path in ("/tablero", "/tablero/datos.xlsx"):
        doc = page_of(sge, f"{path}?{query}", 422)
        assert problem in text_of(find(doc, ".err")[0]) and not find(doc, "figure")


def test_the_longest_span_that_is_shown(app, sge):
    first = clock.today() - timedelta(days=5 * 366 - 1)
    page_of(sge, f"/tablero?desde={first}&hasta={clock.today()}")
    page_of(sge, f"/tablero?desde={first - timedelta(days=1)}&hasta={clock.today()}", 422)


class TestWithoutCapacity:
    @pytest.fixture
    def settings(self):
        return {"CAPACITY_BYTES": 0}

    def test_nothing_is_divided_by_it(self, app, sge):
        assert "La capacidad diaria no está configurada" in text_of(page_of(sge, "/tablero"))
        assert sge.get("/tablero/datos.xlsx").status_code == 200


def test_the_workbook_has_the_figures_and_every_day(app, sge, country):
    answer = sge.get("/tablero/datos.xlsx?desde=2026-11-01&hasta=2026-11-18")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="tablero_2026-11-01_2026-11-18.xlsx"'
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        names = re.findall(r'<sheet name="([^"]+)"', book.read("xl/workbook.xml").decode())
        days = book.read("xl/worksheets/sheet4.xml").decode().count("<row ")
    assert names == ["Indicadores", "Por mes", "Por semana", "Por día", "En trámite"] and days == 19


@pytest.mark.parametrize("view", ["nada", "generadas.2026-11-02.2026-11-01", "generadas.x.y", "%00", "'; DROP TABLE solicitud"])
def test_an_unknown_view_of_the_list_is_refused_with_words(app, sge, view):
    answer = sge.get("/solicitudes", query_string={"cifra": view})
    assert answer.status_code == 422 and "La cifra del tablero no existe" in answer.get_data(as_text=True)
    assert_page(answer.get_data(as_text=True))


def test_a_view_says_what_it_shows_and_can_be_left(app, sge, country):
    doc = page_of(sge, "/solicitudes?cifra=vencen-48h-sin-descarga")
    chip = find(doc, "#resultados .chip.on")[0]
    assert "Vencen en 48 horas sin descarga completa" in text_of(chip) and "cifra" not in chip.get("href")
    assert find(doc, "#filtros input[name=cifra]")[0].get("value") == "vencen-48h-sin-descarga"


def test_an_aiq_sees_of_a_view_only_the_own_institution(app, sign_in, country):
    assert total_of(sign_in("aiq@demo.gob.ec"), "/solicitudes?cifra=vencen-48h-sin-descarga") == 5
    assert "No se encontraron" in sign_in("aiq@otra.gob.ec").get("/solicitudes?cifra=vencen-48h-sin-descarga").get_data(as_text=True)


# --- mails that failed -------------------------------------------------------------------------------------------------


def test_failed_mails_are_listed_without_what_they_say_and_sent_again_once(app, sge, country):
    doc = page_of(sge, "/tablero/correos")
    assert len(find(doc, "tbody tr")) == 2 and "secreto" not in text_of(doc)
    action = find(doc, "tbody form")[0].get("action")
    assert sge.post(action).status_code == 303
    again = sge.post(action)
    assert again.status_code == 409 and "ya no está entre los fallidos" in again.get_data(as_text=True)
    assert total_of(sge, "/tablero/correos") == 1


def test_without_failed_mails_the_list_says_so(app, sge):
    assert "No hay correos fallidos" in text_of(page_of(sge, "/tablero/correos"))


# --- who may -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("correo", ["aiq@demo.gob.ec", "servidor@demo.gob.ec"])
def test_the_board_is_the_sges(app, sign_in, country, correo):
    client = sign_in(correo)
    for path in ("/tablero", "/tablero/datos.xlsx", "/tablero/correos"):
        assert client.get(path).status_code == 403
    assert client.post("/tablero/correos/1/reenviar").status_code in {403, 404}
    assert "/tablero" not in client.get("/").get_data(as_text=True)


def test_the_menu_of_the_sge_has_the_board_and_the_production(app, sge):
    links = {text_of(a): a.get("href") for a in find(page_of(sge, "/"), "nav.side a")}
    assert links["Tablero"] == "/tablero" and links["Producción"] == "/produccion"
