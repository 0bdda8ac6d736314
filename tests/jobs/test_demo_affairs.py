"""The demo's affairs of the AIQs: each stage is there, a second start adds nothing, what moved on is replaced."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from extensions import db
from jobs import demo, demo_affairs
from models import Adjunto, Aviso, CambioAIQ, CapacitacionInterna, Correo, Escalamiento, Evento, Implantacion, Procedimiento, Sesion
from rules.processes import Etapa, Paso
from services import affairs, clock, institutions, mover, people, plazos, processes
from services.adapters import storage
from services.errors import Conflict
from tests import making
from tests.conftest import NOW

pytestmark = pytest.mark.usefixtures("ctx")
KINDS = (Adjunto, Aviso, CambioAIQ, CapacitacionInterna, Correo, Escalamiento, Evento, Implantacion, Procedimiento, Sesion)


def prepare() -> list[str]:
    """Names of the scenes that were made."""
    made = []
    for missing, make in demo_affairs.SCENES:
        if missing():
            make()
            db.session.commit()
            made.append(make.__name__)
    return made


def by_stage() -> dict[Etapa, list[Implantacion]]:
    found: dict[Etapa, list[Implantacion]] = {}
    for row in db.session.scalars(select(Implantacion).order_by(Implantacion.id)):
        found.setdefault(institutions.effective(row), []).append(row)
    return found


@pytest.mark.long
def test_every_stage_is_there_once_and_a_second_start_adds_nothing():
    assert len(prepare()) == len(demo_affairs.SCENES)
    stages = by_stage()
    assert {e: len(rows) for e, rows in stages.items()} == {e: 1 for e in (Etapa.CAPACITACION, Etapa.AMBIENTE, Etapa.SUSPENDIDA, Etapa.REVISION)}
    (training,), (working,), (suspended,) = stages[Etapa.CAPACITACION], stages[Etapa.AMBIENTE], stages[Etapa.SUSPENDIDA]
    assert sum(processes.hours(training).values()) == 7
    assert sum(a.hecha_en is not None for a in working.actividades) == 5 and (working.plazo_vence - NOW).days == 3
    assert suspended.estado is Etapa.SUSPENDIDA, "written down, not only shown"
    change = db.session.scalars(select(CambioAIQ)).one()
    assert change.estado is Paso.AMBIENTE and not plazos.is_over(change) and change.anticipacion_motivo == ""
    assert all(mover.broken_link(row) is None for row in (training, working, suspended, change))
    assert [p.version for p in db.session.scalars(select(Procedimiento).order_by(Procedimiento.id))] == [1, 2]
    assert len(affairs.notices_for(making.actor(demo.AIQ), clock.today())) == 1
    assert all(storage().stat(a.clave) for a in db.session.scalars(select(Adjunto)))
    assert working.id in people.actor_of(working.usuario, clock.now()).designated_implantations

    before = [db.session.scalar(select(func.count()).select_from(kind)) for kind in KINDS]
    assert prepare() == []
    assert [db.session.scalar(select(func.count()).select_from(kind)) for kind in KINDS] == before

    with clock.frozen(NOW + timedelta(days=5)):  # the plazo of the one in the ambiente has ended by itself
        assert prepare() == ["_working"]
        assert len(by_stage()[Etapa.SUSPENDIDA]) == 2


@pytest.mark.slow  # builds a whole demo Quipux
def test_a_scene_the_services_refuse_does_not_keep_the_demo_from_starting(monkeypatch, caplog):
    def refused() -> None:
        raise Conflict("ya no")

    made = []
    monkeypatch.setattr(demo, "SCENES", [(lambda: True, refused), (lambda: True, lambda: made.append(1))])
    monkeypatch.setattr(demo_affairs, "SCENES", [])
    with caplog.at_level(logging.WARNING, "jobs.demo"):
        demo.prepare()
    assert made == [1] and "refused was left out" in caplog.text
