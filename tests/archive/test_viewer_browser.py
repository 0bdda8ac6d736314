"""The viewer and the checker in a real Chromium, from file://, as the citizen opens them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from archive.model import Document, File, Header
from archive.tags import manifest_line, sums
from archive.viewer import index_name, part_js, part_key, part_name, static_files, sums_name
from tests.archive.readers import index_js

expect = pytest.importorskip("playwright.sync_api").expect
sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
Axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
HOSTILE = '<img src=x onerror="document.title=\'roto\'"> & "comillas" \u202etxt'
PARTS = 2
ID = "{:020d}".format

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("REQUIRE_BROWSER") != "1", reason="needs chromium (REQUIRE_BROWSER=1 makes this fail)"
)


# -- a small archive, extracted ---------------------------------------------------------------------------------------


def header(**changes) -> Header:
    values = dict(
        name="RESPALDO_000123",
        group="000123",
        request="000123",
        person="María Fernanda Ñauñay Quishpe",
        cedula="1712345675",
        post="Analista",
        area="Dirección de Archivo",
        institution="Biblioteca Nacional",
        since="2019-02-04",
        until="2026-08-14",
        made="2026-11-18T09:08:00-05:00",
        petition="BN-2026-0412-E",
        excluded=4,
    )
    return Header(**{**values, **changes})


def document(n: int, subject: str, *, tray="recibido", sender="Rosa Chicaiza", year=2024, kind="Oficio", part=1, files=(), **more) -> dict:
    """Detail of one document; files: (class, original name, path or None, bytes)."""
    listed = [
        {
            "ruta": path,
            "nombre": name,
            "clase": kind_,
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest() if path else None,
            "firma": more.get("firma") if kind_ == "principal" else None,
            "causa": None if path else "ausente",
            "descripcion": "",
            "fecha": "",
            "cuerpo": body,
        }
        for kind_, name, path, body in files
    ]
    return {
        "id": ID(n),
        "numero": f"BN-DA-{year}-{n:04d}-O",
        "tipo": kind,
        "fecha": f"{year}-03-{n:02d}T10:24:00-05:00",
        "asunto": subject,
        "de": [sender],
        "para": more.get("para", ["María Fernanda Ñauñay Quishpe"]),
        "cc": more.get("cc", []),
        "referencia": "BN-2023-0009-I",
        "bandejas": [tray],
        "destino": "incluido" if all(f["ruta"] for f in listed) else "novedad",
        "archivos": listed,
        "recorrido": [{"fecha": f"{year}-03-{n:02d}T10:24:00-05:00", "de": sender, "para": "Luis Paz", "accion": "Reasignar", "comentario": "Para su atención"}],
        "parte": part,
    }


DOCUMENTS = [
    document(1, HOSTILE, files=[("principal", "oficio 100% #1?.pdf", "data/Recibidos/2024/oficio 100% #1?.pdf", b"%PDF uno")]),
    document(
        2,
        "Inventario de bienes",
        sender="Carmen Núñez",
        tray="enviado",
        year=2023,
        kind="Memorando",
        cc=["Édison Yánez"],
        para=["María Fernanda Ñauñay Quishpe", "Ana Ruiz, Directora"],
        firma={"veredicto": "válida", "firmantes": [{"nombre": "Carmen Núñez", "fecha": "2023-03-02T10:24:00-05:00", "emisor": "AC del Ecuador", "certificado": "Vigente"}]},
        files=[("principal", "memo.pdf", "data/Enviados/2023/memo.pdf", b"%PDF dos" * 999), ("anexo", "planos-Iñaquito.pdf", "data/Enviados/2023/anexo01.pdf", b"plano")],
    ),
    document(3, "Con un anexo perdido", files=[("principal", "c.pdf", "data/Recibidos/2024/c.pdf", b"%PDF tres"), ("anexo", "perdido.pdf", None, b"")]),
    document(4, "Documento de la otra parte", part=2, files=[("principal", "d.pdf", "data/Recibidos/2024/d.pdf", b"%PDF cuatro")]),
]


def index_row(d: dict) -> tuple[int, Document]:
    return d["parte"], Document(
        d["id"], d["numero"], d["tipo"], d["fecha"], d["asunto"], tuple(d["bandejas"]), tuple(d["de"]), tuple(d["para"]), tuple(d["cc"]),
        signed=any(f["firma"] for f in d["archivos"]), files=tuple(File("", f["clase"], f["nombre"], 1, "") for f in d["archivos"]),
    )  # fmt: skip


def clean(d: dict) -> dict:
    return {**d, "archivos": [{k: v for k, v in f.items() if k != "cuerpo"} for f in d["archivos"]]}


def write(folder: Path, name: str, pieces) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(pieces))


def extract(folder: Path, parts=(1, 2), documents=DOCUMENTS) -> Path:
    """What a folder holds after these parts were extracted into it: the last one's manifests, all that is numbered."""
    for name, body in static_files():
        write(folder, name, [body])
    write(folder, "visor/indice.js", index_js(header(), map(index_row, documents), parts=PARTS, bytes_planned=12_345))
    for part in parts:
        mine = [d for d in documents if d["parte"] == part]
        write(folder, part_name(part_key(part, PARTS)), part_js(part_key(part, PARTS), map(clean, mine)))
        files = [f for d in mine for f in d["archivos"] if f["ruta"]]
        for f in files:
            write(folder, f["ruta"], [f["cuerpo"]])
        write(folder, "manifest-sha256.txt", [manifest_line(f["sha256"], f["ruta"]) for f in files])
        write_sums(folder, part_key(part, PARTS))
    return folder


