"""Production of archives: claim a run and lead it, or help another worker with its volumes. May be killed at any moment.

The unit of commit is a published volume; whoever takes the run over goes on with the unfinished ones (archive.md §6).
"""

from __future__ import annotations

import logging
import os
import socket
from contextlib import suppress
from pathlib import Path

from archive.errors import Stopped
from archive.model import SourceDown
from extensions import db
from jobs import planning, stopping, volumes
from jobs.material import Breaker
from jobs.pulse import Pulse
from models import Ejecucion
from services import leases, runs, turns
from services.leases import Hold
from services.runs import Claim, Fenced
from sources import SourceUnavailable
from storage import StorageError

log = logging.getLogger(__name__)
PAUSE = 0.5  # seconds between two looks of a leader whose last volumes others are making
WORKER = "RESPALDOS_WORKER"  # process number of the worker whose horse this is (jobs.worker)


def work() -> int:
    """Take one run after another until none is due, then help with the volumes of others; returns on how many runs it worked.
    The queue calls this, with no ids: what is due is in the database."""
    done = 0
    while not stopping.requested():
        if claim := turns.claim(worker_name()):
            run_one(claim)
        elif not help_out():
            break
        done += 1
    return done


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.environ.get(WORKER) or os.getpid()}"


# --- leading -----------------------------------------------------------------------------------------------------------


def run_one(claim: Claim) -> None:
    """Carry one claimed run as far as it goes. Raises nothing: every end is written in the database."""
    log.info("run %s of request %s, attempt %s", claim.ejecucion_id, claim.solicitud_id, claim.intento)
    pulse = Pulse(claim)
    try:
        with pulse, volumes.scratch(claim.ejecucion_id) as folder:
            _lead(pulse, folder)
    except (Fenced, Stopped) as reason:
        log.info("left run %s: %s", claim.ejecucion_id, reason)
        _let_go(pulse.hold)
        # Who was overtaken or stopped has nothing to hand back: that is refused, which is right.
        with suppress(Fenced):
            runs.hand_back(claim)
    except Exception:
        log.exception("run %s failed", claim.ejecucion_id)
        db.session.rollback()
        _let_go(pulse.hold)
        with suppress(Fenced):
            runs.failed(claim)
    finally:
        db.session.remove()


def _lead(pulse: Pulse, folder: Path) -> None:
    claim = pulse.claim
    plan = planning.of(pulse, folder)
    breaker = pulse.breaker = _breaker(claim.ejecucion_id, plan)
    workshop = volumes.Workshop(claim.solicitud_id, claim.ejecucion_id, plan, folder, pulse, breaker)
    while True:
        breaker.elsewhere, breaker.here = leases.failures(claim.ejecucion_id), 0
        if breaker.tripped:
            runs.detain(claim, "novedades")
        if hold := leases.take(claim.ejecucion_id, worker_name(), leader=True):
            workshop.make(hold)
        elif leases.complete(claim.ejecucion_id):
            break
        else:  # others are making the last ones; should one be lost, its lease runs out and it is taken here
            db.session.commit()
            if stopping.sleep(PAUSE) or pulse.should_stop():
                raise Stopped
    pulse.stage("publicar")
    runs.finish(claim)


def _breaker(ejecucion_id: int, plan) -> Breaker:
    """Of a complement none: that its files are hard to read is known, and what is still missing stays listed."""
    run = db.session.get(Ejecucion, ejecucion_id, populate_existing=True)
    return Breaker(plan.summary.documents, plan.summary.con_novedad, off=run.continuar or bool(run.complemento))


def _let_go(hold: Hold | None) -> None:
    """Give an unfinished volume back, so that the next worker need not wait for its lease."""
    if hold is not None:
        with suppress(Fenced):
            leases.release(hold)


# --- helping -----------------------------------------------------------------------------------------------------------


def help_out() -> bool:
    """Make volumes of a large run that another worker leads, as long as there are some. False when nobody wants help."""
    for ejecucion_id in leases.wanting():
        with suppress(Fenced):  # it was stopped instead
            if hold := leases.take(ejecucion_id, worker_name(), leader=False):
                return _help(hold)
    db.session.rollback()
    return False


def _help(hold: Hold) -> bool:
    """True when it may look for more to do. Whatever stands in a helper's way, it lets the volume go: the leader waits for
    Quipux or the storage, and says so."""
    pulse = Pulse(None)
    pulse.begin(hold)
    try:
        with pulse, volumes.scratch(hold.ejecucion_id) as folder:
            _make_all(pulse, hold, folder)
        return True
    except Fenced as fenced:
        log.info("left the volume: %s", fenced)
        return True
    except (Stopped, SourceUnavailable, SourceDown, StorageError, OSError) as reason:
        log.info("gave volume %s of run %s back: %s", hold.numero, hold.ejecucion_id, reason)
        db.session.rollback()
        _let_go(pulse.hold)
        return False
    except Exception:
        log.exception("volume %s of run %s failed", hold.numero, hold.ejecucion_id)
        db.session.rollback()
        with suppress(Fenced):
            leases.failed(pulse.hold or hold)
        return True
    finally:
        db.session.remove()


def _make_all(pulse: Pulse, hold: Hold | None, folder: Path) -> None:
    run = db.session.get(Ejecucion, hold.ejecucion_id, populate_existing=True)
    solicitud_id = run.solicitud_id
    plan = planning.stored_plan(pulse, hold.ejecucion_id, folder)
    breaker = pulse.breaker = _breaker(hold.ejecucion_id, plan)
    workshop = volumes.Workshop(solicitud_id, hold.ejecucion_id, plan, folder, pulse, breaker)
    while hold is not None:
        workshop.make(hold)
        hold = leases.take(hold.ejecucion_id, worker_name(), leader=False)
