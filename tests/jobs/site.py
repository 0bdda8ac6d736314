"""An installation made of real processes, for tests that kill them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from config import RUNS
from extensions import db
from jobs import sweeps
from models import EjecucionEstado, Solicitud
from rules.lifecycle import Estado
from sources import demo_people
from tests.jobs import story

ROOT = Path(__file__).parents[2]


def horse_of(trabajador: str) -> int:
    """Process number of the horse of a worker, 0 when it has none. A run is signed with the worker's number."""
    number = trabajador.rpartition(":")[2]
    try:
        return int(Path(f"/proc/{number}/task/{number}/children").read_text().split()[0])
    except (FileNotFoundError, IndexError):
        return 0


@dataclass(frozen=True, slots=True)
class View:
    """A request and its run as the database had them at one moment. `parts`: number → (key, SHA-256) of published ones."""

    estado: Estado
    run: EjecucionEstado | None
    intento: int
    fallos: int
    horse: int
    planned: int
    parts: dict[int, tuple[str, str]]
    pages: int | None

    @property
    def halfway(self) -> bool:
        """Some volume is published and the archive is not finished."""
        return self.estado is Estado.EN_EJECUCION and 0 < len(self.parts) < self.planned


class Site:
    """`app` shares database, storage and queue with the processes started here, each in a process group of its own."""

    def __init__(self, app: Flask, env: dict[str, str]):
        self.app, self.env = app, env
        self.running: list[subprocess.Popen] = []

    @contextmanager
    def context(self):
        with self.app.app_context():
            try:
                yield
            finally:
                db.session.remove()

    def start(self, *words: str) -> subprocess.Popen:
        """`flask --app app …` in the background; its messages go to a file of the data folder."""
        with open(Path(self.env["RESPALDOS_DATA"]) / "processes.log", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "flask", "--app", "app", *words], cwd=ROOT, env=os.environ | self.env, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )
        self.running.append(process)
        return process

    def workers(self, count: int) -> list[subprocess.Popen]:
        """Exactly so many workers for runs, alive; those of an earlier test are used again."""
        alive = [p for p in self.running if p.poll() is None and p.args[-1] == RUNS]
        for process in alive[count:]:
            self._end(process)
        return alive[:count] + [self.start("worker", RUNS) for _ in range(count - len(alive))]

    def log(self) -> str:
        return (Path(self.env["RESPALDOS_DATA"]) / "processes.log").read_text(errors="replace")

    def request(self, person: demo_people.Account = demo_people.MAIN) -> int:
        """A request ordered for this moment; its id."""
        with self.context():
            return story.approved(person).id

    def view(self, solicitud_id: int) -> View:
        with self.context():
            solicitud = db.session.get(Solicitud, solicitud_id)
            run = story.run_of(solicitud)
            parts = {p.numero: (p.clave, p.sha256) for p in run.partes if p.sha256} if run else {}
            horse = horse_of(run.trabajador) if run and run.trabajador else 0
            return View(solicitud.estado, run.estado if run else None, run.intento if run else 0, run.fallos if run else 0, horse,
                        len(run.partes) if run else 0, parts, solicitud.documento_paginas)

    def until(self, solicitud_id: int, ready: Callable[[View], Any], *, seconds: float = 60, clock: bool = True) -> View:
        """Wait for a moment in the life of a request; with `clock`, doing what the clock does in the meantime."""
        end, next_turn = time.monotonic() + seconds, 0.0
        while True:
            view = self.view(solicitud_id)
            if ready(view):
                return view
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {view}\n{self.log()[-3000:]}")
            if clock and time.monotonic() > next_turn:
                next_turn = time.monotonic() + 1
                with self.context():
                    sweeps.due()
                    sweeps.reconcile()
            time.sleep(0.1)

    def finished(self, solicitud_id: int, *, seconds: float = 60) -> View:
        return self.until(solicitud_id, lambda v: v.estado is Estado.ATENDIDA, seconds=seconds)

    def stop(self) -> None:
        for process in self.running:
            self._end(process)

    def _end(self, process: subprocess.Popen) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def gone(pid: int, seconds: float = 3) -> bool:
    """The process ends within that time (a zombie that nobody has fetched has ended)."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":
            return True
        time.sleep(0.05)
    return False
