"""The volumes of a run: who gets which, who is fenced off, what all workers together have done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from extensions import db
from models import Ejecucion, EjecucionEstado, Parte, ParteTipo
from services import clock, leases, production, runs, turns
from tests.conftest import NOW
from tests.jobs import story

LEASE = timedelta(seconds=60)
DATA = 4  # volumes, and the directory


@pytest.fixture(autouse=True)
def _context(ctx):
    yield


class Made:
    name, independent_name, bytes, sha256, entries, documents, novedades = "X.zip", None, 10, "a" * 64, 3, 5, ()


@pytest.fixture
def claim() -> runs.Claim:
    story.approved()
    claim = turns.claim("leader")
    counts = {"encontrados": 4 * 5, "excluidos": 0, "con_novedad": 0, "bytes_total": 400}
    rows = [Parte(ejecucion_id=claim.ejecucion_id, numero=n, tipo=ParteTipo.DATOS, nombre=f"p{n}", documentos=5, bytes_planeados=100)
            for n in range(1, DATA + 1)]
    rows.append(Parte(ejecucion_id=claim.ejecucion_id, numero=DATA + 1, tipo=ParteTipo.DIRECTORIO, nombre="d"))
    runs.planned(claim, "solicitudes/x/plan.gz", counts=counts, parts=rows)
    return claim


def take(claim: runs.Claim, worker: str = "one", *, leader: bool = False) -> leases.Hold | None:
    return leases.take(claim.ejecucion_id, worker, leader=leader)


def part(hold: leases.Hold) -> Parte:
    return db.session.get(Parte, hold.parte_id, populate_existing=True)


def run(claim: runs.Claim) -> Ejecucion:
    return db.session.get(Ejecucion, claim.ejecucion_id, populate_existing=True)


def test_each_volume_is_one_workers_and_the_last_comes_after_the_others(claim):
    holds = [take(claim, "leader", leader=True), take(claim, "two"), take(claim, "three")]
    assert [h.numero for h in holds] == [1, 2, 3] and take(claim, "four") is None, "the last one carries the lists of the others"
    for hold in holds:
        leases.publish(hold, key="k", result=Made)
    last = take(claim, "two")
    assert last.numero == DATA and take(claim, "leader", leader=True) is None
    leases.publish(last, key="k", result=Made)
    assert take(claim, "two") is None, "the directory is the leader's"
    assert take(claim, "leader", leader=True).numero == DATA + 1


def test_a_lost_volume_goes_back_and_its_maker_is_refused(claim, at):
    lost = take(claim, "one")
    with at(seconds=61):
        runs.heartbeat(claim)
        again = take(claim, "two")
        assert (again.numero, again.intento) == (lost.numero, lost.intento + 1) and part(again).fallos == 1
        for write in (lambda: leases.publish(lost, key="old", result=Made), lambda: leases.release(lost), lambda: leases.failed(lost),
                      lambda: leases.beat(None, lost, {}), lambda: leases.detain(lost, "novedades")):
            with pytest.raises(runs.Fenced):
                write()
        leases.publish(again, key="new", result=Made)
    assert (part(again).clave, part(again).fallos, part(again).trabajador) == ("new", 0, "two")


def test_the_lease_is_compared_with_the_token(claim, at):
    """The maker renews between another's look and its grasp."""
    hold = take(claim, "one")
    with at(seconds=61):
        runs.heartbeat(claim)
        stale = leases._open(claim.ejecucion_id, False)[0]
        leases.beat(None, hold, {})
        assert not leases._grasp(stale, "two", clock.now(), 0)


