"""Waiting for Quipux or the storage: neither is the run's fault (decisions 16)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from archive.errors import Stopped
from archive.model import SourceDown
from extensions import db
from jobs import stopping
from jobs.pulse import Pulse
from models import Ejecucion
from services import runs
from sources import SourceUnavailable
from storage import StorageError

log = logging.getLogger(__name__)
T = TypeVar("T")
PAUSE = 5.0  # seconds between two looks at a source that does not answer


def patiently(pulse: Pulse, task: Callable[[], T]) -> T:
    """Do `task`, waiting as long as it takes. Only the leader of a run waits, and says so: a helper lets the volume go, and
    raises what happened. Raises Stopped, services.runs.Fenced."""
    claim = pulse.claim
    if claim is None:
        return task()
    waited = bool(db.session.get(Ejecucion, claim.ejecucion_id, populate_existing=True).espera)  # also an earlier worker's
    db.session.commit()
    while True:
        try:
            result = task()
        except (SourceUnavailable, SourceDown) as problem:
            what, why = "fuente", problem
        except FileNotFoundError:  # something of ours is missing: waiting does not bring it back
            raise
        except (StorageError, OSError) as problem:  # the storage, or the local disk on which volumes are built
            what, why = "almacen", problem
        else:
            if waited:
                runs.answered(claim)
            return result
        log.warning("waiting for %s: %s", what, why)
        db.session.rollback()
        pulse.silent()
        runs.wait(claim, what)
        waited = True
        if stopping.sleep(PAUSE) or pulse.should_stop():
            raise Stopped
