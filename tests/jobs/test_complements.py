"""*Reintentar faltantes*: exactly what is missing, in an archive of its own that fills the gaps of the first (decisions 20)."""

from __future__ import annotations

import hashlib
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import bagit
import pytest

from extensions import db
from jobs import produce, sweeps
from models import Ejecucion, EjecucionEstado, Parte, Solicitud
from rules.lifecycle import Estado
from services import complements, decisions, downloads, mover, purge, received, runs, trail, turns
from services.adapters import quipux, storage
from services.errors import Conflict
from sources import demo_people
from tests.conftest import NOW
from tests.jobs import story
from tests.jobs.story import again, mails, run_of

pytestmark = [pytest.mark.real_clock, pytest.mark.usefixtures("impatient")]


@pytest.fixture
def settings(own_quipux):
    return {
        "CLOCK_OFFSET": NOW - datetime.now(UTC), "PART_SIZE": 1 << 20, "QUIPUX_URL": f"sqlite:///{own_quipux / 'quipux.sqlite'}",
        "BODEGA_URL": f"sqlite:///{own_quipux / 'bodega.sqlite'}", "BODEGA_DIR": str(own_quipux / "bodega"),
    }


class Damage:
    """Files of MAIN's documents that are away, and can be brought back."""

    def __init__(self, folder: Path):
        self.bodega, self.aside = folder / "bodega", folder / "aside"
        self.aside.mkdir()
        self.gone: list[Path] = []
        documents = list(quipux().documents(demo_people.MAIN.codi, story.SINCE, story.UNTIL))
        # A main file that has a signed copy beside it is not missed.
        self.refs = {d.id: d.files[-1].ref for d in documents if d.files and d.files[-1].ref.startswith("disco:") and d.files[-1].kind != "firma"}

    def path(self, ref: str) -> Path:
        return self.bodega / ref.partition(":")[2].lstrip("/")

    def documents(self, count: int) -> list[str]:
        """So many documents lose their last file: their ids, in order."""
        hit = list(self.refs.items())[:count]
        for _, ref in hit:
            self.path(ref).rename(self.aside / str(len(self.gone)))
            self.gone.append(self.path(ref))
        return [id for id, _ in hit]

    def repair(self, *numbers: int) -> None:
        for number in numbers:
            (self.aside / str(number)).rename(self.gone[number])

    def repair_all(self) -> None:
        self.repair(*(n for n in range(len(self.gone)) if not self.gone[n].exists()))
        # The one that the demo's bodega never had.
        quipux().close()
        with closing(sqlite3.connect(self.bodega.parent / "bodega.sqlite")) as connection:
            columns = "nombre, fecha_creacion, tamanio, arch_md5, indi_codi, estado"
            connection.execute("delete from archivo where arch_codi = '500013'")
            connection.execute(f"insert into archivo select '500013', {columns} from archivo where arch_codi = '500014'")
            connection.execute("delete from archivo_0001 where arch_codi = '500013'")
            connection.execute("insert into archivo_0001 select '500013', archivo from archivo_0001 where arch_codi = '500014'")
            connection.commit()


@pytest.fixture
def damage(ctx, own_quipux):
    return Damage(own_quipux)


def ordered(solicitud: Solicitud) -> int:
    """An officer orders it; the run's id."""
    run = complements.order(story.actor(story.OFFICER), again(solicitud))
    db.session.commit()
    return run.id


def the_run(number: int) -> Ejecucion:
    return db.session.get(Ejecucion, number, populate_existing=True)


def complement(solicitud: Solicitud, number: int = 1) -> Ejecucion:
    return next(r for r in again(solicitud).ejecuciones if r.complemento == f"C{number}" and r.estado is EjecucionEstado.PUBLICADA)


def extract(run: Ejecucion, folder: Path) -> list[str]:
    """Unzip the data volumes of a run into the folder; the names of their payload, in order."""
    names = []
    for part in runs.data_parts(run):
        with storage().open(part.clave) as stored, zipfile.ZipFile(stored) as archive:
            names += [name for name in archive.namelist() if name.startswith("data/")]
            archive.extractall(folder)
    return names


