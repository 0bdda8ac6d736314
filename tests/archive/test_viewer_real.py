"""Acceptance: a real archive of several parts, extracted with a real tool, opened in Chromium from file://."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.archive.conftest import Memory, Set, document, extract, join, run
from tests.archive.test_viewer_browser import chromium, expect, open_page, pytestmark, ready, verify  # noqa: F401

SIZES = (60_000, 400_000, 7)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Set:
    source = Memory({})
    return Set(tmp_path_factory.mktemp("real"), [document(n, source, SIZES) for n in range(1, 7)], source, excluded=2)


@pytest.fixture(scope="module")
def together(made, tmp_path_factory) -> Path:
    """All parts extracted into one folder, one after the other, as LEAME says."""
    folder = tmp_path_factory.mktemp("todo")
    for path in made.volumes:
        run("unzip", "-qo", path, "-d", folder)
    return folder


@pytest.fixture(scope="module")
def joined(made, tmp_path_factory) -> Path:
    """The official instruction, then extracted."""
    folder = tmp_path_factory.mktemp("unido")
    return extract(join(made.zip, folder / "RESPALDO_000123_unificado.zip"), folder / "x")


@pytest.mark.parametrize("which", ["together", "joined"])
def test_all_parts_are_found_and_every_link_opens(open_page, made, request, which):  # noqa: F811
    folder = request.getfixturevalue(which)
    page = ready(open_page(folder))
    assert page.locator(".partes .badge").all_inner_texts() == ["En esta carpeta"] * made.plan.parts
    assert [t for t in page.locator(".cuentas").inner_text().split("\n") if t][:4] == ["8", "encontrados", "=", "6"]
    assert "2 excluidos por reserva" in " ".join(page.locator(".cuentas").inner_text().split())
    links = set()
    for planned in made.plan.documents():
        page.goto(page.url.split("#")[0] + "#" + planned.document.id)
        expect(page.locator("#doc-t")).to_have_text(planned.document.subject)
        links |= set(page.locator("#doc a[target=_blank]").evaluate_all("l => l.map((a) => a.href)"))
    opened = sorted(Path(unquote(urlsplit(link).path)).read_bytes() for link in links)
    assert opened == sorted(made.source.contents.values())


def test_part_one_alone_says_where_the_others_are(open_page, made, tmp_path):  # noqa: F811
    page = ready(open_page(extract(made.path(1), tmp_path / "x")))
    planned = next(d for d in made.plan.documents() if d.part == 2)
    page.goto(page.url.split("#")[0] + "#" + planned.document.id)
    expect(page.locator("#doc .aviso")).to_contain_text("Está en la parte 02")
    assert page.locator("#doc a[target=_blank]").count() == 0


def test_a_complement_extracted_beside_them_is_shown(open_page, made, together, tmp_path):  # noqa: F811
    """C1 brings its own viewer script: the document shows the file that was missing."""
    source = Memory({})
    late = document(1, source, (500,), subject="Hallado después")
    complement = Set(tmp_path / "c", [late], source, name="RESPALDO_000123_C1", group="000123-C1", complement="C1")
    folder = tmp_path / "todo"
    for path in (*made.volumes, complement.zip):
        run("unzip", "-qo", path, "-d", folder)
    page = ready(open_page(folder))
    expect(page.locator(".partes")).to_contain_text("RESPALDO_000123_C1.zip")
    expect(page.locator("#n")).to_have_text("6 documentos")
    assert "íntegro" in verify(open_page(folder, "VERIFICAR.html"), folder)


def test_verificar_passes_and_names_the_one_flipped_byte(open_page, together, tmp_path):  # noqa: F811
    assert "El respaldo está íntegro" in verify(open_page(together, "VERIFICAR.html"), together)
    victim = sorted(p for p in together.rglob("*.pdf"))[3]
    content = victim.read_bytes()
    try:
        victim.write_bytes(content[:1000] + bytes([content[1000] ^ 1]) + content[1001:])
        page = open_page(together, "VERIFICAR.html")
        verdict = verify(page, together)
        assert "1 archivo tiene problemas" in verdict or re.search(r"1 archivo", verdict)
        assert page.locator(".problema li").all_inner_texts() == [f"{together.name}/{victim.relative_to(together).as_posix()}"]
    finally:
        victim.write_bytes(content)
