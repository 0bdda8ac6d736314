"""The feriado table: the law proposes, the SGE adds, moves, removes and confirms; announced dates stay."""

from __future__ import annotations

from datetime import date

import pytest

from extensions import db
from models import Feriado, FeriadoLocal
from services import calendar_log, feriados, health, schedule
from services.errors import NotFound, Refused
from sources import demo_people
from tests import making

pytestmark = pytest.mark.usefixtures("ctx")
CHRISTMAS_EVE = date(2026, 12, 24)


@pytest.fixture
def sge():
    return making.actor("sge@demo.gob.ec")


def texts(year=2026) -> list[str]:
    return [row.texto for row in calendar_log.history(calendar_log.FERIADOS, year)]


def test_a_year_beside_what_the_law_gives(sge):
    this = feriados.year(2026)
    assert len(this.rows) == len(this.law) and not this.missing and not this.extra and this.confirmed is not None
    coming = feriados.year(2028)
    assert not coming.rows and len(coming.missing) == len(coming.law) and coming.confirmed is None
    assert feriados.seed(sge, 2028) == len(coming.law) and feriados.seed(sge, 2028) == 0
    assert len(texts(2028)) == 1 and "Navidad" in texts(2028)[0]


def test_the_first_of_may_2025_is_worked_and_the_second_is_not():
    this = feriados.year(2025)
    day = next(r for r in this.rows if r.nombre == "Día del Trabajo")
    assert (day.fecha, day.original) == (date(2025, 5, 2), date(2025, 5, 1))
    calendar = schedule.working_calendar()
    assert calendar.is_working(date(2025, 5, 1)) and not calendar.is_working(date(2025, 5, 2))


@pytest.mark.parametrize("year", [2016, 2029, 2100, 0])
def test_years_that_are_not_offered_do_not_exist(year):
    with pytest.raises(NotFound):
        feriados.year(year)


def test_a_year_is_confirmed_once_and_its_warning_goes(sge):
    assert schedule.unconfirmed_warning(date(2027, 1, 4), date(2026, 12, 1)) == "Los feriados de 2027 todavía no están confirmados."
    feriados.confirm(sge, 2027)
    assert schedule.unconfirmed_warning(date(2027, 1, 4)) == ""
    with pytest.raises(Refused, match="ya está confirmado"):
        feriados.confirm(sge, 2027)
    with pytest.raises(Refused, match="no tiene feriados"):
        feriados.confirm(sge, 2028)


def test_a_proposal_in_an_unconfirmed_year_says_so():
    found = schedule.propose_load(1, 1, 1, date(2026, 12, 31))
    assert found.day == date(2027, 1, 4) and "2027 todavía no están confirmados" in found.reason
    assert "confirmados" not in schedule.propose_load(1, 1, 1).reason


def test_a_coming_year_that_is_not_in_the_table_follows_the_law(at):
    with at(days=700):  # October 2028
        assert not schedule.has_feriados(2028)
        assert not schedule.working_calendar().is_working(date(2028, 12, 25))


def test_a_day_by_decree(sge):
    row = feriados.add(sge, CHRISTMAS_EVE, "Puente de Navidad", "Decreto Ejecutivo 417")
    assert (row.nombre, row.decreto) == ("Puente de Navidad", "Decreto Ejecutivo 417")
    assert not schedule.working_calendar().is_working(CHRISTMAS_EVE)
    assert feriados.year(2026).extra == {CHRISTMAS_EVE}
    assert "Agregó el jueves 24 de diciembre de 2026" in texts()[0]


