"""Petitions copied for search: what is found, what is not, and that a choice is always read from Quipux."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from extensions import db
from models import Cuenta, Institucion, MarcaPeticion, Peticion
from services import petition_index, petitions
from services.adapters import quipux
from services.errors import NotFound
from sources import Quipux, SourceUnavailable, demo_people
from tests.services.quipux_copy import change, copy_of

pytestmark = pytest.mark.usefixtures("ctx")


@pytest.fixture
def settings(quipux_folder, tmp_path):
    return copy_of(quipux_folder, tmp_path / "quipux")


@pytest.fixture
def institucion() -> Institucion:
    return db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == demo_people.MAIN.codi)).institucion


@pytest.fixture
def copied():
    return petition_index.refresh(quipux())



def ids(found) -> list[str]:
    return [p.id for p in found]


def new_row(institucion: Institucion, **changed) -> tuple:
    """A statement that registers one more petition at the counter, today."""
    row = db.session.scalar(select(Peticion).where(Peticion.inst_codi == institucion.quipux_codi).order_by(Peticion.fecha.desc()))
    prefix = "2026" + row.quipux_codi[4:10]
    values = {"id": prefix + "9999999902"[-10:], "asunto": "Pedido flamante", "permiso": 0, "when": "2026-11-18 14:00:00"} | changed
    return (
        "insert into radicado (radi_nume_radi, radi_nume_temp, radi_nume_text, radi_fech_radi, radi_asunto, esta_codi, radi_usua_rem,"
        " radi_inst_actu, radi_permiso) values (?, ?, 'NUEVO-1', ?, ?, 2, '', ?, ?)",
        values["id"], values["id"], values["when"], values["asunto"], institucion.quipux_codi, values["permiso"],
    )  # fmt: skip


@pytest.mark.parametrize("typed", ["respaldo", "RESPÁLDO", "resp docum", "ñau", "mat 2026", "zzzz"])
def test_the_copy_finds_what_quipux_finds(institucion, typed):
    live = quipux().petitions(institucion.quipux_codi, typed, now=petition_index.clock.now(), limit=20)
    petition_index.refresh(quipux())
    assert petitions.search(institucion, typed) == live


def test_before_the_first_copy_quipux_is_asked(institucion, monkeypatch):
    assert not petition_index.ready() and petitions.search(institucion, "respaldo")
    monkeypatch.setattr(Quipux, "petitions", lambda *_a, **_k: [])
    assert petitions.search(institucion, "respaldo") == []


def test_the_copy_is_the_same_whatever_the_page(institucion, copied, monkeypatch):
    before = {(p.quipux_codi, p.busqueda) for p in db.session.scalars(select(Peticion))}
    assert len(before) == copied.vistas > 3
    for size in (1, 2, 3):
        monkeypatch.setattr(petition_index, "PAGE", size)
        again = petition_index.refresh(quipux())
        assert (again.vistas, again.escritas, again.quitadas) == (copied.vistas, 0, 0)
    assert {(p.quipux_codi, p.busqueda) for p in db.session.scalars(select(Peticion))} == before


def test_what_was_registered_a_moment_ago_is_found_at_once_and_copied_later(institucion, copied, settings):
    change(settings, new_row(institucion))
    (found,) = petitions.search(institucion, "flamante")
    assert found.numero == "NUEVO-1" and db.session.scalar(select(Peticion).where(Peticion.quipux_codi == found.id)) is None
    assert petition_index.top_up(quipux()).escritas == 1
    assert db.session.scalar(select(Peticion.numero).where(Peticion.quipux_codi == found.id)) == "NUEVO-1"
    assert petition_index.top_up(quipux()).vistas == 0, "the marks have moved"
    assert ids(petitions.search(institucion, "flamante")) == [found.id]


def test_of_other_institutions_nothing_is_found(institucion, copied):
    other = next(i for i in db.session.scalars(select(Institucion)) if i.id != institucion.id and i.quipux_codi)
    mine, theirs = set(ids(petitions.search(institucion, "respaldo"))), set(ids(petitions.search(other, "respaldo")))
    assert mine and not mine & theirs


def test_a_confidential_petition_never_enters_and_leaves_when_it_becomes_so(institucion, copied, settings):
    change(settings, new_row(institucion, permiso=1))
    assert petitions.search(institucion, "flamante") == [] and petition_index.top_up(quipux()).escritas == 0
    chosen = petitions.search(institucion, "respaldo")[0].id
    change(settings, ("update radicado set radi_permiso = 1 where radi_nume_radi = ?", chosen))
    with pytest.raises(NotFound):
        petitions.find(institucion, chosen)  # at once, whatever the copy says
    assert petition_index.refresh(quipux()).quitadas == 1
    assert chosen not in ids(petitions.search(institucion, "respaldo"))


def test_a_changed_subject_is_copied_again_and_found_by_its_new_words_only(institucion, copied, settings):
    chosen = petitions.search(institucion, "respaldo")[0].id
    change(settings, ("update radicado set radi_asunto = 'Copiapega', radi_nume_text = 'Z-1' where radi_nume_radi = ?", chosen))
    assert petition_index.refresh(quipux()).escritas == 1
    assert ids(petitions.search(institucion, "copiapega")) == [chosen]
    assert chosen not in ids(petitions.search(institucion, "respaldo"))


def test_what_is_older_than_24_months_goes(institucion, copied, at):
    with at(days=800):
        petition_index.refresh(quipux())
        assert not db.session.scalars(select(Peticion)).all()


def test_a_silent_quipux_costs_only_what_is_new(institucion, copied, monkeypatch):
    def gone(*_a, **_k):
        raise SourceUnavailable("gone")

    before = petitions.search(institucion, "respaldo")
    monkeypatch.setattr(Quipux, "registered", gone)
    assert petitions.search(institucion, "respaldo") == before


def test_rare_words_come_by_the_index_and_frequent_ones_from_the_newest(institucion, copied, monkeypatch):
    whole = petitions.search(institucion, "respaldo")
    monkeypatch.setattr(petition_index, "RECENT", 1)  # nothing but the index can find them now
    assert petitions.search(institucion, "respaldo") == whole
    assert db.session.scalar(select(MarcaPeticion.prefijo).limit(1)) is not None


@pytest.mark.parametrize("typed", ["%%%", "___", "' xq 1=1 --", '"*', "__i10", "a b c", ":* & !"])
def test_what_is_no_word_finds_nothing_and_breaks_nothing(institucion, copied, typed):
    assert petitions.search(institucion, typed) == []
