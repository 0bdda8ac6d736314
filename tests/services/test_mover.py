"""The one mover: every estado × every action, compare-and-set, and the chain of the Recorrido."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from extensions import db
from models import Cuenta, Evento, Solicitud, Usuario
from rules.lifecycle import LIVE, TRANSITIONS, Action, Clase, Estado, IllegalMove, Motivo, allows, effective
from services import clock, mover
from services.errors import Refused
from services.people import actor_of, search_text
from sources import demo_people as people

NO_TRANSITION = {Action.CREATE}


@pytest.fixture
def actor(ctx):
    return actor_of(db.session.scalar(select(Usuario).where(Usuario.correo == "aiq@demo.gob.ec")), clock.now())


@pytest.fixture
def solicitud(ctx, actor):
    """`solicitud(Estado.ENVIADA)`: a request put into that estado by force, as no code may."""

    def make(estado=Estado.BORRADOR, **columns):
        cuenta = db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == people.MAIN.codi))
        at = clock.now()
        made = mover.create(Solicitud(
            clase=Clase.INSTITUCIONAL, institucion_id=cuenta.institucion_id, cuenta_id=cuenta.id, creada_por_id=actor.usuario_id,
            fecha_solicitud=at, editada_en=at, editada_por_id=actor.usuario_id, persona_cedula=cuenta.cedula, persona_nombre=cuenta.nombre,
            persona_apellido=cuenta.apellido, busqueda=search_text(cuenta.nombre)), actor)
        if estado is Estado.ATENDIDA:
            columns = {"vigente_hasta": at + timedelta(days=2)} | columns
        if estado is Estado.ELIMINADA:
            columns = {"motivo": Motivo.OTRO} | columns
        db.session.execute(update(Solicitud).where(Solicitud.id == made.id).values(estado=estado, **columns))
        db.session.expire_all()
        return made

    return make


def ended(action, estado):
    """An eliminada has a motivo and nothing else has one: what the caller writes with the move."""
    target = TRANSITIONS[action].target or estado
    return {"motivo": Motivo.OTRO} if target is Estado.ELIMINADA else {}


@pytest.mark.parametrize("estado", Estado)
@pytest.mark.parametrize("action", [a for a in Action if a not in NO_TRANSITION])
def test_every_estado_and_every_action(solicitud, actor, estado, action):
    row, transition = solicitud(estado), TRANSITIONS[action]
    version, events = row.version, len(row.eventos)
    if not allows(action, estado):
        with pytest.raises(IllegalMove):
            mover.move(row, action, actor, **ended(action, estado))
        db.session.refresh(row)
        assert (row.estado, row.version, len(row.eventos)) == (estado, version, events)
        return
    mover.move(row, action, actor, comment="por una razón", **ended(action, estado))
    assert row.estado is (transition.target or estado) and row.version == version + 1
    assert len(row.eventos) == events + transition.recorded
    if transition.recorded:
        last = row.eventos[-1]
        assert (last.accion, last.estado, last.actor_id, last.comentario) == (action, row.estado, actor.usuario_id, "por una razón")
    assert mover.broken_link(row) is None


@pytest.mark.parametrize("action", [a for a, t in TRANSITIONS.items() if t.needs_reason])
def test_what_needs_a_reason_does_not_happen_without_one(solicitud, actor, action):
    estado = min(TRANSITIONS[action].sources)
    row = solicitud(estado)
    for comment in ("", " \n"):
        with pytest.raises(Refused) as refused:
            mover.move(row, action, actor, comment=comment, **ended(action, estado))
        assert refused.value.fields == {"motivo": "Escriba el motivo."}
    db.session.refresh(row)
    assert (row.estado, row.version) == (estado, 1) and [e.accion for e in row.eventos] == [Action.CREATE]


def test_the_table_names_every_action_but_the_first():
    assert set(Action) - set(TRANSITIONS) == NO_TRANSITION
    reached = {t.target for t in TRANSITIONS.values()} - {None}
    assert reached | {Estado.BORRADOR} == set(Estado), "an estado nobody can reach is not an estado"
    assert LIVE == set(Estado) - {Estado.ELIMINADA}


def test_a_vigencia_that_is_over_is_eliminada_for_every_action_but_expire(solicitud, actor):
    row = solicitud(Estado.ATENDIDA, vigente_hasta=clock.now())
    assert effective(row.estado, row.vigente_hasta, clock.now()) is Estado.ELIMINADA
    for action in (Action.DOWNLOAD, Action.EXTEND, Action.REJECT):
        with pytest.raises(IllegalMove):
            mover.move(row, action, actor, **ended(action, row.estado))
    assert mover.move(row, Action.EXPIRE, None, motivo=Motivo.VIGENCIA_TERMINADA).estado is Estado.ELIMINADA
    assert row.eventos[-1].actor is None


@pytest.mark.parametrize("version", [1, 2])
def test_a_move_from_an_old_reading_does_not_happen(solicitud, actor, version):
    """Two people at the same moment: the second one's row in memory still says Enviada."""
    row = solicitud(Estado.ENVIADA)
    assert row.estado is Estado.ENVIADA and row.version == 1
    db.session.execute(
        update(Solicitud).where(Solicitud.id == row.id).values(estado=Estado.APROBADA, version=version), execution_options={"synchronize_session": False}
    )
    with pytest.raises(IllegalMove) as refused:
        mover.move(row, Action.RETURN, actor, comment="por una razón")
    assert refused.value.estado is Estado.APROBADA and row.estado is Estado.APROBADA
    assert [e.accion for e in row.eventos] == [Action.CREATE]