def write_sums(folder: Path, key: str) -> None:
    """The part's sums and its tagmanifest."""
    beside = [*(name for name, _ in static_files()), "visor/indice.js", part_name(key), "manifest-sha256.txt"]
    lines = b"".join(manifest_line(hashlib.sha256((folder / name).read_bytes()).hexdigest(), name) for name in beside)
    own = sums(lines, sums_name(key))
    write(folder, sums_name(key), [own])
    write(folder, "tagmanifest-sha256.txt", [lines, manifest_line(hashlib.sha256(own).hexdigest(), sums_name(key))])


# -- the browser --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """open_page(folder, page="ABRIR_AQUI.html", hash="", **context) -> page; afterwards nothing but file:// was asked for."""
    contexts, asked, errors = [], [], []

    def open_(folder: Path, name="ABRIR_AQUI.html", fragment="", **context):
        contexts.append(chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, "locale": "es-EC", **context}))
        page = contexts[-1].new_page()
        page.set_default_timeout(8000)
        page.on("request", lambda r: asked.append(r.url))
        page.on("pageerror", lambda e: errors.append(str(e)))
        page.goto((folder / name).as_uri() + fragment)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert [u for u in asked if not u.startswith("file://")] == []
    assert errors == []


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return extract(tmp_path_factory.mktemp("todo"))


@pytest.fixture(scope="module")
def first_part(tmp_path_factory):
    return extract(tmp_path_factory.mktemp("una"), parts=(1,))


def subjects(page) -> list[str]:
    return page.locator(".fila b").all_inner_texts()


def ready(page):
    expect(page.locator("body[data-listo]")).to_be_attached()
    return page


# -- list and search ------------------------------------------------------------------------------------------------------


def test_opens_with_counts_and_general_information(open_page, whole):
    page = ready(open_page(whole))
    expect(page.locator("h1#nombre")).to_have_text("María Fernanda Ñauñay Quishpe")
    assert page.locator("#n0, #n1, #n2").all_inner_texts() == ["4", "3", "1"]
    figures = page.locator(".cuentas").inner_text().split("\n")
    assert [t for t in figures if t] == ["8", "encontrados", "=", "3", "incluidos", "+", "1", "con novedad", "+", "4", "excluidos por reserva"]
    assert "1712345675" in page.locator("#doc").inner_text()
    assert page.title() == "Respaldo Nº 000123 · María Fernanda Ñauñay Quishpe"


