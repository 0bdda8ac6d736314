"""The worker: RQ workers under one supervisor, RUN_WORKERS for runs (hours) and one for light work (mails, page images).

What dies and how (docs/adr/0004): a killed horse or worker leaves its run to the next one by its lease; on SIGTERM the
run hands itself back at the next document; no horse outlives its worker.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from functools import partial

from flask import Flask
from rq import Queue, Worker, worker_registration

from config import LIGHT, RUNS
from extensions import db, redis_connection
from jobs import produce, stopping
from archive.process import die_with_parent

log = logging.getLogger(__name__)
GRACE = 20  # seconds a run has to hand itself back
TTL = 40  # seconds; an idle worker shows itself every TTL − 15, a busy one every 15


class HouseWorker(Worker):
    """An RQ worker whose jobs run inside the application, and whose horse stops with it."""

    flask_app: Flask

    def main_work_horse(self, job, queue):
        die_with_parent(self.pid)
        # Runs are signed with the worker's number, not the horse's: the page of the SGE shows who has which in hand.
        os.environ[produce.WORKER] = str(self.pid)
        stopping.reset()
        with self.flask_app.app_context():
            # Connections of the parent must not be shared with the child.
            db.engine.dispose(close=False)
            super().main_work_horse(job, queue)

    def heartbeat(self, timeout=None, pipeline=None):
        """Say everything of itself at each sign of life. Silent for longer than its record lasts (a machine that slept, a queue server
        that came back empty), a worker is struck off the register; RQ alone would let it work on, and never name it again."""
        super().heartbeat(timeout, pipeline)
        connection = self.connection if pipeline is None else pipeline
        connection.hset(self.key, mapping=self.serialize() | {"state": self.get_state()})
        worker_registration.register(self, pipeline)

    def setup_work_horse_signals(self):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, stopping.request)

    def request_stop(self, signum, frame):
        """Pass the signal on to the horse, which hands its run back; then RQ ends after the job."""
        if self.horse_pid:
            try:
                os.kill(self.horse_pid, signal.SIGTERM)
            except ProcessLookupError:
                log.info("the horse had just ended")
        super().request_stop(signum, frame)

    def request_force_stop(self, signum, frame):
        """Platforms signal every process, and the supervisor passes its own on: a second SIGTERM is not impatience. Who
        really wants to kill has SIGKILL, and the lease."""
        log.info("already stopping")


def serve(app: Flask, queue_name: str) -> None:
    """Work on one queue until SIGTERM."""
    if queue_name == RUNS:  # Quipux feels them all together: they share what it may be asked for
        app.config["SOURCE_MAX_MB_S"] /= app.config["RUN_WORKERS"]
    with app.app_context():
        connection = redis_connection(retries=20)
    worker = HouseWorker(
        [Queue(queue_name, connection=connection, serializer="json")], connection=connection, serializer="json",
        maintenance_interval=30, worker_ttl=TTL, job_monitoring_interval=15,
    )
    worker.flask_app = app
    worker.work(logging_level="WARNING")


def supervise(run_workers: int) -> None:
    """Keep all workers alive; on SIGTERM let them end, then go. run_workers: how many of them make archives."""
    # glibc's arenas would grow with every thread of a run: two keep the memory flat (archive.md §9).
    env = os.environ | {"MALLOC_ARENA_MAX": "2"}
    queues = [*[RUNS] * run_workers, LIGHT]
    children = [_spawn(name, env) for name in queues]
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stopping.request)
    while not stopping.sleep(1):
        for place, (name, child) in enumerate(zip(queues, children, strict=True)):
            if child.poll() is not None:
                log.error("worker %s ended with %s: starting another", name, child.returncode)
                children[place] = _spawn(name, env)
    for child in children:
        child.terminate()
    end = time.monotonic() + GRACE
    for child in children:
        try:
            child.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()


def _spawn(name: str, env: dict[str, str]) -> subprocess.Popen:
    command = [sys.executable, "-m", "flask", "--app", "app", "worker", name]
    return subprocess.Popen(command, env=env, preexec_fn=partial(die_with_parent, os.getpid()))
