"""Faults put in on purpose: torn writes, a full disk, sources that fail in mid-volume, workers that count failures together."""

from __future__ import annotations

import errno
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive import verify
from extensions import db
from jobs import material, planning, produce, volumes
from jobs.material import Breaker, TooManyProblems
from jobs.pulse import Pulse
from models import EjecucionEstado
from rules.lifecycle import Estado
from services import leases, runs, turns
from services.adapters import storage
from sources import demo_people
from storage.disk import DiskStorage
from tests.conftest import NOW
from tests.jobs import story
from tests.jobs.story import again, approved, run_of
from tests.jobs.test_trouble import when_waiting

pytestmark = [pytest.mark.real_clock, pytest.mark.usefixtures("impatient")]


@pytest.fixture
def settings(own_quipux):
    return {
        "CLOCK_OFFSET": NOW - datetime.now(UTC), "PART_SIZE": 1 << 20, "QUIPUX_URL": f"sqlite:///{own_quipux / 'quipux.sqlite'}",
        "BODEGA_URL": f"sqlite:///{own_quipux / 'bodega.sqlite'}", "BODEGA_DIR": str(own_quipux / "bodega"),
    }


# --- torn writes -------------------------------------------------------------------------------------------------------


class Tearing(DiskStorage):
    """Damages the first object of a kind after it was put, as a power cut or a bad cable would."""

    def __init__(self, root: Path, how: str, what: str):
        super().__init__(root)
        self.how, self.what, self.torn = how, what, []

    def put(self, key, path):
        stat = super().put(key, path)
        if self.what in key and not self.torn:
            self.torn.append(key)
            with open(self.root / key, "r+b") as kept:
                if self.how == "truncated":
                    kept.truncate(stat.bytes // 2)
                else:
                    kept.seek(stat.bytes // 2)
                    byte = kept.read(1)
                    kept.seek(-1, 1)
                    kept.write(bytes([byte[0] ^ 1]))
        return stat


@pytest.mark.parametrize(("how", "what"), [("truncated", "plan.gz"), ("truncated", ".z01"), ("altered", ".z01"), ("altered", ".zip")])
def test_what_the_storage_tore_is_noticed_before_it_is_published(ctx, how, what):
    solicitud = approved(demo_people.MAIN)
    torn = ctx.extensions["respaldos"]["storage"] = Tearing(ctx.config["DATA_DIR"] / "respaldos", how, what)
    produce.work()
    run = run_of(solicitud)
    assert len(torn.torn) == 1 and torn.stat(torn.torn[0]) is None, "the torn object is gone"
    assert (again(solicitud).estado, run.intento, run.fallos) == (Estado.ATENDIDA, 2, 0)
    assert torn.torn[0] not in {run.plan_clave, *(p.clave for p in run.partes)}
    assert all(torn.confirm(p.clave, p.bytes, p.sha256) for p in run.partes)


# --- a full disk -------------------------------------------------------------------------------------------------------


def test_a_disk_that_is_full_while_a_volume_is_written_is_waited_for(ctx, monkeypatch):
    """The bytes are there but for the last ones: nothing of them remains, and the volume is made again when there is room."""
    solicitud = approved()
    real, left = verify.read_back, [OSError(errno.ENOSPC, "No space left on device")] * 2
    scratch: list[list[str]] = []

    def full(*volume):
        if left:
            raise left.pop()
        return real(*volume)

    def waited(claim, what, wait=runs.wait):
        scratch.append([p.name for p in storage().scratch().rglob("parte*")])
        wait(claim, what)

    monkeypatch.setattr(verify, "read_back", full)
    monkeypatch.setattr(runs, "wait", waited)
    produce.work()
    run = run_of(solicitud)
    assert (again(solicitud).estado, run.intento, run.fallos, run.espera) == (Estado.ATENDIDA, 1, 0, "")
    assert scratch == [[], []], "a volume that could not be finished takes no room"


@pytest.fixture
def small_disk(ctx):
    """The storage on a file system of 3 MiB of its own. Where mounting is not allowed, the test before this one stands alone."""
    root = Path(ctx.config["DATA_DIR"]) / "respaldos"
    root.mkdir(exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", root], capture_output=True).returncode == 0
    if mounted:
        ctx.extensions.pop("respaldos", None)
    yield root if mounted else None
    if mounted:
        subprocess.run(["umount", "-l", root], check=True)


def test_a_run_fills_the_disk_and_goes_on_when_there_is_room(ctx, small_disk):
    solicitud = approved(demo_people.MAIN)
    enlarged = []

    def enlarge():
        enlarged.append(sum(bool(p.sha256) for p in run_of(solicitud).partes))
        db.session.rollback()
        subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)

    watcher = when_waiting(ctx, "almacen", enlarge) if small_disk else None
    produce.work()
    if watcher:
        watcher.join()
        assert enlarged and enlarged[0] >= 1, "some volumes were published before the disk was full"
    run = run_of(solicitud)
    assert (again(solicitud).estado, run.intento, run.fallos, run.espera) == (Estado.ATENDIDA, 1, 0, "")
    assert all(storage().confirm(p.clave, p.bytes, p.sha256) for p in run.partes)


# --- a source that fails in the middle of a volume ---------------------------------------------------------------------


def test_a_bodega_that_goes_away_within_a_volume_is_waited_for(ctx, own_quipux, monkeypatch):
    solicitud, away = approved(demo_people.MAIN), own_quipux / "away"
    real, cut = verify.read_back, []

    def cut_after_the_first(*volume):  # the first volume is whole; the second is being read when the mount goes
        real(*volume)
        if not cut:
            cut.append((own_quipux / "bodega").rename(away))

    monkeypatch.setattr(verify, "read_back", cut_after_the_first)
    watcher = when_waiting(ctx, "fuente", lambda: away.rename(own_quipux / "bodega"))
    produce.work()
    watcher.join()
    run = run_of(solicitud)
    assert cut and (again(solicitud).estado, run.intento, run.con_novedad) == (Estado.ATENDIDA, 1, 1)


def test_a_helper_does_not_wait_it_lets_the_volume_go(ctx, own_quipux):
    """The leader says that Quipux is silent and counts the hours; a second one who waits would be of no use."""
    solicitud = approved(demo_people.MAIN)
    claim = _planned(ctx)
    (own_quipux / "bodega").rename(own_quipux / "away")
    assert not produce.help_out()
    run = run_of(solicitud)
    assert (run.espera, run.estado) == ("", EjecucionEstado.EN_CURSO)
    assert not any(p.arrendada_hasta or p.fallos or p.sha256 for p in run.partes)
    (own_quipux / "away").rename(own_quipux / "bodega")
    assert produce.help_out()
    run = run_of(solicitud)
    data = [p for p in run.partes if p.tipo == "datos"]
    assert all(p.sha256 for p in data) and not run.partes[-1].sha256, "the helper makes all but the directory"
    runs.hand_back(claim)
    produce.work()
    assert again(solicitud).estado is Estado.ATENDIDA


def _planned(app) -> runs.Claim:
    """A leader that has made its plan, and does nothing more for a while."""
    claim = turns.claim("leader")
    with volumes.scratch(claim.ejecucion_id) as folder:
        planning.of(Pulse(claim), folder)
    return claim


# --- the breaker counts over the whole run -----------------------------------------------------------------------------


def test_the_breaker_counts_what_others_could_not_read():
    breaker = Breaker(1000, 10)
    breaker.begin(elsewhere=35, in_a_row=0)
    for n in range(5):
        breaker.bad(f"f{n}")
        breaker.good()
    assert breaker.failed == 50 and not breaker.tripped
    with pytest.raises(TooManyProblems):
        breaker.bad("one more than 5 %")


def test_twenty_in_a_row_may_run_on_from_one_volume_to_the_next():
    breaker = Breaker(100)
    breaker.begin(elsewhere=19, in_a_row=19)
    with pytest.raises(TooManyProblems):
        breaker.bad("the twentieth")


def test_who_takes_a_run_over_knows_what_could_not_be_read_before(ctx, monkeypatch):
    """Late novedades of volumes that are already published count for the next leader: it stops before it makes another one."""
    solicitud = approved(demo_people.MAIN)
    claim = _planned(ctx)
    hold = leases.take(claim.ejecucion_id, "helper", leader=False)

    class Made:
        name, independent_name, bytes, sha256, entries, documents, novedades = "X.z01", "X", 10, "a" * 64, 3, 1, ()

    leases.publish(hold, key="k", result=Made, failed=30, streak=0)
    runs.hand_back(claim)
    monkeypatch.setattr(material, "AT_LEAST", 10)  # the demo's person has fewer documents than the rule asks for
    produce.work()
    assert (again(solicitud).estado, run_of(solicitud).detencion) == (Estado.DETENIDA, "novedades")
    assert sum(bool(p.sha256) for p in run_of(solicitud).partes) == 1, story.actions(solicitud)
