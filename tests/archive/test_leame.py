"""LEAME.txt: what a citizen reads first, and only what is true of this archive."""

import pytest

from archive.tags import leame
from tests.archive.conftest import header


def text(parts=1, **changes) -> str:
    data = leame(header(**changes), parts)
    assert data.startswith(b"\xef\xbb\xbf") and data.count(b"\n") == data.count(b"\r\n")
    return data.decode("utf-8-sig").replace("\r\n", "\n")


def test_it_says_whose_it_is_and_how_to_open_it():
    told = text()
    assert told.startswith("RESPALDO DE DOCUMENTOS QUIPUX\nRESPALDO_000123\nMaría Ñuñez Peña\n")
    assert "Documentos del 01/01/2020 al 31/12/2024" in told and "Generado el 21/11/2026" in told
    assert "ABRIR_AQUI.html" in told and "VERIFICAR.html" in told
    assert max(map(len, told.splitlines())) <= 110


@pytest.mark.parametrize(
    ("words", "changes"),
    [("PARTES", {"parts": 3}), ("zip -s 0 RESPALDO_000123.zip --out RESPALDO_000123_unificado.zip", {"parts": 2}),
     ("EXCLUIDOS POR RESERVA: 4", {"excluded": 4}), ("ES UN COMPLEMENTO", {"complement": "C1"})],
)  # fmt: skip
def test_it_says_only_what_is_true_of_this_archive(words, changes):
    assert words in text(**changes) and words not in text()


def test_an_archive_of_a_plain_folder_has_no_empty_lines_about_nobody():
    told = text(person="", institution="", since="", until="", request="", cedula="")
    assert told.startswith("RESPALDO DE DOCUMENTOS QUIPUX\nRESPALDO_000123\nGenerado el 21/11/2026\n\nCÓMO ABRIRLO")
