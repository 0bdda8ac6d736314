"""A request from its draft to an archive that opens: real Quipux files, real volumes, real database."""

from __future__ import annotations

import subprocess
import zipfile
from datetime import date

import pytest
from sqlalchemy import inspect, select

from extensions import db
from jobs import produce, stopping
from models import Correo, Cuenta, Ejecucion, EjecucionEstado, Solicitud, Usuario
from rules.lifecycle import Clase, Estado
from services import clock, decisions, leases, people, petitions, runs, solicitudes, turns
from services.adapters import storage
from sources import demo_people

YEARS = (date(2020, 1, 1), date(2026, 11, 17))


def actor(correo: str):
    return people.actor_of(db.session.scalar(select(Usuario).where(Usuario.correo == correo)), clock.now())


def cuenta(person) -> Cuenta:
    return db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == person.codi))


def approved(person=demo_people.MAIN) -> Solicitud:
    """A request for `person`, filed by the AIQ and approved by the SGE for this moment."""
    aiq, sge = actor("aiq@demo.gob.ec"), actor("sge@demo.gob.ec")
    account = cuenta(person)
    petition = next(p for p in petitions.search(account.institucion, account.apellido.split()[0]) if p.remitente_cedula == account.cedula)
    draft = solicitudes.Draft(account.id, petition.id, *YEARS)
    solicitud = solicitudes.save(aiq, Clase.INSTITUCIONAL, draft)
    db.session.commit()
    solicitudes.send(aiq, solicitud)
    db.session.commit()
    decisions.approve(sge, solicitud, date(2026, 11, 19))
    db.session.commit()
    decisions.run_now(sge, solicitud)
    db.session.commit()
    return solicitud


def again(solicitud: Solicitud) -> Solicitud:
    """The request as the database has it now: the job ended the session it was read in."""
    return db.session.get(Solicitud, inspect(solicitud).identity[0], populate_existing=True)


@pytest.fixture(autouse=True)
def not_stopping():
    stopping.reset()
    yield
    stopping.reset()


@pytest.fixture
def settings():
    return {"PART_SIZE": 1 << 20}


def download(run: Ejecucion, folder):
    for part in run.partes:
        with storage().open(part.clave) as source:
            (folder / part.nombre).write_bytes(source.read())
    return folder


def test_a_request_becomes_an_archive_that_opens(ctx, tmp_path):
    solicitud = approved()

    assert produce.work() == 1

    solicitud = again(solicitud)
    assert solicitud.estado is Estado.ATENDIDA
    run = runs.latest(solicitud)
    assert run.encontrados == run.incluidos + run.con_novedad + run.excluidos
    assert run.encontrados > 20 and run.excluidos == 1 and run.con_novedad >= 1
    folder = download(run, tmp_path)
    for part in runs.data_parts(run):
        assert zipfile.ZipFile(folder / part.nombre).testzip() is None
    if len(run.partes) > 1:
        joined = subprocess.run(
            ["zip", "-s", "0", f"{solicitud.nombre_archivo}.zip", "--out", "todo.zip"], cwd=folder, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=60,
        )
        assert joined.returncode == 0, joined.stdout
        subprocess.run(["unzip", "-tq", "todo.zip"], cwd=folder, check=True, capture_output=True)


def test_everybody_in_office_is_told_once_and_never_the_former_servant(ctx):
    solicitud = approved()
    produce.work()
    solicitud = again(solicitud)
    told = db.session.scalars(select(Correo.para).where(Correo.plantilla == "lista", Correo.solicitud_id == solicitud.id)).all()
    assert sorted(told) == ["aiq@demo.gob.ec", "respaldo@demo.gob.ec"]
    everybody = db.session.scalars(select(Correo.para)).all()
    assert not set(everybody) & set(solicitud.cuenta.correos.split(","))


def test_zero_documents_is_an_archive_that_says_so(ctx, tmp_path):
    solicitud = approved(demo_people.EMPTY)
    produce.work()
    solicitud = again(solicitud)
    assert solicitud.estado is Estado.ATENDIDA
    run = runs.latest(solicitud)
    assert (run.encontrados, len(run.partes)) == (0, 1)
    assert "data/SIN_DOCUMENTOS.txt" in zipfile.ZipFile(download(run, tmp_path) / run.partes[0].nombre).namelist()


def test_a_worker_asked_to_stop_hands_the_run_back_and_another_finishes_it(ctx):
    solicitud = approved()
    claim = turns.claim("first")
    stopping.request()
    produce.run_one(claim)
    solicitud = again(solicitud)
    run = runs.latest(solicitud)
    assert run.estado is EjecucionEstado.PENDIENTE and run.fallos == 0
    stopping.reset()
    produce.work()
    solicitud = again(solicitud)
    assert solicitud.estado is Estado.ATENDIDA


def test_a_lost_lease_is_taken_over_and_the_first_worker_is_fenced_off(ctx, at):
    solicitud = approved()
    old = turns.claim("first")
    with at(minutes=2):
        new = turns.claim("second")
        assert new.intento == old.intento + 1
        with pytest.raises(runs.Fenced):
            runs.heartbeat(old, documentos_hechos=1)
        produce.run_one(new)
    solicitud = again(solicitud)
    assert solicitud.estado is Estado.ATENDIDA


def test_three_lost_leases_without_progress_stop_the_run(ctx, at):
    solicitud = approved()
    for minutes in (0, 2, 4):
        with at(minutes=minutes):
            turns.claim("worker")
    with at(minutes=6):
        assert turns.claim("worker") is None
    solicitud = again(solicitud)
    assert solicitud.estado is Estado.DETENIDA
    assert runs.latest(solicitud).detencion == "fallos"


def test_finished_volumes_are_kept_when_another_worker_goes_on(ctx, monkeypatch):
    """Killed after the first volume: the second worker makes the rest, and not a byte differs from an undisturbed run."""
    solicitud = approved()
    real = leases.publish

    def publish_then_die(hold, **rest):
        real(hold, **rest)
        raise KeyboardInterrupt

    monkeypatch.setattr(leases, "publish", publish_then_die)
    with pytest.raises(KeyboardInterrupt):
        produce.run_one(turns.claim("first"))
    monkeypatch.setattr(leases, "publish", real)
    solicitud = again(solicitud)
    run = runs.latest(solicitud)
    first = run.partes[0]
    key, digest = first.clave, first.sha256
    with clock.frozen(run.arrendada_hasta.replace(year=2027)):
        produce.work()
    solicitud = again(solicitud)
    assert solicitud.estado is Estado.ATENDIDA
    assert (runs.latest(solicitud).partes[0].clave, runs.latest(solicitud).partes[0].sha256) == (key, digest)
