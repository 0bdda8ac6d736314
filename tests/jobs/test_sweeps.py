"""What time alone makes due: at the exact second, once, and again when it failed. Real files, real rows."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app import create_app
from extensions import db
from jobs import produce, sweeps
from models import Correo, CorreoEstado, Cuenta, Parte, Solicitud
from rules.lifecycle import Estado, Motivo
from services import clock, decisions, downloads, mover, received, turns, uploads
from services.adapters import storage
from sources import demo_people
from storage import StorageError
from storage.disk import DiskStorage
from tests import making, pdfs
from tests.conftest import NOW, settings_for
from tests.jobs import story

# NOW is 18 November 2026: valid through 23:59:59 of the 22nd in Guayaquil (UTC-5).
END = datetime(2026, 11, 23, 5, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
AIQS = sorted([story.AIQ, story.SECOND_AIQ])


@pytest.fixture(scope="session")
def finished(tmp_path_factory, seeded, heavy_quipux) -> Path:
    """A data folder with one request, Atendida at NOW, and its archive of several volumes."""
    data = tmp_path_factory.mktemp("finished")
    shutil.copy(seeded, data / "respaldos.sqlite")
    app = create_app(settings_for(data, heavy_quipux, PART_SIZE=1 << 20))
    with app.app_context(), clock.frozen(NOW):
        assert story.produced(demo_people.MAIN).estado is Estado.ATENDIDA
        db.session.remove()
        db.engine.dispose()
    return data


@pytest.fixture
def app(tmp_path, finished, heavy_quipux, settings):
    data = Path(shutil.copytree(finished, tmp_path / "data"))
    app = create_app(settings_for(data, heavy_quipux, **settings))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(autouse=True)
def _context(ctx):
    yield


def request() -> Solicitud:
    return db.session.scalar(select(Solicitud).execution_options(populate_existing=True))


def files() -> list[str]:
    return [stat.key for stat in storage().list("solicitudes/")]


def sweep(cli, *words: str):
    return cli.invoke(args=["sweep", *words])


@pytest.fixture
def cli(app):
    return app.test_cli_runner()


# --- expiry ------------------------------------------------------------------------------------------------------------


def test_nothing_expires_one_second_too_early():
    with clock.frozen(END - SECOND):
        assert sweeps.expiry() == (0, 0)
    assert request().estado is Estado.ATENDIDA and len(files()) == len(story.run_of(request()).partes) + 1


def test_at_the_very_second_it_ends_and_the_files_are_proved_gone():
    digests = {part.nombre: part.sha256 for part in story.run_of(request()).partes}
    assert len(digests) > 2 and all(digests.values())
    with clock.frozen(END):
        assert sweeps.expiry() == (2, 0)  # one ended, one deleted
        assert sweeps.expiry() == (0, 0)
    row = request()
    assert (row.estado, row.motivo, row.eliminada_en, row.purgada_en, row.purgar_desde) == (
        Estado.ELIMINADA, Motivo.VIGENCIA_TERMINADA, END, END, None,
    )  # fmt: skip
    assert files() == [] and storage().stat(row.documento_clave) is not None, "the petition stays, the archive goes"
    proof = story.last_data(row, "purge")
    assert {f["archivo"]: f["sha256"] for f in proof["archivos"]} == digests
    assert proof["bytes"] == sum(f["bytes"] for f in proof["archivos"]) > 0
    assert story.actions(row)[-2:] == ["expire", "purge"]
    assert mails_told("vencida") == AIQS


def mails_told(template: str) -> list[str]:
    return story.mails(template, request())


class Stubborn(DiskStorage):
    """Deletes nothing of the second volume, loudly or silently."""

    loud, healed = True, False

    def delete(self, key):
        if self.healed or "z02" not in key:
            super().delete(key)
        elif self.loud:
            raise StorageError(f"delete {key}: Read-only file system")


@pytest.mark.parametrize("loud", [True, False])
def test_a_deletion_that_failed_is_not_recorded_and_is_tried_again(ctx, loud):
    digests = {part.sha256 for part in story.run_of(request()).partes}
    store = ctx.extensions.setdefault("respaldos", {})["storage"] = Stubborn(ctx.config["DATA_DIR"] / "respaldos")
    store.loud = loud
    with clock.frozen(END):
        assert sweeps.expiry() == (1, 1)
        assert sweeps.expiry() == (0, 1)
    row = request()
    assert row.estado is Estado.ELIMINADA and row.purgada_en is None and row.purgar_desde is not None
    assert "purge" not in story.actions(row) and not any(p.borrada_en for p in db.session.scalars(select(Parte)))
    store.healed = True
    with clock.frozen(END + HOUR):
        assert sweeps.expiry() == (1, 0)
    assert files() == [] and {f["sha256"] for f in story.last_data(row, "purge")["archivos"]} == digests
    assert request().purgada_en == END + HOUR


def test_a_rejection_after_generation_blocks_at_once_and_deletes_after_72_hours():
    decisions.reject(story.actor(story.OFFICER), request(), "documento_no_corresponde", "")
    db.session.commit()
    with pytest.raises(downloads.Over):
        downloads.check_open(request())
    with clock.frozen(NOW + timedelta(hours=72) - SECOND):
        assert sweeps.expiry() == (0, 0) and files()
    with clock.frozen(NOW + timedelta(hours=72)):
        assert sweeps.expiry() == (1, 0) and not files()
        assert sweeps.expiry() == (0, 0)
    assert request().motivo is Motivo.DOCUMENTO_NO_CORRESPONDE and mails_told("vencida") == []


# --- reminders ---------------------------------------------------------------------------------------------------------


def test_reminders_leave_48_and_24_hours_before_the_end_once_each():
    for moment, new in ((END - 48 * HOUR - SECOND, 0), (END - 48 * HOUR, 1), (END - 47 * HOUR, 0), (END - 24 * HOUR, 1), (END - HOUR, 0)):
        with clock.frozen(moment):
            assert sweeps.reminders() == (new, 0), moment
    assert mails_told("recordatorio") == sorted(AIQS * 2)
    with clock.frozen(END):
        assert sweeps.reminders() == (0, 0)


def test_a_clock_that_was_away_sends_only_the_later_reminder():
    with clock.frozen(END - 3 * HOUR):
        assert sweeps.reminders() == (1, 0)
    assert mails_told("recordatorio") == AIQS


def test_no_reminder_once_every_data_part_was_downloaded_whole():
    *before, last = downloads.data_parts(request())
    reader = story.usuario(story.AIQ).id
    for part in before:
        received.record(part.id, reader, 0, part.bytes)
    received.record(last.id, reader, 0, last.bytes - 1)
    with clock.frozen(END - 48 * HOUR):
        assert sweeps.reminders() == (1, 0), "one byte is missing"
    received.record(last.id, story.usuario(story.SECOND_AIQ).id, 0, last.bytes)
    with clock.frozen(END - 24 * HOUR):
        assert sweeps.reminders() == (0, 0)


def test_after_an_extension_only_the_new_end_is_reminded_of():
    with clock.frozen(END - 24 * HOUR):
        sweeps.reminders()
        decisions.extend(story.actor(story.OFFICER), request(), "El ciudadano estuvo hospitalizado.")
        db.session.commit()
    assert request().vigente_hasta == END + 48 * HOUR
    for moment, new in ((END - SECOND, 0), (END, 1), (END + 24 * HOUR, 1), (END + 25 * HOUR, 0)):
        with clock.frozen(moment):
            assert sweeps.reminders() == (new, 0), moment
            assert sweeps.expiry() == (0, 0)


# --- mail, digest, storage, mirror -------------------------------------------------------------------------------------


def test_mails_whose_nudge_was_lost_are_sent_after_two_minutes():
    waiting = len(db.session.scalars(select(Correo.id).where(Correo.estado == CorreoEstado.PENDIENTE)).all())
    assert waiting and sweeps.mail() == (0, 0)
    with clock.frozen(NOW + timedelta(minutes=2)):
        assert sweeps.mail() == (waiting, 0)
        assert sweeps.mail() == (0, 0)
    assert set(db.session.scalars(select(Correo.estado))) == {CorreoEstado.ENVIADO}


def test_the_digest_tells_the_sge_of_undecided_requests_once_a_day():
    story.sent(demo_people.LAWYER)
    assert sweeps.digest() == (0, 0)
    with clock.frozen(NOW + timedelta(days=2)):
        assert sweeps.digest() == (2, 0)
        assert sweeps.digest() == (0, 0)
    assert story.mails("resumen") == sorted(story.SGE)


def test_the_storage_sweep_removes_orphans_and_keeps_the_rest(ctx):
    known, scratch = files(), storage().scratch()
    for key, age in (("solicitudes/000999/1/viejo.zip", 7), ("solicitudes/000999/1/nuevo.zip", 5)):
        made = scratch / "made"
        made.write_bytes(b"x")
        storage().put(key, made)
        instant = time.time() - age * 3600
        os.utime(ctx.config["DATA_DIR"] / "respaldos" / key, (instant, instant))
    left = scratch / "run-1-1-left"
    left.mkdir()
    os.utime(left, (0, 0))
    assert sweeps.tidy_storage() == (2, 0)
    assert files() == sorted([*known, "solicitudes/000999/1/nuevo.zip"]) and not left.exists()
    assert sweeps.tidy_storage() == (0, 0)


def test_a_moved_clock_takes_nothing_of_this_minute_for_old():
    """A part that was put, and whose row is written a moment later: its age is the machine's affair."""
    made = storage().scratch() / "made"
    made.write_bytes(b"x")
    storage().put("solicitudes/000999/1/nuevo.zip", made)
    with clock.frozen(datetime.now(UTC) + timedelta(days=5)):
        assert sweeps.tidy_storage() == (0, 0)
    assert "solicitudes/000999/1/nuevo.zip" in files()


