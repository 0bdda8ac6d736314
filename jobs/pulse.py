"""The sign of life of a worker: renews its leases and writes its progress, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from flask import Flask, current_app

from extensions import db, reading
from jobs import stopping
from jobs.material import Breaker
from services import leases
from services.leases import Hold
from services.runs import Claim, Fenced

log = logging.getLogger(__name__)
BEAT = 1.0  # seconds between two writes of progress: at most one a second and worker (decisions 15)


class Pulse:
    """A thread that renews the leases of this worker and writes the progress, at most once a second; `fenced` when what it
    works on is not its own any more. A long read or upload therefore never loses the lease.

    claim: of the leader, None for a helper. `hold`: the volume under construction, None between two."""

    def __init__(self, claim: Claim | None, breaker: Breaker | None = None):
        self.claim, self.breaker = claim, breaker
        self.hold: Hold | None = None
        self.fenced = False
        self._app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        self._over = threading.Event()
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._live, name="pulse", daemon=True)
        self._stage = ""
        self._now = (0, 0)
        self._written: tuple = ()
        self._at = 0.0
        self._answering = False

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(self, kind, *_rest) -> None:
        self._over.set()
        self._thread.join()

    def stage(self, name: str) -> None:
        self._stage = name

    def begin(self, hold: Hold) -> None:
        """From now on this volume is kept alive too."""
        with self._turn:
            self.hold, self._now = hold, (0, 0)

    def end(self) -> None:
        """The volume is published or given back: a beat under way is waited for, and none will speak of it."""
        with self._turn:
            self.hold, self._now = None, (0, 0)

    def volume_progress(self, documents: int, octets: int) -> None:
        """Documents and payload bytes done of the volume under construction."""
        self._now = (documents, octets)
        self._answering = octets > 0

    def silent(self) -> None:
        """What is read from does not answer: the run goes on saying so until bytes flow again."""
        self._now, self._answering = (0, 0), False

    def should_stop(self) -> bool:
        """Between documents: asked to stop, or overtaken."""
        return self.fenced or stopping.requested()

    def _live(self) -> None:
        while not self._over.wait(BEAT):
            with self._app.app_context(), self._turn:
                try:
                    self._beat()
                except Fenced:
                    self.fenced = True
                    return
                except Exception:  # the database may be away for a moment: the next beat tries again
                    log.exception("sign of life")
                finally:
                    db.session.remove()

    def _beat(self) -> None:
        """Write when something changed, of this worker or (for the leader) of the others; else only to keep the leases."""
        state = (self._progress(), self._columns(), self._others())
        quiet = self._app.config["LEASE_SECONDS"] / 4
        if (self.claim is None and self.hold is None) or (state == self._written and time.monotonic() - self._at < quiet):
            return
        leases.beat(self.claim, self.hold, state[0], **state[1])
        self._written, self._at = state, time.monotonic()

    def _others(self) -> tuple[int, int]:
        """What the other workers have done, read without the write lock; and what they could not read goes to the breaker."""
        run = self.claim.ejecucion_id if self.claim else self.hold.ejecucion_id if self.hold else 0
        with reading():
            done = leases.totals(run, but=self.hold)
            if self.breaker is not None:
                self.breaker.elsewhere = leases.failures(run, but=self.hold)
            db.session.rollback()
        return done

    def _progress(self) -> dict[str, int]:
        documents, octets = self._now
        failed, streak = (self.breaker.here, self.breaker.in_a_row) if self.breaker else (0, 0)
        return {"documentos_hechos": documents, "bytes_hechos": octets, "fallidos": failed, "racha": streak}

    def _columns(self) -> dict[str, Any]:
        columns: dict[str, Any] = {"espera": "", "espera_desde": None} if self._answering else {}
        return columns | ({"etapa": self._stage} if self._stage else {})