def test_an_archive_of_a_plain_folder_announces_nothing_empty(open_page, tmp_path):
    bare = header(person="", cedula="", post="", area="", institution="", since="", until="", request="", petition="", excluded=0)
    for name, body in static_files():
        write(tmp_path, name, [body])
    write(tmp_path, "visor/indice.js", index_js(bare, [], parts=1, bytes_planned=0))
    page = ready(open_page(tmp_path))
    expect(page.locator("h1#nombre")).to_have_text("RESPALDO_000123")
    expect(page.locator("#sub")).to_have_text("Respaldo de documentos")
    expect(page.locator("#vacio-t")).to_have_text("Este respaldo no contiene documentos")
    assert page.locator("#doc h3").all_inner_texts() == ["Documentos", "Respaldo", "Parte única"]


def test_search_ignores_accents_and_wants_every_word(open_page, whole):
    page = open_page(whole)
    for query, found in {
        "nunez": ["Inventario de bienes"],
        "nunez perdido": [],
        "NÚÑEZ inventario": ["Inventario de bienes"],
        "2024-0003": ["Con un anexo perdido"],
        "inaquito": ["Inventario de bienes"],
        "  nauñay   otra ": ["Documento de la otra parte"],
        "yanez": ["Inventario de bienes"],
    }.items():
        page.fill("#q", query)
        expect(page.locator(".fila b")).to_have_text(found)
        expect(page.locator("#n")).to_have_text("1 documento" if found else "0 documentos")
        assert page.locator("#vacio").is_visible() == (not found)
    for query, shown in {"nunez": "De: Carmen Núñez", "yanez": "Con copia: Édison Yánez", "planos": "Anexo: planos-Iñaquito.pdf"}.items():
        page.fill("#q", query)
        expect(page.locator(".fila .w")).to_have_text([shown])
    expect(page.locator("mark")).to_have_text(["planos"])


def test_a_control_character_in_a_subject_does_not_shift_the_search(open_page, tmp_path):
    """The search joins texts with U+0001; a subject that holds it must not make the next document answer for it."""
    two = [document(1, "uno\u0001dos", files=[]), document(2, "tres", files=[])]
    page = ready(open_page(extract(tmp_path, parts=(1,), documents=two)))
    for query, number in {"tres": "0002", "dos": "0001"}.items():
        page.fill("#q", query)
        expect(page.locator(".fila .muted")).to_have_text([re.compile(number)])


def test_filters(open_page, whole):
    page = ready(open_page(whole))
    for control, value, left in [("#tipo", "Memorando", 1), ("#anio", "2023", 1), ("#orden", "asc", 4)]:
        page.select_option(control, value)
        expect(page.locator(".fila")).to_have_count(left)
        page.click("#filtros [data-limpia]")
    for box, left in [("#firmado", 1), ("#anexos", 2), ("#novedad", 1)]:
        page.check(box)
        expect(page.locator(".fila")).to_have_count(left)
        page.click("#filtros [data-limpia]")
    page.get_by_label("Enviados").check()
    assert subjects(page) == ["Inventario de bienes"]


def test_hostile_text_stays_text(open_page, whole):
    page = ready(open_page(whole, fragment="#" + ID(1)))
    expect(page.locator("#doc-t")).to_have_text(HOSTILE)
    assert HOSTILE in subjects(page)
    assert page.locator("img").count() == 0 and page.title() != "roto"


def test_policy_refuses_inline_script_and_the_network(open_page, whole):
    page = ready(open_page(whole))
    refused = page.evaluate(
        """async () => {
            const seen = [];
            document.addEventListener("securitypolicyviolation", (e) => seen.push(e.effectiveDirective));
            const s = document.createElement("script");
            s.textContent = "window.roto = 1";
            document.body.append(s);
            await fetch("https://example.invalid/").catch(() => 0);
            await new Promise((r) => setTimeout(r, 50));
            return seen.sort();
        }"""
    )
    assert refused == ["connect-src", "script-src-elem"]
    assert page.evaluate("window.roto === undefined")


# -- the page of a document ---------------------------------------------------------------------------------------------


