"""The SGE's calendar by keyboard alone: find the day, open it, choose a request, give it another date."""

from __future__ import annotations

import re
from datetime import date

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.real_clock, pytest.mark.slow]

BUSY = re.compile(r"\d+ solicitud(es)?,")


def walk_to(page: Page, wanted: str) -> None:
    """With the arrows, from the one stop that the Tab key has in the grid."""
    page.locator("[data-rejilla] a[tabindex='0']").focus()
    days = page.locator("[data-rejilla] td a").evaluate_all("all => all.map(a => a.id)")
    at = days.index(page.evaluate("document.activeElement.id"))
    down, right = divmod(days.index(wanted) - at, 7)
    for key, times in (("ArrowDown" if down >= 0 else "ArrowUp", abs(down)), ("ArrowRight", right)):
        for _ in range(times):
            page.keyboard.press(key)
    assert page.evaluate("document.activeElement.id") == wanted


def test_a_request_is_moved_by_keyboard_alone(person):
    page = person("sge@demo.gob.ec")
    page.get_by_role("link", name="Calendario", exact=True).press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Calendario de")
    waiting = [a for a in page.locator("[data-rejilla] td a").evaluate_all("all => all.map(a => [a.id, a.getAttribute('aria-label')])") if BUSY.search(a[1])]
    later = [day for day, _ in waiting if day > f"d-{date.today()}"]
    if not later:
        page.locator("[data-rejilla] a[tabindex='0']").press("PageDown")
        page.wait_for_url(re.compile("mes="))
        later = page.locator("[data-rejilla] td a").filter(has_text="solicitud").evaluate_all("all => all.map(a => a.id)")
    walk_to(page, later[0])
    page.keyboard.press("Enter")
    panel = page.locator(f"#dia[data-dia='{later[0].removeprefix('d-')}']")
    expect(panel).to_be_visible()
    expect(page.locator("#dia-t")).to_be_focused()
    expect(page.locator("[data-rejilla] td[aria-selected=true] a")).to_have_id(later[0])
    panel.locator("[data-one]").first.press("Space")
    expect(panel.locator("[data-count]")).to_have_text("1 seleccionada")
    person_name = panel.locator("tbody th a").first.inner_text()
    panel.get_by_label(re.compile("^Motivo")).fill("Pedido de la institución")
    panel.get_by_role("button", name="Mover a la siguiente fecha con capacidad").press("Enter")
    expect(page.locator("#avisos")).to_contain_text("se calendarizó para el")
    moved = page.locator("#dia").get_attribute("data-dia")
    assert f"d-{moved}" > later[0]
    expect(page.locator("#dia tbody")).to_contain_text(person_name)
