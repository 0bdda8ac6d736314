"""Mirror, copied petitions and imported history, our own database being a PostgreSQL too: COPY and GIN instead of FTS5."""

from __future__ import annotations


import psycopg
import pytest
from flask_migrate import upgrade
from sqlalchemy import select

import config
from app import create_app
from extensions import db
from models import Cuenta, Institucion, Solicitud
from services import clock, history_import, mirror, mover, petition_index, petitions
from services.adapters import quipux
from tests import pg
from tests.conftest import NOW
from tests.jobs.site import ROOT
from tests.services import past_backups
from tests.sources import cases
from tests.sources.installing import install

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server():
    with pg.server_or_skip() as running:
        yield running


@pytest.fixture(scope="module")
def base(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("on_postgres")
    installation = install(server, folder / "bodega")
    with psycopg.connect(server.dsn("quipux")) as connection:
        for number, subject in enumerate(("Pedido de respaldo", "Pedido de certificado", "Respaldo de Ñandú"), 1):
            cases.document(connection, f"2026000100000000{number:03d}2", fecha=f"2026-10-0{number} 10:00", asunto=subject, esta_codi=2,
                           radi_usua_rem="-900-", radi_tipo=2)  # fmt: skip
        for sql in (*past_backups.DDL, *past_backups.rows("110", "111")):
            connection.execute(sql.format(instant="timestamptz", id="numeric(20)"))
    env = {"RESPALDOS_DATA": str(folder), "SECRET_KEY": "solo-para-pruebas-" * 3, "DATABASE_URL": server.create_database("respaldos")}
    app = create_app(config.load(env | installation.settings) | {"TESTING": True})
    with app.app_context(), clock.frozen(NOW):
        upgrade(str(ROOT / "migrations"))
        mirror.refresh(quipux())
        petition_index.refresh(quipux())
        db.session.remove()
    yield app
    with app.app_context():
        quipux().close()
        db.engine.dispose()


@pytest.fixture
def app(base):
    return base


@pytest.fixture
def institucion(ctx) -> Institucion:
    return db.session.scalar(select(Institucion).where(Institucion.quipux_codi == "10"))


def test_accounts_came_in_by_copy_with_all_their_columns(ctx):
    account = db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == "120"))
    assert (account.nombre, account.apellido, account.puesto, account.activa) == ("Jesús", "Ñacata", "Analista & Asesor", False)
    assert (account.correos, account.inactiva_desde, account.bloque) == ("a@x.test,b@x.test", None, 0)
    assert account.busqueda.split() == ["jesus", "nacata", "analista", "asesor", "test", "test", "1700000068"]
    seen = mirror.refresh(quipux())
    assert (seen.vistas, seen.cambiados, seen.bloques) == (0, 0, 2)


@pytest.mark.parametrize(("typed", "numbers"), [("pedido", [2, 1]), ("respaldo", [3, 1]), ("nandu", [3]), ("pedido resp", [1]), ("lema", [3, 2, 1]),
                                               ("edido", []), ("xyz", []), ("mpru 00002", [2])])  # fmt: skip
@pytest.mark.parametrize("recent", [1, 2_000])
def test_petitions_are_found_by_the_index_and_among_the_newest(ctx, institucion, monkeypatch, typed, numbers, recent):
    monkeypatch.setattr(petition_index, "RECENT", recent)
    found = petitions.search(institucion, typed)
    assert [int(p.id[-4:-1]) for p in found] == numbers
    assert all(p.remitente == "Rosa Lema" for p in found)


def test_a_rare_word_is_looked_up_in_the_index(ctx, institucion):
    query = petition_index._indexed(institucion, ["nandu"], NOW)
    db.session.execute(db.text("set local enable_seqscan = off"))
    plan = db.session.execute(db.text("explain " + str(query.compile(db.engine, compile_kwargs={"literal_binds": True})))).scalars().all()
    assert "ix_peticion_palabras" in "\n".join(plan)
    db.session.rollback()


def test_history_comes_in_and_its_chain_holds(ctx):
    report = history_import.run(quipux())
    assert (report.leidas, report.importadas, report.sin_cuenta, report.sin_fecha) == (7, 5, 1, 1)
    assert history_import.run(quipux()).ya_importadas == 5
    for solicitud in db.session.scalars(select(Solicitud)):
        assert solicitud.importada_de and mover.broken_link(solicitud) is None
