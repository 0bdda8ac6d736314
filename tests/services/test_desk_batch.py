"""Bulk approval: what the preview promises, what the Lote does, and what changed in between."""

from __future__ import annotations

import threading
from contextvars import copy_context
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from extensions import db
from models import Correo, Evento, Lote, LoteFila, LoteResultado, Nombramiento, Solicitud, Usuario
from jobs import sweeps
from rules.lifecycle import Action, Estado
from services import acting, clock, decisions, desk_batch, desk_preview, schedule
from services.desk_queue import ALL, CLEAN, Filters
from services.errors import NotFound, Refused
from sources import demo_people as demo
from tests.conftest import NOW
from tests.services.test_desk import actor, waiting

CAPACITY = {"CAPACITY_DOCUMENTS": 100, "CAPACITY_BYTES": 10**12, "INSTITUTION_QUOTA": 1.0}
PEOPLE = (demo.MAIN, demo.LAWYER, demo.DRIVER, demo.LARGE, demo.ACCOUNTANT, demo.LIBRARIAN)


def days(preview) -> list[tuple[int, date]]:
    return [(p.row.solicitud.id, p.day) for p in preview.planned]


def run(who, preview) -> Lote:
    lote = desk_batch.confirm(who, preview.seal, words="prueba", back="/mesa")
    assert desk_batch.work(lote.id) == 0
    return lote


def results(lote) -> dict[int, tuple[LoteResultado, str]]:
    return {f.solicitud_id: (f.resultado, f.detalle) for f in lote.filas}


def test_a_preview_writes_nothing_and_hands_out_every_day_once(ctx):
    ctx.config |= CAPACITY
    rows = [waiting(account, days=3 - n / 10, estimado_documentos=60) for n, account in enumerate(PEOPLE[:3])]
    db.session.commit()
    before = db.session.scalar(select(func.count()).select_from(Evento))
    preview = desk_preview.preview(actor(), Filters(CLEAN))
    assert days(preview) == list(zip([r.id for r in rows], [date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 23)]))
    assert preview.days == [(day, 1) for day in (date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 23))]
    assert not db.session.dirty and db.session.scalar(select(func.count()).select_from(Evento)) == before
    assert all(r.estado is Estado.ENVIADA for r in rows)


def test_what_is_promised_is_done_each_with_its_own_row_and_mails(ctx):
    ctx.config |= CAPACITY
    rows = [waiting(account, estimado_documentos=60) for account in PEOPLE[:3]]
    who = actor()
    preview = desk_preview.preview(who, Filters(CLEAN))
    lote = run(who, preview)
    assert {r.id: r.fecha_tentativa for r in rows} == dict(days(preview))
    assert {f.resultado for f in lote.filas} == {LoteResultado.APROBADA} and lote.terminado_en == NOW
    approvals = db.session.scalars(select(Evento).where(Evento.accion == str(Action.APPROVE))).all()
    assert [(e.solicitud_id, e.actor_id, e.datos["lote"]) for e in approvals] == [(r.id, who.usuario_id, lote.id) for r in rows]
    assert len(db.session.scalars(select(Correo).where(Correo.plantilla == "aprobada")).all()) == 6


def test_what_is_left_out_says_why(ctx):
    cases = {
        waiting(demo.MAIN, documento_remitente_cedula="1710034065").id: "La cédula del documento es de otra persona: se decide por separado.",
        waiting(demo.LAWYER, by="sge@demo.gob.ec").id: "Usted registró esta solicitud: otra persona de la SGE debe aprobarla.",
        waiting(demo.DRIVER, estimado_bytes=11 * 10**9).id: "Tamaño superior a 10 GB: se decide por separado.",
    }
    clean, large = waiting(demo.LARGE).id, list(cases)[2]
    preview = desk_preview.preview(actor(), Filters(ALL))
    assert {o.row.solicitud.id: o.why for o in preview.left_out} == cases and [n for n, _ in days(preview)] == [clean]
    # Ticked by hand, what is only a warning goes along.
    by_hand = desk_preview.preview_chosen(actor(), [*cases, clean, 999])
    assert {n for n, _ in days(by_hand)} == {clean, large} and len(by_hand.left_out) == 2
    assert desk_preview.preview(actor(), Filters(q="nadie")).seal == ""


def test_reserved_documents_stay_out_and_it_is_written_down(ctx):
    row = waiting(estimado_reservados=7)
    preview = desk_preview.preview(actor(), Filters())
    assert preview.reserved == 7
    lote = run(actor(), preview)
    assert row.incluir_reservados is False and "Sin 7 documentos reservados." in results(lote)[row.id][1]
    last = row.eventos[-1]
    assert last.datos["reservados"] == "excluir" and last.comentario == "Aprobación por lote: 7 documentos reservados, no se incluyen."


