"""The tentative date from the database: feriados, capacity, what is booked, and which days may be chosen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, select

from extensions import db
from models import Cuenta, Feriado, PeriodoAltaDemanda, Solicitud, Usuario
from rules.calendar import Load
from rules.lifecycle import Action, Clase
from services import clock, schedule
from services.mover import create, move
from sources import demo_people as people

TODAY = date(2026, 11, 18)  # a Wednesday
THURSDAY, FRIDAY, MONDAY = date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 23)


@pytest.fixture
def settings():
    return {"CAPACITY_DOCUMENTS": 100, "CAPACITY_BYTES": 1000, "INSTITUTION_QUOTA": 0.25}


def waiting(documents: int = 1, size: int = 1, account=people.MAIN) -> Solicitud:
    cuenta = db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == account.codi))
    filer = db.session.scalar(select(Usuario).where(Usuario.correo == "aiq@demo.gob.ec"))
    at = clock.now()
    row = Solicitud(
        clase=Clase.INSTITUCIONAL, institucion_id=cuenta.institucion_id, cuenta_id=cuenta.id, creada_por_id=filer.id, fecha_solicitud=at,
        editada_en=at, editada_por_id=filer.id, persona_cedula=cuenta.cedula, persona_nombre=cuenta.nombre, persona_apellido=cuenta.apellido,
        estimado_documentos=documents, estimado_bytes=size,
    )
    return move(create(row, None), Action.SEND, None)


def promised(day: date, documents: int, size: int = 1, account=people.MAIN) -> Solicitud:
    return move(waiting(documents, size, account), Action.APPROVE, None, fecha_tentativa=day)


def test_the_first_working_day_after_approval(ctx):
    assert schedule.propose(waiting()).day == THURSDAY


def test_a_full_day_is_passed_over_and_a_freed_one_is_taken_again(ctx):
    full = promised(THURSDAY, 100, account=people.RESEARCHER)
    row = waiting(documents=5)
    assert schedule.propose(row).day == FRIDAY
    move(full, Action.REJECT, None, comment="Se pidió por error.", motivo="otro")
    assert schedule.propose(row).day == THURSDAY


def test_from_day_two_an_institution_stays_in_its_quota(ctx):
    promised(THURSDAY, 100, account=people.RESEARCHER)
    promised(FRIDAY, 25)
    assert schedule.propose(waiting(documents=5)).day == MONDAY
    assert schedule.propose(waiting(documents=5, account=people.SECRETARY)).day == FRIDAY


def test_a_request_does_not_stand_in_its_own_way(ctx):
    row = promised(THURSDAY, 100)
    assert schedule.booked(TODAY)[THURSDAY].total == Load(100, 1)
    assert THURSDAY not in schedule.booked(TODAY, without=row.id)


def test_feriados_come_from_the_table(ctx):
    db.session.add(Feriado(fecha=THURSDAY, nombre="Feriado local", decreto="Decreto 17"))
    assert schedule.propose(waiting()).day == FRIDAY
    assert schedule.day_problem(THURSDAY, TODAY) == "La fecha elegida no es un día laborable: el 19 nov 2026 es feriado (Feriado local)."


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (None, "Elija la fecha"), (date(2026, 11, 17), "anterior a hoy"), (date(2026, 11, 21), "no es un día laborable"),
        (date(2026, 12, 25), "no es un día laborable"), (date(2027, 11, 20), "no puede superar un año"), (date(2100, 1, 4), "no puede superar"),
        (date(9999, 12, 31), "no puede superar"), (date(1, 1, 1), "anterior a hoy"),
    ],
)
def test_days_that_cannot_be_chosen(ctx, day, words):
    assert words in schedule.day_problem(day, TODAY)


def test_today_can_be_chosen(ctx):
    assert schedule.day_problem(TODAY, TODAY) is None


def test_runs_of_a_day_open_at_six_in_guayaquil(ctx):
    assert schedule.opening(THURSDAY) == datetime(2026, 11, 19, 11, 0, tzinfo=UTC)


def test_alta_demanda_gives_more_days(ctx):
    limit = schedule.propose(waiting()).limit
    assert limit == date(2026, 11, 25) and schedule.current_period(TODAY) is None
    db.session.add(PeriodoAltaDemanda(nombre="Transición de Gobierno", desde=TODAY, hasta=TODAY + timedelta(days=30), dias_extra=5))
    db.session.flush()
    assert schedule.current_period(TODAY).name == "Transición de Gobierno"
    assert schedule.propose(waiting()).limit == date(2026, 12, 2)


def test_seeding_a_year_again_keeps_what_an_officer_wrote(ctx):
    christmas = db.session.get(Feriado, date(2026, 12, 25))
    christmas.nombre = "Navidad del Niño"
    db.session.execute(delete(Feriado).where(Feriado.fecha == date(2026, 5, 1)))
    days = schedule.seed_year(2026)
    db.session.flush()
    assert date(2026, 5, 1) in {d.fecha for d in days}
    assert db.session.get(Feriado, date(2026, 5, 1)) is not None
    assert db.session.get(Feriado, date(2026, 12, 25)).nombre == "Navidad del Niño"
