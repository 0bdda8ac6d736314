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
