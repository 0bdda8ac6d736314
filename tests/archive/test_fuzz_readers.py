"""Property: whatever the documents are called and however large they are, every reader sees the same archive.

`FUZZ=50 pytest tests/archive/test_fuzz_readers.py` searches fifty times as long, at random.
"""

from __future__ import annotations

import hashlib
import random
import tempfile
import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.model import CAUSES, Document, File, FileProblem, Step
from archive.names import MAX_COMPONENT, MAX_PATH
from tests.archive.conftest import MIB, Memory, Set, document, examples, join, validate_bag
from tests.archive.readers import READERS, extracted, names

HOSTILE = (
    "../../../../etc/passwd", "/etc/passwd", "..", ".", "C:\\Windows\\x", "a\0b", "x" * 300, "ñ" * 300, "😀" * 120, "doc\u202efdp.exe", "CON",
    "con.txt", "PRN", "AUX.pdf", "NUL", "COM1", "LPT9.tar.gz", "fin. . .", "fin ", " ", "", "Petición de Núñez", "Peticio\u0301n", "PETICIÓN",
    "petición", "a<b>c:d\"e|f?g*h", "-rf", "~", "$(id)", "%2e%2e%2f", "línea\r\notra", "manifest-sha256.txt", "\udcff\udcfe", "ﬁ", "ß", "ẞ", "İ", "ı",
    "\u200b", "\ufeff", "👩‍👩‍👧", "a\u0300\u0301\u0302" * 60, "한글", "각", ".oculto", "Thumbs.db", "__MACOSX", "data", "#1 100%", "tab\tulador",
)  # fmt: skip
SUFFIXES = (".pdf", ".PDF", ".p7m", ".html", ".docx", "", ".", ".tar.gz", ".ñ", ".con", ". ", "/..", ".exe\0.pdf")
# Around what Info-ZIP's join cuts at, a window of DEFLATE, a batch of the writer, and a part.
SIZES = (0, 1, 2, 16_383, 16_384, 16_385, 32_768, 49_152, 65_535, 65_536, 262_144, 1_000_000, MIB - 40_000, MIB - 1, MIB, MIB + 1)
PROBLEMS = tuple(sorted(set(CAUSES) - {"nombre"}))

texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60), st.builds("{}{}".format, st.sampled_from(HOSTILE), st.text(max_size=5)))
fates = st.sampled_from(("bien",) * 8 + ("corto", "largo", "ilegible", "planeado"))
kinds = st.sampled_from(("principal", "anexo", "anexo", "firma", "texto"))
dates = st.sampled_from(("2024-02-29T10:20:30-05:00", "1970-01-01", "2200-01-01T00:00:00-05:00", "", "mañana", "2021-13-40T99:99:99"))
trays = st.sampled_from((("enviado",), ("recibido",), ("enviado", "recibido"), ()))


@st.composite
def archives(draw):
    """(documents, source): the files' bytes, and what happens to them when they are read."""
    source, documents = Memory({}), []
    budget = 3 * MIB
    for number in range(draw(st.integers(0, 9))):
        files = []
        for position in range(draw(st.integers(0, 3))):
            size = draw(st.sampled_from(SIZES))
            size = size if size <= budget else 3
            budget -= size
            files.append(a_file(draw, source, f"{number}/{position}", size))
        documents.append(
            Document(
                id=f"{20200000000000000000 + number}", number=draw(st.sampled_from(("MP-2020-0001-O", "")) | texts), kind=draw(texts),
                date=draw(dates), subject=draw(texts), trays=draw(trays), sender=(draw(texts),), to=(draw(texts), draw(texts)), cc=(),
                signed=draw(st.booleans()), history=(Step("2024-01-01", draw(texts), draw(texts), draw(texts), draw(texts)),), files=tuple(files),
            )
        )  # fmt: skip
    return documents, source