@pytest.mark.parametrize("version", [0, 1, 3, -1])
def test_another_version_than_the_one_seen_is_refused(solicitud, actor, version):
    row = solicitud()
    mover.move(row, Action.EDIT, actor)
    with pytest.raises(IllegalMove):
        mover.move(row, Action.SEND, actor, version=version)
    assert mover.move(row, Action.SEND, actor, version=2).estado is Estado.ENVIADA


def test_columns_and_estado_are_written_together_or_not_at_all(solicitud, actor):
    row = solicitud(Estado.APROBADA)
    with pytest.raises(IllegalMove):
        mover.move(row, Action.SEND, actor, comentario="no debe quedar")
    db.session.refresh(row)
    assert row.comentario == ""


def test_the_chain_tells_a_changed_a_missing_and_a_moved_row(solicitud, actor):
    row = solicitud()
    for action in (Action.SEND, Action.RETURN, Action.SEND, Action.APPROVE):
        mover.move(row, action, actor, comment=f"paso {action}", data={"n": 1, "tilde": "ñ"})
    assert [e.orden for e in row.eventos] == [1, 2, 3, 4, 5] and mover.broken_link(row) is None
    assert [e.previo for e in row.eventos[1:]] == [e.hash for e in row.eventos[:-1]]
    third = row.eventos[2].id
    tampering = [{"comentario": "otra cosa"}, {"actor_id": None}, {"estado": Estado.ATENDIDA}, {"datos": {"n": 2, "tilde": "ñ"}},
                 {"en": clock.now() + timedelta(seconds=1)}, {"hash": "0" * 64}, {"previo": ""}]
    for change in tampering:
        with db.session.begin_nested() as savepoint:
            db.session.execute(update(Evento).where(Evento.id == third).values(**change), execution_options={"synchronize_session": False})
            db.session.expire_all()
            assert mover.broken_link(row) == 3, change
            savepoint.rollback()
        db.session.expire_all()
    assert mover.broken_link(row) is None
    db.session.delete(row.eventos[2])
    db.session.flush()
    assert mover.broken_link(row) == 4


def test_the_hash_survives_the_database(solicitud, actor):
    """Read back in another session (microseconds, zone, JSON) the row has the same digest."""
    row = solicitud()
    with clock.frozen(clock.now() + timedelta(microseconds=123456)):
        mover.move(row, Action.SEND, actor, comment="«ñandú»", data={"fecha": "2026-11-18", "lista": [1, None, True], "b": 1.5})
    number = row.id
    db.session.commit()
    db.session.remove()
    assert mover.broken_link(db.session.get(Solicitud, number)) is None


def test_nothing_but_the_mover_writes_estado():
    """A rule of the house, by reading the source."""
    import re
    from pathlib import Path

    root = Path(__file__).parents[2]
    assigned = re.compile(r"\b\w*solicitud\w*\.estado\s*=[^=]|\bSolicitud\)\s*\.values\([^)]*\bestado=|\bupdate\(Solicitud\)(?s:.{0,300}?)\bestado=")
    found = [
        str(path.relative_to(root))
        for room in ("blueprints", "services", "jobs", "commands.py")
        for path in ([root / room] if room.endswith(".py") else sorted((root / room).rglob("*.py")))
        if assigned.search(path.read_text()) and path.name != "mover.py"
    ]
    assert not found, "only services/mover.py may write Solicitud.estado: use mover.move in " + ", ".join(found)
