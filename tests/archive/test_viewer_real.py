"""Acceptance: a real archive of several parts, extracted with a real tool, opened in Chromium from file://."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from archive import viewer
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
    complement = complement_of(tmp_path / "c", "C1", 1)
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


def problems(page, folder: Path) -> list[str]:
    """What VERIFICAR names, relative to `folder`; of what does not belong, nothing."""
    verify(page, folder)
    return [text.removeprefix(f"{folder.name}/") for text in page.locator(".problema.k-bad li").all_inner_texts()]


def beside(folder: Path) -> list[str]:
    """The files beside the payload that VERIFICAR.html does without."""
    own = {"VERIFICAR.html", "visor/base.js", "visor/sha256.js", "visor/verificar.js"}
    files = (p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and not p.is_relative_to(folder / "data"))
    return sorted(set(files) - own)


@pytest.mark.parametrize("which", ["together", "joined"])
def test_verificar_names_each_file_beside_the_documents_that_was_altered_or_deleted(open_page, request, tmp_path, which):  # noqa: F811
    """All parts in one folder, as LEAME says, or joined: each in turn with its middle byte flipped, then gone."""
    folder = Path(shutil.copytree(request.getfixturevalue(which), tmp_path / "copia"))
    page, names = open_page(folder, "VERIFICAR.html"), beside(folder)
    numbered = {f"{kind}_parte{n:02d}.csv" for kind in ("INDICE", "NOVEDADES", "FIRMAS") for n in (1, 2, 3)}
    numbered |= {f"visor/{kind}{n:02d}.{suffix}" for kind, suffix in (("parte", "js"), ("sumas_parte", "txt")) for n in (1, 2, 3)}
    assert numbered | {"tagmanifest-sha256.txt", "bag-info.txt", "manifest-sha256.txt", "INDICE.csv"} <= set(names)
    assert problems(page, folder) == []
    for name in names:
        path = folder / name
        content = path.read_bytes()
        path.write_bytes(flipped(content))
        assert problems(page, folder) == [name], f"{name} altered"
        path.unlink()
        assert problems(page, folder) == [name], f"{name} deleted"
        path.write_bytes(content)


def flipped(content: bytes, at: int | None = None) -> bytes:
    """With one bit of byte `at` (the middle one) turned."""
    at = len(content) // 2 if at is None else at
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


RUINS = {
    "empty": lambda data: b"",
    "cut at a line": lambda data: data[: data.index(b"\n") + 1],
    "first byte": lambda data: flipped(data, 0),
    "last letter": lambda data: flipped(data, len(data) - 2),
}


@pytest.mark.parametrize("ruin", RUINS)
@pytest.mark.parametrize("name", ["tagmanifest-sha256.txt", "visor/sumas_parte02.txt", "visor/sumas_parte03.txt"])
def test_a_list_of_sums_that_was_cut_or_altered_is_named_itself(open_page, together, tmp_path, name, ruin):  # noqa: F811
    folder = Path(shutil.copytree(together, tmp_path / "copia"))
    path = folder / name
    path.write_bytes(RUINS[ruin](path.read_bytes()))
    assert problems(open_page(folder, "VERIFICAR.html"), folder) == [name]


def test_a_part_that_was_not_extracted_is_a_part_that_is_not_there(open_page, made, tmp_path):  # noqa: F811
    folder = tmp_path / "x"
    for number in (1, 3):
        run("unzip", "-qo", made.path(number), "-d", folder)
    page = open_page(folder, "VERIFICAR.html")
    assert problems(page, folder) == []
    assert "pero faltan partes" in (told := page.locator("#resultado").inner_text()) and "parte 02" in told
    (folder / "INDICE_parte01.csv").unlink()
    assert problems(page, folder) == ["INDICE_parte01.csv"]


def complement_of(folder: Path, key: str, *numbers: int, sizes=(500,)) -> Set:
    source = Memory({})
    documents = [document(n, source, sizes) for n in numbers]
    return Set(folder, documents, source, name=f"RESPALDO_000123_{key}", group=f"000123-{key}", complement=key)


@pytest.mark.parametrize("last", ["archive", "complement"])
def test_newer_pages_that_a_complement_brings_are_sound_too(open_page, made, tmp_path, monkeypatch, last):  # noqa: F811
    """Made years later, by another version of this program: the pages of either are sound."""
    newer = [(name, body + b"\n" * name.endswith(".css")) for name, body in viewer.static_files()]
    with monkeypatch.context() as later:
        later.setattr(viewer, "static_files", lambda: newer)
        complement = complement_of(tmp_path / "c", "C2", 1)
    folder = tmp_path / "x"
    for path in (complement.zip, *made.volumes) if last == "archive" else (*made.volumes, complement.zip):
        run("unzip", "-qo", path, "-d", folder)
    page = open_page(folder, "VERIFICAR.html")
    assert "El respaldo está íntegro" in verify(page, folder)
    for name in ("visor/sumas_C2.txt", "INDICE_C2.csv", "visor/C2.js", "visor/indice_C2.js", "LEAME_C2.txt", "visor/visor.css"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(flipped(content))
        assert problems(page, folder) == [name]
        (folder / name).write_bytes(content)


def test_a_complement_of_several_parts_is_checked_joined_too(open_page, tmp_path):  # noqa: F811
    made = complement_of(tmp_path / "c", "C1", 1, 2, 3, sizes=SIZES)
    assert made.plan.parts == 2
    folder = extract(join(made.zip, tmp_path / "j.zip"), tmp_path / "x")
    page = open_page(folder, "VERIFICAR.html")
    assert "El respaldo está íntegro" in verify(page, folder)
    for name in ("visor/sumas_C1.txt", "visor/sumas_C1_parte01.txt", "FIRMAS_C1_parte02.csv"):
        content = (folder / name).read_bytes()
        (folder / name).unlink()
        assert problems(page, folder) == [name]
        (folder / name).write_bytes(content)
