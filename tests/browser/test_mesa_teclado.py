"""Approval by keyboard alone, two officers: next request after each decision, the second told what the first decided."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.real_clock, pytest.mark.slow]
WAIT = 20_000


def current(page: Page) -> int:
    """The request in the panel."""
    return int(page.locator("#panel").get_attribute("data-panel"))


def moved_from(page: Page, number: int) -> None:
    """The panel shows another request, and its name has the focus: that is where a reader goes on."""
    expect(page.locator("#panel")).not_to_have_attribute("data-panel", str(number), timeout=WAIT)
    expect(page.locator("#panel-t")).to_be_focused()


def focused(page: Page) -> str:
    return page.evaluate("(document.activeElement.innerText || document.activeElement.value || '').trim()")


def decide_reserved(page: Page) -> None:
    """Where there are reserved documents: leave them out, by keyboard (Tab comes to the group, Space takes the first)."""
    if page.locator("#reservados-0").count():
        page.locator("#reservados-0").focus()
        page.keyboard.press("Space")


def test_a_queue_is_worked_off_without_a_mouse(site, person):
    first, second = person("sge@demo.gob.ec"), person("sge2@demo.gob.ec")
    first.goto("/mesa")
    expect(first.get_by_role("heading", name="Mesa de aprobación", level=1)).to_be_visible()

    # J and K walk through the queue; letters typed into a field are letters.
    here = current(first)
    first.keyboard.press("j")
    moved_from(first, here)
    first.keyboard.press("k")
    expect(first.locator("#panel")).to_have_attribute("data-panel", str(here), timeout=WAIT)
    expect(first.locator(f"#fila-{here}[aria-current]")).to_be_visible()  # the swap is settled, and with it the focus
    first.keyboard.press("b")
    first.keyboard.type("jj")
    expect(first.locator("#mesa-q")).to_have_value("jj")
    assert current(first) == here
    first.locator("#mesa-q").fill("")
    first.locator("h1").click()

    # Both officers have the same request open; each is told of the other.
    second.goto(f"/mesa/{here}")
    expect(second.locator("#presencia")).to_contain_text("La está viendo", timeout=WAIT)

    # C compares the four data, A goes to the button, Enter approves.
    first.keyboard.press("c")
    for box in first.locator("#cotejo input[name=cotejo]").all():
        expect(box).to_be_checked()
    decide_reserved(first)
    first.keyboard.press("a")
    assert re.match("Aprobar para el", focused(first)), focused(first)
    first.keyboard.press("Enter")
    moved_from(first, here)
    expect(first.locator("#panel")).to_contain_text(f"{here:06d} se aprobó")
    expect(first.locator("#mesa-voz")).to_contain_text(re.compile(f"{here:06d} se aprobó.*Sigue .*por aprobar"))

    # The second officer, whose page is old, is told who decided, in place; the queue beside it is the one of now, and what was
    # ticked in it stays ticked.
    expect(second.locator(f"#fila-{here}")).to_be_visible()
    ticked = second.locator(f"#cola tr:not(#fila-{here}) [data-one]:enabled").first
    ticked.focus()
    second.keyboard.press("Space")
    kept = ticked.get_attribute("value")
    second.keyboard.press("c")
    decide_reserved(second)
    second.keyboard.press("a")
    second.keyboard.press("Enter")
    alert = second.locator("#panel [role=alert]")
    expect(alert).to_contain_text("Su decisión no se registró", timeout=WAIT)
    expect(alert).to_contain_text("Iván Peñaherrera Zúñiga registró «Aprobada»")
    expect(alert).to_be_focused()
    expect(second.locator(f"#fila-{here}")).to_have_count(0)
    expect(second.locator(f"#cola [data-one][value='{kept}']")).to_be_checked()
    expect(second.locator("#cola [data-count]")).to_have_text("1 seleccionada")

    # D opens the return with its first reason; arrows choose, Tab goes on to the text, then to the button.
    here = current(first)
    first.keyboard.press("d")
    expect(first.locator("#devolver-motivo-0")).to_be_focused()
    first.keyboard.press("Space")
    first.keyboard.press("ArrowDown")
    expect(first.locator("#devolver-motivo-1")).to_be_checked()
    first.keyboard.press("Tab")
    first.keyboard.type("Falta la segunda hoja: d, a, r y j son letras aquí.")
    first.keyboard.press("Tab")
    assert focused(first) == "Devolver para corrección"
    first.keyboard.press("Enter")
    moved_from(first, here)
    expect(first.locator("#avisos")).to_contain_text(f"{here:06d} se devolvió al AIQ")

    # Switched off, the letters do nothing; the choice survives a reload.
    first.keyboard.press("h")
    dialog = first.get_by_role("dialog", name="Atajos de teclado")
    expect(dialog).to_be_visible()
    dialog.get_by_role("checkbox").press("Space")
    first.keyboard.press("Escape")
    here = current(first)
    first.reload()
    first.keyboard.press("j")
    first.wait_for_timeout(500)
    assert current(first) == here


def test_the_four_data_are_legible_on_a_phone(person):
    page = person("sge@demo.gob.ec")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/mesa")
    cells = page.locator("#cotejo tbody td[data-l]")
    expect(cells.first).to_be_visible()
    assert min(cells.evaluate_all("cells => cells.map(c => c.getBoundingClientRect().width)")) > 200
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
