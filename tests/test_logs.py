"""No log keeps the token of a link: who reads the log could set a person's password, or download an archive."""

from __future__ import annotations

import http.client
import logging
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from blueprints import logs
from extensions import db
from models import Parte, Usuario
from rules.lifecycle import Estado
from services import download_links, signin
from tests.blueprints import solicitud_cases as cases
from tests.conftest import NOW

ROOT = Path(__file__).parents[1]


@pytest.fixture
def links(app) -> dict[str, str]:
    """Token of each address: a password's and a download's, both good now."""
    number = cases.make(app, Estado.ATENDIDA)
    with app.app_context():
        person = db.session.scalars(select(Usuario).where(Usuario.correo == "aiq@demo.gob.ec")).one()
        part = db.session.scalars(select(Parte)).first()
        until = db.session.get(cases.Solicitud, number).vigente_hasta
        return {"/clave/": signin.password_link(person).rsplit("/", 1)[1], "/descargas/enlace/": download_links.make(person, part, part.nombre, until)}


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self.host)


@pytest.fixture
def ask(app, tmp_path):
    """`ask(method, address, **headers)`: the status that a real server gives; `ask.log()` stops it: all that it wrote."""
    path, log = tmp_path / "s", tmp_path / "log"
    command = [sys.executable, "-m", "gunicorn", "-w", "1", "-b", f"unix:{path}", "--access-logfile", "-", "--log-level", "debug", "app:create_app()"]
    env = os.environ | {"RESPALDOS_DATA": str(tmp_path), "SECRET_KEY": app.config["SECRET_KEY"]}
    with log.open("w") as out:
        server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out)

    def ask(method: str, address: str, **headers: str) -> int:
        wire = Connection(str(path))
        wire.request(method, address, headers=headers)
        return wire.getresponse().status

    def stopped() -> str:
        server.terminate()
        server.wait(20)
        return log.read_text()

    ask.log = stopped
    try:
        end = time.monotonic() + 30
        while not path.exists() and time.monotonic() < end:
            time.sleep(0.05)
        yield ask
    finally:
        stopped()


def test_a_server_s_log_has_the_address_without_the_token(ask, links, tmp_path):
    for address, token in links.items():
        assert ask("GET", address + token + "/no-es") == 404
        assert ask("PUT", address + token) == 405
        assert ask("GET", "/static/no-es", Referer=f"http://localhost{address}{token}") == 404
    for file in tmp_path.glob("respaldos.sqlite*"):
        file.write_bytes(b"broken" * 100)
    for address, token in links.items():
        assert ask("GET", address + token) == 500
    said = ask.log()
    for address, token in links.items():
        assert token not in said
        for line in (f"Exception on {address}… [GET]", f" GET {address}…\n", f'"GET {address}… HTTP/1.1" 500', f'"PUT {address}… HTTP/1.1" 405',
                     f'"http://localhost{address}…"'):
            assert line in said, line


def test_every_address_with_a_token_is_known(app):
    with app.test_request_context():
        rules = [rule for rule in app.url_map.iter_rules() if "token" in rule.arguments]
        assert len(rules) >= 3
        for rule in rules:
            _, address = rule.build({name: "T" * 40 for name in rule.arguments})
            line = logging.makeLogRecord({"msg": "%s %d%%", "args": (address, 7)})
            logs._without_token(line)
            assert line.getMessage() == f"{rule.rule.replace('<token>', '…').replace('<nombre>', 'T' * 40)} 7%"


@pytest.mark.parametrize("address", ["/clave/olvidada", "/solicitudes/7/descarga"])
def test_other_addresses_stay_as_they_are(address):
    line = logging.makeLogRecord({"msg": "%s %s", "args": ("404-AB", address)})
    logs._without_token(line)
    assert (line.args, line.getMessage()) == (("404-AB", address), f"404-AB {address}")


def test_a_statement_that_fails_is_told_without_its_values(app):
    with app.app_context():
        cedula = db.session.scalars(select(Usuario.cedula)).first()
        db.session.add(Usuario(correo="otra@demo.gob.ec", cedula=cedula, nombre="Otra", apellido="Persona", creado=NOW))
        with pytest.raises(IntegrityError) as told:
            db.session.flush()
        assert "INSERT INTO usuario" in str(told.value) and cedula not in str(told.value)