def test_what_changed_meanwhile_is_explained_and_holds_back_no_other(ctx):
    fine, decided, edited, back = (waiting(account) for account in PEOPLE[:4])
    preview = desk_preview.preview(actor(), Filters())
    second = actor("sge2@demo.gob.ec")
    decisions.reject(second, decided, "vigente", "")
    decisions.give_back(second, back, "otro", "Aclare.")
    db.session.commit()
    edited.version += 1
    db.session.commit()
    told = results(run(actor(), preview))
    assert told[fine.id][0] is LoteResultado.APROBADA
    assert told[decided.id] == (LoteResultado.NO_APROBADA, "Gabriela Ximena Tamayo Jácome registró «Eliminada por la SGE» el 18 nov 2026, 10:00.")
    assert "Devuelta con observaciones" in told[back.id][1]
    assert told[edited.id][0] is LoteResultado.NO_APROBADA and edited.estado is Estado.ENVIADA


def test_a_day_taken_meanwhile_gives_way_to_the_next_one(ctx):
    ctx.config |= CAPACITY
    row = waiting(estimado_documentos=60)
    preview = desk_preview.preview(actor(), Filters())
    other = waiting(demo.LAWYER, estimado_documentos=90)
    decisions.approve(actor("sge2@demo.gob.ec"), other, date(2026, 11, 19))
    db.session.commit()
    lote = run(actor(), preview)
    assert row.fecha_tentativa == date(2026, 11, 20) and lote.filas[0].fecha_final == date(2026, 11, 20)
    assert "El 19 nov 2026 previsto se ocupó mientras usted confirmaba." in results(lote)[row.id][1]
    loads = schedule.booked(NOW.date())
    assert max(load.total.documents for load in loads.values()) <= 100


def test_a_day_that_has_passed_gives_way_too(ctx):
    row = waiting()
    preview = desk_preview.preview(actor(), Filters())
    with clock.frozen(NOW + timedelta(days=7)):
        run(actor(), preview)
    assert row.fecha_tentativa == date(2026, 11, 26)


def test_confirmed_twice_it_is_one_lote(ctx):
    waiting()
    preview = desk_preview.preview(actor(), Filters())
    one, two = (desk_batch.confirm(actor(), preview.seal) for _ in range(2))
    assert one.id == two.id and desk_batch.work(one.id) == desk_batch.work(one.id) == 0
    assert db.session.scalar(select(func.count()).select_from(LoteFila)) == 1
    assert db.session.scalar(select(func.count()).where(Evento.accion == str(Action.APPROVE))) == 1