def test_document_page_has_everything(open_page, whole):
    page = ready(open_page(whole, fragment="#" + ID(2)))
    text = page.locator("#doc").inner_text()
    for word in ["BN-DA-2023-0002-O", "Memorando", "2 mar 2023, 10:24", "Carmen Núñez", "Édison Yánez", "BN-2023-0009-I", "Firma válida", "AC del Ecuador", "«Para su atención»", "Luis Paz"]:
        assert word in text, word
    assert page.locator("#doc h3").all_inner_texts() == ["Información general", "Archivos", "Anexos (1)", "Firmas", "Recorrido", "Integridad (SHA-256)"]
    assert hashlib.sha256(b"plano").hexdigest() in text
    assert page.locator(".gente").nth(1).locator(".t").all_inner_texts() == ["María Fernanda Ñauñay Quishpe", "Ana Ruiz, Directora"]
    expect(page.locator(".fila[aria-selected=true]")).to_contain_text("Inventario de bienes")


def test_signatures_show_each_signer_with_the_reason(open_page, tmp_path):
    signed = document(1, "Firmado por dos", files=[("principal", "a.pdf", "data/Recibidos/2024/a.pdf", b"a"), ("anexo", "a.p7s", "data/Recibidos/2024/a.p7s", b"b"), ("anexo", "c.p7m", "data/Recibidos/2024/c.p7m", b"c")])
    one = {"nombre": "Ana Ruiz", "fecha": "2024-03-01T09:00:00-05:00", "emisor": "AC del Ecuador", "certificado": "Vigente", "veredicto": "válida"}
    two = one | {"nombre": "Luis <b>Paz</b>", "veredicto": "no verificable", "motivo": "La entidad no consta"}
    verdicts = [
        {"veredicto": "no verificable", "firmantes": [one, two], "motivo": "La entidad no consta"},
        {"veredicto": "alterada", "firmantes": [one | {"veredicto": "alterada", "motivo": "El contenido no es el que se firmó"}], "separada": True, "firmado": "a.pdf"},
        {"veredicto": "no verificable", "firmantes": [], "motivo": "La firma está dañada o incompleta"},
    ]
    for file, verdict in zip(signed["archivos"], verdicts, strict=True):
        file["firma"] = verdict
    page = ready(open_page(extract(tmp_path, parts=(1,), documents=[signed]), fragment="#" + ID(1)))
    first, second, third = page.locator(".firmas > li").all()
    assert first.locator(".badge").all_inner_texts() == ["No verificable", "Firma válida", "No verificable"]
    assert "Luis <b>Paz</b>" in first.inner_text() and first.inner_text().count("La entidad no consta") == 1
    assert "Firma el archivo a.pdf" in second.inner_text() and "El contenido no es el que se firmó" in second.inner_text()
    assert "La firma está dañada o incompleta" in third.inner_text()
    assert "No es un peritaje" in page.locator("#doc").inner_text()


def test_links_lead_to_the_files_whatever_their_names(open_page, whole):
    page = ready(open_page(whole, fragment="#" + ID(1)))
    urls = page.locator("#doc a[target=_blank]").evaluate_all("l => l.map((a) => a.href)")
    assert len(urls) == 2
    for url in urls:
        assert Path(unquote(urlsplit(url).path)).read_bytes() == b"%PDF uno"


def test_a_file_that_could_not_be_included_says_why(open_page, whole):
    page = ready(open_page(whole, fragment="#" + ID(3)))
    expect(page.locator(".arch.no")).to_contain_text("El archivo no existe en la bodega")
    expect(page.locator("#doc .badge", has_text="Con novedad")).to_be_visible()
    assert page.locator(".arch.no a").count() == 0


def test_a_path_outside_data_is_never_a_link(open_page, tmp_path):
    bad = document(1, "Ruta ajena", files=[("principal", "x", "data/../../x.pdf", b""), ("anexo", "y", "https://example.invalid/y", b"")])
    write(tmp_path, "x", [b""])
    folder = extract(tmp_path / "r", parts=(1,), documents=[{**bad, "archivos": []}])
    write(folder, "visor/parte01.js", part_js("parte01", [clean(bad)]))
    page = ready(open_page(folder, fragment="#" + ID(1)))
    expect(page.locator(".arch.no")).to_have_count(2)
    assert page.locator("#doc a[target=_blank]").count() == 0


def test_a_document_of_a_part_that_is_not_here_says_where(open_page, first_part):
    page = ready(open_page(first_part))
    page.locator(".fila", has_text="otra parte").click()
    notice = page.locator("#doc .aviso")
    expect(notice).to_contain_text("Está en la parte 02")
    expect(notice).to_contain_text("RESPALDO_000123_parte02de02.zip")
    assert page.locator("#doc a").count() == 0
    page.click("#info")
    expect(page.locator(".cuentas")).to_contain_text("en partes que no están aquí")
    assert page.locator(".partes .badge").all_inner_texts() == ["En esta carpeta", "No está aquí"]


