"""The run as the database sees it: who gets it, who is fenced off, in which order, and what officers may do with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from extensions import db
from models import Ejecucion, EjecucionEstado, Novedad, Parte, ParteTipo, Solicitud
from rules.lifecycle import Estado
from services import after, clock, decisions, leases, runs, turns
from services.errors import Conflict, Refused
from sources import demo_people as people
from tests.conftest import NOW
from tests.jobs import story

LEASE = timedelta(seconds=60)
PAST = LEASE + timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _context(ctx):
    yield


@pytest.fixture
def claim() -> runs.Claim:
    story.approved()
    return turns.claim("one")


def run(claim: runs.Claim) -> Ejecucion:
    return db.session.get(Ejecucion, claim.ejecucion_id, populate_existing=True)


def solicitud(claim: runs.Claim) -> Solicitud:
    return db.session.get(Solicitud, claim.solicitud_id, populate_existing=True)


class Made:
    """What archive.volume hands over for a finished volume."""

    name, independent_name, bytes, sha256, entries, documents, novedades = "X.zip", None, 10, "a" * 64, 3, 0, ()


def plan(claim: runs.Claim, parts: int = 1) -> None:
    counts = {"encontrados": 0, "excluidos": 0, "con_novedad": 0, "bytes_total": 0}
    rows = [Parte(ejecucion_id=claim.ejecucion_id, numero=n, tipo=ParteTipo.DATOS, nombre=f"p{n}") for n in range(1, parts + 1)]
    runs.planned(claim, "solicitudes/x/plan.gz", counts=counts, parts=rows)


def published(claim: runs.Claim) -> None:
    """The leader's next volume, made and published."""
    leases.publish(leases.take(claim.ejecucion_id, "one", leader=True), key="k", result=Made)


# --- taking ------------------------------------------------------------------------------------------------------------


def test_a_claimed_run_is_nobody_elses(claim):
    assert turns.claim("two") is None
    assert (run(claim).estado, run(claim).trabajador, run(claim).arrendada_hasta) == (EjecucionEstado.EN_CURSO, "one", NOW + LEASE)
    assert solicitud(claim).estado is Estado.EN_EJECUCION


def test_the_lease_lasts_to_its_last_second_and_no_longer(claim, at):
    with at(seconds=60):
        assert turns.claim("two") is None and turns.orphans() == 0
    with at(seconds=61):
        assert turns.orphans() == 1
        assert turns.claim("two") == runs.Claim(claim.ejecucion_id, claim.solicitud_id, 2)


def test_a_heartbeat_renews_the_lease(claim, at):
    with at(seconds=50):
        runs.heartbeat(claim, documentos_hechos=7)
    with at(seconds=100):
        assert turns.claim("two") is None and run(claim).documentos_hechos == 7


def test_the_lease_is_compared_too_when_the_row_was_read_before_it_was_renewed(claim, at):
    """The holder renews between another worker's look and its grasp: the look was stale, the grasp must fail."""
    with at(seconds=61):
        stale = db.session.scalars(turns._orphans()).one()
        runs.heartbeat(claim)
        assert not turns._lease(stale, "two", fallos=1)
        db.session.rollback()
    assert run(claim).intento == 1


def test_who_was_overtaken_is_refused_every_write(claim, at):
    plan(claim)
    hold = leases.take(claim.ejecucion_id, "one", leader=True)
    with at(seconds=61):
        new = turns.claim("two")
        leases.take(claim.ejecucion_id, "two", leader=True)
        plan_key = run(claim).plan_clave
        for write in (
            lambda: runs.heartbeat(claim), lambda: leases.publish(hold, key="k", result=Made), lambda: runs.finish(claim),
            lambda: runs.hand_back(claim), lambda: runs.failed(claim), lambda: runs.wait(claim, "fuente"), lambda: runs.answered(claim),
            lambda: runs.detain(claim, "fallos"), lambda: runs.planned(claim, "other", counts={}, parts=[]),
        ):  # fmt: skip
            with pytest.raises((runs.Fenced, runs.CountsBroken)):
                write()
            db.session.rollback()
    row = run(new)
    assert (row.estado, row.intento, row.plan_clave, row.partes[0].clave) == (EjecucionEstado.EN_CURSO, 2, plan_key, "")


