"""The copy of a petition and the images of its pages: kept whole, or not at all."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing

import pytest

from extensions import db
from models import Solicitud
from services import petitions
from services.adapters import quipux, storage
from storage import StorageError
from tests import making, pdfs
from tests.services.quipux_copy import change, copy_of

pytestmark = pytest.mark.usefixtures("ctx")


@pytest.fixture
def settings(quipux_folder, tmp_path):
    return copy_of(quipux_folder, tmp_path / "quipux")


@pytest.fixture
def solicitud() -> Solicitud:
    return making.sent()


@pytest.fixture
def nothing_left(ctx):
    """Afterwards there is no temporary file."""
    yield
    assert list(storage().scratch().iterdir()) == []


def in_bodega(settings: dict[str, str], codi: str, text: str) -> None:
    """The petition's file is `text` in the bodega from now on."""
    with closing(sqlite3.connect(settings["BODEGA_URL"].removeprefix("sqlite:///"))) as connection:
        table = connection.execute("select nombre_tabla from indice").fetchone()[0]
        place = connection.execute("select indi_codi from indice").fetchone()[0]
        connection.execute("insert into archivo (arch_codi, nombre, indi_codi) values ('990001', 'pedido.pdf', ?)", (place,))
        connection.execute(f"insert into {table} values ('990001', ?)", (text,))
        connection.commit()
    change(settings, ("update radicado set radi_path = '', arch_codi = '990001' where radi_nume_radi = ?", codi))


def blocked(solicitud: Solicitud) -> None:
    """A file lies where the folder of the petitions should be: nothing can be put."""
    storage().delete(solicitud.documento_clave)
    (storage().root / "peticiones").write_bytes(b"")


@pytest.mark.usefixtures("nothing_left")
class TestCopy:
    def test_it_is_kept(self, solicitud, settings):
        data = pdfs.plain("Pedido")
        in_bodega(settings, solicitud.documento_codi, base64.b64encode(data).decode())
        with storage().open(petitions.copied(solicitud.documento_codi)["documento_clave"]) as kept:
            assert kept.read() == data

    def test_a_file_that_breaks_while_it_is_read_gives_way_to_the_next(self, solicitud, settings):
        in_bodega(settings, solicitud.documento_codi, base64.b64encode(b"%PDF-1.7" + b" " * 6_000_000).decode() + "!")
        first, scanned = quipux().petition_files(solicitud.documento_codi)
        assert first.problema is None, "its beginning is good"
        with quipux().open(scanned.ref) as next_one, storage().open(petitions.copied(solicitud.documento_codi)["documento_clave"]) as kept:
            assert kept.read() == next_one.read()

    def test_a_file_beyond_the_limit_is_none(self, solicitud, monkeypatch):
        monkeypatch.setattr(petitions, "MAX_BYTES", 1000)
        assert petitions.copied(solicitud.documento_codi)["documento_clave"] == ""

    def test_a_storage_that_refuses_is_told(self, solicitud):
        blocked(solicitud)
        with pytest.raises(StorageError):
            petitions.copied(solicitud.documento_codi)


def keep(solicitud: Solicitud, data: bytes) -> None:
    """The petition's copy is `data` from now on."""
    path = storage().scratch() / "pedido"
    path.write_bytes(data)
    storage().put(solicitud.documento_clave, path)


@pytest.mark.usefixtures("nothing_left")
class TestImages:
    def test_every_page_has_one(self, solicitud):
        keep(solicitud, pdfs.plain(pages=3))
        assert petitions.render(solicitud.id) == 3
        assert [storage().stat(petitions.page_key(solicitud.documento_clave, page)) is not None for page in (1, 2, 3, 4)] == [True, True, True, False]

    @pytest.mark.parametrize("data", [b"no es un PDF", pdfs.made_of().replace(b"/Type /Page /Parent", b"/Type /Nada /Padre_")])
    def test_a_pdf_of_which_a_page_cannot_be_drawn_has_none(self, solicitud, data):
        keep(solicitud, data)
        assert petitions.render(solicitud.id) == 0
        assert db.session.get(Solicitud, solicitud.id).documento_paginas == 0

    def test_a_storage_that_refuses_is_told(self, solicitud):
        number, key = solicitud.id, solicitud.documento_clave
        (storage().root / petitions.page_key(key, 1)).mkdir()
        with pytest.raises(StorageError):
            petitions.render(number)
