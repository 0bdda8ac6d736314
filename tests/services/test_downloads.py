"""What each person has received: intervals, completion, who may have the bytes now."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extensions import db
from models import Descarga, Evento, Parte, Solicitud
from rules.lifecycle import Action
from services import download_links, downloads, received, runs
from services.errors import NotFound, Refused
from services.received import State
from tests.making import actor, approved, heavy, produced

BACKUP = "respaldo@demo.gob.ec"


@pytest.fixture
def settings(quipux_folder, tmp_path):
    return heavy(quipux_folder, tmp_path)


@pytest.fixture
def ready(ctx) -> Solicitud:
    return db.session.get(Solicitud, produced(approved()))


def whole(part: Parte, correo: str) -> None:
    received.record(part.id, actor(correo).usuario_id, 0, part.bytes)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12))
def test_merged_intervals_cover_exactly_the_same_bytes(pieces):
    merged, expected = [], set()
    for start, end in pieces:
        merged = received.merge(merged, start, end)
        expected |= set(range(start, end))
    assert {b for first, last in merged for b in range(first, last)} == expected
    assert received.covered(merged) == len(expected)
    assert all(a[1] < b[0] for a, b in zip(merged, merged[1:], strict=False)), "sorted, disjoint, not touching"


def test_two_overlapping_ranges_make_a_part_complete(ready):
    part, person = runs.data_parts(runs.latest(ready))[0], actor(BACKUP)
    received.record(part.id, person.usuario_id, 0, 1000)
    before = received.progress([part], person.usuario_id)[part.id]
    assert (before.state, before.bytes) == (State.PARCIAL, 1000)
    received.record(part.id, person.usuario_id, 600, part.bytes)
    assert received.progress([part], person.usuario_id)[part.id].state is State.COMPLETA
    assert db.session.query(Descarga).filter_by(parte_id=part.id).one().intervalos == [[0, part.bytes]]


def test_the_recorrido_says_once_that_everything_was_downloaded(ready):
    parts = runs.data_parts(runs.latest(ready))
    assert len(parts) > 1 and not received.all_complete(ready)
    for part in parts:
        whole(part, "aiq@demo.gob.ec" if part.numero == 1 else BACKUP)
    assert received.all_complete(ready)
    for part in parts:
        whole(part, "aiq@demo.gob.ec")
    rows = db.session.query(Evento).filter_by(solicitud_id=ready.id, accion=str(Action.DOWNLOAD)).all()
    assert [(r.comentario, r.actor_id) for r in rows] == [(f"{len(parts)} de {len(parts)} partes", actor(BACKUP).usuario_id)]


def test_the_directory_volume_neither_counts_nor_completes(ready):
    run = runs.latest(ready)
    directory = run.partes[-1]
    assert directory not in runs.data_parts(run)
    whole(directory, BACKUP)
    assert not received.all_complete(ready)
    for part in runs.data_parts(run):
        whole(part, BACKUP)
    assert received.all_complete(ready)


def test_a_part_has_two_names_and_no_third(ready):
    part, person = runs.latest(ready).partes[0], actor(BACKUP)
    for name in (part.nombre, part.nombre_independiente):
        assert downloads.part_for(person, part.id, name, reasoned=lambda _: False).id == part.id
    for wrong in ("", "otro.zip", part.clave):
        with pytest.raises(NotFound):
            downloads.part_for(person, part.id, wrong, reasoned=lambda _: False)


def test_a_reason_must_say_something(ready):
    with pytest.raises(Refused) as refused:
        downloads.give_reason(actor("sge@demo.gob.ec"), ready, "  corto ")
    assert "10 caracteres" in refused.value.fields["motivo"]


def test_a_forged_link_is_nothing(ready):
    with pytest.raises(NotFound):
        download_links.read("eyJ1IjoxfQ.firma-inventada")
