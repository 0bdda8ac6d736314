"""What of the lists only a browser can measure: nothing leaves the screen at any width, a phone can search and sort, paper holds the whole table."""

from __future__ import annotations

import io
import re

import pypdfium2
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

LISTS = ("/solicitudes?inicio=&fin=", "/usuarios", "/instituciones", "/registro-aiq", "/cambios")
WIDTHS = (1280, 1024, 900, 820, 768, 700, 480, 390, 360, 320)
OPENED = "details.menu[open] > .menu-box"
SIZES = """() => ({page: document.documentElement.scrollWidth, cut: [...document.querySelectorAll('.tw')].map(t => t.scrollWidth - t.clientWidth),
    cards: getComputedStyle(document.querySelector('.table thead')).display === 'none'})"""


def within(page, box: dict, width: int) -> bool:
    return box["x"] >= 0 and box["x"] + box["width"] <= width and page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("path", LISTS)
def test_no_list_is_wider_than_its_screen_nor_is_what_it_opens(person, path):
    page = person("sge@demo.gob.ec")
    page.goto(path)
    wrong = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        sizes = page.evaluate(SIZES)
        if sizes["page"] > width or (sizes["cards"] and any(cut > 0 for cut in sizes["cut"])):
            wrong.append((width, sizes))
        for summary in page.locator("main details.menu > summary").all():
            summary.click()
            if not within(page, page.locator(OPENED).bounding_box(), width):
                wrong.append((width, summary.inner_text(), page.locator(OPENED).bounding_box()))
            page.keyboard.press("Escape")
    assert not wrong


@pytest.mark.parametrize(("path", "choice", "order"), [
    ("/solicitudes?inicio=&fin=", "Nombre, de la A a la Z", "nombre"), ("/usuarios", "Nombre, de la Z a la A", "-nombre"),
    ("/instituciones", "Etapa, según el proceso", "etapa"), ("/registro-aiq", "Desde, lo nuevo primero", "-desde"),
    ("/cambios", "Institución, de la A a la Z", "institucion"),
])  # fmt: skip
def test_cards_are_sorted_by_a_choice(person, path, choice, order):
    page = person("sge@demo.gob.ec")
    page.goto(path)
    sort = page.get_by_label("Ordenar por")
    expect(sort).to_be_hidden()
    page.set_viewport_size({"width": 390, "height": 800})
    expect(sort).to_be_visible()
    sort.focus()
    sort.select_option(choice)
    page.wait_for_url(re.compile(f"orden={order}(&|$)"))
    expect(page.locator("#f-orden option:checked")).to_have_text(choice)
    expect(sort).to_be_focused()
    # The order stays when a field changes afterwards.
    page.locator("#filtros button", has_text="Buscar").click()
    page.wait_for_url(re.compile(f"orden={order}(&|$)"))


@pytest.mark.parametrize("correo", ["sge@demo.gob.ec", "aiq@otra.gob.ec"], ids=["with-fields", "without"])
def test_cards_are_sorted_and_everything_is_searched_without_javascript(chromium, site, person, correo):
    state = person(correo).context.storage_state()
    context = chromium.new_context(
        base_url=site.url, locale="es-EC", java_script_enabled=False, storage_state=state, viewport={"width": 360, "height": 740},
    )
    try:
        page = context.new_page()
        page.goto("/cambios")
        page.get_by_label("Ordenar por").select_option("Institución, de la Z a la A")
        page.get_by_role("button", name="Ordenar").click()
        page.wait_for_url(re.compile("orden=-institucion"))
        expect(page.locator("#f-orden option:checked")).to_have_text("Institución, de la Z a la A")
        page.locator("#global-q").click()
        page.keyboard.type("xyzzy")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/solicitudes\?q=xyzzy"))
    finally:
        context.close()


@pytest.mark.parametrize("width", [860, 600, 390, 320])
def test_a_narrow_screen_searches_everything(person, width):
    page = person("sge@demo.gob.ec")
    page.set_viewport_size({"width": width, "height": 740})
    box = page.get_by_role("combobox", name="Buscar solicitud o persona por número, nombre o cédula")
    resting = box.bounding_box()
    assert within(page, resting, width) and min(resting["width"], resting["height"]) >= 38
    page.mouse.click(resting["x"] + resting["width"] / 2, resting["y"] + 20)
    page.keyboard.type("ma", delay=30)
    option = page.locator("#global-lista [role=option]").first
    expect(option).to_be_visible()
    assert box.bounding_box()["width"] >= 240 and within(page, box.bounding_box(), width) and within(page, option.bounding_box(), width)
    option.click()
    page.wait_for_url(re.compile(r"/(solicitudes|usuarios)/\d+"))
    # Left again, the header is as it was.
    assert page.locator("header .logo").bounding_box()["x"] >= 0 and box.bounding_box() == resting


@pytest.mark.parametrize(("path", "last"), [
    ("/solicitudes?inicio=2020-01-01&fin=&estado=atendida", "Vigente hasta"), ("/usuarios?estado=activos", "Último ingreso"),
])  # fmt: skip
def test_paper_begins_with_the_rows_and_holds_every_column(person, path, last):
    page = person("sge@demo.gob.ec")
    page.goto(path)
    name = page.locator("#resultados tbody th a").first.inner_text().split()[0]
    with pypdfium2.PdfDocument(io.BytesIO(page.pdf(prefer_css_page_size=True))) as pdf:
        first = pdf[0].get_textpage().get_text_bounded()
        assert name in first, "the rows begin on the first sheet"
        assert "yyyy" not in first and "aaaa" not in first and "Buscar" not in first
    # The width that A4 leaves between its margins.
    page.set_viewport_size({"width": 680, "height": 1000})
    page.emulate_media(media="print")
    expect(page.locator("#filtros")).to_be_hidden()
    head = page.locator("#resultados thead th", has_text=last).bounding_box()
    assert head["x"] + head["width"] <= 680


def test_paper_says_the_filters_that_are_set(person):
    page = person("sge@demo.gob.ec")
    page.goto("/solicitudes?inicio=2020-01-01&fin=&estado=atendida")
    said = page.locator("#resultados .paper")
    expect(said).to_be_hidden()
    page.emulate_media(media="print")
    expect(said).to_have_text("Fecha Inicio: 1 ene 2020 · Estado: Atendida")
