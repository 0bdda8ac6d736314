"""The lists on PostgreSQL: every order from page to page, the words of the filters, the files."""

from __future__ import annotations

from functools import partial

import pytest

import config
from app import create_app
from extensions import db
from rules.identity import fold
from services import accounts_export, accounts_listing, cambios_listing, clock, demo, institutions_listing, register
from tests import crowd, making, pg
from tests.conftest import NOW, settings_for

SGE, AIQ = "sge@demo.gob.ec", "aiq@otra.gob.ec"
LISTS = {
    "usuarios": (crowd.accounts, accounts_listing.page, accounts_export.cells, accounts_listing.Filters(texto="naccha"), accounts_listing.FIRST_CLICK),
    "instituciones": (
        crowd.institutions, institutions_listing.page, institutions_listing.cells, institutions_listing.Filters("nandu"), institutions_listing.FIRST_CLICK,
    ),
    "cambios": (
        partial(crowd.changes, name="Ñuble"), cambios_listing.page, cambios_listing.cells, cambios_listing.Filters("nuble"),
        cambios_listing.FIRST_CLICK,
    ),
    "registro": (partial(crowd.offices, name="Ñusta"), register.page, register.cells, register.Filters("nusta", "ana"), register.FIRST_CLICK),
}  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory, quipux_folder):
    with pg.server_or_skip() as server:
        url = config.database_url(server.create_database("listas"))
        app = create_app(settings_for(tmp_path_factory.mktemp("listas"), quipux_folder, SQLALCHEMY_DATABASE_URI=url))
        with app.app_context(), clock.frozen(NOW):
            db.create_all()
            demo.seed_base()
            for grow, *_ in LISTS.values():
                grow(45)
            db.session.commit()
            db.session.remove()
        yield app
        with app.app_context():
            db.engine.dispose()


@pytest.fixture(autouse=True)
def _context(app):
    with app.app_context():
        yield
        db.session.remove()


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("direction", ["", "-"])
def test_every_order_shows_each_row_once_and_the_file_follows_it(name, direction, monkeypatch):
    monkeypatch.setattr("services.listing.EXPORTED", 7)
    _grow, page, cells, filters, orders = LISTS[name]
    sge = making.actor(SGE)
    for order in orders:
        seen, token = 0, ""
        while True:
            found, kept = page(sge, filters, direction + order, token)
            assert kept == direction + order and found.total == 45 and found.start == seen
            seen += len(found.rows)
            if not found.next:
                break
            token = found.next
        assert seen == 45
        assert len(set(cells(sge, filters, direction + order))) == 45


def test_names_follow_the_alphabet_here_too():
    names = [row[0] for row in institutions_listing.cells(making.actor(SGE), institutions_listing.Filters())]
    assert names == sorted(names, key=fold) and names[-1] != "Ñandú 044"


@pytest.mark.parametrize("text", ["%", "_", "'", '"', "AND NEAR(", "😀", "=1+1", "a" * 120])
def test_whatever_is_typed_is_harmless(text):
    sge = making.actor(SGE)
    for page, filters in (
        (accounts_listing.page, accounts_listing.Filters(text)), (institutions_listing.page, institutions_listing.Filters(text)),
        (register.page, register.Filters(text, text)),
    ):  # fmt: skip
        assert page(sge, filters)[0].rows == []


def test_an_aiq_finds_only_the_own_institution():
    aiq = making.actor(AIQ)
    assert {row.cuenta.institucion_id for row in accounts_listing.page(aiq, accounts_listing.Filters())[0].rows} == aiq.aiq_of
    assert not list(accounts_export.cells(aiq, accounts_listing.Filters("naccha")))
    assert {e.office.institucion_id for e in register.page(aiq, register.Filters())[0].rows} == aiq.aiq_of
