"""The shell, the macros, the error pages and the headers, in a small application of their own."""

import re
import xml.etree.ElementTree as ET
from datetime import timedelta
from pathlib import Path

import pytest

from blueprints import charts, errors, graphics, presentation
from tests.blueprints import shell_app
from tests.blueprints.strict import assert_fragment, assert_page

HTMX = {"HX-Request": "true"}


@pytest.fixture(scope="module")
def app():
    return shell_app.create()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.mark.parametrize("path", ["/kit", "/ingresar", "/sin-menu"])
def test_pages_please_the_strict_reader(client, path):
    response = client.get(path)
    assert response.status_code == 200
    assert_page(response.text)


def test_the_kit_with_errors_keeps_values_and_points_at_the_controls(client):
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/kit").text)[1]
    response = client.post("/kit", data={"csrf_token": token, "inicio": "31/02/2026", "comentario": ""})
    assert response.status_code == 422
    assert_page(response.text)
    assert "<title>Error: Listado" in response.text
    assert 'value="31/02/2026"' in response.text
    assert '<a href="#comentario">Ingrese un comentario</a>' in response.text
    assert 'aria-describedby="inicio-ayuda inicio-error"' in response.text and 'aria-invalid="true"' in response.text


def test_the_shell_says_who_where_and_how_many(client):
    html = client.get("/kit").text
    assert '<a href="/por-enviar">Solicitudes por enviar<span class="tag" data-cuenta="por-enviar">3</span></a>' in html
    assert '<a href="/listado" aria-current="page">Listado de solicitudes<span class="tag" data-cuenta="listado"></span></a>' in html, "a count of zero is empty"
    assert '<form method="post" action="/salir">' in html and "RC</span>" in html
    assert 'data-now="2026-11-20T10:24:00-05:00"' in html and "X-CSRFToken" in html


def test_the_theme_is_the_cookie_s_and_nothing_else(client):
    assert "data-theme=" not in client.get("/sin-menu").text
    client.set_cookie("tema", "dark")
    assert '<html lang="es-EC" data-theme="dark">' in client.get("/sin-menu").text
    client.set_cookie("tema", '"><script>')
    assert "data-theme=" not in client.get("/sin-menu").text


@pytest.mark.parametrize("code", sorted(errors.SHORT))
def test_error_pages(client, code):
    response = client.get(f"/error/{code}", headers={"Accept": "text/html"})
    assert response.status_code == code
    assert_page(response.text)
    assert re.search(rf"Referencia: <span class=\"mono\">{code}-[0-9A-F]{{8}}<", response.text)


def test_an_unknown_code_borrows_the_nearest_page(client):
    response = client.get("/error/418")
    assert response.status_code == 418 and "Error 418" in response.text
    assert_page(response.text)


def test_a_crash_shows_a_reference_and_no_detail(client, caplog):
    response = client.get("/rota?cedula=1712345671")
    assert response.status_code == 500 and "a secret detail" not in response.text
    reference = re.search(r"500-[0-9A-F]{8}", response.text)[0]
    ours = [r.getMessage() for r in caplog.records if reference in r.getMessage()]
    assert ours == [f"{reference} GET /rota"], "the query string stays out of the log"


def test_a_foreign_thing_looks_like_a_missing_one(client):
    def body(path):
        return re.sub(r"404-[0-9A-F]{8}", "", client.get(path).text)
    assert body("/ajena") == body("/no-existe")


def test_refusals_of_downloads_are_plain_text(client):
    response = client.get("/descarga/410", headers={"Accept": "text/html"})
    assert response.mimetype == "text/plain" and response.status_code == 410
    assert response.text.startswith(errors.SHORT[410])


def test_refusals_for_htmx_are_short_and_swap_nothing(client):
    response = client.get("/error/403", headers=HTMX)
    assert (response.text, response.mimetype) == (errors.SHORT[403], "text/plain")
    assert response.headers["HX-Reswap"] == "none" and "HX-Request" in response.headers["Vary"]


def test_a_form_without_its_token_says_what_to_do(client):
    response = client.post("/mover", data={})
    assert response.status_code == 400 and errors.EXPIRED_FORM in response.text
    assert_page(response.text)


def test_a_conflict_says_who_did_what():
    app = shell_app.create()
    app.config["WTF_CSRF_ENABLED"] = False
    response = app.test_client().post("/decidir")
    assert response.status_code == 409 and "Iván Peñaherrera aprobó" in response.text
    assert_page(response.text)