class Watching(DiskStorage):
    """Looks, whenever it is asked for something, whether others may write to the database."""

    def __init__(self, root: Path, database: str):
        super().__init__(root)
        self.asked: set[str] = set()
        self.locked: set[str] = set()
        self._database = database

    def _look(self, name: str) -> None:
        self.asked.add(name)
        with closing(sqlite3.connect(self._database, timeout=0.1, isolation_level=None)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                self.locked.add(name)

    def list(self, prefix=""):
        self._look("list")
        yield from super().list(prefix)

    def stat(self, key):
        self._look("stat")
        return super().stat(key)

    def delete(self, key):
        self._look("delete")
        super().delete(key)


@pytest.mark.parametrize("what", ["storage", "expiry"])
def test_nobody_waits_for_the_storage(ctx, what):
    path = ctx.config["DATA_DIR"] / "respaldos/solicitudes/000999/1/viejo.zip"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    os.utime(path, (0, 0))
    database = ctx.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")
    store = ctx.extensions.setdefault("respaldos", {})["storage"] = Watching(ctx.config["DATA_DIR"] / "respaldos", database)
    with clock.frozen(END):
        assert sweeps.run(what)[0]["failed"] == 0
    assert store.asked == {"list", "stat", "delete"} and not store.locked


def test_the_storage_sweep_removes_uploads_that_were_never_saved(ctx):
    def upload(data: bytes, *, hours_ago: float, saved: bool = False) -> str:
        row = uploads.accept(making.actor(story.AIQ), pdfs.upload(data), institucion_id=None, field="oficio")
        key = row.clave
        db.session.commit() if saved else db.session.rollback()
        instant = time.time() - hours_ago * 3600
        os.utime(ctx.config["DATA_DIR"] / "respaldos" / key, (instant, instant))
        return key

    twice = pdfs.plain("vuelve")
    kept = [upload(pdfs.plain("guardado"), hours_ago=900, saved=True), upload(pdfs.plain("en curso"), hours_ago=5)]
    gone = upload(pdfs.plain("abandonado"), hours_ago=7)
    kept.append(upload(twice, hours_ago=7))
    uploads.accept(making.actor(story.AIQ), pdfs.upload(twice), institucion_id=None, field="oficio")
    db.session.rollback()  # received a second time just now, by a form that is not saved yet
    assert len({*kept, gone}) == 4
    assert sweeps.tidy_storage() == (1, 0)
    assert sorted(s.key for s in storage().list("adjuntos/")) == sorted(kept)
    assert sweeps.tidy_storage() == (0, 0)


def test_the_storage_sweep_reports_a_missing_part_every_time(caplog):
    key = story.run_of(request()).partes[0].clave
    storage().delete(key)
    for _ in range(2):
        caplog.clear()
        assert sweeps.tidy_storage() == (0, 1)
        assert key in caplog.text


def test_the_mirror_marks_who_left_and_who_vanished(ctx, own_quipux):
    ctx.config["QUIPUX_URL"] = f"sqlite:///{own_quipux / 'quipux.sqlite'}"
    lawyer, servant, driver = (story.cuenta(p).id for p in (demo_people.LAWYER, demo_people.SERVANT, demo_people.DRIVER))
    assert db.session.get(Cuenta, lawyer).inactiva_desde is None, "the first load cannot know since when"
    assert sweeps.refresh_mirror() == (0, 0)
    with closing(sqlite3.connect(own_quipux / "quipux.sqlite")) as connection:
        connection.execute("update usuarios set usua_esta = 0 where usua_codi = ?", [demo_people.SERVANT.codi])
        connection.execute("delete from usuarios where usua_codi = ?", [demo_people.DRIVER.codi])
        connection.commit()
    ctx.extensions["respaldos"]["quipux"].close()
    later = NOW + timedelta(days=1)
    with clock.frozen(later):
        assert sweeps.refresh_mirror() == (1, 0)
    with clock.frozen(later + HOUR):
        assert sweeps.refresh_mirror() == (0, 0)
    db.session.expire_all()
    assert (db.session.get(Cuenta, servant).activa, db.session.get(Cuenta, servant).inactiva_desde) == (False, later)
    assert db.session.get(Cuenta, driver).ausente_desde == later
    assert db.session.get(Cuenta, lawyer).inactiva_desde is None


def test_a_silent_quipux_leaves_the_mirror_as_it_was(ctx, tmp_path):
    ctx.config["QUIPUX_URL"] = f"sqlite:///{tmp_path / 'nowhere.sqlite'}"
    assert sweeps.refresh_mirror() == (0, 1)
    assert not db.session.scalars(select(Cuenta.id).where(Cuenta.ausente_desde.is_not(None))).all()


# --- runs --------------------------------------------------------------------------------------------------------------


def test_due_waits_for_six_in_the_morning_of_the_day():
    story.scheduled(demo_people.LAWYER)
    opening = datetime(2026, 11, 19, 11, tzinfo=UTC)
    with clock.frozen(opening - SECOND):
        assert sweeps.due() == (0, 0) and produce.work() == 0
    with clock.frozen(opening):
        assert [sweeps.due(), sweeps.due()] == [(1, 0), (1, 0)] and produce.work() == 1
        assert sweeps.due() == (0, 0)


def test_reconcile_counts_what_lost_its_lease_and_nothing_else():
    story.approved(demo_people.LAWYER)
    assert sweeps.reconcile() == (0, 0)
    assert turns.claim("lost") is not None and sweeps.reconcile() == (0, 0)
    with clock.frozen(NOW + timedelta(minutes=2)):
        assert [sweeps.reconcile(), sweeps.reconcile()] == [(1, 0), (1, 0)]


# --- by hand -----------------------------------------------------------------------------------------------------------


def test_one_json_object_with_the_four_facts(cli):
    answer = sweep(cli, "expiry")
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout) == {"sweep": "expiry", "now": "2026-11-18T15:00:00+00:00", "done": 0, "failed": 0}