def test_a_complement_brings_what_was_missing(open_page, tmp_path):
    folder = extract(tmp_path)
    found = document(3, "Con un anexo perdido", files=[("anexo", "perdido.pdf", "data/Recibidos/2024/perdido.pdf", b"hallado")])
    write(folder, "visor/C1.js", part_js("C1", [clean(found)]))
    page = ready(open_page(folder, fragment="#" + ID(3)))
    expect(page.get_by_role("link", name="perdido.pdf")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^c.pdf"))).to_be_visible()
    assert page.locator("#doc .badge", has_text="Con novedad").count() == 0
    page.click("#info")
    expect(page.locator(".partes")).to_contain_text("RESPALDO_000123_C1.zip")


@pytest.mark.parametrize("key", ["C1", "C14"])
def test_a_complement_alone_opens_with_its_own_index(open_page, tmp_path, key):
    found = document(3, "Con un anexo perdido", files=[("anexo", "perdido.pdf", "data/Recibidos/2024/perdido.pdf", b"hallado")])
    for name, body in static_files():
        write(tmp_path, name, [body])
    mine = header(name=f"RESPALDO_000123_{key}", complement=key)
    write(tmp_path, index_name(mine), index_js(mine, [index_row(found)], parts=1, bytes_planned=7))
    write(tmp_path, f"visor/{key}.js", part_js(key, [clean(found)]))
    page = ready(open_page(tmp_path, fragment="#" + ID(3)))
    expect(page.get_by_role("link", name="perdido.pdf")).to_be_visible()
    page.click("#info")
    expect(page.locator(".partes li")).to_have_text([re.compile(f"RESPALDO_000123_{key}.zip.*En esta carpeta")])


@pytest.mark.parametrize("key", ["C3", "C14", "C7_parte01"])
def test_a_complement_without_those_before_it_is_shown(open_page, tmp_path, key):
    folder = extract(tmp_path)
    found = document(3, "Con un anexo perdido", files=[("anexo", "perdido.pdf", "data/Recibidos/2024/perdido.pdf", b"hallado")])
    write(folder, f"visor/{key}.js", part_js(key, [clean(found)]))
    page = ready(open_page(folder, fragment="#" + ID(3)))
    expect(page.get_by_role("link", name="perdido.pdf")).to_be_visible()
    assert page.locator("#doc .badge", has_text="Con novedad").count() == 0
    page.click("#info")
    expect(page.locator(".partes li")).to_contain_text(["parte01de02", "parte02de02", f"RESPALDO_000123_{key}.zip"])


def test_complements_that_are_not_there_do_not_draw_the_page_anew(open_page, whole):
    page = open_page(whole)
    page.evaluate(
        "window.drawn = 0; new MutationObserver(() => window.drawn++).observe(document.getElementById('doc'), { childList: true })"
    )
    ready(page)
    assert page.evaluate("window.drawn") <= PARTS


def test_a_document_that_runs_over_two_parts_is_joined(open_page, tmp_path):
    long_ = document(5, "Muy grande", files=[("principal", "a.pdf", "data/Recibidos/2024/a.pdf", b"a"), ("anexo", "b.pdf", "data/Recibidos/2024/b.pdf", b"b")])
    here, there = clean(long_), clean(long_)
    here["archivos"][1] = {"clase": "anexo", "nombre": "b.pdf", "parte": 2, "bytes": 1}
    there["archivos"][0] = {"clase": "principal", "nombre": "a.pdf", "parte": 1, "bytes": 1}
    folder = extract(tmp_path, parts=(1,), documents=[long_])
    write(folder, "visor/parte01.js", part_js("parte01", [here]))
    page = ready(open_page(folder, fragment="#" + ID(5)))
    expect(page.locator(".arch.no")).to_contain_text("Está en la parte 02")
    write(folder, "visor/parte02.js", part_js("parte02", [there]))
    page.reload()
    ready(page)
    expect(page.locator("a.arch")).to_have_count(2)


# -- hands, eyes, paper ---------------------------------------------------------------------------------------------------


def test_keyboard_alone(open_page, whole):
    page = ready(open_page(whole))
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("bn")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#lista")).to_be_focused()
    page.keyboard.press("End")
    expect(page.locator(".fila[aria-selected=true]")).to_contain_text("Inventario")
    assert page.locator("#lista").get_attribute("aria-activedescendant") == "d" + ID(2)
    page.keyboard.press("Enter")
    expect(page.locator("#doc-t")).to_be_focused()
    assert page.url.endswith("#" + ID(2))
    page.keyboard.press("Escape")
    expect(page.locator("#lista")).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    assert page.input_value("#q") == ""


def test_theme_follows_the_system_and_the_button_is_remembered(open_page, whole):
    page = open_page(whole, color_scheme="dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#tema")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_phone_drills_in_and_back_without_sideways_scrolling(open_page, whole):
    page = ready(open_page(whole, viewport={"width": 390, "height": 800}))
    assert not page.locator("#doc").is_visible()
    page.locator(".fila", has_text="Inventario").click()
    expect(page.locator("#doc-t")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.go_back()
    expect(page.locator("#lista")).to_be_visible()
    page.click("#info")
    expect(page.locator("#doc-t")).to_have_text("Información general del respaldo")


def test_nothing_is_lost_at_320_pixels(open_page, whole):
    """WCAG 1.4.10, reflow; 2.5.8, targets (links within a sentence excepted)."""
    for name, fragment in [("ABRIR_AQUI.html", ""), ("ABRIR_AQUI.html", "#" + ID(2)), ("ABRIR_AQUI.html", "#informacion"), ("VERIFICAR.html", "")]:
        page = open_page(whole, name, fragment, viewport={"width": 320, "height": 640})
        if name.startswith("ABRIR"):
            ready(page)  # until then the page is drawn anew with each part that arrives
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, (name, fragment)
        small = page.locator("button:visible, a:visible, input:visible, select:visible").evaluate_all(
            "l => l.filter((e) => !e.matches('.skip, p a') && e.getBoundingClientRect().height < 24).map((e) => e.outerHTML)"
        )
        assert small == [], (name, fragment)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_a_long_name_without_spaces_does_not_make_a_document_scroll_sideways(open_page, tmp_path, width):
    """WCAG 1.4.10, reflow: the number of a plain folder's document is its path."""
    name = "informe_final_de_gestion_institucional_version_definitiva_" * 3 + ".txt"
    path = f"documentos_personales_2019/{name}"
    files = [("principal", name, f"data/{path}", b"x"), ("anexo", name, None, b"")]
    long_ = document(1, path, sender="N" * 200, kind="T" * 90, para=["P" * 200], files=files)
    long_ |= {"numero": path, "referencia": "R" * 150}
    long_["recorrido"][0] |= {"accion": "A" * 150, "comentario": "C" * 300}
    folder = extract(tmp_path, parts=(1,), documents=[long_])
    page = ready(open_page(folder, fragment="#" + ID(1), viewport={"width": width, "height": 800}))
    expect(page.locator("#doc-t")).to_be_visible()
    assert page.evaluate("(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.getElementById('doc'))") <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click("#info")
    assert page.evaluate("(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.getElementById('doc'))") <= 0


@pytest.mark.parametrize("fragment", ["#100%", "#%", "#%C3", "#nada"])
def test_an_address_that_names_nothing_opens_the_list(open_page, whole, fragment):
    page = ready(open_page(whole, fragment=fragment))
    expect(page.locator(".fila")).to_have_count(4)
    assert page.locator(".partes .badge").all_inner_texts() == ["En esta carpeta"] * PARTS
    page.goto(page.url.split("#")[0] + "#" + ID(2))
    expect(page.locator("#doc-t")).to_have_text("Inventario de bienes")


def test_print_shows_the_document_alone(open_page, whole):
    page = ready(open_page(whole, fragment="#" + ID(2)))
    page.emulate_media(media="print")
    assert page.locator("#doc-t").is_visible() and page.locator(".solo-print").is_visible()
    assert not page.locator("#lista").is_visible() and not page.locator("#tema").is_visible()


def test_accessible_in_both_themes(open_page, whole, first_part):
    places = [(first_part, "ABRIR_AQUI.html", ""), (whole, "ABRIR_AQUI.html", "#" + ID(3)), (whole, "VERIFICAR.html", "")]
    for folder, name, fragment in places:
        page = open_page(folder, name, fragment)
        if name.startswith("ABRIR"):
            ready(page)
        else:
            verify(page, folder)
        for scheme, options in [("light", {}), ("dark", {"runOnly": ["color-contrast"]})]:
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page, options=options).response["violations"]
            assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] != "minor"] == [], (name, scheme)


