"""What only reads: the database itself refuses its writes, and PostgreSQL keeps the plans of what every page asks."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError

from app import create_app
from extensions import db, reading
from models import Usuario
from services import clock, people
from tests import pg
from tests.conftest import settings_for


@pytest.fixture(params=pg.BOTH)
def site(request, tmp_path, quipux_folder):
    with pg.database(request.param) as settings:
        yield from _with_one_person(settings_for(tmp_path, quipux_folder, **settings))


def _with_one_person(settings):
    app = create_app(settings)
    with app.app_context():
        db.create_all()
        db.session.add(Usuario(cedula="1", correo="a@b.ec", nombre="Ana", apellido="", habilitado=True, sesion=1, creado=clock.now()))
        db.session.commit()
        yield app
        db.session.remove()
        db.engine.dispose()


def test_who_only_reads_cannot_write(site):
    rename = update(Usuario).values(nombre="Otra")
    with reading(), pytest.raises(DBAPIError, match="readonly|read-only"):
        db.session.execute(rename)
    db.session.rollback()
    # The same connection writes again for whoever may.
    db.session.execute(rename)
    db.session.commit()
    assert db.session.scalar(select(Usuario.nombre)) == "Otra"


def test_a_page_leaves_the_plans_it_made(site):
    """psycopg forgets prepared statements at every ROLLBACK: a page that only read ends with COMMIT."""
    if db.engine.dialect.name != "postgresql":
        pytest.skip("of PostgreSQL")
    with site.test_client() as client, client.session_transaction() as session:
        session["_user_id"] = "1:1"
    for _ in range(2):
        client.get("/")
    kept = db.session.execute(text("SELECT statement FROM pg_prepared_statements")).scalars().all()
    assert [statement for statement in kept if "derechos" in statement], kept


def test_nobody_is_nobody(site):
    assert people.with_rights(99, clock.now()) is None


def test_a_page_whose_database_goes_away_leaves_its_thread_able_to_write(site):
    if db.engine.dialect.name != "postgresql":
        pytest.skip("of PostgreSQL")
    with site.test_request_context("/"):
        site.preprocess_request()
        _terminate(db.session.scalar(text("SELECT pg_backend_pid()")))
    db.session.execute(update(Usuario).values(nombre="Otra"))
    db.session.commit()


def test_a_connection_that_went_away_unused_is_not_given_to_who_writes(site):
    """It is asked before it is used; who only reads believes one that was used a moment ago, and finds another one the next time."""
    if db.engine.dialect.name != "postgresql":
        pytest.skip("of PostgreSQL")
    with reading():
        _lose_the_connection()
        with pytest.raises(OperationalError):
            db.session.scalar(select(Usuario.id))
        db.session.remove()
        assert db.session.scalar(select(Usuario.id)) == 1
        db.session.remove()
    _lose_the_connection()
    assert db.session.scalar(select(Usuario.id)) == 1


def _lose_the_connection() -> None:
    backend = db.session.scalar(text("SELECT pg_backend_pid()"))
    db.session.remove()
    _terminate(backend)


def _terminate(backend: int) -> None:
    other = create_engine(db.engine.url)
    with other.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:backend)"), {"backend": backend})
    other.dispose()
