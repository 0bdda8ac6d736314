"""The site as production runs it (gunicorn, threads) on a prepared database, and people signed in to it: for bench.search and
bench.listing. What is measured is a whole request on a connection that stays open."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from flask_migrate import upgrade

import config
from app import create_app
from bench import national
from extensions import db
from models import Usuario
from services import signin

PASSWORD = "Banco-de-pruebas-2026"
ROOT = Path(__file__).parent.parent


@dataclass
class Client:
    """One person's browser. `last`: the body of the last answer."""

    connection: http.client.HTTPConnection
    cookie: str = ""
    last: str = field(default="", repr=False)

    def get(self, path: str, *, htmx: bool = False) -> float:
        """Seconds until the whole answer is here. Raises RuntimeError unless it is a 200."""
        headers = {"Cookie": self.cookie} | ({"HX-Request": "true"} if htmx else {})
        begun = time.perf_counter()
        self.connection.request("GET", path, headers=headers)
        answer = self.connection.getresponse()
        body = answer.read()
        taken = time.perf_counter() - begun
        self._keep(answer)
        self.last = body.decode(errors="replace")
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return taken

    def size(self, path: str) -> tuple[float, int]:
        """Seconds and bytes of a file, not kept."""
        begun, total = time.perf_counter(), 0
        self.connection.request("GET", path, headers={"Cookie": self.cookie})
        answer = self.connection.getresponse()
        while chunk := answer.read(1 << 20):
            total += len(chunk)
        return time.perf_counter() - begun, total

    def sign_in(self, correo: str) -> None:
        self.get("/ingresar")
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.last)
        form = urlencode({"usuario": correo, "clave": PASSWORD, "csrf_token": token[1] if token else ""})
        self.connection.request("POST", "/ingresar", form, {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"})
        answer = self.connection.getresponse()
        answer.read()
        self._keep(answer)
        if answer.status != 303:
            raise RuntimeError(f"nobody signs in as {correo}: {answer.status}")

    def _keep(self, answer: http.client.HTTPResponse) -> None:
        jar = dict(part.split("=", 1) for part in self.cookie.split("; ") if part)
        jar |= dict(header.split(";", 1)[0].split("=", 1) for header in answer.headers.get_all("Set-Cookie") or [])
        self.cookie = "; ".join(f"{name}={value}" for name, value in jar.items())


class Site:
    def __init__(self, process: subprocess.Popen, port: int, log: Path):
        self._process, self._port, self._log, self._read = process, port, log, 0

    def client(self, correo: str) -> Client:
        client = Client(http.client.HTTPConnection("127.0.0.1", self._port, timeout=120))
        client.sign_in(correo)
        return client

    def served(self) -> list[float]:
        """Seconds that the server took for each request answered since it was last asked: from the request read to the answer written,
        by gunicorn's own account."""
        time.sleep(0.1)  # the line is written behind the answer
        text = self._log.read_text()[self._read :]
        self._read += len(text)
        return [int(line) / 1e6 for line in text.split()]

    def forget(self) -> None:
        """Start counting `peak` anew: hashing a password takes 64 MB for a moment, which is its purpose."""
        for pid in self._workers():
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def _workers(self) -> list[str]:
        return Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()

    def peak(self) -> int:
        """Bytes: the most that one web process has had in memory since `forget`."""
        return max(int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) for pid in self._workers()) * 1024  # type: ignore[index]


@contextmanager
def prepared(url: str | None, small: bool) -> Iterator[str]:
    """The address of a filled database: the one given, or a small SQLite made for the moment."""
    if url:
        yield url
        return
    if not small:
        raise SystemExit("Make the whole country first (bench.national) and name it with --url; or use --small.")
    with tempfile.TemporaryDirectory() as folder:
        made = f"sqlite:///{folder}/national.sqlite"
        with _app(made).app_context():
            upgrade(directory=str(ROOT / "migrations"))
            db.session.remove()
            db.engine.dispose()
        national.build(made, national.SMALL)
        yield made


def _settings(url: str) -> dict[str, str]:
    return {"DATABASE_URL": url, "RESPALDOS_DATA": tempfile.gettempdir(), "SECRET_KEY": "banco-de-pruebas-" * 3}


def _app(url: str):
    return create_app(config.load(_settings(url)))


def passwords(url: str, usuarios: list[int]) -> list[str]:
    """Give these people the benchmark's password; their addresses."""
    with _app(url).app_context():
        rows = [db.session.get(Usuario, number) for number in usuarios]
        secret = signin.hashed(PASSWORD)
        for row in rows:
            row.clave_hash = secret
        db.session.commit()
        return [row.correo for row in rows]


@contextmanager
def running(url: str) -> Iterator[Site]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "--keep-alive", "240", "--log-level", "warning", "--access-logformat", "%(D)s"]
    # As in Procfile.
    with tempfile.NamedTemporaryFile() as log:
        yield from _served(command + ["--access-logfile", log.name, "app:create_app()"], url, port, Path(log.name))


def _served(command: list[str], url: str, port: int, log: Path) -> Iterator[Site]:
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"MALLOC_ARENA_MAX": "2"} | _settings(url))
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield Site(process, port, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
