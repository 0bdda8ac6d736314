"""The clock of the ambiente de capacitación: what ends at the end of day +7, whether or not a sweep has passed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from extensions import db
from jobs import clock as clock_job
from jobs import sweeps
from rules.processes import Etapa
from services import clock, implantaciones, plazos, processes
from services.errors import Conflict, Refused
from tests.services.test_implantaciones import designated, mails, opened, reviewed, sge, worked  # noqa: F401

# NOW is Wednesday 18 November, 10:00: day +7 is the 25th. Guayaquil is UTC-5.
LAST = datetime(2026, 11, 26, 4, 59, tzinfo=UTC)
OVER = datetime(2026, 11, 26, 5, 0, tzinfo=UTC)


def test_day_seven_at_23_59_is_in_time(sge):  # noqa: F811
    row = opened(sge)
    who = worked(row)
    with clock.frozen(LAST):
        assert implantaciones.effective(row) is Etapa.AMBIENTE and sweeps.deadlines()[1] == 0
        implantaciones.report(who, row)
        db.session.commit()
    assert row.estado is Etapa.REVISION


def test_day_eight_at_00_00_is_suspended_when_read_without_a_sweep(sge):  # noqa: F811
    row = opened(sge)
    who = worked(row)
    with clock.frozen(OVER):
        assert row.estado is Etapa.AMBIENTE and implantaciones.effective(row) is Etapa.SUSPENDIDA
        for act in (lambda: implantaciones.report(who, row), lambda: implantaciones.fulfil(who, row, row.actividades[0].id, "x", None)):
            with pytest.raises(Conflict, match="suspendido"):
                act()


def test_the_sweep_suspends_once_and_tells_the_aiq_and_the_officer(sge):  # noqa: F811
    row = opened(sge)
    with clock.frozen(OVER):
        assert sweeps.deadlines() == (1, 0) and sweeps.deadlines() == (0, 0)
        db.session.refresh(row)
        assert row.estado is Etapa.SUSPENDIDA and row.vencida_en == OVER
        assert row.eventos[-1].accion == "suspend" and row.eventos[-1].actor_id is None
    assert {m.para for m in mails("suspendida")} == {"sisa@colsa.demo.gob.ec", "sge@demo.gob.ec"}


def test_the_clock_runs_the_deadlines_every_minute():
    assert clock_job.FREQUENT["deadlines"] == 60 and "deadlines" in sweeps.SWEEPS


def test_reminders_leave_once_two_days_and_one_day_before(sge):  # noqa: F811
    opened(sge)
    sent = []
    for hours in range(0, 24 * 8, 6):
        with clock.frozen(clock.now() + timedelta(hours=hours)):
            before = len(mails("recordatorio"))
            sweeps.deadlines()
            if len(mails("recordatorio")) > before:
                sent.append(clock.now())
    # From 00:00 of the 24th and of the 25th; looked at every six hours from 10:00.
    assert sent == [datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2026, 11, 25, 9, tzinfo=UTC)]
    assert [("2 días" in m.asunto, "1 día" in m.asunto) for m in mails("recordatorio")] == [(True, False), (False, True)]


def test_the_clock_stands_still_during_the_review_and_gives_whole_days_back(sge):  # noqa: F811
    row = reviewed(sge)
    with clock.frozen(OVER + timedelta(days=20)):
        assert not plazos.is_over(row) and sweeps.deadlines() == (0, 0)
        implantaciones.observe(sge, row, "Revise", [row.actividades[0].id])
        db.session.commit()
        # Reported on 18 November, sent back on 16 December: 28 days that do not count.
        assert row.plazo_vence == OVER + timedelta(days=28) and row.plazo_congelado is None
        assert implantaciones.effective(row) is Etapa.AMBIENTE


def test_only_a_reasoned_plazo_of_one_to_thirty_days_resumes(sge):  # noqa: F811
    row = opened(sge)
    with pytest.raises(Conflict):
        implantaciones.resume(sge, row, 5, "Aún no vence")
    with clock.frozen(OVER):
        for days, reason, field in ((0, "x", "dias"), (31, "x", "dias"), (None, "x", "dias"), (5, "", "motivo")):
            with pytest.raises(Refused) as refused:
                implantaciones.resume(sge, row, days, reason)
            assert list(refused.value.fields) == [field]
        implantaciones.resume(sge, row, 5, "Feriado local")
        db.session.commit()
        assert row.estado is Etapa.AMBIENTE and row.plazo_vence == OVER + timedelta(days=6) and row.vencida_en is None
        assert [e.accion for e in row.eventos][-2:] == ["suspend", "resume"], "the suspension that nobody wrote is in the Recorrido too"
        assert "Feriado local" in mails("reanudada")[0].texto
        who = designated(row)
        implantaciones.accept(who, row)
        implantaciones.fulfil(who, row, processes.pending(row)[0].id, "Hecho", None)


def test_one_process_that_fails_does_not_stop_the_sweep(sge, monkeypatch):  # noqa: F811
    first = opened(sge)
    second = opened(sge, ruc="1760001550001", sigla="OTRA", aiq_correo="otra@otra.demo.gob.ec", aiq_cedula="0102030400")
    broken = first.id
    real = implantaciones.tell
    monkeypatch.setattr(implantaciones, "tell", lambda what, row, *people, **k: 1 / 0 if row.id == broken else real(what, row, *people, **k))
    with clock.frozen(OVER):
        done, failed = implantaciones.settle_all()
        assert (done, failed) == (1, 1)
        db.session.expire_all()
        assert (first.estado, second.estado) == (Etapa.AMBIENTE, Etapa.SUSPENDIDA)
