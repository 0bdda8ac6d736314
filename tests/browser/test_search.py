"""Search and listing by keyboard alone, in a real browser on the real processes: the header's combobox, the filters, a saved view."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


def test_the_header_suggests_and_the_keyboard_chooses(person):
    page = person("aiq@demo.gob.ec")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/buscar" in request.url else None)
    box = page.get_by_role("combobox", name="Buscar solicitud o persona por número, nombre o cédula")
    box.focus()
    page.keyboard.type("nauñ", delay=30)
    options = page.locator("#global-lista [role=option]")
    expect(options.first).to_be_visible()
    assert len(asked) == 1, f"250 ms of silence before one question: {asked}"
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(options.first.locator("mark").first).to_have_text(re.compile("Ñau", re.IGNORECASE))
    expect(page.locator("#global-nota")).to_contain_text("Enter muestra todas las solicitudes")
    assert page.locator("[role=status]", has=page.locator("#global-nota")).count() == 1
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "global-op1")
    page.keyboard.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/(solicitudes|usuarios)/\d+"))


def test_enter_without_a_choice_lists_the_requests(person):
    page = person("sge@demo.gob.ec")
    page.get_by_role("combobox").first.focus()
    page.keyboard.type("xyzzy")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/solicitudes\?q=xyzzy"))
    expect(page.get_by_role("heading", name="No se encontraron solicitudes")).to_be_visible()


def test_filters_and_a_saved_view_by_keyboard(person):
    page = person("aiq@demo.gob.ec")
    page.goto("/solicitudes")
    page.locator("#f-estado").focus()
    page.keyboard.press("Enter")
    page.get_by_role("checkbox", name="Por enviar").focus()
    page.keyboard.press("Space")
    expect(page.locator("#f-estado")).to_contain_text("Por enviar")
    page.wait_for_url(re.compile("estado=borrador"))
    page.get_by_role("checkbox", name="Atendida").focus()
    page.keyboard.press("Space")
    page.wait_for_url(re.compile("estado=borrador(,|%2C)atendida"))
    page.keyboard.press("Escape")
    page.locator("summary", has_text="Guardar vista").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Nombre de la vista").focus()
    page.keyboard.type("Mis pendientes")
    page.keyboard.press("Enter")
    chip = page.get_by_role("navigation", name="Vistas guardadas").get_by_role("link", name="Mis pendientes")
    expect(chip).to_have_attribute("aria-current", "true")
    page.goto("/")
    page.goto("/solicitudes")
    chip.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("estado=borrador(,|%2C)atendida"))
    expect(page.locator("#f-estado")).to_contain_text("Por enviar, Atendida")


def test_rows_become_cards_on_a_phone_and_nothing_is_lost(person):
    page = person("sge@demo.gob.ec")
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto("/solicitudes?inicio=&fin=")
    expect(page.get_by_role("heading", name="Listado de solicitudes")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def institution(page):
    """The filter Institución of the list of requests."""
    return page.get_by_role("combobox", name="Institución")


@pytest.mark.parametrize("path", ["/solicitudes?inicio=&fin=", "/usuarios"])
def test_the_institution_filter_is_worked_by_keyboard(person, path):
    page = person("sge@demo.gob.ec")
    page.goto(path)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/instituciones/opciones" in request.url else None)
    box, options = institution(page), page.locator("#f-institucion-lista [role=option]")
    box.focus()
    page.keyboard.type("instit", delay=30)
    expect(options.first).to_be_visible()
    assert len(asked) == 1, f"250 ms of silence before one question: {asked}"
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(options.first.locator("mark").first).to_have_text(re.compile("instit", re.IGNORECASE))
    expect(page.locator("#f-institucion-nota")).to_contain_text(re.compile(r"instituci(ón|ones)|Mostrando"))
    before = page.url
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "f-institucion-op1")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).not_to_have_attribute("aria-activedescendant", "f-institucion-op1")
    assert page.url == before, "nothing was chosen yet"
    page.keyboard.press("ArrowDown")
    name = options.nth(int(box.get_attribute("aria-activedescendant").removeprefix("f-institucion-op")) - 1).inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"institucion=\d+"))
    expect(institution(page)).to_have_value(name)
    assert "institucion_q" not in page.url, "the address has the number, not the words"
    page.reload()
    expect(institution(page)).to_have_value(name)
    # Emptied, it filters nothing.
    institution(page).focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.press("Tab")
    expect(page).not_to_have_url(re.compile(r"institucion=\d+"))


def test_half_a_name_and_enter_ask_the_server(person):
    """One institution with these words is taken; several are offered as links, in the order of Tab."""
    page = person("sge@demo.gob.ec")
    page.goto("/solicitudes?inicio=&fin=")
    institution(page).focus()
    page.keyboard.type("zzzz")
    page.keyboard.press("Enter")
    expect(page.locator("#f-institucion-error")).to_contain_text("Ninguna institución coincide")
    institution(page).fill("snbap")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"institucion=\d+"))
    expect(institution(page)).to_have_value(re.compile(r"\(SNBAP\)"))
    expect(page.locator("#f-institucion-error")).to_have_count(0)


def test_the_institution_filter_without_javascript(chromium, site, person):
    page = person("sge@demo.gob.ec")
    context = chromium.new_context(base_url=site.url, locale="es-EC", java_script_enabled=False, storage_state=page.context.storage_state())
    try:
        plain = context.new_page()
        plain.goto("/usuarios")
        institution(plain).fill("instit")
        plain.keyboard.press("Enter")
        plain.wait_for_url(re.compile("institucion_q=instit"))
        link = plain.get_by_role("link", name=re.compile("Instituto|Institución|Institucional"))
        if institution(plain).input_value() == "instit":
            expect(plain.locator("#f-institucion-error")).to_contain_text("elija una")
            link.first.focus()
            plain.keyboard.press("Enter")
            plain.wait_for_url(re.compile(r"institucion=\d+"))
        expect(institution(plain)).to_have_value(re.compile("Instit", re.IGNORECASE))
        expect(plain.locator("#resultados tbody tr").first).to_be_visible()
    finally:
        context.close()


@pytest.mark.parametrize(("path", "field", "value", "address"), [
    ("/usuarios", "Estado en Quipux", "inactivos", "estado=inactivos"), ("/instituciones", "Etapa", "produccion", "etapa=produccion"),
    ("/registro-aiq", "Cargo", "aiq_backup", "cargo=aiq_backup"),
])  # fmt: skip
def test_every_list_keeps_a_view_and_gives_a_file_by_keyboard(person, path, field, value, address):
    page = person("sge@demo.gob.ec")
    page.goto(path)
    page.get_by_label(field).focus()
    page.get_by_label(field).select_option(value)
    page.wait_for_url(re.compile(address))
    page.locator("summary", has_text="Guardar vista").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Nombre de la vista").focus()
    page.keyboard.type("La mía")
    page.keyboard.press("Enter")
    chip = page.get_by_role("navigation", name="Vistas guardadas").get_by_role("link", name="La mía")
    expect(chip).to_have_attribute("aria-current", "true")
    page.get_by_label(field).select_option("")
    expect(chip).not_to_have_attribute("aria-current", "true")
    chip.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(address))
    page.locator("summary", has_text="Exportar").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Excel (XLSX)").focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".xlsx")
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
