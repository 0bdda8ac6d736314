"""A worker that dies at a chosen step: a real process that ends at once, with no clean-up, its leases still held.

A step is a moment before or after something that others can see: a commit, an object put, confirmed or deleted; and each
document within a volume. Only those of the worker's own thread count: its sign of life comes when it comes.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from flask import Flask

from archive import volume
from extensions import db
from jobs import produce
from services.adapters import storage

KILLED, BROKEN = 137, 3


def work_and_die(app: Flask, at: int, log: Path | None = None) -> bool:
    """Another process works until step `at` (from 1). True when it died there, False when it had finished before.
    log: gets the name of every step it comes to."""
    db.session.remove()
    db.engine.dispose()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            with app.app_context():
                db.engine.dispose(close=False)
                _arm(_Steps(at, log))
                produce.work()
                db.session.remove()
        except BaseException:
            os._exit(BROKEN)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, KILLED), f"the worker ended with {code}"
    return code == KILLED


class _Steps:
    def __init__(self, at: int, log: Path | None):
        self._left, self._log = at, log

    def step(self, name: str) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        if self._log:
            with self._log.open("a") as log:
                log.write(name + "\n")
        self._left -= 1
        if self._left == 0:
            os._exit(KILLED)

    def around(self, name: str, call):
        def stepped(*args, **rest):
            self.step(f"before {name}")
            result = call(*args, **rest)
            self.step(f"after {name}")
            return result

        return stepped


def _arm(steps: _Steps) -> None:
    """In the dying process only: nothing is ever put back."""
    commit = db.session.commit

    def named_commit():
        name = f"commit of {sys._getframe(1).f_code.co_name}"
        steps.around(name, commit)()

    db.session.commit = named_commit
    kept = storage()
    for name in ("put", "confirm", "delete"):
        setattr(kept, name, steps.around(name, getattr(kept, name)))
    build = volume.build

    def building(*args, progress=None, **rest):
        def told(documents, octets):
            steps.step("a document of a volume")
            progress(documents, octets)

        return build(*args, progress=told, **rest)

    volume.build = building