def test_a_complement_has_exactly_the_missing_files_and_fills_their_places(ctx, damage, tmp_path):
    lost = damage.documents(3)
    solicitud = story.produced(demo_people.MAIN)
    main = run_of(solicitud)
    assert main.con_novedad == 4 and set(lost) < {n.documento_codi for n in main.novedades}
    before = {p.nombre: (p.clave, p.sha256) for p in main.partes}
    payload = extract(main, tmp_path / "todo")
    damage.repair(0, 1)

    ctx.config["CLOCK_OFFSET"] += NOW.replace(day=20) - NOW  # two days later
    ordered(solicitud)
    assert again(solicitud).estado is Estado.ATENDIDA and produce.work() == 1

    extra, main = complement(solicitud), run_of(solicitud)
    assert {p.nombre: (p.clave, p.sha256) for p in main.partes} == before, "what was delivered is never touched"
    assert [p.nombre for p in extra.partes] == [f"RESPALDO_{again(solicitud).id:06d}_C1.zip"]
    assert (extra.encontrados, extra.incluidos, extra.con_novedad) == (4, 2, 2)
    brought = extract(extra, tmp_path / "c1")
    reserved = {n.ruta for n in main.novedades if n.documento_codi in lost[:2]}
    assert set(brought) == reserved and not reserved & set(payload)
    assert {hashlib.sha256((tmp_path / "c1" / n).read_bytes()).digest() for n in brought} == {
        hashlib.sha256(path.read_bytes()).digest() for path in damage.gone[:2]}
    assert bagit.Bag(str(tmp_path / "c1")).is_valid()
    assert f"{again(solicitud).id:06d}-C1" in (tmp_path / "c1" / "bag-info.txt").read_text()
    assert (tmp_path / "c1" / "visor" / "C1.js").is_file()
    extract(extra, tmp_path / "todo")  # into the folder of the whole: nothing is replaced, the gaps are filled
    assert (tmp_path / "todo" / "visor" / "indice.js").is_file() and (tmp_path / "todo" / "visor" / "C1.js").is_file()

    account = complements.account(main)
    assert account.holds and (account.included, account.recovered, account.con_novedad) == (main.incluidos, 2, 2)
    assert account.included_words.endswith("+ 2 en el complemento")
    assert again(solicitud).vigente_hasta.isoformat() == "2026-11-25T05:00:00+00:00", "counted again from the complement"
    assert story.actions(solicitud)[-2:] == ["retry_missing", "complement"] and mover.broken_link(again(solicitud)) is None
    assert mails("complemento", solicitud) == sorted([story.AIQ, story.SECOND_AIQ])


def test_complements_go_on_until_nothing_is_missing(ctx, damage):
    damage.documents(2)
    solicitud = story.produced(demo_people.MAIN)
    damage.repair(0)
    ordered(solicitud)
    produce.work()
    damage.repair_all()
    ordered(solicitud)
    produce.work()
    account = complements.account(run_of(solicitud))
    assert (complement(solicitud, 2).encontrados, account.con_novedad, account.recovered, account.files) == (2, 0, 3, 0) and account.holds
    assert account.included_words.endswith("en los complementos")
    with pytest.raises(Conflict):
        ordered(solicitud)
    assert [p.nombre for p in downloads.data_parts(again(solicitud))][-2:] == [f"RESPALDO_{again(solicitud).id:06d}_C{n}.zip" for n in (1, 2)]


def test_what_is_still_missing_makes_no_complement_and_the_sge_is_told(ctx, damage):
    damage.documents(1)
    solicitud = story.produced(demo_people.MAIN)
    until = solicitud.vigente_hasta
    run = ordered(solicitud)
    produce.work()
    run = the_run(run)
    row = again(solicitud)
    assert (run.estado, run.detencion, row.estado, row.vigente_hasta) == (EjecucionEstado.CANCELADA, "faltantes", Estado.ATENDIDA, until)
    assert mails("complemento_fallido", solicitud) == sorted(story.SGE) and not mails("complemento", solicitud)
    assert story.actions(solicitud)[-1] == "complement_fail" and complements.account(run_of(solicitud)).con_novedad == 2
    assert complements.last_failure(run_of(solicitud)).id == run.id
    damage.repair(0)
    assert the_run(ordered(solicitud)).complemento == "C1", "the first that is published is the first"