@pytest.mark.parametrize("with_scripts", [False, True])
def test_opened_inside_the_zip_it_says_to_extract(open_page, tmp_path, with_scripts):
    for name, body in static_files():
        if with_scripts or name == "ABRIR_AQUI.html":
            write(tmp_path, name, [body])
    page = open_page(tmp_path)
    expect(page.get_by_role("heading", name="Extraiga primero todos los archivos")).to_be_visible()
    assert not page.locator("#todo").is_visible()


PAGES = {"ABRIR_AQUI.html": ("base", "partes", "ficha", "visor"), "VERIFICAR.html": ("base", "sha256", "verificar")}


@pytest.mark.parametrize(("name", "script"), [(name, script) for name, scripts in PAGES.items() for script in scripts])
@pytest.mark.parametrize("torn", [False, True], ids=["missing", "torn"])
def test_a_page_without_one_of_its_scripts_says_so(chromium, tmp_path, name, script, torn):
    """An extraction that was interrupted: the style is there, a script is not, or not all of it."""
    path = extract(tmp_path) / f"visor/{script}.js"
    if torn:
        path.write_bytes(path.read_bytes()[:-100])
    else:
        path.unlink()
    page = chromium.new_page()
    page.goto((tmp_path / name).as_uri())
    expect(page.get_by_role("heading", name="Extraiga primero todos los archivos")).to_be_visible()
    expect(page.locator("#extraer")).to_contain_text("la extracción no terminó")
    assert not page.locator("#todo").is_visible()
    page.close()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [320, 1280])