def test_days_come_in_order_and_institutions_take_turns():
    first, second = story.scheduled(people.LAWYER), story.scheduled(people.DRIVER)
    other = story.scheduled(people.TWO_FIRST)
    other.institucion_id = db.session.scalar(select(runs.Solicitud.institucion_id).where(runs.Solicitud.id == first.id)) + 1
    db.session.commit()
    assert turns.due() == []
    with clock.frozen(NOW + timedelta(days=1)):
        assert turns.due() == [first.id, other.id, second.id]
    late = story.scheduled(people.LIBRARIAN, story.DAY + timedelta(days=1))
    with clock.frozen(NOW + timedelta(days=2)):
        assert turns.due() == [first.id, other.id, second.id, late.id]


def test_a_lost_run_comes_before_a_new_one(claim, at):
    story.approved(people.DRIVER)
    with at(seconds=61):
        assert turns.claim("two").ejecucion_id == claim.ejecucion_id


# --- counting failures -------------------------------------------------------------------------------------------------


def test_progress_forgives_failures(claim):
    plan(claim, parts=2)
    attempts, moment = claim, NOW
    for _ in range(2):
        moment += PAST
        with clock.frozen(moment):
            attempts = turns.claim("next")
    assert run(claim).fallos == 2
    with clock.frozen(moment):
        published(attempts)
    assert run(claim).fallos == 0
    with clock.frozen(moment + PAST):
        assert turns.claim("next") is not None and run(claim).fallos == 1


def test_handing_back_is_no_failure_however_often(claim):
    for _ in range(5):
        runs.hand_back(claim)
        claim = turns.claim("next")
    assert (run(claim).fallos, run(claim).intento) == (0, 6)


def test_the_third_error_stops_the_run(claim):
    for _ in range(2):
        runs.failed(claim)
        claim = turns.claim("next")
    with pytest.raises(runs.Fenced):
        runs.failed(claim)
    assert (run(claim).estado, run(claim).detencion, solicitud(claim).estado) == (EjecucionEstado.DETENIDA, "fallos", Estado.DETENIDA)


# --- finishing ---------------------------------------------------------------------------------------------------------


def test_nothing_is_finished_while_a_part_is_missing(claim):
    plan(claim, parts=2)
    published(claim)
    with pytest.raises(runs.CountsBroken, match=r"\[2\]"):
        runs.finish(claim)
    db.session.rollback()
    assert solicitud(claim).estado is Estado.EN_EJECUCION