def test_two_workers_at_once_approve_each_row_once(app):
    with app.app_context():
        for account in PEOPLE:
            waiting(account)
        db.session.commit()
        number = desk_batch.confirm(actor(), desk_preview.preview(actor(), Filters()).seal).id
        db.session.remove()
    problems = []

    def carry_on():
        with app.app_context():
            try:
                desk_batch.work(number)
            except Exception as problem:
                problems.append(problem)

    threads = [threading.Thread(target=copy_context().run, args=(carry_on,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems[0]
    with app.app_context():
        approved = db.session.scalars(select(Evento.solicitud_id).where(Evento.accion == str(Action.APPROVE))).all()
        assert len(approved) == len(set(approved)) == len(PEOPLE)
        assert desk_batch.tally([number])[number] == desk_batch.Tally(len(PEOPLE), len(PEOPLE), 0)


@pytest.mark.parametrize("seal", ["", "basura", "eyJ9.x", "x" * 300_000])
def test_a_seal_that_is_not_ours_is_refused(ctx, seal):
    with pytest.raises(Refused, match="vista previa caducó"):
        desk_batch.confirm(actor(), seal)


def test_a_seal_serves_only_the_officer_it_was_made_for(ctx):
    waiting()
    preview = desk_preview.preview(actor(), Filters())
    with pytest.raises(Refused):
        desk_batch.confirm(actor("sge2@demo.gob.ec"), preview.seal)


def test_who_left_the_office_approves_nothing_more(ctx):
    row = waiting()
    lote = desk_batch.confirm(actor(), desk_preview.preview(actor(), Filters()).seal)
    office = db.session.scalar(select(Nombramiento).join(Usuario).where(Usuario.correo == "sge@demo.gob.ec"))
    office.hasta = NOW
    db.session.commit()
    desk_batch.work(lote.id)
    assert row.estado is Estado.ENVIADA and "ya no ejerce" in lote.filas[0].detalle


def test_the_clock_finishes_what_nobody_carries_on(ctx, at):
    row = waiting()
    lote = desk_batch.confirm(actor(), desk_preview.preview(actor(), Filters()).seal)
    number, wanted = lote.id, row.id
    assert sweeps.run("reconcile")[0]["done"] == 0, "somebody may still be at it"
    with at(minutes=3):
        assert sweeps.run("reconcile")[0]["done"] == 1
        assert sweeps.run("reconcile")[0]["done"] == 0
    assert db.session.get(Lote, number).terminado_en and db.session.get(Solicitud, wanted).estado is Estado.APROBADA


@pytest.fixture
def faulty(ctx, monkeypatch):
    """`faulty(RuntimeError, (decisions, "approve"))`: a Lote of three requests; these steps fail with the first of them."""

    def make(problem: type[Exception], *steps) -> Lote:
        rows = [waiting(account, days=3 - n) for n, account in enumerate(PEOPLE[:3])]
        lote = desk_batch.confirm(actor(), desk_preview.preview(actor(), Filters()).seal)
        assert [f.solicitud_id for f in lote.filas] == [r.id for r in rows]
        bad = rows[0].id

        def broken(real, *given, **rest):
            if any(isinstance(each, Solicitud) and each.id == bad for each in given):
                raise problem("a fault of ours", None, Exception())
            return real(*given, **rest)

        for module, step in steps:
            monkeypatch.setattr(module, step, partial(broken, getattr(module, step)))
        return lote

    return make


# What cannot be asked before the row is taken cannot be asked then either.
@pytest.mark.parametrize("steps", [[(decisions, "approve")], [(decisions, "hear"), (acting, "eligible_now")]])
def test_a_row_that_fails_for_no_foreseen_reason_says_so_and_keeps_no_other_waiting(faulty, caplog, steps):
    lote = faulty(RuntimeError, *steps)
    assert desk_batch.work(lote.id) == 0
    bad, *good = lote.filas
    assert (bad.resultado, bad.detalle) == (LoteResultado.NO_APROBADA, desk_batch.BROKEN) and bad.solicitud.estado is Estado.ENVIADA
    assert {f.resultado for f in good} == {LoteResultado.APROBADA} and lote.terminado_en == NOW
    assert f"request {bad.solicitud_id}" in caplog.text


def test_the_databases_trouble_is_not_the_rows_and_is_tried_again(faulty, monkeypatch):
    lote = faulty(OperationalError, (decisions, "approve"))
    with pytest.raises(OperationalError):
        desk_batch.work(lote.id)
    db.session.rollback()
    assert {f.resultado for f in lote.filas} == {LoteResultado.PENDIENTE}
    monkeypatch.undo()
    assert desk_batch.work(lote.id) == 0 and {f.resultado for f in lote.filas} == {LoteResultado.APROBADA}


def test_a_lote_that_cannot_be_carried_on_keeps_nothing_else_from_being_reconciled(ctx, at, monkeypatch):
    """The clock's turn: a broken Lote is told of, the next one is carried on, and lost runs come before both."""
    lotes = []
    for account in PEOPLE[:2]:
        waiting(account)
        lotes.append(desk_batch.confirm(actor(), desk_preview.preview(actor(), Filters()).seal).id)
    real, ran = desk_batch.work, []

    def work(number, seconds):
        ran.append(number)
        return real(number, seconds) if number != lotes[0] else 1 / 0

    monkeypatch.setattr(desk_batch, "work", work)
    monkeypatch.setattr(sweeps.turns, "orphans", lambda: ran.append("orphans") or 0)
    with at(minutes=3):
        report, = sweeps.run("reconcile")
    assert (report["done"], report["failed"]) == (1, 1) and ran == ["orphans", *lotes]
    assert db.session.get(Lote, lotes[1]).terminado_en


def test_only_the_sge_sees_a_lote(ctx):
    waiting()
    lote = run(actor(), desk_preview.preview(actor(), Filters()))
    assert desk_batch.lote(actor("sge2@demo.gob.ec"), lote.id) is lote and desk_batch.recent(actor())[0] is lote
    for who, number in ((actor("aiq@demo.gob.ec"), lote.id), (actor(), 10**12), (actor(), 77)):
        with pytest.raises(NotFound):
            desk_batch.lote(who, number)
    assert desk_batch.recent(actor("aiq@demo.gob.ec")) == []
