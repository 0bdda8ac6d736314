"""Deleting files and proving it; which objects of the storage rows know of."""

from __future__ import annotations

import pytest

from extensions import db
from jobs import produce
from models import EjecucionEstado, Parte
from rules.lifecycle import Estado, IllegalMove
from services import decisions, purge, runs, turns
from services.adapters import storage
from services.errors import Conflict
from tests.conftest import NOW
from tests.jobs import story


@pytest.fixture(autouse=True)
def _context(ctx):
    yield


def stored(solicitud_id: int) -> set[str]:
    return {stat.key for stat in storage().list(f"solicitudes/{solicitud_id:06d}/")}


def put(key: str) -> None:
    path = storage().scratch() / "made"
    path.write_bytes(b"bytes")
    storage().put(key, path)


def test_files_of_a_living_request_are_never_deleted():
    solicitud = story.produced()
    keys = stored(solicitud.id)
    assert purge.pending() == [] and keys <= purge.known_keys()
    with pytest.raises(IllegalMove):
        purge.purge(solicitud)
    db.session.rollback()
    assert story.again(solicitud).purgada_en is None and stored(solicitud.id) == keys


def test_of_two_who_delete_at_the_same_time_one_records_it(ctx, monkeypatch):
    """The sweep comes while a second officer's word is being carried out: no transaction keeps it out."""
    solicitud = story.produced()
    decisions.reject(story.actor(story.OFFICER), solicitud, "documento_no_corresponde", "")
    db.session.commit()
    first = storage().list

    def meanwhile(prefix=""):
        monkeypatch.undo()
        assert purge.purge(story.again(solicitud))
        db.session.commit()
        return first(prefix)

    monkeypatch.setattr(storage(), "list", meanwhile)
    with pytest.raises(Conflict):
        purge.confirm(story.actor(story.SECOND_OFFICER), solicitud)
    db.session.rollback()
    assert story.actions(solicitud).count("purge") == 1 and story.again(solicitud).purgada_en == NOW


def test_a_part_deleted_while_its_storage_is_looked_through_is_not_missing(monkeypatch):
    solicitud = story.produced()
    assert purge.missing_keys() == []
    real, part = storage().stat, story.run_of(solicitud).partes[0]
    key, number = part.clave, part.id

    def deleted_and_written_down(asked):
        storage().delete(asked)
        db.session.get(Parte, number).borrada_en = NOW
        db.session.commit()
        return real(asked)

    monkeypatch.setattr(storage(), "stat", deleted_and_written_down)
    assert purge.missing_keys() == [] and not real(key)


def test_a_second_officers_word_deletes_at_once():
    solicitud = story.produced()
    keys = stored(solicitud.id)
    decisions.reject(story.actor(story.OFFICER), solicitud, "documento_no_corresponde", "")
    db.session.commit()
    assert purge.pending() == []
    for nobody in (story.OFFICER, story.AIQ):
        with pytest.raises(Conflict):
            purge.confirm(story.actor(nobody), solicitud)
    assert stored(solicitud.id) == keys
    second = story.actor("sge2@demo.gob.ec")
    purge.confirm(second, solicitud)
    db.session.commit()
    assert solicitud.eventos[-1].actor_id == second.usuario_id
    with pytest.raises(Conflict):
        purge.confirm(second, solicitud)
    assert not stored(solicitud.id) and not keys & purge.known_keys() and purge.pending() == []
    assert (solicitud.purgada_en, solicitud.purgar_desde) == (NOW, None)


def test_what_a_stopped_run_left_goes_with_its_request():
    """No archive was generated, but a plan and some volumes are there."""
    solicitud = story.approved()
    claim = turns.claim("one")
    put(f"solicitudes/{solicitud.id:06d}/{claim.ejecucion_id}/1/X.z01")
    with pytest.raises(runs.Fenced):
        runs.detain(claim, "fuente")
    decisions.reject(story.actor(story.OFFICER), story.again(solicitud), "otro", "Se pidió por error.")
    db.session.commit()
    purge.confirm(story.actor("sge2@demo.gob.ec"), story.again(solicitud))
    db.session.commit()
    assert not stored(claim.solicitud_id)
    assert story.last_data(solicitud, "purge") == {"archivos": [], "bytes": 0}, "only published volumes were delivered to anybody"


def test_an_object_published_before_its_row_is_known_while_the_run_lives():
    story.approved()
    claim = turns.claim("one")
    key = f"solicitudes/{claim.solicitud_id:06d}/{claim.ejecucion_id}/1/X.zip"
    put(key)
    assert key in purge.known_keys()
    runs.hand_back(claim)
    assert key in purge.known_keys()


def test_leftovers_of_an_overtaken_attempt_are_not_known_once_the_run_is_over():
    story.approved()
    claim = turns.claim("one")
    leftover = f"solicitudes/{claim.solicitud_id:06d}/{claim.ejecucion_id}/0/X.zip"
    put(leftover)
    runs.hand_back(claim)
    produce.work()
    solicitud = db.session.get(runs.Solicitud, claim.solicitud_id)
    assert solicitud.estado is Estado.ATENDIDA and runs.latest(solicitud).estado is EjecucionEstado.PUBLICADA
    assert leftover not in purge.known_keys()
    assert stored(solicitud.id) - {leftover} <= purge.known_keys()