@pytest.mark.parametrize(
    ("day", "nombre", "decreto", "field", "words"),
    [
        (None, "x", "1", "fecha", "Ingrese la fecha"), (date(2026, 11, 17), "x", "1", "fecha", "anterior a hoy"),
        (date(2026, 11, 21), "x", "1", "fecha", "es sábado"), (date(2026, 12, 25), "x", "1", "fecha", "ya es feriado (Navidad)"),
        (date(2100, 1, 4), "x", "1", "fecha", "entre 2017 y 2028"), (CHRISTMAS_EVE, " ", "1", "nombre", "nombre"),
        (CHRISTMAS_EVE, "x" * 121, "1", "nombre", "120"), (CHRISTMAS_EVE, "x", "", "decreto", "decreto"),
        (CHRISTMAS_EVE, "x", "1" * 10_000, "decreto", "120"),
    ],
)
def test_what_is_wrong_with_a_new_day_is_said_beside_its_field(sge, day, nombre, decreto, field, words):
    before = len(feriados.year(2026).rows)
    with pytest.raises(Refused) as refused:
        feriados.add(sge, day, nombre, decreto)
    assert words in refused.value.fields[field] and list(refused.value.fields) == [field]
    assert len(feriados.year(2026).rows) == before and not texts()


def test_a_day_is_moved_by_decree_and_keeps_what_it_celebrates(sge):
    moved = feriados.shift(sge, date(2026, 12, 25), CHRISTMAS_EVE, "Decreto 9")
    db.session.flush()
    assert (moved.fecha, moved.original, moved.nombre) == (CHRISTMAS_EVE, date(2026, 12, 25), "Navidad")
    assert db.session.get(Feriado, date(2026, 12, 25)) is None and schedule.working_calendar().is_working(date(2026, 12, 25))
    with pytest.raises(NotFound):
        feriados.shift(sge, date(2026, 12, 25), date(2026, 12, 28), "Decreto 9")


def test_a_day_is_removed_with_a_reason_and_never_one_that_has_passed(sge):
    with pytest.raises(Refused, match="Escriba el motivo"):
        feriados.remove(sge, date(2026, 12, 25), " ")
    with pytest.raises(Refused, match="2.000 caracteres"):
        feriados.remove(sge, date(2026, 12, 25), "x" * 10_000)
    with pytest.raises(Refused, match="ya pasó"):
        feriados.remove(sge, date(2026, 11, 3), "No se respetó")
    feriados.remove(sge, date(2026, 12, 25), "Se trabaja por la emergencia")
    db.session.flush()
    assert schedule.working_calendar().is_working(date(2026, 12, 25))
    assert calendar_log.history(calendar_log.FERIADOS, 2026)[0].motivo == "Se trabaja por la emergencia"


def test_a_local_feriado_is_shown_and_changes_no_working_day(sge):
    row = feriados.add_local(sge, date(2026, 12, 7), "Fundación de Quito", "Quito", "")
    assert feriados.year(2026).local == [row] and schedule.working_calendar().is_working(date(2026, 12, 7))
    with pytest.raises(Refused, match="cantón"):
        feriados.add_local(sge, date(2026, 12, 7), "Otro", "", "")
    feriados.remove_local(sge, row.id)
    db.session.flush()
    assert db.session.query(FeriadoLocal).count() == 0
    for nothing in (None, 0, 99, 2**40):
        with pytest.raises(NotFound):
            feriados.remove_local(sge, nothing)


def test_announced_dates_stay_and_are_listed(sge):
    solicitud = making.sent(demo_people.MAIN)
    making.decisions.approve(sge, solicitud, CHRISTMAS_EVE)
    db.session.commit()
    assert feriados.touched() == []
    feriados.add(sge, CHRISTMAS_EVE, "Puente de Navidad", "Decreto 417")
    db.session.commit()
    assert solicitud.fecha_tentativa == CHRISTMAS_EVE
    assert feriados.touched() == [solicitud]


def test_the_check_of_the_installation_asks_for_the_confirmation(sge):
    said = "Los feriados de 2027 todavía no están confirmados."
    assert any(problem.startswith(said) for problem in health.setup_problems())
    feriados.confirm(sge, 2027)
    assert not any(problem.startswith(said) for problem in health.setup_problems())