def test_now_moves_the_clock_of_that_sweep_in_guayaquil_time(cli):
    answer = sweep(cli, "expiry", "--now", "2026-12-01T08:00")
    assert json.loads(answer.stdout) == {"sweep": "expiry", "now": "2026-12-01T13:00:00+00:00", "done": 2, "failed": 0}
    assert json.loads(sweep(cli, "expiry", "--now", "2026-12-01T13:00:00+00:00").stdout)["done"] == 0
    assert clock.now() == NOW
    assert mover.broken_link(request()) is None, "the chain of the Recorrido holds whatever the zone of --now"


def test_all_is_one_object_for_each(cli):
    answer = sweep(cli, "all")
    assert answer.exit_code == 0, answer.output
    assert [json.loads(line)["sweep"] for line in answer.stdout.splitlines()] == list(sweeps.SWEEPS)


def test_due_now_starts_everything_approved_whatever_its_day(cli):
    solicitud = story.scheduled(demo_people.LAWYER)
    assert json.loads(sweep(cli, "due").stdout)["done"] == 0
    assert json.loads(sweep(cli, "due", "--now").stdout)["done"] == 1
    assert produce.work() == 1 and story.again(solicitud).estado is Estado.ATENDIDA


@pytest.mark.parametrize("words", [["--now"], ["--now", "2026-12-01T08:00"]])
def test_now_is_refused_outside_the_demo(app, cli, words):
    app.config["DEMO"] = False
    answer = sweep(cli, "expiry", *words)
    assert answer.exit_code == 2 and "demostración" in answer.output
    assert request().estado is Estado.ATENDIDA


@pytest.mark.parametrize("words", [["expiry", "--now", "mañana"], ["nada"]])
def test_nonsense_is_refused(cli, words):
    assert sweep(cli, *words).exit_code == 2


def test_a_sweep_that_cannot_be_made_does_not_stop_the_others(cli, monkeypatch):
    def broken():
        raise RuntimeError("a fault of ours")

    monkeypatch.setitem(sweeps.SWEEPS, "expiry", broken)
    answer = sweep(cli, "all")
    reports = [json.loads(line) for line in answer.stdout.splitlines()]
    assert answer.exit_code == 1 and [r["sweep"] for r in reports] == list(sweeps.SWEEPS)
    assert {r["sweep"]: r["failed"] for r in reports}["expiry"] == 1 and reports[-1]["failed"] == 0