@pytest.mark.parametrize(("found", "excluded", "lost"), [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_nothing_is_finished_whose_documents_do_not_add_up(claim, found, excluded, lost):
    """The volumes say how many documents begin in them, the plan how many were found: neither is worked out from the other."""
    plan(claim)
    published(claim)
    runs.write(claim, encontrados=found, excluidos=excluded)
    db.session.add_all([Novedad(ejecucion_id=claim.ejecucion_id, documento_codi=f"d{n}", causa="ausente") for n in range(lost)])
    db.session.commit()
    with pytest.raises(runs.CountsBroken):
        runs.finish(claim)
    db.session.rollback()
    assert solicitud(claim).estado is Estado.EN_EJECUCION and run(claim).estado is EjecucionEstado.EN_CURSO


def test_the_end_of_vigencia_counts_from_the_day_of_generation(claim):
    plan(claim)
    published(claim)
    runs.finish(claim)
    row = solicitud(claim)
    assert (row.estado, row.generada_en, row.vigente_hasta.isoformat()) == (Estado.ATENDIDA, NOW, "2026-11-23T05:00:00+00:00")
    assert story.last_data(row, "finish")["sha256"] == {"X.zip": "a" * 64}


# --- officers ----------------------------------------------------------------------------------------------------------


def test_stopping_fences_the_worker_and_keeps_what_is_finished(claim):
    plan(claim, parts=2)
    published(claim)
    with pytest.raises(Refused):
        runs.stop(story.actor(story.OFFICER), solicitud(claim), "  ")
    runs.stop(story.actor(story.OFFICER), solicitud(claim), "Se revisa el documento.")
    db.session.commit()
    with pytest.raises(runs.Fenced):
        runs.heartbeat(claim)
    assert solicitud(claim).estado is Estado.DETENIDA and turns.claim("two") is None
    runs.retry(story.actor(story.OFFICER), solicitud(claim))
    db.session.commit()
    new = turns.claim("two")
    assert (new.ejecucion_id, run(new).partes[0].sha256, run(new).fallos) == (claim.ejecucion_id, "a" * 64, 0)


def test_a_retry_gives_quipux_another_whole_day(claim, at):
    runs.wait(claim, "fuente")
    with at(hours=25):
        with pytest.raises(runs.Fenced):
            runs.wait(claim, "fuente")
        runs.retry(story.actor(story.OFFICER), solicitud(claim))
        db.session.commit()
        new = turns.claim("two")
        runs.wait(new, "fuente")
    assert run(new).espera == "fuente"


def test_two_officers_at_once_the_second_is_told(claim):
    runs.stop(story.actor(story.OFFICER), solicitud(claim), "Una vez.")
    db.session.commit()
    with pytest.raises(Conflict):
        runs.stop(story.actor(story.SECOND_OFFICER), solicitud(claim), "Otra vez.")


@pytest.mark.parametrize("retried", [True, False])
def test_a_rejection_ends_the_run_that_waits_or_was_stopped(claim, retried):
    """Whoever still has it in hand is refused, and nobody takes it up: it is over like its request."""
    plan(claim, parts=2)
    published(claim)
    hold = leases.take(claim.ejecucion_id, "one", leader=True)
    runs.stop(story.actor(story.OFFICER), solicitud(claim), "Se revisa el documento.")
    db.session.commit()
    if retried:
        runs.retry(story.actor(story.OFFICER), solicitud(claim))
        db.session.commit()
    before = run(claim).intento, [p.intento for p in run(claim).partes]
    decisions.reject(story.actor(story.OFFICER), solicitud(claim), "otro", "Se pidió por error.")
    db.session.commit()
    row = run(claim)
    assert (row.estado, row.terminada_en, runs.live(solicitud(claim))) == (EjecucionEstado.CANCELADA, NOW, None)
    assert (row.intento, row.partes[1].intento) == (before[0] + 1, before[1][1] + 1) and row.partes[0].sha256 == "a" * 64
    assert turns.claim("two") is None and turns.orphans() == 0
    for write in (lambda: runs.heartbeat(claim), lambda: leases.publish(hold, key="k", result=Made)):
        with pytest.raises(runs.Fenced):
            write()


# --- what leaves after the commit --------------------------------------------------------------------------------------


@pytest.fixture
def left(monkeypatch):
    """Jobs in the order in which they left for the queue."""
    jobs: list[str] = []
    monkeypatch.setattr(after, "send", lambda job, *args, **options: jobs.append(job))
    return jobs


def test_a_nudge_leaves_with_the_commit_and_not_before(left):
    runs.nudge()
    db.session.flush()
    assert left == []
    db.session.commit()
    assert left == ["jobs.produce.work"]
    db.session.commit()
    assert left == ["jobs.produce.work"]


def test_a_rollback_forgets_the_nudge(left):
    db.session.scalar(select(Solicitud.id))
    runs.nudge()
    db.session.rollback()
    db.session.commit()
    assert left == []


def test_a_savepoint_neither_lets_a_nudge_go_nor_forgets_it(left):
    runs.nudge()
    with db.session.begin_nested():
        db.session.scalar(select(Solicitud.id))
    assert left == []
    undone = db.session.begin_nested()
    undone.rollback()
    assert left == []
    db.session.commit()
    assert left == ["jobs.produce.work"]
