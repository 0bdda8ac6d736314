"""The SGE looks at the board, follows a figure to its list, and pauses and resumes a production that really works."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.slow


def figure(page, label: str):
    """The card of one figure: its number and its link."""
    card = page.locator(".tab-cifras > li").filter(has=page.get_by_role("link", name=label, exact=True))
    return int(re.sub(r"\D", "", card.locator(".big").inner_text())), card.get_by_role("link", name=label, exact=True)


def test_figures_lead_to_their_lists_and_a_pause_holds_the_production(person):
    page = person("sge@demo.gob.ec")
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.get_by_role("link", name="Tablero").click()
    for label in ("Por aprobar", "Detenidas"):
        number, link = figure(page, label)
        assert number > 0
        link.click()
        assert page.locator("#res-t").inner_text().startswith(f"{number} ")
        page.go_back()
    page.get_by_text("Ver los datos").first.click()
    assert page.get_by_role("table", name="Solicitudes por mes").is_visible()

    page.get_by_role("link", name="Producción", exact=True).click()
    page.get_by_role("cell", name=re.compile("Ejecuciones")).or_(page.get_by_role("rowheader", name=re.compile("Ejecuciones"))).first.wait_for()
    page.get_by_role("link", name="Pausar la producción").click()
    page.get_by_label("Motivo").fill("Mantenimiento de Quipux")
    page.get_by_role("button", name="Pausar la producción").click()
    page.get_by_role("heading", name="La producción está en pausa").wait_for()
    page.get_by_role("link", name="Tablero").click()
    assert page.get_by_text("Producción en pausa").is_visible()
    page.get_by_role("link", name="Ver Producción").first.click()
    page.get_by_role("button", name="Reanudar la producción").click()
    page.get_by_role("link", name="Pausar la producción").wait_for()
    assert not problems, problems


def test_nobody_is_asked_while_the_page_is_hidden(person):
    """The element that polls waits while the page is hidden, and asks again once it is seen."""
    page = person("sge@demo.gob.ec")
    page.goto("/produccion")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.headers.get("hx-request") else None)
    hide = "yes => Object.defineProperty(document, 'hidden', {configurable: true, get: () => yes})"
    poll = "() => htmx.trigger(document.getElementById('piso'), 'probar')"
    page.evaluate("() => { const p = document.getElementById('piso'); p.setAttribute('name', 'sondeo'); p.setAttribute('hx-get', '/produccion');"
                  " p.setAttribute('hx-trigger', 'probar'); p.setAttribute('hx-swap', 'outerHTML'); htmx.process(p); }")
    page.evaluate(hide, True)
    page.evaluate(poll)
    page.wait_for_timeout(500)
    assert not [url for url in asked if url.endswith("/produccion")]
    page.evaluate(hide, False)
    with page.expect_request(lambda request: request.url.endswith("/produccion")):
        page.evaluate(poll)