def test_405_keeps_its_allow_header(client):
    # CSRF is asked for before the method of an unknown route is judged; TRACE is neither protected nor allowed.
    response = client.open("/kit", method="TRACE")
    assert response.status_code == 405 and {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


def test_redirects_and_the_end_of_a_session_for_both_readers(client):
    assert (client.get("/mover").status_code, client.get("/mover").location) == (303, "/kit")
    fragment = client.get("/mover", headers=HTMX)
    assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (204, "/kit")
    assert client.get("/mover", headers={**HTMX, "HX-Boosted": "true"}).status_code == 303
    ended = client.get("/privada", headers={**HTMX, "HX-Current-URL": "http://localhost/listado?p=2"})
    assert (ended.status_code, ended.headers["HX-Redirect"]) == (401, "/ingresar?next=/listado?p=2")
    elsewhere = client.get("/privada", headers={**HTMX, "HX-Current-URL": "http://evil.example//x"})
    assert elsewhere.headers["HX-Redirect"] == "/ingresar?next=/"
    assert client.get("/privada?a=1").location == "/ingresar?next=/privada?a=1"
    # Whatever a client writes into these headers, it is asked to sign in.
    nonsense = client.get("/privada", headers={**HTMX, "HX-Current-URL": "http://[x"})
    assert (nonsense.status_code, nonsense.headers["HX-Redirect"]) == (401, "/ingresar?next=/")


def test_a_toast_travels_out_of_band_and_escaped(client):
    response = client.get("/buscar", headers=HTMX)
    assert_fragment(response.text)
    assert '<div id="avisos" hx-swap-oob="beforeend">' in response.text and "Listo &lt;b&gt;." in response.text
    assert "Su sesión terminó" in client.get("/ingresar").text


def test_headers_of_pages_and_of_static_files(client):
    page = client.get("/kit")
    assert page.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"] and "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff" and page.headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in page.headers
    assert "Strict-Transport-Security" in client.get("/kit", base_url="https://localhost").headers
    css = re.search(r'href="(/static/css/app\.css\?v=[0-9a-f]+)"', page.text)[1]
    assert "immutable" in client.get(css).headers["Cache-Control"]
    assert client.get("/static/css/app.css").headers["Cache-Control"] == "public, max-age=3600"
    assert client.get("/static/nada.css").headers["Cache-Control"] == "no-store"


def test_every_icon_used_is_in_the_sprite(app, client):
    sprite = client.get("/static/icons/sprite.svg")
    assert sprite.mimetype == "image/svg+xml"
    ids = {e.get("id") for e in ET.fromstring(sprite.text)}
    used = set(re.findall(r"sprite\.svg\?v=[0-9a-f]{12}#(i-[\w-]+)", client.get("/kit").text))
    assert len(used) > 15 and used <= ids
    with app.test_request_context(), pytest.raises(KeyError, match="i-nada"):
        presentation.icon("nada")


def test_every_icon_of_the_sprite_is_named_somewhere():
    root = Path(presentation.__file__).parents[1]
    ids = re.findall(r'<symbol id="i-([\w-]+)"', (root / "static" / "icons" / "sprite.svg").read_text())
    rooms = (root / room for room in ("blueprints", "rules", "services", "templates", "static/js"))
    text = "".join(path.read_text() for room in rooms for path in room.rglob("*") if path.suffix in {".py", ".html", ".js"})
    named = set(re.findall(r"""['"](?:i-)?([\w-]+)['"]""", text))
    assert not set(ids) - named, "nobody draws these"


def test_the_sheet_writes_colours_only_among_the_tokens():
    css = (shell_app.ROOT / "static/css/app.css").read_text(encoding="utf-8")
    rest = re.sub(r"@layer tokens \{.*?\n\}\n(?=@layer base)", "", css, flags=re.S)
    rest = re.sub(r":root, :root\[data-theme\] \{[^}]*\}", "", rest)
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)", rest), "use a token: add it to @layer tokens"
    dark = re.findall(r"color-scheme: dark;(.*?)\n\}", css, flags=re.S)
    assert len(dark) == 2 and dark[0] == dark[1], "both dark blocks must be equal"


def test_drawings_escape_their_labels_and_carry_no_style():
    svg = charts.bars([("<b>", 3), ("dos", (1, 2))], 'a "quoted" name', goal=4, goal_text="<i>")
    # As str: Markup would escape what it is searched for.
    assert not re.search(r"<b>|<i>|style|\"#|: *#", str(svg)) and "&lt;b&gt;" in str(svg)
    for drawing in (svg, charts.line([("uno", 5)], "x"), charts.strip([("b1", 0)], "x"), graphics.quipu(), graphics.marca(),
                    graphics.quipu_mini(False), graphics.knots(5)):
        ET.fromstring(drawing)
    assert charts.bars([], "x") == "" and charts.line([], "x") == ""
    assert [charts.nice_top(v) for v in ([], [0], [3], [10], [2400])] == [4, 4, 4, 12, 2400]


def test_highlight_marks_beginnings_of_words_accents_aside():
    assert presentation.highlight("Ñauñay María", "nau mari") == "<mark>Ñau</mark>ñay <mark>Marí</mark>a"
    assert presentation.highlight("<b> Ana", "ana") == "&lt;b&gt; <mark>Ana</mark>"
    assert presentation.highlight("Mariana", "ana") == "Mariana"
    assert presentation.highlight("İstanbul ﬁn", "fi") == "İstanbul ﬁn"


