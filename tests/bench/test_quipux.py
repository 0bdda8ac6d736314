"""The benchmark compares two ways to the same documents: that they are the same, on a small Quipux it made itself."""

from __future__ import annotations


import psycopg
import pytest

from bench import quipux as bench, quipux_data as data, quipux_site, quipux_streams
from sources import Quipux
from tests import pg

TINY = data.Scale(8_000, 600, 40)


@pytest.fixture(scope="module")
def made():
    with pg.server_or_skip() as server:
        urls = {f"{name.upper()}_URL": server.create_database(name) for name in ("quipux", "bodega")}
        data.make(server.dsn("quipux"), server.dsn("bodega"), TINY)
        source = Quipux.from_config(urls)
        yield server, source
        source.close()


@pytest.mark.parametrize("codi", [data.PERSON, data.HUGE, data.WORKING, str(data.FIRST_USER + 9), "1"])
def test_both_ways_select_the_same(made, codi):
    server, source = made
    with psycopg.connect(server.dsn("quipux")) as connection:
        theirs = {("enviado" if tray == 1 else "recibido", str(id)) for tray, id, _ in connection.execute(bench.like(codi)).fetchall()}
    ours = {(row.bandeja, row.id) for row in source.selected(codi, *bench.RANGE, include_reserved=True)}
    assert ours == theirs and bool(ours) == (codi != "1")


def test_the_shape_is_what_the_figures_say(made):
    server, source = made
    count = source.count(data.PERSON, *bench.RANGE)
    assert count.documentos == bench.selected(source, data.PERSON) >= TINY.radicados // TINY.share
    assert count.enviados and count.recibidos
    with psycopg.connect(server.dsn("quipux")) as connection:
        (lost,) = connection.execute(
            "select count(*) from radicado c left join radicado p on p.radi_nume_radi = c.radi_nume_temp where p.radi_nume_radi is null"
        ).fetchone()
    assert lost == 0, "every copy has its original"


def test_the_plan_that_is_measured_holds_every_document(made):
    _server, source = made
    count = source.count(data.HUGE, *bench.RANGE)
    assert quipux_streams._planned(source, data.HUGE, *bench.RANGE) == count.documentos - count.reservados > TINY.radicados // 5


def test_a_folder_with_another_corpus_is_not_measured(tmp_path):
    (tmp_path / "corpus").write_text("otro")
    with pytest.raises(RuntimeError, match="another corpus"):
        quipux_site._made(None, tmp_path / "corpus", TINY)
