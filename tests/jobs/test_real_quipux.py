"""The main job against the fixture Quipux on a real PostgreSQL, its sessions in UTC; the server stopped and started in mid-run."""

from __future__ import annotations

import io
import re
import threading
import zipfile
from datetime import UTC, date, datetime

import psycopg
import pytest
from flask_migrate import upgrade
from sqlalchemy import select

import config
from app import create_app
from extensions import db
from jobs import produce
from jobs.material import Material
from models import Cargo, Cuenta, Nombramiento, Solicitud, Usuario
from rules.lifecycle import Clase, Estado
from services import clock, decisions, mirror, mover, people, petition_index, petitions, runs, schedule, solicitudes
from services.adapters import quipux, storage
from tests import pg
from tests.conftest import NOW
from tests.jobs.site import ROOT
from tests.sources import cases
from tests.sources.installing import install

pytestmark = [pytest.mark.slow, pytest.mark.real_clock]
PETITION = "20260001000000000012"
Y2018 = (date(2018, 1, 1), date(2018, 12, 31))
TEN = {
    "20180001010000000010", "20180001010000000020", "20180001010000000030", "20180001010000000070", "20180001010000003001",
    "20180001000000002011", "20180001010000001001", "20180001010000001101", "20180001010000003101", "20180001010000003201",
}  # fmt: skip


@pytest.fixture(scope="module")
def server():
    with pg.server_or_skip() as running:
        yield running


@pytest.fixture(scope="module")
def installation(server, tmp_path_factory):
    made = install(server, tmp_path_factory.mktemp("real") / "bodega")
    with psycopg.connect(server.dsn("quipux")) as connection:
        cases.document(connection, PETITION, fecha="2026-10-01 10:00", asunto="Pedido de respaldo", esta_codi=2, radi_usua_rem="-900-",
                       radi_tipo=2, arch_codi=10)  # fmt: skip
    return made


@pytest.fixture
def app(tmp_path, installation):
    """An installation as an institution would have it: no demo, its own people."""
    env = {"RESPALDOS_DATA": str(tmp_path), "SECRET_KEY": "solo-para-pruebas-" * 3, "REDIS_URL": "unix:///nonexistent/redis.sock"}
    app = create_app(config.load(env | installation.settings) | {"TESTING": True, "WTF_CSRF_ENABLED": False})
    app.config["CLOCK_OFFSET"] = NOW - datetime.now(UTC)  # running from NOW on: the run's second thread must see the same hour
    with app.app_context():
        upgrade(str(ROOT / "migrations"))
        schedule.seed_year(2026)
        mirror.refresh(quipux())
        petition_index.refresh(quipux())
        _staff()
        db.session.commit()
        quipux().close()
        db.session.remove()
    yield app
    with app.app_context():
        quipux().close()
        db.engine.dispose()


def _staff() -> None:
    institucion_id = db.session.scalar(select(Cuenta.institucion_id).where(Cuenta.quipux_codi == "101"))
    for cedula, correo, cargo, place in (
        ("1700000019", "ana@mpru.test", Cargo.AIQ_PRINCIPAL, institucion_id), ("1700000100", "sge@sge.test", Cargo.SGE_ADMIN, None),
    ):  # fmt: skip
        person = Usuario(cedula=cedula, correo=correo, nombre=correo, creado=NOW)
        db.session.add(person)
        db.session.flush()
        db.session.add(Nombramiento(usuario_id=person.id, institucion_id=place, cargo=cargo, desde=NOW))


def _actor(correo: str):
    return people.actor_of(db.session.scalar(select(Usuario).where(Usuario.correo == correo)), clock.now())


def _approved() -> int:
    """A request for account 110 and 2018: filed by the AIQ with the petition found by typing, approved by the SGE for now. Its number."""
    aiq, sge = _actor("ana@mpru.test"), _actor("sge@sge.test")
    cuenta = db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == "110"))
    (petition,) = petitions.search(cuenta.institucion, "pedido lema")
    assert petition.id == PETITION
    solicitud = solicitudes.save(aiq, Clase.INSTITUCIONAL, solicitudes.Draft(cuenta.id, petition.id, *Y2018))
    db.session.commit()
    solicitudes.send(aiq, solicitud)
    db.session.commit()
    decisions.approve(sge, solicitud, date(2026, 11, 19))
    db.session.commit()
    decisions.run_now(sge, solicitud)
    db.session.commit()
    return solicitud.id


def _now(number: int) -> Solicitud:
    return db.session.get(Solicitud, number, populate_existing=True)


def _archived(solicitud: Solicitud) -> set[str]:
    """The ids in the index of the finished archive."""
    (part,) = runs.latest(solicitud).partes
    with storage().open(part.clave) as stored, zipfile.ZipFile(io.BytesIO(stored.read())) as archive:
        name = next(n for n in archive.namelist() if n.endswith("INDICE.csv"))
        return set(re.findall(r"(?<![0-9])[0-9]{20}(?![0-9])", archive.read(name).decode("utf-8")))


def test_from_the_request_to_the_archive(ctx):
    number = _approved()
    solicitud = _now(number)
    assert (solicitud.estimado_documentos, solicitud.documento_numero) == (10, f"MPRU-{PETITION[-6:]}")
    assert solicitud.documento_sha256 and solicitud.documento_remitente == "Rosa Lema"
    assert produce.work() == 1
    solicitud = _now(number)
    run = runs.latest(solicitud)
    assert (solicitud.estado, run.encontrados, run.enviados, run.recibidos) == (Estado.ATENDIDA, 10, 5, 6)
    assert run.incluidos + run.con_novedad == 10 and run.con_novedad == 1, "the external document's file is not on the disk"
    assert _archived(solicitud) == TEN
    assert mover.broken_link(solicitud) is None


def test_a_server_stopped_and_started_in_mid_run_is_waited_for(ctx, server, monkeypatch, impatient):
    """Not a session ended: the whole PostgreSQL goes away while files are read, and comes back a second later."""
    number = _approved()
    opened, waits = [], []
    real_open, real_wait = Material.open, runs.wait

    def open_and_lose(self, ref):
        opened.append(ref)
        if len(opened) == 3:
            server.stop()
            threading.Timer(1.0, server.start).start()
        return real_open(self, ref)

    monkeypatch.setattr(Material, "open", open_and_lose)
    monkeypatch.setattr(runs, "wait", lambda claim, what: waits.append(what) or real_wait(claim, what))
    assert produce.work() == 1
    solicitud = _now(number)
    run = runs.latest(solicitud)
    assert waits and set(waits) == {"fuente"}
    assert (solicitud.estado, run.espera, run.fallos, run.intento, run.con_novedad) == (Estado.ATENDIDA, "", 0, 1, 1)
    assert _archived(solicitud) == TEN


def test_a_server_that_is_away_when_the_run_starts_is_waited_for_too(ctx, server, impatient):
    number = _approved()
    server.stop()
    threading.Timer(1.0, server.start).start()
    assert produce.work() == 1
    assert _now(number).estado is Estado.ATENDIDA


def test_while_quipux_is_away_petitions_are_still_found(ctx, server):
    cuenta = db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == "110"))
    server.stop()
    try:
        assert [p.id for p in petitions.search(cuenta.institucion, "pedido")] == [PETITION]
    finally:
        server.start()
