"""The benchmark corpus is one the product itself could have written."""

from __future__ import annotations

import sqlite3
from datetime import UTC

import psycopg
import pytest
from stdnum.ec import ci

from bench import requests
from rules.identity import words
from tests import pg
from tests.blueprints.strict import assert_page
from tests.conftest import NOW


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "respaldos.sqlite"
    built = requests.build(f"sqlite:///{path}", requests=3_000, institutions=20)
    return path, built


def test_rows_are_there_and_point_at_each_other(corpus):
    path, built = corpus
    with sqlite3.connect(path) as db:
        assert db.execute("pragma foreign_key_check").fetchall() == []
        assert {name: db.execute(f"select count(*) from {name}").fetchone()[0] for name in built.rows} == built.rows
        assert built.rows["solicitud"] == 3_000 and built.rows["institucion"] == 20
        estados = {estado for (estado,) in db.execute("select distinct estado from solicitud")}
        assert len(estados) == 7
        indexes = {name for (name,) in db.execute("select name from sqlite_master where type = 'index' and sql is not null")}
        assert {"ix_solicitud_espera", "ix_solicitud_fecha", "ix_cuenta_institucion_activa"} <= indexes
        times = "select count(*) from solicitud where enviada_en > aprobada_en or aprobada_en > generada_en or generada_en > vigente_hasta"
        assert db.execute(times).fetchone() == (0,)
        latest = "select count(*) from solicitud where enviada_en > ? or aprobada_en > ? or generada_en > ?"
        assert db.execute(latest, (requests.NOW.isoformat(" ")[:19],) * 3).fetchone() == (0,)


def test_people_have_right_cedulas_and_can_be_searched(corpus):
    with sqlite3.connect(corpus[0]) as db:
        people = db.execute("select cedula, nombre, apellido, busqueda from cuenta limit 500").fetchall()
    assert all(ci.is_valid(cedula) for cedula, *_ in people)
    assert len({cedula for cedula, *_ in people}) == len(people)
    for cedula, nombre, apellido, found in people[:50]:
        assert all(f" {word}" in found for word in words(f"{nombre} {apellido} {cedula}"))


def test_the_same_seed_gives_the_same_rows(corpus, tmp_path):
    requests.build(f"sqlite:///{tmp_path / 'again.sqlite'}", requests=3_000, institutions=20)
    question = "select * from solicitud order by id"
    with sqlite3.connect(corpus[0]) as one, sqlite3.connect(tmp_path / "again.sqlite") as two:
        assert one.execute(question).fetchall() == two.execute(question).fetchall()


class TestSite:
    @pytest.fixture
    def settings(self, corpus):
        return {"SQLALCHEMY_DATABASE_URI": f"sqlite:///{corpus[0]}"}

    def test_the_product_reads_it(self, app):
        assert requests.NOW == NOW
        client = app.test_client()
        answer = client.post("/ingresar", data={"usuario": requests.officer(), "clave": requests.PASSWORD})
        assert answer.status_code == 303
        for url in ("/", "/mesa", "/solicitudes"):
            page = client.get(url)
            assert page.status_code == 200
            assert_page(page.text)


@pytest.mark.slow
def test_postgresql_gets_the_same_corpus(corpus):
    with pg.server_or_skip() as server:
        built = requests.build(server.create_database("corpus"), requests=3_000, institutions=20)
        assert built.rows == corpus[1].rows
        question = "select id, estado, persona_cedula, estimado_bytes from solicitud order by id"
        with psycopg.connect(server.dsn("corpus")) as one, sqlite3.connect(corpus[0]) as two:
            assert one.execute(question).fetchall() == two.execute(question).fetchall()
            moment = "select enviada_en from solicitud where id = 7"
            sent = one.execute(moment).fetchone()[0].astimezone(UTC).replace(tzinfo=None)
            assert sent.isoformat(" ", "microseconds") == two.execute(moment).fetchone()[0]
            assert one.execute("select nextval(pg_get_serial_sequence('solicitud', 'id'))").fetchone()[0] > 3_000