def test_one_complement_at_a_time_and_only_while_in_force(ctx, damage, at):
    solicitud = story.produced(demo_people.MAIN)
    ordered(solicitud)
    with pytest.raises(Conflict):
        ordered(solicitud)
    assert not complements.may_order(story.actor(story.AIQ), again(solicitud), Estado.ATENDIDA, run_of(solicitud))
    ctx.config["CLOCK_OFFSET"] += NOW.replace(day=25) - NOW
    assert turns.claim("late") is None, "the request is over"
    sweeps.expiry()
    row = again(solicitud)
    assert row.estado is Estado.ELIMINADA and row.purgada_en is not None
    assert [r.estado for r in row.ejecuciones] == [EjecucionEstado.PUBLICADA, EjecucionEstado.CANCELADA]
    assert story.actions(solicitud)[-3:] == ["expire", "complement_fail", "purge"]


def test_a_request_rejected_meanwhile_fences_the_worker_off(ctx, damage):
    solicitud = story.produced(demo_people.MAIN)
    ordered(solicitud)
    claim = turns.claim("one")
    decisions.reject(story.actor(story.OFFICER), again(solicitud), "otro", "Se pidió por error.")
    db.session.commit()
    with pytest.raises(runs.Fenced):
        runs.heartbeat(claim)
    assert again(solicitud).estado is Estado.ELIMINADA


def test_a_complement_counts_for_complete_downloads_and_its_files_are_purged_too(ctx, damage):
    damage.documents(1)
    solicitud = story.produced(demo_people.MAIN)
    aiq = story.usuario(story.AIQ).id

    def download_all():
        for part in downloads.data_parts(again(solicitud)):
            received.record(part.id, aiq, 0, part.bytes)

    download_all()
    assert received.all_complete(again(solicitud)) and trail.downloaded(again(solicitud))
    damage.repair(0)
    ordered(solicitud)
    produce.work()
    assert not received.all_complete(again(solicitud)) and not trail.downloaded(again(solicitud))
    download_all()
    told = [e.datos["partes"] for e in again(solicitud).eventos if e.accion == "download"]
    assert len(told) == 2 and told[1] == told[0] + 1 and trail.downloaded(again(solicitud))
    row = again(solicitud)
    decisions.expire(row)
    db.session.commit()
    purge.purge(row)
    db.session.commit()
    assert not list(storage().list(f"solicitudes/{again(solicitud).id:06d}/"))
    names = {f["archivo"] for f in story.last_data(solicitud, "purge")["archivos"]}
    assert f"RESPALDO_{again(solicitud).id:06d}_C1.zip" in names


def test_a_complement_that_fails_three_times_leaves_the_archive_alone(ctx, damage, monkeypatch):
    from archive import volume

    damage.documents(1)
    solicitud = story.produced(demo_people.MAIN)
    damage.repair(0)
    run = ordered(solicitud)
    with monkeypatch.context() as broken:
        broken.setattr(volume, "build", lambda *_a, **_k: 1 / 0)
        produce.work()
    run = the_run(run)
    assert (run.estado, run.detencion, again(solicitud).estado) == (EjecucionEstado.CANCELADA, "fallos", Estado.ATENDIDA)
    assert all(storage().stat(p.clave) for p in run_of(solicitud).partes)
    known = purge.known_keys()
    assert {s.key for s in storage().list(f"solicitudes/{again(solicitud).id:06d}/{run.id}/")} & known == set(), "left for the sweep"
    assert db.session.query(Parte).filter(Parte.ejecucion_id == run.id, Parte.sha256 != "").count() == 0
    assert complements.account(run_of(solicitud)).con_novedad == 2
