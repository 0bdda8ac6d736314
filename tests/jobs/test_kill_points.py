"""Killed at every step of a run: another worker goes on, and nobody can tell the difference (archive.md §6)."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st

from archive import directory, plan as plans, volume
from extensions import db
from jobs import produce, sweeps
from jobs.material import Breaker, Material
from models import EjecucionEstado
from rules.lifecycle import Estado
from services.adapters import quipux, storage
from sources import demo_people
from tests.conftest import NOW
from tests.jobs import story
from tests.jobs.killing import work_and_die
from tests.jobs.story import again, run_of

pytestmark = [pytest.mark.real_clock, pytest.mark.slow, pytest.mark.long, pytest.mark.usefixtures("impatient")]
LEASE = timedelta(seconds=61)
NEVER = 1 << 30


@pytest.fixture
def settings(heavy_quipux):
    return {
        "CLOCK_OFFSET": NOW - datetime.now(UTC), "PART_SIZE": 1 << 20, "FIRMAS": False, "QUIPUX_URL": f"sqlite:///{heavy_quipux / 'quipux.sqlite'}",
        "BODEGA_URL": f"sqlite:///{heavy_quipux / 'bodega.sqlite'}", "BODEGA_DIR": str(heavy_quipux / "bodega"),
    }


@pytest.fixture
def steps(ctx, tmp_path) -> list[str]:
    """The steps of an undisturbed run, in order."""
    log = tmp_path / "steps"
    story.approved(demo_people.MAIN)
    assert not work_and_die(ctx, NEVER, log)
    return log.read_text().splitlines()


def killed_run(app, monkeypatch, *deaths: int):
    """A request whose workers die one after another at these steps; then one goes on to the end. All promises are checked."""
    solicitud = story.approved(demo_people.MAIN)
    finished: dict[int, tuple[str, str]] = {}
    for at in deaths:
        died = work_and_die(app, at)
        now_finished = {p.numero: (p.clave, p.sha256) for p in run_of(solicitud).partes if p.sha256} if run_of(solicitud) else {}
        assert finished.items() <= now_finished.items(), "a finished volume was made again"
        finished = now_finished
        app.config["CLOCK_OFFSET"] += LEASE
        if not died:
            break
    made: Counter = Counter()
    with monkeypatch.context() as counted:
        real = volume.build
        counted.setattr(volume, "build", lambda plan, number, *a, **k: made.update([number]) or real(plan, number, *a, **k))
        produce.work()
    run, row = run_of(solicitud), again(solicitud)
    assert (row.estado, run.estado) == (Estado.ATENDIDA, EjecucionEstado.PUBLICADA) and run.fallos <= len(deaths)
    assert finished.items() <= {p.numero: (p.clave, p.sha256) for p in run.partes}.items()
    assert not set(made) & set(finished) and set(made.values()) <= {1}, "only unfinished volumes are made, each once"
    assert run.encontrados == run.incluidos + run.con_novedad + run.excluidos and run.con_novedad == 1
    assert [n.causa for n in run.novedades] == ["ausente"]
    assert story.actions(solicitud).count("finish") == 1 and len(story.mails("lista", solicitud)) == 2
    return run


def undisturbed(run, folder: Path) -> dict[int, str]:
    """SHA-256 of every volume made anew from the stored plan, at one go."""
    folder.mkdir(exist_ok=True)
    with storage().open(run.plan_clave) as stored:
        (folder / "plan.gz").write_bytes(stored.read())
    plan = plans.open(folder / "plan.gz")

    def earlier(number: int):
        return (folder / str(number)).open("rb")

    made = {
        n: volume.build(plan, n, Material(quipux(), Breaker(plan.summary.documents, off=True)), folder / str(n), earlier=earlier,
                        signatures=False).sha256
        for n in range(1, plan.parts + 1)
    }
    return made | {plan.parts + 1: directory.build(plan, earlier, folder / "directory").sha256}


def nothing_left_behind(monkeypatch) -> None:
    """After the sweep the storage holds the plans and volumes that rows speak of, and the scratch folder nothing."""
    monkeypatch.setattr(sweeps, "SCRATCH_KEPT", timedelta(days=-30))
    sweeps.tidy_storage()
    known = set()
    for row in db.session.query(story.Solicitud).all():
        for run in row.ejecuciones:
            known |= {run.plan_clave, *(p.clave for p in run.partes)}
    assert {s.key for s in storage().list("solicitudes/")} == known - {""}
    assert list(storage().scratch().iterdir()) == []


def each_kind(steps: list[str]) -> list[int]:
    """One step of each kind: the last of it, where most is already done. All of them with KILL_POINTS=all."""
    if os.environ.get("KILL_POINTS") == "all":
        return list(range(1, len(steps) + 1))
    return sorted({name: number for number, name in enumerate(steps, 1)}.values())


def test_killed_at_every_step_boundary(ctx, steps, tmp_path, monkeypatch):
    assert len(set(steps)) > 15 and steps.count("after put") > 4, "the harness sees the run"
    for number in each_kind(steps):
        run = killed_run(ctx, monkeypatch, number)
        made = {p.numero: p.sha256 for p in run.partes}
        assert made == undisturbed(run, tmp_path / str(number)), f"killed {steps[number - 1]} (step {number})"
    nothing_left_behind(monkeypatch)


@hypothesis_settings(max_examples=int(os.environ.get("KILL_EXAMPLES", 6)), deadline=None, derandomize=True,
                     suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_killed_again_and_again(ctx, steps, tmp_path, monkeypatch, data):
    """Up to two workers in a row, each at any step of its own life."""
    deaths = data.draw(st.lists(st.integers(1, len(steps)), min_size=1, max_size=2))
    run = killed_run(ctx, monkeypatch, *deaths)
    assert {p.numero: p.sha256 for p in run.partes} == undisturbed(run, tmp_path / "again")
    nothing_left_behind(monkeypatch)
