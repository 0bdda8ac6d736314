"""Pausing and resuming the production: nothing starts, nothing is taken over, runs in hand go on or are set aside."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import create_app
from extensions import db
from jobs import sweeps
from models import Ejecucion, EjecucionEstado, Parte, ParteTipo, PausaProduccion, Solicitud
from rules.lifecycle import Estado
from services import clock, leases, production, runs
from services.errors import Conflict, Refused
from tests import making
from tests.conftest import NOW, settings_for


pytestmark = pytest.mark.usefixtures("ctx")


def sge(correo: str = "sge@demo.gob.ec"):
    return making.actor(correo)


def paused(**options) -> PausaProduccion:
    row = production.pause(sge(), "Mantenimiento de Quipux", **options)
    db.session.commit()
    return row


def resumed(row: PausaProduccion) -> None:
    production.resume(sge("sge2@demo.gob.ec"), row.id)
    db.session.commit()


def run() -> Ejecucion:
    return db.session.scalar(select(Ejecucion).execution_options(populate_existing=True))


def test_a_paused_production_starts_nothing_until_it_is_resumed():
    number = making.approved().id
    pause = paused()
    assert runs.claim("one") is None and runs.claim("one", only=number) is None
    assert db.session.get(Solicitud, number).estado is Estado.APROBADA
    assert sweeps.due() == (0, 0), "no worker is woken for nothing"
    resumed(pause)
    assert runs.claim("one").solicitud_id == number


def test_a_run_in_hand_goes_on_and_is_not_taken_over(at):
    making.approved()
    claim = runs.claim("one")
    paused()
    runs.heartbeat(claim, documentos_hechos=5)
    assert (run().estado, run().documentos_hechos) == (EjecucionEstado.EN_CURSO, 5)
    with at(hours=1):  # its worker died
        assert runs.claim("two") is None and sweeps.reconcile() == (0, 0)


def test_runs_set_aside_are_fenced_and_go_on_by_themselves_afterwards():
    number = making.approved().id
    claim = runs.claim("one")
    pause = paused(set_aside=True)
    assert pause.apartadas == 1 and db.session.get(Solicitud, number).estado is Estado.EN_EJECUCION
    with pytest.raises(runs.Fenced):
        runs.heartbeat(claim, documentos_hechos=5)
    assert (run().estado, run().trabajador, run().fallos) == (EjecucionEstado.PENDIENTE, "", 0)
    assert runs.claim("two") is None
    resumed(pause)
    again = runs.claim("two")
    assert again.ejecucion_id == claim.ejecucion_id and again.intento > claim.intento and run().fallos == 0


def test_volumes_of_a_run_set_aside_are_taken_from_their_helpers():
    making.approved()
    claim = runs.claim("one")
    parts = [Parte(ejecucion_id=claim.ejecucion_id, numero=n, tipo=ParteTipo.DATOS, nombre=f"p{n}") for n in (1, 2, 3)]
    runs.planned(claim, "plan", counts={"encontrados": 3, "bytes_total": 30}, parts=parts)
    hold = leases.take(claim.ejecucion_id, "helper", leader=False)
    pause = paused(set_aside=True)
    with pytest.raises(runs.Fenced):
        leases.beat(None, hold, {"documentos_hechos": 1})
    assert leases.take(claim.ejecucion_id, "helper", leader=False) is None, "nobody helps while it is set aside"
    resumed(pause)
    runs.claim("two")
    again = leases.take(claim.ejecucion_id, "helper", leader=False)
    assert again.numero == hold.numero and again.intento > hold.intento
    assert db.session.get(Parte, again.parte_id, populate_existing=True).fallos == 0, "the pause was nobody's failure"


def test_a_pause_needs_a_reason():
    for reason in ("", "   ", "\x00"):
        with pytest.raises(Refused) as refused:
            production.pause(sge(), reason)
        assert "motivo" in refused.value.fields
    with pytest.raises(Refused):
        production.pause(sge(), "x" * 2001)
    assert production.paused() is None


def test_a_second_click_changes_nothing_and_is_told_who_was_first():
    pause = paused()
    with pytest.raises(Conflict) as conflict:
        production.pause(sge("sge2@demo.gob.ec"), "Otra vez")
    assert pause.ordenada_por.nombre_completo in conflict.value.message and "18 nov 2026, 10:00" in conflict.value.message
    resumed(pause)
    with pytest.raises(Conflict) as conflict:
        production.resume(sge(), pause.id)
    assert pause.reanudada_por.nombre_completo in conflict.value.message
    for number in (0, 99, 2**70):
        with pytest.raises(Conflict):
            production.resume(sge(), number)


def test_an_old_page_does_not_end_a_newer_pause():
    first = paused()
    resumed(first)
    paused()
    with pytest.raises(Conflict):
        production.resume(sge(), first.id)
    assert production.paused() is not None


def test_every_pause_stays_as_a_row():
    first = paused()
    with clock.frozen(NOW + timedelta(hours=2)):
        resumed(first)
    rows = production.history()
    assert [(r.motivo, r.desde, r.hasta, r.ordenada_por.correo, r.reanudada_por.correo) for r in rows] == [
        ("Mantenimiento de Quipux", NOW, NOW + timedelta(hours=2), "sge@demo.gob.ec", "sge2@demo.gob.ec")
    ]


def test_of_two_officers_at_the_same_moment_one_pauses(app, tmp_path, quipux_folder):
    actors, outcomes, barrier = [sge(), sge("sge2@demo.gob.ec")], [], threading.Barrier(2, timeout=60)
    db.session.remove()
    # Not made in the threads: Python 3.11 sometimes fails to compile (werkzeug its routes) in two at once.
    others = [create_app(settings_for(tmp_path, quipux_folder)) for _ in actors]

    def order(other, actor):
        with other.app_context(), clock.frozen(NOW):
            barrier.wait()
            try:
                production.pause(actor, "A la vez")
                db.session.commit()
                outcomes.append("paused")
            except Conflict:
                outcomes.append("told")
            db.session.remove()
            db.engine.dispose()

    threads = [threading.Thread(target=order, args=both) for both in zip(others, actors, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["paused", "told"] and db.session.query(PausaProduccion).count() == 1
