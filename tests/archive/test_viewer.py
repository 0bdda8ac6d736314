"""The Python side of the viewer: fixed files, index and part scripts, as bytes."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.model import CAUSES, Document, File, Header
from archive.viewer import index_name, part_js, part_key, part_name, read_part_js, static_files
from tests.archive.readers import index_js

HEADER = Header(
    name="RESPALDO_000123",
    group="000123",
    request="000123",
    person="María Ñauñay",
    cedula="1712345675",
    post="Analista",
    area="Archivo",
    institution="Biblioteca </script>",
    since="2019-02-04",
    until="2026-08-14",
    made="2026-11-18T09:08:00-05:00",
    excluded=4,
)
HOSTILE = "</script><img src=x onerror=alert(1)>\u2028\u2029'\"\\\n\x00\u202e"


def row(n: int, *, part: int = 1, **changes) -> tuple[int, Document]:
    """(part, document) of a row in the index."""
    values = dict(
        id=f"{n:020d}",
        number=f"INST-{n}",
        date="2024-03-01T10:20:30-05:00",
        kind="Oficio",
        trays=("enviado",),
        subject="Asunto",
        sender=("Ana Núñez",),
        to=("Luis Paz",),
        cc=(),
        files=(File("1", "principal", "oficio.pdf", 1, ".pdf"), File("2", "anexo", "plano.pdf", 1, ".pdf")),
        signed=True,
    )
    return part, Document(**{**values, **changes})


def detail(n: int, **changes) -> dict:
    return {"id": f"{n:020d}", "numero": f"INST-{n}", "asunto": HOSTILE, "destino": "incluido", "archivos": [], **changes}


def parse(script: bytes) -> dict:
    return json.loads(script.decode().removeprefix("window.RESPALDO=").strip().removesuffix(";"))


def build(rows, **changes) -> bytes:
    return b"".join(index_js(HEADER, rows, **{"parts": 3, "bytes_planned": 99, **changes}))


def test_static_files_are_complete_and_reach_nothing_outside():
    files = dict(static_files())
    assert {"ABRIR_AQUI.html", "VERIFICAR.html", "visor/visor.css", "visor/visor.js"} <= set(files)
    for name, body in files.items():
        text = body.decode()
        assert text.strip(), name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|fetch\(|XMLHttpRequest|@import|url\(", text), name
        outside = set(re.findall(r"https?://[^\s\"'<>)]+", text)) - {"http://www.w3.org/2000/svg"}
        assert not outside, (name, outside)
        if name.endswith(".html"):
            assert not re.search(r"<[^>]+\s(on\w+|style)=", text), name
            for used in re.findall(r'(?:src|href)="(visor/[^"]+)"', text):
                assert used in files, (name, used)


@pytest.mark.parametrize("name", ["ABRIR_AQUI.html", "VERIFICAR.html"])
def test_the_policy_knows_the_only_inline_style(name):
    text = dict(static_files())[name].decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith("default-src 'none';")
    assert f"'sha256-{digest}'" in policy
    assert "unsafe" not in policy and "connect-src" not in policy
    assert not re.search(r"<script(?![^>]*src=)", text)


def test_index_says_who_what_and_where():
    data = parse(build([row(1), row(2, part=2, trays=("enviado", "recibido"), sender=("Luis Paz",), to=("Ana Núñez",), signed=False)]))
    assert data["meta"]["partes"] == 3 and data["meta"]["bytes"] == 99 and data["meta"]["excluidos"] == 4
    assert data["meta"]["persona"] == "María Ñauñay"
    assert data["causas"] == CAUSES
    assert data["personas"] == ["Ana Núñez", "Luis Paz"] and data["tipos"] == ["Oficio"]
    assert data["docs"][0] == [f"{1:020d}", "INST-1", "2024-03-01T10:20", 0, 1, "Asunto", [0], [1], [], ["plano.pdf"], 1, 1]
    assert data["docs"][1][3:] == [0, 3, "Asunto", [1], [0], [], ["plano.pdf"], 2, 0]


def test_a_complement_has_an_index_of_its_own():
    assert index_name(HEADER) == "visor/indice.js"
    assert index_name(replace(HEADER, complement="C1")) == "visor/indice_C1.js"


def test_index_of_an_empty_archive():
    assert parse(build([]))["docs"] == []


def test_index_is_deterministic():
    rows = [row(n, sender=(f"P{n % 3}",)) for n in range(50)]
    assert build(rows) == build(iter(rows))


def test_index_streams():
    """Memory must not follow the number of documents, only the number of distinct names."""
    tracemalloc.start()
    size = sum(len(piece) for piece in index_js(HEADER, (row(n) for n in range(8_000)), parts=1, bytes_planned=1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 700_000 and peak < 300_000


@given(st.text(st.characters(codec=None), max_size=40))
def test_any_text_is_safe_in_a_script(text):
    scripts = build([row(1, subject=text, sender=(text,))]) + b"".join(part_js("parte01", [detail(1, asunto=text)]))
    assert b"<" not in scripts
    decoded = scripts.decode("utf-8")
    assert "\u2028" not in decoded and "\u2029" not in decoded


@given(st.lists(st.text(max_size=30), max_size=5))
def test_a_part_script_is_its_own_journal(texts):
    details = [detail(n, asunto=text, destino="novedad" if n % 2 else "incluido") for n, text in enumerate(texts)]
    script = b"".join(part_js("parte01", iter(details)))
    assert list(read_part_js(io.BytesIO(script))) == details
    assert script.count(b"\n") == len(details) + 2


def test_a_torn_part_script_is_refused():
    script = b"".join(part_js("parte01", [detail(n) for n in range(9)]))
    for cut in (0, 10, len(script) // 2, len(script) - 4):
        with pytest.raises(ValueError):
            list(read_part_js(io.BytesIO(script[:cut])))
    with pytest.raises(ValueError, match="not a part script"):
        list(read_part_js(io.BytesIO(build([row(1)]))))


def test_a_foreign_fate_or_key_is_refused():
    with pytest.raises(ValueError):
        list(part_js("parte01", [detail(1, destino="perdido")]))
    for key in ("", "../x", 'a"b', "ñ"):
        with pytest.raises(ValueError):
            list(part_js(key, []))


def test_numbers_are_padded_like_the_volumes():
    assert part_key(1, 1) == "parte01" and part_key(7, 120) == "parte007"
    assert part_name(part_key(2, 3)) == "visor/parte02.js"
