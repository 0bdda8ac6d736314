"""Handing mails over to servers that are slow, mute or cut off, on both databases: nobody waits behind a mail, none is lost."""

from __future__ import annotations

import contextvars
import os
import socket
import sys
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import update

from app import create_app
from extensions import db
from jobs import clock as clock_process
from jobs import sweeps
from models import Correo, CorreoEstado
from services import clock, notices
from tests import pg
from tests.conftest import NOW, settings_for
from tests.services.test_notices import Inbox, free_port

GONE = 9


@pytest.fixture(params=pg.BOTH)
def app(request, tmp_path, quipux_folder):
    with pg.database(request.param) as more:
        app = create_app(
            settings_for(tmp_path, quipux_folder, **more, MAIL_SERVER="127.0.0.1", MAIL_PORT=free_port(), MAIL_SUPPRESS_SEND=False)
        )
        with app.app_context():
            db.create_all()
            yield app
            db.session.remove()
            db.engine.dispose()


def waiting(many: int = 1) -> list[int]:
    """Numbers of mails that nobody has picked up."""
    rows = [
        Correo(clave=f"k{n}", plantilla="clave", para=f"p{n}@demo.gob.ec", asunto="x", texto="x", html="x", creado_en=NOW - timedelta(hours=1),
               proximo_en=NOW - timedelta(hours=1))
        for n in range(many)
    ]  # fmt: skip
    db.session.add_all(rows)
    db.session.flush()
    numbers = [row.id for row in rows]
    db.session.commit()
    return numbers


def mail(number: int) -> Correo:
    return db.session.get(Correo, number, populate_existing=True)


@contextmanager
def mute(app):
    """A mail server that takes connections and says nothing. Gives `taken`, which waits for one and returns it."""
    with socket.create_server(("127.0.0.1", app.config["MAIL_PORT"])) as server:
        yield lambda: server.accept()[0]


@contextmanager
def working(app, inbox):
    controller = Controller(inbox, hostname="127.0.0.1", port=app.config["MAIL_PORT"])
    controller.start()
    try:
        yield inbox
    finally:
        controller.stop()


def beside(app, task) -> threading.Thread:
    """A thread that does `task` with a session of its own, at the hour of the test; not started yet."""

    def run():
        with app.app_context():
            try:
                task()
            finally:
                db.session.remove()

    return threading.Thread(target=contextvars.copy_context().run, args=(run,))


