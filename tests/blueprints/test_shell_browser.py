"""What only a browser can say of the shell: the policy blocks nothing we need, and `ui.js` does what the pages count on."""

import os
import shutil
import threading

import pytest
from flask import request
from werkzeug.serving import make_server

from tests.blueprints import shell_app

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]

if not CHROMIUM and not os.environ.get("REQUIRE_BROWSER"):
    pytest.skip("no chromium here; .ci/run installs it and sets REQUIRE_BROWSER=1", allow_module_level=True)


@pytest.fixture(scope="module")
def site():
    """The small application served over http, and the list of what its POST views received."""
    app, posts = shell_app.create(), []

    @app.post("/elegir")
    def choose():
        posts.append(request.form.to_dict())
        return '<fieldset id="paso-servidor"><legend>Elegido</legend><p id="hecho" tabindex="-1" data-autofocus>Hecho</p></fieldset>'

    @app.get("/sesion")
    def keep():
        posts.append("sesion")
        return "", 204

    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}", posts
    server.shutdown()


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, site):
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda m: page.complaints.append(m.text) if "Content Security" in m.text or "Refused" in m.text else None)
    page.on("pageerror", lambda e: page.complaints.append(str(e)))
    page.goto(site[0] + "/kit")
    yield page
    assert page.complaints == []
    context.close()


def test_the_external_sprite_is_drawn_under_the_policy(page):
    page.wait_for_load_state("networkidle")
    widths = page.eval_on_selector_all(".badge use, .top-btn use", "us => us.filter(u => u.checkVisibility()).map(u => u.getBoundingClientRect().width)")
    assert len(widths) > 8 and min(widths) > 4, "an empty box means that the sprite was not loaded"
    assert page.evaluate("typeof htmx") == "object" and page.evaluate("document.fonts.check('16px Figtree')")


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_nothing_is_wider_than_the_screen(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_combobox_is_chosen_by_keyboard(page, site):
    page.focus("#servidor-q")
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector("#hecho")
    assert site[1][-1]["cuenta"] == '"18'
    assert page.evaluate("document.activeElement.id") == "hecho"


def test_htmx_sends_the_token_without_a_form(page, site):
    page.evaluate("htmx.ajax('POST', '/elegir', {source: '#resultados', target: '#paso-servidor', values: {solo: '1'}})")
    page.wait_for_selector("#hecho")
    assert site[1][-1] == {"solo": "1"}, "CSRF protection is on: the token came in the header"


def test_a_double_click_submits_once(page):
    allowed = page.eval_on_selector("form.stack .btn.pri", """button => {
        let allowed = 0;
        window.addEventListener("submit", e => { if (!e.defaultPrevented) allowed += 1; });
        for (let i = 0; i < 3; i++) button.click();
        return [allowed, button.getAttribute("aria-busy")];
    }""")
    page.wait_for_selector(".alert.k-bad")
    assert allowed == [1, "true"] and page.title().startswith("Error: ")
    assert page.evaluate("document.activeElement.matches('.alert.k-bad')"), "the summary has the focus"


def test_the_theme_is_kept_by_the_server(page):
    page.click("[data-theme-toggle]")
    page.reload()
    assert page.get_attribute("html", "data-theme") == "dark"


def test_a_refusal_is_said_and_the_page_stays(page):
    page.evaluate("htmx.ajax('GET', '/error/403', '#resultados')")
    page.wait_for_selector("#avisos .toast.k-bad")
    assert "No tiene permiso" in page.inner_text("#avisos") and page.is_visible("#resultados table")


def test_the_end_of_the_session_leads_to_the_sign_in_page(page):
    page.evaluate("htmx.ajax('GET', '/privada', '#resultados')")
    page.wait_for_url("**/ingresar?next=/kit")


def test_what_was_sent_too_late_is_sent_with_the_next_press(page, site):
    send = "htmx.ajax('POST', '/elegir', {source: '#resultados', target: '#paso-servidor', values: {solo: '2'}})"
    page.context.clear_cookies()
    page.evaluate(send)
    page.wait_for_selector("#avisos .toast.k-bad")
    assert "Lo que escribió sigue aquí: envíelo otra vez." in page.inner_text("#avisos") and site[1][-1:] != [{"solo": "2"}]
    assert len(set(page.eval_on_selector_all("[name=csrf_token]", "all => all.map(i => i.value)"))) == 1
    page.evaluate(send)
    page.wait_for_selector("#hecho")
    assert site[1][-1] == {"solo": "2"}


def test_a_form_sent_after_the_end_of_the_session_stays_until_one_is_signed_in_elsewhere(page, site):
    page.evaluate("htmx.ajax('POST', '/privada', {source: '#resultados', target: '#resultados', values: {solo: '3'}})")
    notice = page.locator("#sesion-aviso")
    notice.wait_for()
    assert "sigue en esta página" in notice.inner_text() and page.url == site[0] + "/kit"
    page.context.new_page().goto(site[0] + "/kit")
    page.wait_for_function("!document.getElementById('sesion-aviso').open")


def minutes(page, count: int) -> None:
    page.clock.fast_forward(count * 60_000)
    page.wait_for_timeout(50)


def test_who_does_nothing_is_asked_before_the_session_ends(chromium, site):
    """WCAG 2.2.1: told in time, and one press is enough to go on."""
    page = chromium.new_page()
    page.clock.install()
    page.goto(site[0] + "/kit")
    notice = page.locator("#sesion-aviso")
    minutes(page, 17)
    assert not notice.is_visible()
    minutes(page, 2)
    assert notice.is_visible() and "se cerrará en menos de 2 minutos" in notice.inner_text() and "Ingresar nuevamente" not in notice.inner_text()
    assert page.evaluate("document.activeElement.textContent") == "Continuar"
    page.keyboard.press("Enter")
    page.wait_for_function("!document.getElementById('sesion-aviso').open")
    assert site[1][-1] == "sesion"
    minutes(page, 17)
    assert not notice.is_visible(), "it counts anew"
    minutes(page, 4)
    assert "La sesión se cerró. Lo que no guardó sigue en esta página" in notice.inner_text() and "Continuar" not in notice.inner_text()
    assert (notice.locator("a").get_attribute("href"), notice.locator("a").get_attribute("target")) == ("/kit", "_blank")
    page.click("#sesion-aviso [data-close]")
    minutes(page, 5)
    assert not notice.is_visible(), "what was typed can be copied in peace"
    page.context.close()


def test_what_is_done_in_one_tab_keeps_the_other_quiet(chromium, site):
    context = chromium.new_context()
    first, second = context.new_page(), context.new_page()
    first.clock.install()
    first.goto(site[0] + "/kit")
    minutes(first, 19)
    assert first.is_visible("#sesion-aviso")
    second.goto(site[0] + "/kit")
    first.wait_for_function("!document.getElementById('sesion-aviso').open")
    context.close()


def test_a_dialog_opens_with_and_without_javascript(page, chromium, site):
    page.click("a[data-dialog]")
    assert page.evaluate("document.getElementById('confirmar').open")
    page.click("dialog [data-close]")
    assert not page.is_visible("#confirmar")
    context = chromium.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(site[0] + "/kit")
    plain.click("a[data-dialog]")
    assert plain.is_visible("#confirmar") and plain.is_visible("noscript button[value=buscar-servidor], button[value=buscar-servidor]")
    plain.click("dialog [data-close]")
    assert not plain.is_visible("#confirmar")
    context.close()
