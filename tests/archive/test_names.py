"""Names that every system accepts: the rules of §2, on what databases really hold."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.model import Document, File
from archive.names import MAX_BYTES, MAX_COMPONENT, MAX_PATH, Namer, component, names_of

HOSTILE = ["../../etc/passwd", "/abs/olute", "a\0b", "x" * 300, "a\u202egnp.exe", "CON", "con.txt", "NUL .pdf", "COM¹",
           "😀" * 90, "fin. ", "...", "", " ", 'a<b>c:d"e\\f|g?h*i', "cafe\u0301", "\udce9", "a\r\nb", "LPT9.tar.gz"]  # fmt: skip


def safe(path: str) -> None:
    assert len(path) <= MAX_PATH
    assert path.startswith("data/")
    for part in path.split("/"):
        assert 0 < len(part) <= MAX_COMPONENT and len(part.encode()) <= MAX_BYTES
        assert part not in (".", "..")
        assert not part.endswith((".", " "))
        assert not set(part) & set('<>:"\\|?*')
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in part)
        assert part.split(".")[0].strip().upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "COM¹", "LPT9"}
        assert unicodedata.normalize("NFC", part) == part


def a_document(**changes) -> Document:
    values = dict(id="1", number="MP-2020-0001-O", kind="Oficio", date="2020-03-15T09:00:00-05:00", subject="Petición de Núñez",
                  trays=("recibido",), files=(File("r", "principal", "x.pdf", 1, ".pdf"),))  # fmt: skip
    return Document(**values | changes)


def test_a_document_reads_like_its_letter():
    files = (
        File("a", "principal", "x.pdf", 1, ".pdf"),
        File("b", "anexo", "Cuadro de años.XLSX", 1, ".xlsx"),
        File("c", "anexo", "Plano.pdf", 1, ".pdf"),
        File("d", "firma", "x.pdf.p7m", 1, ".p7m"),
        File("e", "firma", "x.pdf.p7m", 1, ".pdf"),
        File("f", "texto", "", 1, ".html"),
    )
    stem = "data/Recibidos/2020/2020-03-15_MP-2020-0001-O_Petición de Núñez"
    assert Namer().document(a_document(files=files)) == [
        f"{stem}.pdf",
        f"{stem}_anexo01_Cuadro de años.xlsx",
        f"{stem}_anexo02_Plano.pdf",
        f"{stem}.p7m",
        f"{stem}_firmado.pdf",
        f"{stem}_texto.html",
    ]


def test_both_trays_are_stored_once_under_enviados():
    assert Namer().document(a_document(trays=("recibido", "enviado")))[0].startswith("data/Enviados/2020/")


def test_two_documents_with_the_same_number_stay_apart_with_their_attachments():
    namer = Namer()
    files = (File("a", "principal", "", 1, ".pdf"), File("b", "anexo", "n", 1, ".txt"))
    first = namer.document(a_document(files=files))
    second = namer.document(a_document(id="2", subject="PETICIÓN DE NÚÑEZ", files=files))
    assert len({p.casefold() for p in first + second}) == 4
    assert second[0].removesuffix(".pdf") == second[1].split("_anexo")[0] != first[0].removesuffix(".pdf")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_become_safe(text):
    namer = Namer()
    document = a_document(number=text, subject=text, date=text, files=(File("a", "anexo", text, 1, text),) * 3)
    paths = namer.document(document) + [namer.relative(text), namer.relative(f"{text}/{text}"), namer.relative(text)]
    for path in paths:
        safe(path)
    assert len({p.casefold() for p in paths}) == len(paths)


@given(st.lists(st.text(max_size=200), min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_any_tree_is_safe_unique_and_extractable(names):
    namer, again = Namer(), Namer()
    paths = [namer.relative(name) for name in names]
    assert paths == [again.relative(name) for name in names]
    for path in paths:
        safe(path)
    keys = {p.casefold() for p in paths}
    assert len(keys) == len(paths)
    folders = {p.casefold().rsplit("/", n)[0] for p in paths for n in range(1, p.count("/") + 1)}
    assert not keys & folders


def test_safe_relative_paths_stay_as_they_are():
    for name in ("a/b c/ñandú.tar.gz", ".oculto", "Sin extensión", "a..b/c-d_e (1).PDF", "README", "x" * 76 + ".pdf"):
        assert Namer().relative(name) == f"data/{name}"


def test_a_folder_never_takes_the_name_of_a_file():
    namer = Namer()
    assert namer.relative("x") == "data/x"
    assert namer.relative("X/y") == "data/X_2/y"


def test_the_extension_survives_the_cut():
    assert component("x" * 300, 80, ".pdf") == "x" * 76 + ".pdf"


def test_served_names():
    assert names_of("R", 1, 1) == ("R.zip", None)
    assert names_of("R", 2, 3) == ("R.z02", "R_parte02de03.zip")
    assert names_of("R", 4, 3) == ("R.zip", None)
    assert names_of("R", 7, 120) == ("R.z07", "R_parte007de120.zip")
    assert names_of("R", 101, 120)[0] == "R.z101"
