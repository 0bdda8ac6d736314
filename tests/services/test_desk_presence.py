"""A request is opened when an officer has had it on the desk; colleagues see who is looking at it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from extensions import db
from models import Apertura
from rules.lifecycle import Action
from services import decisions, desk_presence, solicitudes
from services.mover import move
from sources import demo_people as demo
from tests import making
from tests.conftest import NOW
from tests.services.test_desk import actor, waiting

pytestmark = pytest.mark.usefixtures("ctx")
FIRST, SECOND = "sge@demo.gob.ec", "sge2@demo.gob.ec"


def names(found) -> list[str]:
    return [a.usuario.correo for a in found]


def test_opened_once_seen_by_colleagues_until_they_leave(at):
    row = waiting()
    version = row.version
    assert desk_presence.look(actor(FIRST), row) == []
    db.session.commit()
    with at(minutes=1):
        assert names(desk_presence.look(actor(SECOND), row)) == [FIRST]
        assert names(desk_presence.others(actor(FIRST), row)) == [SECOND]
        db.session.commit()
    assert (row.abierta_en, row.version) == (NOW, version), "looking is not a move"
    with at(minutes=4):
        assert names(desk_presence.look(actor(SECOND), row)) == [], "the first has left"
        db.session.commit()
    assert db.session.scalar(select(func.count()).select_from(Apertura)) == 2


def test_since_when_without_a_break(at):
    row = waiting()
    for seconds in (0, 30, 60):
        with at(seconds=seconds):
            desk_presence.look(actor(FIRST), row)
    mine = db.session.scalars(select(Apertura)).one()
    assert (mine.desde, mine.hasta) == (NOW, NOW + timedelta(seconds=60))
    with at(minutes=30):
        desk_presence.look(actor(FIRST), row)
    assert mine.desde == NOW + timedelta(minutes=30)


def test_who_filed_it_has_not_opened_it():
    own = waiting(by=FIRST)
    desk_presence.look(actor(FIRST), own)
    assert own.abierta_en is None
    desk_presence.look(actor(SECOND), own)
    db.session.refresh(own)
    assert own.abierta_en == NOW


def test_a_decided_request_is_not_opened():
    row = move(waiting(), Action.CANCEL, None, motivo="cancelada")
    assert desk_presence.look(actor(FIRST), row) == [] and db.session.scalar(select(func.count()).select_from(Apertura)) == 0


def test_sent_again_it_is_unopened_again(at):
    row = making.sent(demo.MAIN)
    assert row.estimado_reservados is not None
    desk_presence.look(actor(FIRST), row)
    db.session.commit()
    db.session.refresh(row)
    assert row.abierta_en == NOW
    decisions.give_back(actor(FIRST), row, "sin_firma", "")
    assert row.devuelta_por == "El documento no está firmado por el ciudadano."
    solicitudes.send(making.actor("aiq@demo.gob.ec"), row)
    db.session.commit()
    assert row.abierta_en is None