def a_file(draw, source: Memory, ref: str, size: int) -> File:
    rng = random.Random(f"{ref}{size}")
    content = rng.randbytes(size) if draw(st.booleans()) else (b"linea de texto " * (size // 15 + 1))[:size]
    fate, said = draw(fates), size
    source.contents[ref] = content
    if fate in ("corto", "largo"):
        said = max(0, size + (7 if fate == "corto" else -7))
    if fate == "ilegible":
        source.problems[ref] = [FileProblem("ilegible")] * 9
    problem = draw(st.sampled_from(PROBLEMS)) if fate == "planeado" else None
    name = draw(texts) + draw(st.sampled_from(SUFFIXES))
    return File(ref, draw(kinds), name, None if problem else said, draw(st.sampled_from(SUFFIXES)), problem, draw(texts))


def expected(made: Set) -> dict[str, str]:
    """{path: SHA-256} of what the plan promises and the source delivers."""
    found = {}
    for planned in made.plan.documents():
        for f in planned.files:
            content = made.source.contents[f.file.ref]
            if f.part and f.file.size == len(content) and not made.source.problems.get(f.file.ref):
                found[f.path] = hashlib.sha256(content).hexdigest()
    return found


def safe(entries: list[str]) -> None:
    for name in entries:
        assert len(name) <= MAX_PATH and not name.startswith("/")
        assert unicodedata.normalize("NFC", name) == name
        for part in name.split("/"):
            assert 0 < len(part) <= MAX_COMPONENT and len(part.encode()) <= 255
            assert part not in (".", "..") and not part.endswith((".", " "))
            assert not set(part) & set('<>:"\\|?*%') and all(unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in part)
            assert part.split(".")[0].rstrip().upper() not in {"CON", "PRN", "AUX", "NUL", *(f"{d}{n}" for d in ("COM", "LPT") for n in range(10))}
    folded = [unicodedata.normalize("NFC", name.casefold()) for name in entries]
    assert len(set(folded)) == len(folded)
    folders = {parent for name in folded for parent in parents(name)}
    assert not folders & set(folded), "a folder bears the name of a file"


def parents(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts))]


def payload(found: dict[str, str]) -> dict[str, str]:
    return {k: v for k, v in found.items() if k.startswith("data/") and k != "data/SIN_DOCUMENTOS.txt"}


@examples(40)
@given(archives())
def test_names_and_bytes_of_any_documents(given_):
    """With Python's reader alone: many more trees than the real tools would have time for."""
    documents, source = given_
    with tempfile.TemporaryDirectory() as folder:
        made = Set(Path(folder), documents, source)
        found = {}
        for path in made.volumes:
            with zipfile.ZipFile(path) as opened:
                safe(opened.namelist())
                assert opened.testzip() is None
                found |= {n: hashlib.sha256(opened.read(n)).hexdigest() for n in opened.namelist()}
        assert payload(found) == expected(made)
        assert all(p.stat().st_size <= MIB or v.oversize for p, v in zip(made.volumes, made.summary.volumes, strict=True))


@examples(4)
@given(archives())
def test_every_reader_sees_the_same(given_):
    documents, source = given_
    with tempfile.TemporaryDirectory() as folder:
        made = Set(Path(folder) / "juego", documents, source)
        whole = {}
        for path in made.volumes:
            whole |= payload(agreed(path, Path(folder)))
        assert whole == expected(made)
        if made.plan.parts > 1:
            assert payload(the_set(made, Path(folder))) == expected(made)


def agreed(volume: Path, folder: Path) -> dict[str, str]:
    """What a volume holds, under a name of its own and with no brother beside it, when all readers say the same."""
    alone = folder / "sola.zip"
    alone.write_bytes(volume.read_bytes())
    seen = {reader: extracted(reader, alone, folder / "x") for reader in READERS if reader != "zipfile"}
    validate_bag(folder / "x/dentro")
    seen["zipfile"] = extracted("zipfile", alone, folder / "x")
    listed = {reader: names(reader, alone) for reader in READERS}
    for reader in READERS:
        assert seen[reader] == seen["zipfile"], reader
        assert sorted(set(listed[reader])) == sorted(seen["zipfile"]), reader
    safe(listed["zipfile"])
    return seen["zipfile"]


def the_set(made: Set, folder: Path) -> dict[str, str]:
    """What the split set holds: joined by Info-ZIP, and read by 7-Zip from either end."""
    joined = join(made.zip, folder / "unido.zip")
    found = agreed(joined, folder)
    assert set(found) == set(names("7z", made.zip))
    for end in (made.zip, made.path(1)):
        assert extracted("7z", end, folder / "y") == found
    joined.unlink()
    return found


@pytest.mark.parametrize("size", [0, 1, 16_384, 3 * 16_384, MIB - 1, MIB, MIB + 16_384])
def test_sizes_at_which_info_zips_own_archives_break(tmp_path, source, size):
    """`zip -s 0` truncates an entry that ends at a multiple of 16 384 bytes in a volume that is not the last, if it crosses
    volumes: ours never do, first, last or alone in their volume."""
    rest = [document(n, source, (700_000,)) for n in (8, 9)]
    made = Set(tmp_path / "juego", [*(document(n, source, (size, 16_384, size)) for n in range(1, 4)), *rest], source)
    assert made.plan.parts > 1
    assert payload(the_set(made, tmp_path)) == expected(made)


def test_a_joined_archive_lists_each_file_once(tmp_path, source):
    """7-Zip also shows what stands before the first entry of the directory: then it asks whether to overwrite."""
    made = Set(tmp_path / "juego", [document(n, source, (600_000,)) for n in range(3)], source)
    joined = join(made.zip, tmp_path / "unido.zip")
    for reader in READERS:
        listed = names(reader, joined)
        assert sorted(listed) == sorted(set(listed)), reader