def test_without_javascript_the_page_says_how_to_go_on(open_page, whole, name, width):
    page = open_page(whole, name, java_script_enabled=False, viewport={"width": width, "height": 800})
    shown = page.locator("body").inner_text()
    assert "tiene desactivado JavaScript" in shown and "Extraiga primero todos los archivos" in shown
    assert (page.locator("noscript a").get_attribute("href"), page.locator("h1:visible").count()) == ("data/", 1)
    boxes = [box.bounding_box() for box in page.locator(".extraer").all()]
    assert len(boxes) == 2 and all(b["x"] >= 0 and b["x"] + b["width"] <= width for b in boxes)


@pytest.mark.parametrize("name", PAGES)
def test_the_help_is_never_seen_while_a_page_opens(chromium, whole, name):
    page = chromium.new_page()
    page.add_init_script(
        "window.seen = 0; (function look() { const e = document.getElementById('extraer');"
        "if (e && e.getBoundingClientRect().height) window.seen++; requestAnimationFrame(look); })();"
    )
    page.goto((whole / name).as_uri())
    expect(page.locator("#todo")).to_be_visible()
    assert page.evaluate("window.seen") == 0
    page.close()


def busy_seconds(page) -> float:
    """Processor time of the page's main thread so far: what a reader would wait for on an idle machine."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return metrics["TaskDuration"]


def test_fifty_thousand_documents(open_page, tmp_path):
    people, annex = [f"Persona {n} Núñez" for n in range(3000)], File("", "anexo", "anexo.pdf", 1, ".pdf")
    rows = (
        (1, Document(ID(n), f"BN-2024-{n}-O", "Oficio", f"20{10 + n % 15}-03-01T10:24", f"Remisión de informe {n % 977}", ("recibido",), (people[n % 3000],), (people[n % 7],), files=(annex,)))
        for n in range(50_000)
    )  # fmt: skip
    for name, body in static_files():
        write(tmp_path, name, [body])
    write(tmp_path, "visor/indice.js", index_js(header(), rows, parts=1, bytes_planned=1))
    page = open_page(tmp_path)
    expect(page.locator(".fila").first).to_be_visible()
    assert busy_seconds(page) < 3
    ready(page)
    before = busy_seconds(page)
    page.evaluate("document.getElementById('q').value = 'nunez 2999 remision'")
    page.evaluate("document.getElementById('filtros').dispatchEvent(new Event('change'))")
    took = busy_seconds(page) - before
    found = [n for n in range(50_000) if "2999" in str(n) or n % 3000 == 2999]
    expect(page.locator("#n")).to_have_text(f"{len(found)} documentos")
    assert took < 0.2
    assert page.locator(".fila").count() < 40


# -- VERIFICAR.html -------------------------------------------------------------------------------------------------------


def verify(page, folder: Path) -> str:
    page.set_input_files("#carpeta", str(folder))
    expect(page.locator(".veredicto")).to_be_visible()
    return page.locator("#resultado").inner_text()


def test_checker_passes_a_sound_folder(open_page, whole):
    page = open_page(whole, "VERIFICAR.html")
    verdict = verify(page, whole)
    # 5 of documents, 9 fixed, the index, 2 scripts, the manifest
    assert "El respaldo está íntegro" in verdict and "18 archivos verificados" in verdict


def test_checker_names_what_differs_what_is_missing_and_what_does_not_belong(open_page, tmp_path):
    folder = extract(tmp_path / "copia")
    memo = folder / "data/Enviados/2023/memo.pdf"  # of part 1: its manifest was overwritten by part 2's
    body = bytearray(memo.read_bytes())
    body[100] ^= 1
    memo.write_bytes(body)
    (folder / "data/Recibidos/2024/c.pdf").unlink()
    write(folder, "data/Recibidos/ajeno.exe", [b"MZ"])
    page = open_page(folder, "VERIFICAR.html")
    verdict = verify(page, folder)
    assert "2 archivos tienen problemas" in verdict
    lists = {s.locator("h2").inner_text(): s.locator("li").all_inner_texts() for s in page.locator(".problema").all()}
    assert lists == {
        "Archivos que difieren (1)": ["copia/data/Enviados/2023/memo.pdf"],
        "Archivos que faltan (1)": ["copia/data/Recibidos/2024/c.pdf"],
        "Archivos que no constan (1)": ["copia/data/Recibidos/ajeno.exe"],
    }


def test_checker_says_which_part_is_not_there(open_page, first_part):
    verdict = verify(open_page(first_part, "VERIFICAR.html"), first_part)
    assert "faltan partes" in verdict and "parte 02" in verdict


def test_checker_reads_parts_extracted_each_into_its_own_folder(open_page, tmp_path):
    for part in (1, 2):
        extract(tmp_path / "partes" / f"p{part}", parts=(part,))
    verdict = verify(open_page(tmp_path / "partes/p1", "VERIFICAR.html"), tmp_path / "partes")
    assert "El respaldo está íntegro" in verdict and "29 archivos verificados" in verdict


def test_checker_refuses_a_torn_list_and_a_foreign_folder(open_page, tmp_path):
    folder = extract(tmp_path / "rota")
    script = folder / "visor/parte02.js"
    script.write_bytes(script.read_bytes().removesuffix(b"]);\n"))  # whole lines, yet unfinished
    page = open_page(folder, "VERIFICAR.html")
    assert "rota/visor/parte02.js" in verify(page, folder)
    write(tmp_path / "otra", "nota.txt", [b"x"])
    assert "no contiene un respaldo" in verify(page, tmp_path / "otra")


def test_streaming_hash_is_sha256(open_page, whole):
    page = open_page(whole, "VERIFICAR.html")
    sizes = [0, 1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 1_000_003]
    got = page.evaluate(
        "(sizes) => sizes.map((n) => { const b = Uint8Array.from({ length: n }, (_, i) => (i * 31) & 255), s = new VISOR.Sha256(); "
        "for (let i = 0, k = 1; i < n; i += k, k = (k * 7) % 9973 + 1) s.update(b.subarray(i, i + k)); return s.hex(); })",
        sizes,
    )
    assert got == [hashlib.sha256(bytes(i * 31 & 255 for i in range(n))).hexdigest() for n in sizes]
