"""Real workers, a real queue server, and what happens when they die in the middle of a run (archive.md §6)."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from archive import directory, plan as plans, volume
from extensions import db
from jobs.material import Breaker, Material
from models import Correo, CorreoEstado, EjecucionEstado, Evento, Solicitud
from rules.lifecycle import Estado
from services.adapters import storage
from sources import Quipux, demo_people
from tests.jobs import story
from tests.jobs.site import Site, gone, horse_of

pytestmark = [pytest.mark.real_clock, pytest.mark.slow]


def undisturbed(site: Site, solicitud_id: int, folder: Path) -> dict[int, str]:
    """SHA-256 of every volume made anew from the stored plan, at one go and at full speed."""
    with site.context():
        run = story.run_of(db.session.get(Solicitud, solicitud_id))
        local = folder / "plan.gz"
        with storage().open(run.plan_clave) as stored:
            local.write_bytes(stored.read())
        plan = plans.open(local)
        source = Quipux.from_config(site.app.config | {"SOURCE_MAX_MB_S": 0})
        made = {}

        def earlier(number: int):
            return (folder / str(number)).open("rb")

        for number in range(1, plan.parts + 1):
            material = Material(source, Breaker(plan.summary.documents, off=True))
            made[number] = volume.build(plan, number, material, folder / str(number), earlier=earlier).sha256
        if plan.parts > 1:
            made[plan.parts + 1] = directory.build(plan, earlier, folder / "directory").sha256
        source.close()
        return made


def test_a_worker_asked_to_stop_hands_its_run_back_and_the_next_one_finishes_it(site, tmp_path):
    """SIGTERM to the supervisor, as a platform does at every restart. Meanwhile mails and page images did not wait."""
    site.workers(0)
    supervisor = site.start("worker")
    number = site.request()

    before = site.until(number, lambda v: v.halfway and v.pages and _mails_left(site, number) == 0)
    asked = time.monotonic()
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(20) == 0
    assert time.monotonic() - asked < 20

    after = site.view(number)
    assert (after.estado, after.run, after.fallos) == (Estado.EN_EJECUCION, EjecucionEstado.PENDIENTE, 0)
    assert gone(before.horse)
    site.workers(1)
    done = site.finished(number)
    assert before.parts.items() <= done.parts.items()
    assert {n: sha for n, (_, sha) in done.parts.items()} == undisturbed(site, number, tmp_path)


def test_health_is_good_with_all_of_them_alive_and_names_who_dies(site, valkey):
    site.workers(0)
    valkey.clear()  # a worker that was killed counts as alive for a minute
    supervisor, clock = site.start("worker"), site.start("clock")
    end = time.monotonic() + 60
    while (answer := site.app.test_client().get("/salud")).status_code != 200:
        assert time.monotonic() < end, (answer.get_json(), site.log()[-3000:])
        time.sleep(0.2)
    assert answer.get_json() == {"estado": "ok", "partes": dict.fromkeys(("web", "base", "cola", "worker", "clock"), "ok")}
    supervisor.terminate()
    clock.terminate()
    assert (supervisor.wait(20), clock.wait(20)) == (0, 0)
    answer = site.app.test_client().get("/salud")
    assert answer.status_code == 503 and "respaldos, avisos" in answer.get_json()["partes"]["worker"]
    assert answer.get_json()["partes"]["cola"] == "ok"


def _mails_left(site: Site, number: int) -> int:
    with site.context():
        states = db.session.scalars(select(Correo.estado).where(Correo.solicitud_id == number)).all()
        assert states
        return sum(state is not CorreoEstado.ENVIADO for state in states)


def test_two_workers_never_take_the_same_run(site):
    site.workers(2)
    people = (demo_people.TWO_FIRST, demo_people.LAWYER, demo_people.DRIVER, demo_people.LIBRARIAN)
    numbers = [site.request(person) for person in people]
    for number in numbers:
        done = site.finished(number)
        assert (done.intento, done.fallos) == (1, 0)
        with site.context():
            rows = db.session.scalars(select(Evento.accion).where(Evento.solicitud_id == number)).all()
        assert rows.count("start") == rows.count("finish") == 1 and "resume" not in rows


def makers(site: Site, number: int) -> dict[int, tuple[str, int, bool]]:
    """Number of each volume → who made it (or is making it), its attempt, whether it is published."""
    with site.context():
        run = story.run_of(db.session.get(Solicitud, number))
        return {p.numero: (p.trabajador, p.intento, bool(p.sha256)) for p in run.partes} if run else {}


def test_two_workers_share_one_large_run_and_not_a_byte_differs(site, tmp_path):
    site.workers(2)
    number = site.request()
    done = site.finished(number)
    made = makers(site, number)
    assert len({who for who, _, _ in made.values()}) == 2 and {attempt for _, attempt, _ in made.values()} == {1}
    assert (done.intento, done.fallos) == (1, 0)
    assert {n: sha for n, (_, sha) in done.parts.items()} == undisturbed(site, number, tmp_path)


def test_a_killed_helper_loses_its_volume_and_nothing_else(site, tmp_path):
    site.workers(2)
    number = site.request()

    def helped(view):
        leader = view.horse
        busy = [(n, horse_of(who)) for n, (who, _, published) in makers(site, number).items() if who and not published]
        return [(n, pid) for n, pid in busy if pid not in (leader, 0)] if view.halfway else []

    before = site.until(number, helped)
    volume_number, horse = helped(before)[0]
    os.kill(horse, signal.SIGKILL)
    done = site.finished(number)
    made = makers(site, number)
    assert (done.intento, made[volume_number][1]) == (1, 2), "the leader goes on, the volume is made a second time"
    assert sorted(attempt for _, attempt, _ in made.values())[:-1] == [1] * (len(made) - 1)
    assert before.parts.items() <= done.parts.items()
    assert {n: sha for n, (_, sha) in done.parts.items()} == undisturbed(site, number, tmp_path)


def test_a_horse_killed_alone_is_replaced_after_its_lease(site, tmp_path):
    workers = site.workers(2)
    number = site.request()
    before = site.until(number, lambda v: v.halfway)
    os.kill(before.horse, signal.SIGKILL)
    done = site.finished(number)
    assert done.intento == 2 and all(worker.poll() is None for worker in workers)
    assert before.parts.items() <= done.parts.items()
    assert {n: sha for n, (_, sha) in done.parts.items()} == undisturbed(site, number, tmp_path)


def test_a_run_outlives_the_queue_server(site, valkey):
    """Killed and started again in mid-run: nobody notices, and the workers are still there for the next run."""
    workers = site.workers(2)
    number = site.request()
    site.until(number, lambda v: v.halfway)
    valkey.kill()
    time.sleep(1)
    valkey.start()
    done = site.finished(number)
    assert (done.intento, done.fallos) == (1, 0)
    following = site.request(demo_people.ACCOUNTANT)
    site.finished(following)
    assert all(worker.poll() is None for worker in workers)


def test_a_killed_worker_takes_its_horse_along_and_another_goes_on_with_the_run(site, tmp_path):
    """kill -9 in mid-run: no orphan writes on, no finished volume is made again, and not a byte differs."""
    workers = site.workers(2)
    number = site.request()
    before = site.until(number, lambda v: v.halfway)
    parent = int(Path(f"/proc/{before.horse}/stat").read_text().rpartition(")")[2].split()[1])
    assert parent in [worker.pid for worker in workers]
    os.kill(parent, signal.SIGKILL)
    assert gone(before.horse), "the horse goes on as an orphan"
    done = site.finished(number)
    assert done.intento == 2
    assert before.parts.items() <= done.parts.items()
    assert {n: sha for n, (_, sha) in done.parts.items()} == undisturbed(site, number, tmp_path)
