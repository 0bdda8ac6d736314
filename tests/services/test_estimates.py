"""The estimate is the run's own selection; the parts follow the part size; the date follows what is booked."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import delete, select

from extensions import db
from models import AnioFeriados, Cuenta
from services import estimates
from services.adapters import quipux
from sources import SourceUnavailable
from sources import demo_people as people

pytestmark = pytest.mark.usefixtures("ctx")
WIDE = date(2020, 1, 1), date(2026, 11, 18)


@pytest.fixture
def settings():
    return {"PART_SIZE": 1 << 20}


def cuenta(account):
    return db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == account.codi))


def test_the_count_is_what_the_run_will_find():
    count = estimates.counted(cuenta(people.MAIN), *WIDE)
    selected = list(quipux().selected(people.MAIN.codi, *WIDE, include_reserved=True))
    assert count.documentos == len({s.id for s in selected}) > 0
    assert count.enviados == sum(s.bandeja == "enviado" for s in selected) and count.recibidos == sum(s.bandeja == "recibido" for s in selected)
    without = {s.id for s in quipux().selected(people.MAIN.codi, *WIDE)}
    assert count.reservados == count.documentos - len(without) > 0


def test_the_whole_estimate():
    whole = estimates.of(cuenta(people.MAIN), *WIDE)
    assert whole.count == estimates.counted(cuenta(people.MAIN), *WIDE)
    assert whole.bytes > 0 and whole.parts == -(-whole.bytes // (1 << 20))
    assert whole.proposal.day == date(2026, 11, 19) and whole.proposal.on_time and whole.other is None


def test_a_date_in_a_year_without_confirmed_feriados_is_told_to_the_aiq_too():
    assert estimates.of(cuenta(people.MAIN), *WIDE).warning == ""
    db.session.execute(delete(AnioFeriados))
    assert estimates.of(cuenta(people.MAIN), *WIDE).warning == "Los feriados de 2026 todavía no están confirmados."


def test_nothing_to_back_up_is_one_small_part():
    whole = estimates.of(cuenta(people.EMPTY), *WIDE)
    assert (whole.count.documentos, whole.bytes, whole.parts) == (0, 0, 1)


def test_one_day_is_both_its_ends():
    documents = [s for s in quipux().selected(people.MAIN.codi, *WIDE, include_reserved=True)]
    day = documents[0].fecha
    assert estimates.counted(cuenta(people.MAIN), day, day).documentos == len({s.id for s in documents if s.fecha == day})


def test_a_silent_quipux_is_said_as_such(ctx):
    real = quipux()
    ctx.extensions["respaldos"]["quipux"] = type(real).from_config({**ctx.config, "QUIPUX_URL": "sqlite:////nonexistent/quipux.sqlite"})
    with pytest.raises(SourceUnavailable):
        estimates.counted(cuenta(people.MAIN), *WIDE)
