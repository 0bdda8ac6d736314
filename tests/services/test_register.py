"""The register of AIQs: who was AIQ of an institution on a date, through two changes; and its spreadsheet."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app import create_app
from extensions import db
from models import Institucion, Nombramiento
from rules.deadlines import midnight
from services import clock, register, relevo
from sources import demo_people
from tests import making
from tests.changing import SERVANT, SGE, fulfilled, requested, started, trained
from tests.conftest import NOW, settings_for

FIRST_HOUR, SECOND_HOUR = midnight(date(2026, 11, 27)), midnight(date(2027, 1, 11))


@pytest.fixture(autouse=True)
def _context(ctx):
    yield


@pytest.fixture(scope="module")
def seeded(seeded, quipux_folder, tmp_path_factory) -> Path:
    """The database of every test here, with the two changes in it: told once, since it takes seconds."""
    folder = tmp_path_factory.mktemp("relevos")
    shutil.copy(seeded, folder / "respaldos.sqlite")
    app = create_app(settings_for(folder, quipux_folder))
    with app.app_context(), clock.frozen(NOW):
        _two_changes()
        db.session.remove()
        db.engine.dispose()
    return folder / "respaldos.sqlite"


def _two_changes() -> None:
    """Rosa until 27 November, Luis until 11 January, Mayra (the backup until then) from then on."""
    row = fulfilled(trained(requested(started())))
    relevo.register(making.actor(SGE), row)
    db.session.commit()
    with clock.frozen(NOW + timedelta(days=40)):
        row = started(SERVANT, demo_people.AIQ_BACKUP)
        requested(row, oficio_recibido=clock.today(), fecha_efectiva=date(2027, 1, 11))
        fulfilled(trained(row), "respaldo@demo.gob.ec")
        relevo.register(making.actor(SGE), row)
        db.session.commit()


@pytest.fixture
def place() -> Institucion:
    return db.session.scalars(select(Institucion).where(Institucion.sigla == "SNBAP")).one()


def listed(**filters) -> list[register.Entry]:
    return register.page(making.actor(SGE), register.Filters(**filters))[0].rows


def names(rows: list[Nombramiento]) -> list[tuple[str, str]]:
    return [(o.cargo.value, o.usuario.correo.split("@")[0]) for o in rows]


@pytest.mark.parametrize(("moment", "expected"), [
    (FIRST_HOUR - timedelta(seconds=1), [("aiq_principal", "aiq"), ("aiq_backup", "respaldo")]),
    (FIRST_HOUR, [("aiq_principal", "servidor"), ("aiq_backup", "respaldo")]),
    (SECOND_HOUR - timedelta(seconds=1), [("aiq_principal", "servidor"), ("aiq_backup", "respaldo")]),
    (SECOND_HOUR, [("aiq_principal", "respaldo")]),
    (midnight(date(2019, 12, 31)), []),
])  # fmt: skip
def test_who_was_aiq_at_an_instant(place, moment, expected):
    assert names(register.on(place.id, moment)) == expected


def test_by_day_with_the_document_of_the_change(place):
    def of(day):
        return listed(dia=day, institucion_id=place.id)

    assert names([e.office for e in of(date(2026, 11, 26))]) == [("aiq_backup", "respaldo"), ("aiq_principal", "aiq")]
    (new, _backup) = of(date(2026, 11, 27))
    assert new.office.usuario.correo == SERVANT and new.cambio.oficio.nombre == "oficio.pdf" and new.office.documento.startswith("Oficio SNBAP")
    assert names([e.office for e in of(date(2027, 1, 11))]) == [("aiq_principal", "respaldo")]


def test_the_history_of_an_institution_is_newest_first_and_found_by_siglas(place):
    rows = [e.office for e in listed(texto="snbap")]
    assert names(rows)[:2] == [("aiq_principal", "respaldo"), ("aiq_principal", "servidor")] and len(rows) == 4
    assert all(o.institucion_id == place.id for o in rows)
    assert listed(texto="no existe") == []


def test_an_aiq_would_see_only_the_own_institution(place):
    rows = register.page(making.actor("aiq@otra.gob.ec"), register.Filters())[0].rows
    assert rows and all(e.office.institucion_id != place.id for e in rows)


def test_the_file_holds_the_same_rows_newest_first(place):
    rows = [dict(zip(register.HEADS, cells)) for cells in register.cells(making.actor(SGE), register.Filters(institucion_id=place.id))]
    assert [(r["Cargo"], r["Correo"]) for r in rows[:2]] == [("AIQ principal", "respaldo@demo.gob.ec"), ("AIQ principal", SERVANT)] and len(rows) == 4
    assert rows[0]["Desde"] == rows[1]["Hasta"] == SECOND_HOUR and rows[0]["Hasta"] is None
    assert rows[0]["Documento"].startswith("Oficio SNBAP") and rows[0]["Cambio Nº"] and rows[3]["Cambio Nº"] is None
