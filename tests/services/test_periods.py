"""Alta demanda: what it changes, and that no two share a day. Capacity by date."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from extensions import db
from models import Capacidad, PeriodoAltaDemanda
from services import calendar_log, capacities, periods, schedule
from services.errors import NotFound, Refused
from tests import making

pytestmark = pytest.mark.usefixtures("ctx")
TODAY = date(2026, 11, 18)


@pytest.fixture
def settings():
    return {"CAPACITY_DOCUMENTS": 100, "CAPACITY_BYTES": 1000, "INSTITUTION_QUOTA": 0.25}


@pytest.fixture
def sge():
    return making.actor("sge@demo.gob.ec")


def draft(**changes) -> periods.Draft:
    usual = {"nombre": "Fin de año", "desde": TODAY, "hasta": date(2026, 12, 31), "dias_extra": 5, "capacidad": 150, "reserva": 40}
    return periods.Draft(**usual | changes)


def test_a_period_changes_limit_capacity_and_banner(sge):
    row = periods.save(sge, draft())
    db.session.flush()
    assert periods.standing(row) == "vigente"
    found = schedule.current_period(TODAY)
    assert (found.name, found.extra_days, found.factor, found.reserve) == ("Fin de año", 5, 1.5, 0.4)
    assert schedule.limit(TODAY).documents == 150 and schedule.limit(date(2027, 1, 4)).documents == 100
    assert schedule.propose_load(1, 1, 1).limit == date(2026, 12, 2)
    assert "Creó «Fin de año»" in calendar_log.history(calendar_log.PERIODOS)[0].texto


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"nombre": " "}, "nombre", "nombre"), ({"nombre": "x" * 121}, "nombre", "120"), ({"desde": None}, "desde", "inicio"),
        ({"hasta": None}, "hasta", "fin"), ({"hasta": TODAY - timedelta(days=1)}, "hasta", "posterior"),
        ({"desde": date(2026, 1, 5), "hasta": date(2026, 1, 9)}, "hasta", "ya habría terminado"),
        ({"hasta": date(2100, 1, 1)}, "hasta", "más de un año"), ({"desde": date(2100, 1, 1), "hasta": date(2100, 1, 2)}, "hasta", "demasiado lejos"),
        ({"dias_extra": None}, "dias_extra", "0 a 60"), ({"dias_extra": -1}, "dias_extra", "0 a 60"),
        ({"capacidad": 0}, "capacidad", "10 a 1000"), ({"capacidad": None}, "capacidad", "10 a 1000"), ({"reserva": 100}, "reserva", "0 a 90"),
        ({"dias_extra": 0, "capacidad": 100, "reserva": 0}, "dias_extra", "no cambia nada"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(sge, changes, field, words):
    with pytest.raises(Refused) as refused:
        periods.save(sge, draft(**changes))
    assert words in refused.value.fields[field] and list(refused.value.fields) == [field]
    assert db.session.query(PeriodoAltaDemanda).count() == 0


def test_periods_that_cross_are_refused_by_name(sge):
    row = periods.save(sge, draft())
    with pytest.raises(Refused, match="Se cruza con «Fin de año» .18 nov 2026 a 31 dic 2026."):
        periods.save(sge, draft(nombre="Otro", desde=date(2026, 12, 31), hasta=date(2027, 1, 10)))
    periods.save(sge, draft(nombre="Otro", desde=date(2027, 1, 1), hasta=date(2027, 1, 10)))
    assert periods.save(sge, draft(hasta=date(2026, 12, 15)), existing=row) is row, "it does not cross itself"
    assert "Modificó «Fin de año»" in calendar_log.history(calendar_log.PERIODOS)[0].texto


def test_a_period_that_is_removed_is_gone_and_remembered(sge):
    row = periods.save(sge, draft())
    periods.remove(sge, row)
    db.session.flush()
    assert schedule.current_period(TODAY) is None and "Eliminó" in calendar_log.history(calendar_log.PERIODOS)[0].texto
    for nothing in (None, 0, 7, 2**40):
        with pytest.raises(NotFound):
            periods.period(nothing)


# Capacity


def level(**changes) -> capacities.Draft:
    return capacities.Draft(**{"desde": date(2026, 11, 23), "documentos": 10, "bytes": 10**6, "cuota": 50, "motivo": "Un servidor menos"} | changes)


def test_before_any_row_the_settings_hold():
    only, = capacities.listing()
    assert (only.row, only.documentos, only.cuota, only.standing) == (None, 100, 25, "vigente")
    assert schedule.capacity().documents == 100


def test_a_capacity_holds_from_its_date_on(sge):
    capacities.save(sge, level())
    capacities.save(sge, level(desde=date(2026, 12, 1), documentos=300, cuota=20))
    db.session.flush()
    assert [schedule.capacities().on(date(2026, *d)).documents for d in ((11, 20), (11, 23), (11, 30), (12, 1))] == [100, 10, 10, 300]
    assert schedule.capacities().on(date(2026, 12, 1)).quota == 0.2
    late, early, settings = capacities.listing()
    assert (late.standing, late.hasta, late.removable) == ("programado", None, True)
    assert (early.desde, early.hasta) == (date(2026, 11, 23), date(2026, 11, 30)) and settings.hasta == date(2026, 11, 22)


def test_the_same_date_replaces_and_a_coming_one_can_be_taken_back(sge):
    capacities.save(sge, level())
    capacities.save(sge, level(documentos=77))
    assert db.session.query(Capacidad).one().documentos == 77
    capacities.remove(sge, date(2026, 11, 23))
    db.session.flush()
    assert db.session.query(Capacidad).count() == 0
    capacities.save(sge, level(desde=TODAY))
    with pytest.raises(Refused, match="en vigor"):
        capacities.remove(sge, TODAY)
    with pytest.raises(NotFound):
        capacities.remove(sge, date(2026, 11, 23))


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"desde": None}, "desde", "Ingrese la fecha"), ({"desde": date(2026, 11, 17)}, "desde", "anterior a hoy"),
        ({"desde": date(2100, 1, 1)}, "desde", "superar un año"), ({"documentos": 0}, "documentos", "mayor que cero"),
        ({"documentos": -5}, "documentos", "mayor que cero"), ({"documentos": None}, "documentos", "mayor que cero"),
        ({"documentos": 2**31}, "documentos", "demasiado grande"), ({"bytes": 0}, "bytes", "mayor que cero"),
        ({"bytes": 10**18}, "bytes", "demasiado grande"), ({"cuota": 0}, "cuota", "1 a 100"), ({"cuota": 101}, "cuota", "1 a 100"),
        ({"motivo": ""}, "motivo", "Escriba el motivo"), ({"motivo": "x" * 10_000}, "motivo", "caracteres"),
    ],
)
def test_a_capacity_without_sense_is_refused(sge, changes, field, words):
    with pytest.raises(Refused) as refused:
        capacities.save(sge, level(**changes))
    assert words in refused.value.fields[field] and list(refused.value.fields) == [field]
    assert db.session.query(Capacidad).count() == 0
