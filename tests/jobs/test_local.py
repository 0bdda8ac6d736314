"""`bin/dev`'s supervisor: its exit codes, and demo data that a second start leaves alone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from extensions import db
from jobs import demo
from models import Correo, Cuenta, Evento, Solicitud, Usuario

ROOT = Path(__file__).resolve().parents[2]


def start(data: Path, port: int) -> subprocess.Popen:
    env = {k: v for k, v in os.environ.items() if k not in {"REDIS_URL", "DATABASE_URL"}}
    env |= {"RESPALDOS_DEMO": "1", "RESPALDOS_DATA": str(data), "PORT": str(port)}
    return subprocess.Popen([sys.executable, "-m", "jobs.local"], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_a_port_in_use_is_said_and_is_an_error(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start(tmp_path, taken.getsockname()[1])
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 1 and "ya está en uso" in said


@pytest.mark.real_clock
@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_while_it_prepares_it_ends_at_once_and_well(tmp_path, asked):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = start(tmp_path, port)
    end = time.monotonic() + 30
    while not (tmp_path / "respaldos.sqlite").exists() and time.monotonic() < end:
        time.sleep(0.05)
    began = time.monotonic()
    process.send_signal(asked)
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert time.monotonic() - began < 10 and not (tmp_path / "migrada").exists()


@pytest.mark.long
def test_preparing_the_demo_again_adds_nothing(ctx):
    def rows() -> dict[str, int]:
        return {kind.__name__: db.session.scalar(select(func.count()).select_from(kind)) for kind in (Solicitud, Evento, Correo, Cuenta, Usuario)}

    demo.prepare()
    first = rows()
    assert first["Solicitud"] >= 12
    demo.prepare()
    assert rows() == first