class Another:
    """A process that waits for `work`, does its task and ends with 1. Made before there are threads, which a fork would cut."""

    def __init__(self, task):
        db.session.remove()
        db.engine.dispose()
        sys.stdout.flush()
        waits, self._starts = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                db.engine.dispose(close=False)
                os.read(waits, 1)
                task()
            finally:
                os._exit(1)
        os.close(waits)

    def work(self) -> None:
        os.write(self._starts, b".")
        os.close(self._starts)

    def ended_with(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def test_while_the_server_is_silent_others_write(app, monkeypatch):
    monkeypatch.setattr(notices, "SMTP_SECONDS", 5)
    number, = waiting()
    wrote = []
    with mute(app) as taken:

        def other():
            with taken():  # the mail is being handed over now; hanging up ends that
                db.session.execute(update(Correo).where(Correo.id == number).values(asunto="otro"))
                db.session.commit()
                wrote.append(time.monotonic())

        thread = beside(app, other)
        thread.start()
        assert notices.send(number) is CorreoEstado.DIFERIDO
        ended = time.monotonic()
        thread.join(10)
    assert wrote[0] <= ended and mail(number).asunto == "otro"


def test_a_mail_that_is_being_handed_over_is_nobody_elses(app, monkeypatch):
    """The nudge and the sweep come to the same mail at the same time: one copy leaves."""
    monkeypatch.setattr(notices, "SMTP_SECONDS", 5)
    number, = waiting()
    answers = []
    second = beside(app, lambda: answers.extend([notices.due(), notices.send(number)]))

    class Slow(Inbox):
        async def handle_DATA(self, *args):
            second.start()
            second.join(10)
            return await super().handle_DATA(*args)

    with working(app, Slow()) as inbox:
        assert notices.send(number) is CorreoEstado.ENVIADO
    assert len(inbox.received) == 1 and answers == [[], CorreoEstado.PENDIENTE]
    assert (mail(number).intentos, mail(number).estado, mail(number).proximo_en) == (1, CorreoEstado.ENVIADO, None)


def test_two_workers_at_the_same_mails_send_one_copy_of_each(app):
    numbers = waiting(10)
    workers = [Another(lambda: [notices.send(number) for number in numbers]) for _ in range(2)]
    with working(app, Inbox()) as inbox:
        for worker in workers:
            worker.work()
        assert [worker.ended_with() for worker in workers] == [1, 1]
    assert sorted(to for to, _ in inbox.received) == sorted([mail(n).para] for n in numbers)
    assert {mail(n).estado for n in numbers} == {CorreoEstado.ENVIADO}


def test_who_dies_after_handing_over_leaves_the_mail_to_the_sweep(app):
    """A second copy is better than none."""
    number, = waiting()
    worker = Another(partial(_die_after_handing_over, number))
    with working(app, Inbox()) as inbox:
        worker.work()
        assert worker.ended_with() == GONE
        assert len(inbox.received) == 1 and mail(number).estado is CorreoEstado.PENDIENTE
        assert notices.due() == [], "it may still be on its way"
        with clock.frozen(NOW + notices.HELD):
            assert sweeps.mail() == (1, 0)
    assert len(inbox.received) == 2 and (mail(number).estado, mail(number).intentos) == (CorreoEstado.ENVIADO, 2)


def _die_after_handing_over(number: int) -> None:
    real = notices.deliver

    def last_act(letter):
        real(letter)
        os._exit(GONE)

    notices.deliver = last_act
    notices.send(number)


def test_an_attempt_that_was_overtaken_writes_nothing_about_its_failure(app, monkeypatch):
    number, = waiting()

    def overtaken(letter):
        with clock.frozen(NOW + notices.HELD):
            monkeypatch.undo()
            with working(app, Inbox()):
                second = beside(app, lambda: notices.send(number))
                second.start()
                second.join(10)
        raise OSError("too late")

    monkeypatch.setattr(notices, "deliver", overtaken)
    assert notices.send(number) is CorreoEstado.ENVIADO
    assert (mail(number).estado, mail(number).error, mail(number).intentos) == (CorreoEstado.ENVIADO, "", 2)


def test_a_mute_server_holds_the_clock_for_one_mail_and_no_longer(app, monkeypatch):
    monkeypatch.setattr(notices, "SMTP_SECONDS", 0.3)
    monkeypatch.setattr(sweeps, "MAIL_SECONDS", 0.2)
    numbers = waiting(12)
    with mute(app):
        started = time.monotonic()
        assert sweeps.mail() == (0, 1)
        assert time.monotonic() - started < 2
        assert [mail(n).intentos for n in numbers] == [1] + [0] * 11
        assert sweeps.mail() == (0, 1)
    assert [mail(n).intentos for n in numbers] == [1, 1] + [0] * 10, "the next turn goes on behind it"


def test_the_clock_shows_that_it_lives_between_two_sweeps(app, monkeypatch):
    """One that waits for a silent server must not make the clock look dead when the next one waits too."""
    seen = []
    monkeypatch.setattr(clock_process, "sign_of_life", lambda: seen.append(None))
    for name in ("due", "reconcile", "mail", "expiry", "deadlines", "reminders", "petitions"):
        monkeypatch.setitem(sweeps.SWEEPS, name, lambda name=name: seen.append(name))
    clock_process.tick(dict.fromkeys(clock_process.FREQUENT, 0.0))
    assert all(before is None for before, name in zip(seen, seen[1:]) if name)
