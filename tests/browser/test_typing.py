"""What is typed, key by key, in a real browser: dates, comboboxes, the way back, and what a lost session leaves alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

LIST = "/solicitudes?inicio=&fin="


def answers(page, part: str) -> list[int]:
    """Statuses of what is asked from here on under addresses with `part`."""
    seen: list[int] = []
    page.on("response", lambda response: seen.append(response.status) if part in response.url else None)
    return seen


def slowly(page, text: str, pause: int = 320) -> None:
    """As somebody types who looks for the keys."""
    for key in text:
        page.keyboard.press(key)
        page.wait_for_timeout(pause)


@pytest.mark.parametrize(("path", "field", "address"), [
    (LIST, "#f-inicio", "inicio=2026-05-05"), ("/registro-aiq", "#f-fecha", "fecha=2026-05-05"),
])  # fmt: skip
@pytest.mark.parametrize("leave", ["Enter", "Tab"])
def test_a_date_is_typed_at_any_speed(person, path, field, address, leave):
    page = person("sge@demo.gob.ec")
    page.goto(path)
    asked = answers(page, path.partition("?")[0])
    page.locator(field).focus()
    slowly(page, "05052026")
    expect(page.locator(field)).to_have_value("2026-05-05")
    assert asked == [] and page.evaluate("document.activeElement.id") == field[1:], "half a date is no question"
    while page.evaluate("document.activeElement.id") == field[1:] and address not in page.url:
        page.keyboard.press(leave)
        page.wait_for_timeout(400)
    page.wait_for_url(re.compile(address))
    assert set(asked) == {200}


def test_a_date_of_the_picker_is_asked_at_once(person):
    page = person("sge@demo.gob.ec")
    page.goto(LIST)
    page.locator("#f-inicio").fill("2026-05-05")
    page.wait_for_url(re.compile("inicio=2026-05-05"))
    assert page.evaluate("document.activeElement.id") == "f-inicio"


def test_a_date_that_cannot_be_is_said_and_changes_nothing(person):
    page = person("sge@demo.gob.ec")
    page.goto(LIST)
    before, rows = page.url, page.locator("#res-t").inner_text()
    asked = answers(page, "/solicitudes")
    page.locator("#f-inicio").focus()
    page.keyboard.type("02312026")
    page.keyboard.press("Enter")
    error = page.locator("#f-inicio-error")
    expect(error).to_contain_text("Fecha Inicio no es una fecha válida")
    expect(page.locator("#f-inicio")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#f-inicio")).to_have_attribute("aria-describedby", "f-inicio-error")
    assert page.evaluate("document.activeElement.id") == "f-inicio"
    # Neither by another field nor as a file.
    page.locator("#f-nombre").focus()
    page.keyboard.type("ma")
    page.wait_for_timeout(700)
    page.locator("summary", has_text="Exportar").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="CSV").focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(400)
    assert page.evaluate("document.activeElement.id") == "f-inicio"
    assert asked == [] and page.url == before and page.locator("#res-t").inner_text() == rows
    assert page.evaluate("document.getElementById('f-inicio').validity.badInput"), "what was typed is still there"
    page.keyboard.type("05052026")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("inicio=2026-05-05"))
    expect(error).to_have_count(0)
    expect(page.locator("#f-inicio")).not_to_have_attribute("aria-invalid", "true")


def test_a_form_with_a_date_that_cannot_be_is_not_sent(person):
    page = person("aiq@demo.gob.ec")
    page.goto("/solicitudes/nueva")
    asked = answers(page, "/solicitudes/nueva")
    page.locator("#desde").focus()
    page.keyboard.type("02312024")
    page.get_by_role("button", name="Guardar").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#desde-error")).to_contain_text("Fecha Inicio no es una fecha válida")
    page.wait_for_timeout(300)
    assert asked == [] and page.evaluate("document.activeElement.id") == "desde"


def test_the_way_back_brings_a_living_page(person):
    page = person("sge@demo.gob.ec")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(LIST)
    page.locator("#f-inicio").fill("2026-01-01")
    page.wait_for_url(re.compile("inicio=2026-01-01"))
    page.locator("#f-estado").focus()
    page.keyboard.press("Enter")
    page.get_by_role("checkbox", name="Atendida").focus()
    page.keyboard.press("Space")
    page.wait_for_url(re.compile("estado=atendida"))
    for inicio in ("2026-01-01", ""):
        page.go_back()
        expect(page.locator("#f-estado")).to_contain_text("Todos")
        expect(page.locator("#f-inicio")).to_have_value(inicio)
    expect(page.locator("[data-theme-toggle]")).to_be_visible()
    page.locator("#global-q").focus()
    page.keyboard.type("ma", delay=30)
    expect(page.locator("#global-q")).to_have_attribute("aria-expanded", "true")
    page.evaluate("document.getElementById('sesion-aviso').dataset.segundos = '1'")
    expect(page.locator("#sesion-aviso")).to_be_visible(timeout=15_000)
    assert complaints == []


def test_the_way_back_on_the_desk(person):
    page = person("sge@demo.gob.ec")
    page.goto("/mesa")
    page.locator("#cola tbody a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/mesa/\d+"))
    page.go_back()
    page.wait_for_url(re.compile("/mesa$"))
    page.wait_for_timeout(800)
    expect(page.locator("[data-theme-toggle]")).to_be_visible()


def test_a_name_typed_slowly_is_one_step_back(person):
    page = person("sge@demo.gob.ec")
    page.goto(LIST)
    before = page.evaluate("history.length")
    page.locator("#f-nombre").focus()
    for typed in ("g", "gu", "gua", "guam"):
        page.keyboard.press(typed[-1])
        page.wait_for_url(re.compile(f"nombre={typed}(&|$)"))
    page.keyboard.press("Enter")
    page.locator("#f-nro").focus()
    page.wait_for_timeout(700)
    assert page.evaluate("history.length") == before + 1
    page.locator("#f-estado").focus()
    page.keyboard.press("Enter")
    page.get_by_role("checkbox", name="Atendida").focus()
    page.keyboard.press("Space")
    page.wait_for_url(re.compile("estado=atendida"))
    page.locator("#f-nombre").focus()
    page.keyboard.press("End")
    page.keyboard.press("a")
    page.wait_for_url(re.compile("nombre=guama(&|$)"))
    assert page.evaluate("history.length") == before + 3, "another field, another step"
    for name, estado in (("guam", "Atendida"), ("guam", "Todos"), ("", "Todos")):
        page.go_back()
        expect(page.locator("#f-nombre")).to_have_value(name)
        expect(page.locator("#f-estado")).to_contain_text(estado)
        page.wait_for_load_state("networkidle")


def test_enter_takes_no_option_of_an_older_text(person):
    page = person("aiq@demo.gob.ec")
    page.goto("/solicitudes/nueva")
    box, options = page.locator("#servidor-q"), page.locator("#servidor-lista [role=option]")
    box.focus()
    page.keyboard.type("ma", delay=30)
    expect(options.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.type("nuel", delay=10)
    expect(options.first).to_have_attribute("aria-selected", "false")
    expect(box).not_to_have_attribute("aria-activedescendant", re.compile("."))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_timeout(1200)
    expect(box).to_have_value("manuel")
    expect(page.locator("#paso-servidor [name=cuenta_id]")).to_have_count(0)


def test_an_answer_that_comes_late_is_no_choice(person):
    page = person("aiq@demo.gob.ec")
    page.goto("/solicitudes/nueva")
    box, options = page.locator("#servidor-q"), page.locator("#servidor-lista [role=option]")
    waiting: list = []
    page.route(re.compile("servidor_q=ma$"), lambda route: waiting.append(route))
    box.focus()
    with page.expect_request(re.compile("servidor_q=ma$")):
        page.keyboard.type("ma", delay=30)
    page.keyboard.press("x")
    waiting[0].continue_()
    page.wait_for_timeout(200)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_timeout(1200)
    expect(box).to_have_value("max")
    expect(page.locator("#paso-servidor [name=cuenta_id]")).to_have_count(0)
    # The text the options were asked for makes them a choice again.
    page.unroute(re.compile("servidor_q=ma$"))
    page.keyboard.press("Backspace")
    expect(page.locator("#servidor-lista")).to_have_attribute("data-texto", "ma")
    expect(options.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#paso-servidor [name=cuenta_id]")).to_have_count(1)


def test_escape_holds_until_the_next_key(person):
    page = person("aiq@demo.gob.ec")
    page.goto("/solicitudes/nueva")
    box = page.locator("#servidor-q")
    waiting: list = []
    page.route(re.compile("servidor_q="), lambda route: waiting.append(route))
    box.focus()
    with page.expect_request(re.compile("servidor_q=nau$")):
        page.keyboard.type("nau", delay=30)
    page.keyboard.press("Escape")
    with page.expect_response(re.compile("servidor_q=nau$")):
        waiting[0].continue_()
    expect(page.locator("#servidor-nota")).not_to_be_empty()
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#servidor-lista")).to_be_hidden()
    page.unroute(re.compile("servidor_q="))
    page.keyboard.press("Backspace")
    expect(box).to_have_attribute("aria-expanded", "true")


@pytest.mark.parametrize(("correo", "path", "name", "typed"), [
    ("aiq@demo.gob.ec", "/solicitudes", "global", "ma"), ("aiq@demo.gob.ec", "/solicitudes/nueva", "servidor", "ma"),
    ("sge@demo.gob.ec", "/usuarios", "f-institucion", "instit"),
])  # fmt: skip
def test_tab_closes_the_options_and_goes_on(person, correo, path, name, typed):
    page = person(correo)
    page.goto(path)
    box = page.locator(f"[role=combobox][aria-controls={name}-lista]")
    box.focus()
    page.keyboard.type(typed, delay=30)
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    expect(page.locator(f"#{name}-lista")).to_be_hidden()
    expect(box).to_have_attribute("aria-expanded", "false")
    assert page.evaluate("document.activeElement.getAttribute('role')") != "listbox"
    # The mouse still chooses: pressing it does not leave the box.
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"#{name}-lista")).to_be_visible()
    page.locator(f"#{name}-lista [role=option]").first.click()
    expect(page.locator(f"#{name}-lista:visible")).to_have_count(0)


@pytest.mark.parametrize("ask", ["person", "header", "estimate"])
def test_a_search_after_the_session_leaves_what_was_typed(person, ask):
    page = person("aiq@demo.gob.ec")
    page.goto("/solicitudes/nueva")
    if ask == "estimate":
        page.locator("#servidor-q").focus()
        page.keyboard.type("ma", delay=30)
        page.locator("#servidor-lista [role=option]").first.wait_for()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.locator("#paso-servidor [name=cuenta_id]").wait_for(state="attached")
    page.locator("#comentario").fill("Con oficio adjunto.")
    page.locator("#desde").fill("2024-01-01")
    page.wait_for_load_state("networkidle")
    page.context.clear_cookies()
    if ask == "estimate":
        page.locator("#hasta").focus()
        page.keyboard.type("05052024")
        page.keyboard.press("Tab")
    else:
        page.locator("#servidor-q" if ask == "person" else "#global-q").focus()
        page.keyboard.type("nau", delay=30)
    notice = page.locator("#sesion-aviso")
    expect(notice).to_be_visible()
    expect(notice).to_contain_text("sigue en esta página")
    page.keyboard.press("Escape")
    assert page.url.endswith("/solicitudes/nueva")
    expect(page.locator("#comentario")).to_have_value("Con oficio adjunto.")
    expect(page.locator("#desde")).to_have_value("2024-01-01")


def test_the_list_says_what_it_found_in_one_region_that_stays(person):
    page = person("sge@demo.gob.ec")
    page.goto(LIST)
    page.evaluate("window.region = document.getElementById('anuncio')")
    says = page.locator("#anuncio")
    expect(says).to_be_empty()
    page.locator("#f-nombre").focus()
    page.keyboard.type("ma")
    page.wait_for_url(re.compile("nombre=ma"))
    expect(says).to_contain_text(page.locator("#res-t").inner_text())
    page.keyboard.type("zzzz")
    expect(says).to_contain_text("No se encontraron solicitudes")
    page.locator("#f-nro").focus()
    page.keyboard.type("abc")
    page.keyboard.press("Enter")
    expect(says).to_contain_text("Revise los filtros")
    assert page.evaluate("window.region === document.querySelector('#anuncio[role=status]')")
    assert page.locator("#listado [role=status]:not(.combo-foot)").count() == 0
