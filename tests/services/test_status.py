"""The estado a person sees, in Python and in SQL, at any instant: one rule."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given
from hypothesis import settings as fitted
from hypothesis import strategies as st
from sqlalchemy import select, update

from extensions import db
from models import Solicitud
from rules.lifecycle import Estado, effective
from services import status
from tests.blueprints import solicitud_cases as cases
from tests.conftest import NOW

MICRO = timedelta(microseconds=1)
moments = st.one_of(st.sampled_from([NOW, NOW - MICRO, NOW + MICRO]), st.timedeltas(timedelta(days=-30), timedelta(days=30)).map(lambda d: NOW + d))


@fitted(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(Estado), st.none() | moments), min_size=1, max_size=6), moments, st.sets(st.sampled_from(Estado)))
def test_sql_and_python_agree(ctx, shapes, now, asked):
    ids = cases.plant(len(shapes), estado=lambda i: shapes[i][0], vigente_hasta=lambda i: shapes[i][1], motivo=lambda i: "otro" if shapes[i][0] is Estado.ELIMINADA else None)
    rows = dict(db.session.execute(select(Solicitud.id, status.effective_sql(now)).where(Solicitud.id.in_(ids))).all())
    expected = {n: effective(estado, until, now) for n, (estado, until) in zip(ids, shapes)}
    assert {n: Estado(e) for n, e in rows.items()} == expected
    found = set(db.session.scalars(select(Solicitud.id).where(Solicitud.id.in_(ids), status.is_in(asked, now))))
    assert found == {n for n, e in expected.items() if e in asked}
    db.session.rollback()


def test_the_vigencia_ends_exactly_at_its_instant(ctx):
    [number] = cases.plant(1, estado=Estado.ATENDIDA, vigente_hasta=NOW)
    seen = [db.session.scalar(select(status.effective_sql(at)).where(Solicitud.id == number)) for at in (NOW - MICRO, NOW)]
    assert seen == ["atendida", "eliminada"]


def test_an_expired_request_blocks_no_other(ctx):
    [number] = cases.plant(1, estado=Estado.ATENDIDA, vigente_hasta=NOW + MICRO)
    assert status.live_for(cases.account()).id == number
    assert status.live_for(cases.account(), without=number) is None
    db.session.execute(update(Solicitud).values(vigente_hasta=NOW))
    assert status.live_for(cases.account()) is None
