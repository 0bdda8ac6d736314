"""What a query starts from is what the policy allows to see: the SQL and the predicate agree."""

from __future__ import annotations

from itertools import product

import pytest
from sqlalchemy import select

from extensions import db
from models import Cuenta, Institucion, Solicitud, Usuario
from rules.lifecycle import Clase, Estado
from rules.policy import Actor, Permission, may
from services import scope
from services.errors import NotFound
from tests.blueprints import solicitud_cases as cases

pytestmark = pytest.mark.usefixtures("ctx")

ACCOUNTS = ("aiq@demo.gob.ec", "respaldo@demo.gob.ec", "aiq@otra.gob.ec", "sge@demo.gob.ec", "sge2@demo.gob.ec", "servidor@demo.gob.ec")


@pytest.fixture
def world() -> list[Solicitud]:
    """Requests of both kinds, in two institutions, of four authors, draft and sent."""
    servant = cases.actor("servidor@demo.gob.ec")
    own = db.session.get(Cuenta, next(iter(servant.own_accounts)))
    other = db.session.scalar(select(Cuenta).where(Cuenta.institucion_id != own.institucion_id).limit(1))
    authors = [cases.actor(c).usuario_id for c in ("aiq@demo.gob.ec", "sge@demo.gob.ec", "sge2@demo.gob.ec", "servidor@demo.gob.ec")]
    shapes = list(product(Clase, (own, other), authors, (Estado.BORRADOR, Estado.ENVIADA, Estado.ATENDIDA)))
    ids = cases.plant(
        len(shapes), clase=lambda i: shapes[i][0], cuenta_id=lambda i: shapes[i][1].id, institucion_id=lambda i: shapes[i][1].institucion_id,
        creada_por_id=lambda i: shapes[i][2], estado=lambda i: shapes[i][3])
    return [db.session.get(Solicitud, n) for n in ids]


def actors(world) -> list[Actor]:
    """The demo's people, and combinations of rights nobody in the demo has."""
    institutions = sorted({s.institucion_id for s in world})
    accounts = sorted({s.cuenta_id for s in world})
    someone = db.session.scalar(select(Usuario.id).limit(1))
    made = [
        Actor(someone, "x", aiq_of=frozenset(aiq), sge=sge, own_accounts=frozenset(own), active_accounts=frozenset(own))
        for aiq, sge, own in product([(), institutions[:1], institutions], [False, True], [(), accounts[:1], accounts])
    ]
    return [cases.actor(c) for c in ACCOUNTS] + [a for a in made if a.may_enter]


def test_the_scope_is_the_policy_in_sql(world):
    for actor in actors(world):
        seen = set(db.session.scalars(scope.solicitudes(actor).with_only_columns(Solicitud.id)))
        assert seen == {s.id for s in world if may(actor, Permission.SOLICITUD_SEE, s)}, actor


def test_some_see_something_and_nobody_sees_all_of_it_by_chance(world):
    sizes = {c: len(list(db.session.scalars(scope.solicitudes(cases.actor(c))))) for c in ACCOUNTS}
    assert 0 < sizes["servidor@demo.gob.ec"] < sizes["aiq@demo.gob.ec"] < sizes["sge@demo.gob.ec"] < len(world)


def test_a_hidden_draft_is_nobodys(world):
    world[0].oculta = True
    db.session.flush()
    for actor in actors(world):
        with pytest.raises(NotFound):
            scope.solicitud(actor, world[0].id)


@pytest.mark.parametrize("number", [0, -1, 10**9, 2**62, 2**200])
def test_a_number_that_is_none_is_not_found(world, number):
    with pytest.raises(NotFound):
        scope.solicitud(cases.actor("sge@demo.gob.ec"), number)


def test_eligible_accounts_are_inactive_and_of_the_own_institution():
    actor = cases.actor("aiq@demo.gob.ec")
    found = list(db.session.scalars(scope.eligible(actor)))
    assert found and all(not c.activa and c.institucion_id in actor.aiq_of for c in found)
    gone = set(db.session.scalars(select(Institucion.id).where(Institucion.activa.is_(False))))
    assert {c.institucion_id for c in db.session.scalars(scope.eligible(cases.actor("sge@demo.gob.ec")))} <= gone
