"""What every test stands on: a real application, a real SQLite database seeded once, and a small Quipux with real files."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask_migrate import upgrade
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import event

import config
from app import create_app
from extensions import db
from services import clock, demo, signin
from sources import demo as demo_quipux

# A Wednesday morning in Guayaquil: working day, no feriado near.
NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def quipux_folder(tmp_path_factory) -> Path:
    """The small demo Quipux, built once."""
    folder = tmp_path_factory.mktemp("quipux") / "quipux"
    demo_quipux.build(folder, today=NOW.date(), small=True)
    return folder


def settings_for(data: Path, quipux: Path, **changes) -> dict:
    env = {
        "RESPALDOS_DATA": str(data), "SECRET_KEY": "solo-para-pruebas-" * 3, "RESPALDOS_DEMO": "1", "SOURCE_MAX_MB_S": "0",
        "REDIS_URL": os.environ.get("TEST_REDIS_URL", "unix:///nonexistent/redis.sock"),
    }
    settings = config.load(env)
    settings |= {
        "TESTING": True, "WTF_CSRF_ENABLED": False,
        "QUIPUX_URL": f"sqlite:///{quipux / 'quipux.sqlite'}", "BODEGA_URL": f"sqlite:///{quipux / 'bodega.sqlite'}",
        "BODEGA_DIR": str(quipux / "bodega"),
    }
    return settings | changes


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords():
    """Hashing a password costs a fifth of a second on purpose, and nearly every test signs somebody in."""
    real, signin._hasher = signin._hasher, lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield
    signin._hasher = real


@pytest.fixture(scope="session")
def compiled(tmp_path_factory) -> FileSystemBytecodeCache:
    """Templates are compiled once, not once more by each test's application."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("plantillas")))


@pytest.fixture(scope="session")
def seeded(tmp_path_factory, quipux_folder, cheap_passwords) -> Path:
    """A database with the demo's people and feriados; each test gets a copy."""
    data = tmp_path_factory.mktemp("base")
    app = create_app(settings_for(data, quipux_folder))
    with app.app_context(), clock.frozen(NOW):
        # By the migrations, as everywhere: the word indexes are the database's own and models.py does not know them.
        upgrade(str(Path(__file__).parents[1] / "migrations"))
        demo.seed_base()
        db.session.remove()
        db.engine.dispose()
    return data / "respaldos.sqlite"


@pytest.fixture
def settings() -> dict:
    """Settings a test (or a test module) changes by overriding this fixture."""
    return {}


@pytest.fixture
def app(tmp_path, seeded, quipux_folder, compiled, settings):
    """The application, without a context: a request pushes its own, as in production."""
    shutil.copy(seeded, tmp_path / "respaldos.sqlite")
    app = create_app(settings_for(tmp_path, quipux_folder, **settings))
    app.jinja_env.bytecode_cache = compiled
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            # Nothing of a test has to outlive a power cut.
            event.listen(db.engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous=OFF"))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def ctx(app):
    """A context for tests that call services directly. Do not use a test client inside: it would share this session."""
    with app.app_context():
        yield app
        db.session.remove()


@pytest.fixture(autouse=True)
def frozen_clock(request):
    """The clock stands at NOW; a test moves it with `clock.frozen`. Mark `real_clock` to let it run."""
    if request.node.get_closest_marker("real_clock"):
        yield
        return
    with clock.frozen(NOW):
        yield


@pytest.fixture
def at():
    """`at(days=5)`: a context in which it is that much later than NOW."""
    return lambda **shift: clock.frozen(NOW + timedelta(**shift))


@pytest.fixture
def sign_in(app):
    """`sign_in("aiq@demo.gob.ec")` → a test client of that person. Clients do not share their login."""

    def enter(correo: str):
        client = app.test_client()
        answer = client.post("/ingresar", data={"usuario": correo, "clave": demo.PASSWORD})
        assert answer.status_code == 303, answer.get_data(as_text=True)
        return client

    return enter


@pytest.fixture
def aiq(sign_in):
    return sign_in("aiq@demo.gob.ec")


@pytest.fixture
def sge(sign_in):
    return sign_in("sge@demo.gob.ec")


def pytest_collection_modifyitems(items):
    """Files with slow tests first: on several processes the quick ones then fill the gaps, instead of waiting for the last."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
