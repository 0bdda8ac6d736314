"""The month, the day, and moving requests to other days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from extensions import db
from models import Correo, Cuenta, Ejecucion, EjecucionEstado, Solicitud, Usuario
from rules.lifecycle import Action, Clase, Estado
from services import calendar_moves, calendario, clock, decisions, desk_calendar, estimates_report, feriados, periods, schedule, turns
from services.mover import create, move
from sources import demo_people as people
from tests import making

pytestmark = pytest.mark.usefixtures("ctx")
TODAY = date(2026, 11, 18)  # a Wednesday
THURSDAY, FRIDAY, MONDAY = date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 23)


@pytest.fixture
def settings():
    return {"CAPACITY_DOCUMENTS": 100, "CAPACITY_BYTES": 1000, "INSTITUTION_QUOTA": 0.25}


@pytest.fixture
def sge():
    return making.actor("sge@demo.gob.ec")


def promised(day: date, documents: int = 10, account=people.MAIN, minutes: int = 0, size: int = 1) -> Solicitud:
    """An approved request, made by the AIQ."""
    cuenta = db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == account.codi))
    filer = db.session.scalar(select(Usuario).where(Usuario.correo == "aiq@demo.gob.ec"))
    at = clock.now() - timedelta(days=1) + timedelta(minutes=minutes)
    row = Solicitud(
        clase=Clase.INSTITUCIONAL, institucion_id=cuenta.institucion_id, cuenta_id=cuenta.id, creada_por_id=filer.id, fecha_solicitud=at,
        editada_en=at, editada_por_id=filer.id, persona_cedula=cuenta.cedula, persona_nombre=cuenta.nombre, persona_apellido=cuenta.apellido,
        estimado_documentos=documents, estimado_bytes=size, previsto_documentos=documents, previsto_bytes=size,
    )
    move(create(row, None), Action.SEND, None)
    move(row, Action.APPROVE, None, fecha_tentativa=day, ejecutar_desde=schedule.opening(day), aprobada_en=at)
    db.session.commit()
    return row


def cell(day: date) -> calendario.Cell:
    return next(c for c in calendario.month(day.replace(day=1)).days if c.date == day)


# The month


def test_a_month_is_whole_weeks_with_its_neighbours():
    month = calendario.month(date(2026, 11, 1))
    assert month.title == "Noviembre de 2026" and [len(week) for week in month.weeks] == [7] * 6
    assert month.days[0].date == date(2026, 10, 26) and month.days[-1].date == date(2026, 12, 6)
    assert sum(c.inside for c in month.days) == 30 and (month.before, month.after) == (date(2026, 10, 1), date(2026, 12, 1))
    assert month.warning == "" and "2027" in calendario.month(date(2027, 1, 1)).warning


@pytest.mark.parametrize(("asked", "shown"), [(None, (2026, 11)), (date(2100, 5, 1), (2027, 11)), (date(1, 1, 1), (2015, 1)), (date(2026, 2, 28), (2026, 2))])
def test_months_beyond_what_can_be_shown_give_way(asked, shown):
    first = calendario.month_of(asked)
    assert (first.year, first.month, first.day) == (*shown, 1)
    assert calendario.month(first).days


def test_the_load_of_a_day_in_figures_and_words():
    assert cell(THURSDAY).state == "Libre"
    promised(THURSDAY, 40), promised(THURSDAY, 20, people.SECRETARY)
    found = cell(THURSDAY)
    assert (found.requests, found.load.documents, found.percent, found.state) == (2, 60, 60, "60 %")
    promised(THURSDAY, 40)
    assert cell(THURSDAY).state == "Lleno" and not cell(THURSDAY).over
    promised(THURSDAY, 8)
    over = cell(THURSDAY)
    # 108 documents: the last request alone fits into a day, the sum does not.
    assert over.over and over.state == "Sobre la capacidad" and "108 % de la capacidad, Sobre la capacidad" in over.spoken


def test_a_request_of_several_days_takes_part_of_each():
    promised(THURSDAY, 150)
    assert [cell(day).percent for day in (THURSDAY, FRIDAY, MONDAY)] == [100, 50, 0]
    opened = calendario.day(making.actor("sge@demo.gob.ec"), FRIDAY)
    assert (opened.longer, opened.lines, opened.limit.documents) == (1, [], 100)


def test_a_run_of_several_days_that_began_before_still_counts(at):
    promised(THURSDAY, 250)
    with at(days=2):
        assert schedule.booked(FRIDAY)[FRIDAY].total.documents == 100
        assert schedule.booked(MONDAY)[MONDAY].total.documents == 50


def test_sums_by_institution_for_one_and_for_none_agree():
    here, there, long = promised(THURSDAY, 10), promised(THURSDAY, 20, people.RESEARCHER), promised(FRIDAY, 150, people.RESEARCHER)
    assert here.institucion_id != there.institucion_id
    every = schedule.booked(TODAY)
    assert {who: load.documents for who, load in every[THURSDAY].institutions.items()} == {here.institucion_id: 10, there.institucion_id: 20}
    one = schedule.booked(TODAY, institution=here.institucion_id)
    assert {who: load.documents for who, load in one[THURSDAY].institutions.items()} == {here.institucion_id: 10, schedule.OTHERS: 20}
    none = schedule.booked(TODAY, institution=schedule.OTHERS)
    assert [{day: load.total for day, load in found.items()} for found in (one, none)] == [{day: load.total for day, load in every.items()}] * 2
    left = schedule.booked(TODAY, without=[here.id, long.id])
    assert left[THURSDAY].institutions.keys() == {there.institucion_id} and FRIDAY not in left


def test_what_today_has_produced_is_not_free_again():
    row = promised(TODAY, 60)
    move(row, Action.START, None)
    move(row, Action.FINISH, None, generada_en=clock.now(), vigente_hasta=clock.now() + timedelta(days=5))
    db.session.commit()
    assert schedule.booked(TODAY)[TODAY].total.documents == 60 and cell(TODAY).percent == 60
    other = promised(THURSDAY, 50)
    assert schedule.above_capacity(other, TODAY)


def test_days_gone_by_show_what_was_produced(at):
    row = promised(THURSDAY, 30)
    move(row, Action.START, None)
    move(row, Action.FINISH, None, generada_en=clock.now(), vigente_hasta=clock.now() + timedelta(days=5))
    db.session.commit()
    with at(days=20):
        assert (cell(THURSDAY).requests, cell(THURSDAY).percent) == (1, 30)


def test_feriados_local_ones_and_lost_vigencia_are_on_the_grid(sge):
    feriados.add_local(sge, date(2026, 12, 7), "Fundación", "Quito", "")
    assert cell(date(2026, 12, 25)).feriado == "Navidad" and not cell(date(2026, 12, 25)).working
    assert cell(date(2026, 12, 7)).local == ("Fundación (Quito)",) and cell(date(2026, 12, 7)).working
    assert cell(date(2027, 2, 5)).lost and "ningún día laborable" in cell(date(2027, 2, 5)).spoken  # Friday before Carnival
    assert not cell(FRIDAY).lost


def test_a_day_in_the_order_in_which_it_will_run(sge, at):
    ministry = [promised(THURSDAY, 1, people.MAIN, minutes=n) for n in range(3)]
    office = promised(THURSDAY, 1, people.SECRETARY, minutes=9)
    going = promised(THURSDAY, 1, people.LAWYER)
    move(going, Action.START, None)
    db.session.commit()
    day = calendario.day(sge, THURSDAY)
    assert [(line.kind, line.place) for line in day.lines] == [("ejecuta", 0), *(("espera", n) for n in (1, 2, 3, 4))]
    waiting = [line.solicitud.id for line in day.lines[1:]]
    assert waiting == [ministry[0].id, office.id, ministry[1].id, ministry[2].id]
    with at(days=1):
        assert turns.due() == waiting
    assert day.total == 5 and all(line.movable == (line.kind == "espera") for line in day.lines)


def test_requests_left_over_from_earlier_days_are_counted(at):
    promised(THURSDAY)
    assert calendario.overdue() == 0
    with at(days=2):
        assert calendario.overdue() == 1


def test_the_desk_draws_the_same_days(sge):
    promised(THURSDAY, 60)
    row = promised(MONDAY, 1)
    day = lambda when: next(d for week in desk_calendar.choice(row, when).weeks for d in week if d.date == when)  # noqa: E731
    assert day(THURSDAY).load == cell(THURSDAY).percent == 60
    periods.save(sge, periods.Draft("Cierre", THURSDAY, FRIDAY, 0, 200, 0))
    assert day(THURSDAY).load == cell(THURSDAY).percent == 30
    eve = date(2027, 2, 5)  # Friday before Carnival
    assert day(eve).lost and day(eve).spoken.endswith("la vigencia no incluiría ningún día laborable")


# Moves


def test_a_move_writes_the_recorrido_and_mails_the_new_date(sge):
    row = promised(THURSDAY)
    outcome = calendar_moves.move(sge, row.id, row.version, MONDAY, "")
    assert outcome.done and outcome.text == "Se calendarizó para el lunes 23 de noviembre de 2026."
    db.session.refresh(row)
    assert (row.fecha_tentativa, row.ejecutar_desde, row.fuera_de_plazo) == (MONDAY, schedule.opening(MONDAY), False)
    last = row.eventos[-1]
    assert (last.accion, last.datos["fecha_tentativa"], last.datos["fecha_anterior"]) == ("reschedule", "2026-11-23", "2026-11-19")
    mails = db.session.scalars(select(Correo).where(Correo.solicitud_id == row.id, Correo.plantilla == "calendarizada")).all()
    assert mails and all("23 nov 2026" in m.asunto for m in mails)


def test_a_move_beyond_the_limit_is_marked(sge):
    row = promised(THURSDAY)
    calendar_moves.move(sge, row.id, row.version, date(2026, 12, 10), "Lo pidió la institución")
    assert row.fuera_de_plazo and row.eventos[-1].datos["fuera_de_plazo"] is True
    calendar_moves.move(sge, row.id, row.version, FRIDAY, "")
    assert not row.fuera_de_plazo


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (None, "Elija la fecha"), (date(2026, 11, 17), "anterior a hoy"), (date(2026, 12, 25), "es feriado (Navidad)"),
        (date(2026, 11, 21), "es sábado"), (date(2100, 1, 4), "superar un año"),
    ],
)
def test_dates_that_cannot_be_are_refused_before_anything_moves(sge, day, words):
    row = promised(THURSDAY)
    assert words in calendar_moves.problems(sge, [row.id], day, "")["fecha"]
    assert not calendar_moves.move(sge, row.id, row.version, day, "").done
    assert row.fecha_tentativa == THURSDAY and row.eventos[-1].accion == "approve"


def test_above_the_capacity_only_with_a_reason_and_counted_together(sge):
    promised(MONDAY, 60, people.SECRETARY)
    rows = [promised(THURSDAY, 30), promised(FRIDAY, 30)]
    numbers = [row.id for row in rows]
    assert not calendar_moves.problems(sge, numbers[:1], MONDAY, "")
    assert "120 % de la capacidad" in calendar_moves.problems(sge, numbers, MONDAY, "")["motivo"]
    assert not calendar_moves.problems(sge, numbers, MONDAY, "Urgencia judicial")
    assert "2" in calendar_moves.problems(sge, numbers, MONDAY, "x" * 10_000)["motivo"]
    assert [calendar_moves.move(sge, row.id, row.version, MONDAY, "Urgencia judicial").done for row in rows] == [True, True]
    assert rows[1].eventos[-1].comentario == "Urgencia judicial" and cell(MONDAY).over


def test_what_changed_meanwhile_is_explained_row_by_row(sge):
    gone, stale, fine = promised(THURSDAY), promised(THURSDAY), promised(THURSDAY)
    chosen = [(row.id, row.version) for row in (gone, stale, fine)]
    decisions.reject(making.actor("sge2@demo.gob.ec"), gone, "documento_no_corresponde", "")
    decisions.reschedule(making.actor("sge2@demo.gob.ec"), stale, FRIDAY)
    db.session.commit()
    outcomes = [calendar_moves.move(sge, number, version, MONDAY, "") for number, version in [*chosen, (99_999, None)]]
    assert [o.done for o in outcomes] == [False, False, True, False]
    assert "Eliminada por la SGE" in outcomes[0].text and "Gabriela" in outcomes[0].text
    assert "Calendarizada nuevamente" in outcomes[1].text and outcomes[3].text == "La solicitud no existe."
    assert (stale.fecha_tentativa, fine.fecha_tentativa) == (FRIDAY, MONDAY)
    assert "Ya está calendarizada" in calendar_moves.move(sge, fine.id, fine.version, MONDAY, "").text


def test_who_filed_a_request_does_not_move_it(sge):
    row = promised(THURSDAY)
    row.creada_por_id = sge.usuario_id
    db.session.commit()
    assert calendar_moves.move(sge, row.id, row.version, MONDAY, "").text == calendar_moves.OWN
    assert not calendario.day(sge, THURSDAY).lines[0].movable


@pytest.mark.parametrize(("numbers", "words"), [([], "al menos una"), (list(range(1, 600)), "hasta 500")])
def test_nothing_or_too_much_chosen(sge, numbers, words):
    assert words in calendar_moves.problems(sge, numbers, MONDAY, "")["ids"]


def test_a_day_that_became_a_feriado_is_emptied_to_the_next_days_with_capacity(sge):
    rows = [promised(MONDAY, 20, people.MAIN, minutes=n) for n in range(3)]
    promised(date(2026, 11, 24), 60, people.SECRETARY)
    feriados.add(sge, MONDAY, "Duelo nacional", "Decreto 500")
    db.session.commit()
    assert cell(MONDAY).misplaced and cell(MONDAY).state == "Día no laborable"
    assert all(calendar_moves.advance(sge, row.id, row.version).done for row in feriados.touched())
    assert [row.fecha_tentativa.day for row in rows] == [24, 24, 25], "two beside the sixty of the 24th, the third on the next day"
    assert feriados.touched() == [] and rows[0].eventos[-1].comentario == calendar_moves.NEXT_DAY


# Estimated against real


def generated(foreseen: int, real: int, documents: int = 10, found: int = 10) -> Solicitud:
    row = promised(TODAY, documents, size=foreseen)
    move(row, Action.START, None)
    now = clock.now()
    db.session.add(Ejecucion(solicitud_id=row.id, estado=EjecucionEstado.PUBLICADA, creada_en=now, terminada_en=now, encontrados=found, bytes_total=real))
    move(row, Action.FINISH, None, generada_en=now, vigente_hasta=now + timedelta(days=5))
    db.session.commit()
    return row


def test_estimates_are_compared_with_what_the_runs_found(sge, at):
    MB = 1_000_000
    with at(days=-40):
        generated(10 * MB, 10 * MB)
    generated(10 * MB, 20 * MB, found=12), generated(10 * MB, 9_500_000), generated(100, 900)
    old = generated(MB, MB)
    old.previsto_bytes = None
    db.session.commit()
    report = estimates_report.report(sge)
    assert (report.whole.requests, report.without) == (4, 1)
    assert [(line.label, line.requests) for line in report.months] == [("noviembre de 2026", 3), ("octubre de 2026", 1)]
    november, october = report.months
    assert round(november.ratio, 3) == 1.475 and round(november.mean, 3) == 1.475 and november.close == 0.5
    assert round(november.exact, 2) == 0.67 and (october.ratio, october.close) == (1, 1)
    assert [(round(miss.ratio, 2), miss.run.encontrados) for miss in report.worst] == [(2, 12)]


def test_a_report_of_nothing(sge):
    report = estimates_report.report(sge, date(2020, 1, 1))
    assert report.whole.requests == 0 and report.whole.ratio is None and report.months == [] and report.worst == []


def test_the_estimate_of_the_sending_outlives_the_plan():
    row = making.sent(people.MAIN)
    foreseen = (row.previsto_documentos, row.previsto_bytes)
    assert foreseen == (row.estimado_documentos, row.estimado_bytes) and foreseen[0] > 0
    decisions.approve(making.actor("sge@demo.gob.ec"), row, THURSDAY, comment="Más de lo que cabe en el día")
    decisions.run_now(making.actor("sge@demo.gob.ec"), row)
    db.session.commit()
    making.produced(row)
    again = db.session.scalar(select(Solicitud).order_by(Solicitud.id.desc()).limit(1))
    assert again.estado is Estado.ATENDIDA and (again.previsto_documentos, again.previsto_bytes) == foreseen
    run = db.session.scalar(select(Ejecucion).where(Ejecucion.solicitud_id == again.id))
    assert again.estimado_bytes == run.bytes_total
