"""SQLite under several processes: no update is lost, and who only reads does not wait for who writes."""

from __future__ import annotations

import contextvars
import threading
import time

from sqlalchemy import create_engine, text

from extensions import db, reading, tune
from models import Barrido
from tests.conftest import NOW

THREADS, TIMES = 8, 25


def test_no_concurrent_update_is_lost(app):
    """The driver's own transactions lost 437 of 600 of them, silently."""
    with app.app_context():
        db.session.add(Barrido(nombre="cuenta", turno="1", iniciado_en=NOW))
        db.session.commit()
    problems = []

    def add():
        for _ in range(TIMES):
            with app.app_context():
                try:
                    row = db.session.query(Barrido).filter_by(nombre="cuenta").one()
                    row.hechos += 1
                    db.session.commit()
                except Exception as problem:
                    problems.append(problem)

    threads = [threading.Thread(target=add) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems[0]
    with app.app_context():
        assert db.session.query(Barrido.hechos).filter_by(nombre="cuenta").scalar() == THREADS * TIMES


def test_a_page_does_not_wait_for_a_writer(app, aiq):
    """A run may hold the write lock for a moment at any time; pages must not feel it."""
    answers, same_hour = [], contextvars.copy_context()
    reader = threading.Thread(target=same_hour.run, args=(lambda: answers.extend(aiq.get(path).status_code for path in ("/", "/salud")),))
    with app.app_context():
        db.session.execute(text("UPDATE usuario SET nombre = nombre"))
        started = time.monotonic()
        reader.start()
        reader.join(10)
        took = time.monotonic() - started
        db.session.rollback()
    reader.join()
    assert answers == [200, 503], "503: nothing but the database is alive here"
    assert took < 5, f"the pages took {took:.1f} s while another transaction was writing"


def test_a_reader_sees_the_database_as_it_was_before_the_writer(app):
    with app.app_context():
        db.session.execute(text("UPDATE usuario SET nombre = 'Otro' WHERE correo = 'aiq@demo.gob.ec'"))
        seen = []

        def look():
            with app.app_context(), reading():
                seen.append(db.session.execute(text("SELECT nombre FROM usuario WHERE correo = 'aiq@demo.gob.ec'")).scalar())

        reader = threading.Thread(target=look)
        reader.start()
        reader.join()
        db.session.rollback()
    assert seen == ["Rosa Elena"]


def test_the_pragmas_hold_on_every_connection(ctx):
    engine = create_engine(db.engine.url)  # as production makes it: the tests' own lets the disk be lazy
    tune(engine)
    with engine.connect() as connection:
        values = [connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")]
    assert values == ["wal", 1, 1, 15000]
    engine.dispose()