@pytest.mark.parametrize("text, typed, marked", [
    ("Ñauñay María", "Ñauñay, María", "<mark>Ñauñay</mark> <mark>María</mark>"), ("Pérez Gómez", "pérez-gómez", "<mark>Pérez</mark> <mark>Gómez</mark>"),
    ("1714307103", "171430710-3", "<mark>1714307103</mark>"), ("0142958595", "01 4295", "<mark>014295</mark>8595"),
    ("juan_perez@x.ec", "perez", "juan_<mark>perez</mark>@x.ec"), ("Ana", "., -", "Ana"),
])
def test_highlight_takes_words_apart_as_the_search_does(text, typed, marked):
    assert presentation.highlight(text, typed) == marked


def test_table_roles_leave_what_has_one():
    html = '<thead><tr class="a"><th scope="col">x</th></tr></thead><tbody><tr role="none"><th scope="row" data-l="a > b">y</th><td>z</td></tr></tbody>'
    assert presentation.table_roles(html) == (
        '<thead role="rowgroup"><tr role="row" class="a"><th role="columnheader" scope="col">x</th></tr></thead>'
        '<tbody role="rowgroup"><tr role="none"><th role="rowheader" scope="row" data-l="a > b">y</th><td role="cell">z</td></tr></tbody>')


def test_vigencia_days_empty_from_left_to_right():
    days = presentation.vigencia_days(shell_app.UNTIL, shell_app.NOW)
    assert [(d.label, d.left, d.today, d.last) for d in days] == [
        ("19 nov", 0, False, False), ("20 nov", 0.57, True, False), ("21 nov", 1, False, False), ("22 nov", 1, False, True)]
    assert all(d.left == 0 for d in presentation.vigencia_days(shell_app.UNTIL, shell_app.UNTIL + timedelta(hours=1)))


@pytest.mark.parametrize("name, letters", [("Rosa Elena Chicaiza Ñacato", "RC"), ("Ana Loor", "AL"), ("María de los Ángeles Iñiguez", "MÁ"), ("", "–")])
def test_initials(name, letters):
    assert presentation.initials(name) == letters


def test_mail_layout_and_its_twin(app):
    rows = [("Solicitud", "Nº 000123"), ("Vigente hasta", "22 nov 2026, 23:59")]
    context = {"saludo": "Estimada Rosa Elena:", "filas": rows, "enlace": "https://respaldos.gob.ec/s/123"}
    page = app.jinja_env.from_string(
        "{% extends 'correo/base.html' %}{% import 'correo/_macros.html' as c %}{% block titulo %}El respaldo está listo{% endblock %}"
        "{% block cuerpo %}{{ c.datos(filas) }}{{ c.boton(enlace, 'Descargar el respaldo') }}{{ c.nota('Vigencia.', '4 días <calendario>.') }}{% endblock %}")
    html = page.render(context)
    assert "<h1>El respaldo está listo</h1>" in html and "4 días &lt;calendario&gt;." in html
    assert html.count("https://respaldos.gob.ec/s/123") == 2 and "<script" not in html
    twin = app.jinja_env.from_string(
        "{% extends 'correo/base.txt' %}{% import 'correo/_macros.txt' as c %}{% block titulo %}El respaldo está listo{% endblock %}"
        "{% block cuerpo %}{{ c.datos(filas) }}\n{{ c.enlace(enlace, 'Descargar') }}\n{% endblock %}")
    assert twin.render(context) == (
        "El respaldo está listo\n\nEstimada Rosa Elena:\n\n"
        "  Solicitud:      Nº 000123\n  Vigente hasta:  22 nov 2026, 23:59\n\n"
        "Descargar:\nhttps://respaldos.gob.ec/s/123\n\n--\n"
        "Notificación automática de la Subsecretaría de Gobierno Electrónico.\nNo responda a este mensaje.\n"
        "Ayuda: soporte@gobiernoelectronico.gob.ec")


@pytest.mark.parametrize("fault, html", [
    ("title and h1 differ", "<h1>Otro</h1>"),
    ("id used twice", '<p id="a"></p><p id="a"></p>'),
    ("inline style", '<p style="color:red">x</p>'),
    ("inline onclick", '<button onclick="x()">x</button>'),
    ("without a label", "<input name='x'>"),
    ("missing id: 'nada'", '<p aria-describedby="nada">x</p>'),
    ("link to nowhere", '<a href="#">x</a>'),
    ("left over 'None'", "<p>Vence: None</p>"),
    ("POST form without csrf_token", '<form method="post"></form>'),
    ("nothing to read", '<button><svg></svg></button>'),
])
def test_the_strict_reader_sees(fault, html):
    body = html if "<h1>" in html else "<h1>Uno</h1>" + html
    page = f'<html lang="es-EC"><head><title>Uno · Respaldos Quipux</title></head><body><main>{body}</main></body></html>'
    with pytest.raises(AssertionError, match=re.escape(fault)):
        assert_page(page)
    assert_page('<html lang="es-EC"><head><title>Uno · Respaldos Quipux</title></head><body><main><h1>Uno</h1></main></body></html>')