def test_progress_is_the_sum_of_all_workers(claim):
    done = take(claim, "two")
    leases.publish(done, key="k", result=Made)
    mine, other = take(claim, "leader", leader=True), take(claim, "three")
    leases.beat(None, other, {"documentos_hechos": 2, "bytes_hechos": 30})
    leases.beat(claim, mine, {"documentos_hechos": 1, "bytes_hechos": 20})
    assert (run(claim).documentos_hechos, run(claim).bytes_hechos) == (5 + 2 + 1, 100 + 30 + 20)
    leases.release(other)
    assert leases.totals(claim.ejecucion_id) == (6, 120)


@pytest.mark.parametrize("how", ["stop", "detain", "helper"])
def test_who_stops_the_run_fences_everybody(claim, how):
    mine, other = take(claim, "leader", leader=True), take(claim, "two")
    solicitud = db.session.get(runs.Solicitud, claim.solicitud_id)
    if how == "stop":
        runs.stop(story.actor(story.OFFICER), solicitud, "Se revisa el documento.")
        db.session.commit()
    else:
        with pytest.raises(runs.Fenced):
            runs.detain(claim, "novedades") if how == "detain" else leases.detain(other, "novedades")
    for hold in (mine, other):
        with pytest.raises(runs.Fenced):
            leases.publish(hold, key="k", result=Made)
    assert run(claim).estado is EjecucionEstado.DETENIDA and leases.wanting() == [] and take(claim, "three") is None
    runs.retry(story.actor(story.OFFICER), db.session.get(runs.Solicitud, claim.solicitud_id, populate_existing=True))
    db.session.commit()
    with pytest.raises(runs.Fenced):  # not even now that the run goes on
        leases.publish(other, key="k", result=Made)


def test_a_helper_may_finish_its_volume_while_the_leader_changes(claim, at):
    other = take(claim, "two")
    runs.hand_back(claim)
    leases.publish(other, key="k", result=Made)
    new = turns.claim("three")
    assert new.intento == claim.intento + 1 and part(other).sha256 == "a" * 64
    assert take(new, "three", leader=True).numero == 2


def test_a_volume_that_kills_three_workers_stops_the_run(claim, at):
    """Published volumes of others forgive the run its failures: the volume has a count of its own."""
    moment = NOW
    for _ in range(3):
        with clock.frozen(moment):
            runs.heartbeat(claim)
            assert take(claim, "victim").numero == 1
        moment += LEASE + timedelta(seconds=1)
    with clock.frozen(moment), pytest.raises(runs.Fenced):
        take(claim, "next")
    assert run(claim).detencion == "fallos"


def test_the_third_error_of_helpers_on_one_volume_stops_the_run(claim):
    for _ in range(2):
        leases.failed(take(claim, "helper"))
    with pytest.raises(runs.Fenced):
        leases.failed(take(claim, "helper"))
    assert run(claim).detencion == "fallos"


def test_help_is_wanted_only_while_the_leader_is_at_work(claim, at):
    assert leases.wanting() == [claim.ejecucion_id]
    runs.wait(claim, "fuente")
    assert leases.wanting() == [], "who waits for Quipux wants no second one to wait"
    runs.answered(claim)
    for _ in range(2):
        take(claim, "x")
    assert leases.wanting() == [claim.ejecucion_id]
    take(claim, "x")
    assert leases.wanting() == [], "the last volume waits for the others"
    with at(seconds=61):
        assert leases.wanting() == [], "a run without its leader is taken over instead"


def test_no_help_is_given_while_the_production_is_paused(claim):
    production.pause(story.actor(story.OFFICER), "Mantenimiento de Quipux.")
    db.session.commit()
    assert leases.wanting() == []


def test_failures_of_others_and_of_earlier_workers_are_counted(claim):
    first, second = take(claim, "one"), take(claim, "two")
    leases.publish(first, key="k", result=Made, failed=7, streak=3)
    leases.beat(None, second, {"fallidos": 4})
    assert leases.failures(claim.ejecucion_id) == 11 and leases.failures(claim.ejecucion_id, but=second) == 7
    assert leases.streak_before(second) == 3 and leases.streak_before(take(claim, "three")) == 0
