"""The sweeps: what time alone makes due. Each asks "everything older than", never a window, and may run twice.

Output is one JSON-able report {sweep, now, done, failed} (decisions 11). Run by the clock and by `flask --app app sweep`.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import chain

from sqlalchemy import select

from extensions import db
from models import CorreoEstado, Solicitud
from rules.deadlines import reminders_before
from rules.lifecycle import Estado
from services import (
    after, board_summary, cambios, clock, decisions, desk_batch, implantaciones, leases, mirror, notices, petition_index, production, purge, received,
    runs, turns, uploads,
)
from services.adapters import quipux, storage
from sources import SourceUnavailable

log = logging.getLogger(__name__)
SCRATCH_KEPT = timedelta(hours=6)
# A woken worker takes one run after another: more nudges than workers are of no use.
NUDGES = 8
LOTE_SECONDS = 2.0
MAIL_SECONDS = 5.0


def due(*, all_approved: bool = False) -> tuple[int, int]:
    """Wake workers for every run that may start now."""
    if all_approved:
        turns.bring_forward()
    return _wake(len(turns.due())), 0


def reconcile() -> tuple[int, int]:
    """Runs that lost their lease, whatever the queue believes: a worker is woken and takes them over. Idle workers are woken
    for volumes of large runs that nobody is making. Bulk approvals that nobody carries on go on here, a little at each turn:
    no worker and no queue is needed for them."""
    lost = _wake(turns.orphans())
    if wanting := leases.wanting():
        _wake(min(len(wanting), after.idle_workers()))
    done, failed = _carry_on(desk_batch.unfinished())
    return lost + done, failed


def _carry_on(lotes: list[int]) -> tuple[int, int]:
    done = failed = 0
    for lote in lotes:
        try:
            desk_batch.work(lote, LOTE_SECONDS)
            done += 1
        except Exception:
            log.exception("sweep failed for bulk approval %s", lote)
            db.session.rollback()
            failed += 1
    return done, failed


def _wake(waiting: int) -> int:
    """As many nudges as runs wait, less those already in the queue, and never many: a queue that is away must not keep
    the clock trying, nor a busy worker find thousands. None while the production is paused: nothing could be taken."""
    if production.paused():
        return 0
    for _ in range(min(waiting, NUDGES) - after.queued_runs() if waiting else 0):
        runs.nudge()
    db.session.commit()
    return waiting


def expiry() -> tuple[int, int]:
    """End what is past its vigencia, then delete the files of everything ended and prove that they are gone."""
    ids = db.session.scalars(
        select(Solicitud.id).where(Solicitud.estado == Estado.ATENDIDA, Solicitud.vigente_hasta <= clock.now()).order_by(Solicitud.id)
    ).all()
    ended = _each(ids, decisions.expire)
    gone = _each(purge.pending(), purge.purge)
    return ended[0] + gone[0], ended[1] + gone[1]


def reminders() -> tuple[int, int]:
    """48 and 24 hours before the end, only while some part was never completely downloaded (seed 000; mission.md §1)."""
    at = clock.now()
    ids = db.session.scalars(
        select(Solicitud.id).where(Solicitud.estado == Estado.ATENDIDA, Solicitud.vigente_hasta > at).order_by(Solicitud.id)
    ).all()
    return _each(ids, _remind)


def _remind(solicitud: Solicitud) -> bool:
    first, second = reminders_before(solicitud.vigente_hasta)
    at = clock.now()
    hours = 24 if at >= second else 48 if at >= first else None
    if hours is None or received.all_complete(solicitud):
        return False
    return notices.tell("recordatorio", solicitud, occasion=f"{hours}:{solicitud.vigente_hasta.date()}", horas=hours) > 0


def mail() -> tuple[int, int]:
    """Send what was deferred, and what was never picked up, a little at each turn: a mail server that says nothing must not
    keep the clock from what else is due."""
    end, sent, failed = time.monotonic() + MAIL_SECONDS, 0, 0
    for correo_id in notices.due():
        estado = notices.send(correo_id)
        sent, failed = sent + (estado is CorreoEstado.ENVIADO), failed + (estado in {CorreoEstado.DIFERIDO, CorreoEstado.FALLIDO})
        if time.monotonic() >= end:
            break
    return sent, failed


def refresh_mirror() -> tuple[int, int]:
    """Read institutions, accounts and the counters' petitions from Quipux again."""
    try:
        written = mirror.refresh(quipux()).escritas
        petition_index.refresh(quipux())
        return written, 0
    except SourceUnavailable as problem:
        log.warning("mirror: %s", problem)
        db.session.rollback()
        return 0, 1


def top_up_petitions() -> tuple[int, int]:
    """Copy what the counters registered since the last time."""
    try:
        return petition_index.top_up(quipux()).escritas, 0
    except SourceUnavailable as problem:
        log.warning("petitions: %s", problem)
        db.session.rollback()
        return 0, 1


def tidy_storage() -> tuple[int, int]:
    """Delete objects no row knows, report rows whose object is missing, and clear what killed workers left."""
    # By the machine's clock, as the object's own time: a moved clock must not take what was put this minute for old.
    old, removed = time.time() - SCRATCH_KEPT.total_seconds(), 0
    for key in chain(purge.unknown(old), uploads.abandoned(old)):
        storage().delete(key)
        removed += 1
    missing = purge.missing_keys()
    for key in missing:
        log.error("a published part is missing in the storage: %s", key)
    return removed + _clear_scratch(), len(missing)


def _clear_scratch() -> int:
    old = [p for p in storage().scratch().iterdir() if time.time() - p.stat().st_mtime > SCRATCH_KEPT.total_seconds()]
    for path in old:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    return len(old)


def deadlines() -> tuple[int, int]:
    """Plazos of the AIQs' processes: what ended ends, who should hurry is reminded."""
    done = failed = 0
    for process in (implantaciones, cambios):
        for task in (process.settle_all, process.remind_all):
            settled, broken = task()
            done, failed = done + settled, failed + broken
    return done, failed


def digest() -> tuple[int, int]:
    """Once a day to the SGE: requests nobody decided in 2 working days, runs stopped, mails that failed."""
    return notices.digest(), 0


def close_days() -> tuple[int, int]:
    """Count the days that are over, so that the board need not."""
    return board_summary.close(), 0


def _each(ids: Iterable[int], task: Callable[[Solicitud], object]) -> tuple[int, int]:
    """Do `task` for each request in a transaction of its own: one that fails does not stop the others. A task that
    answers False had nothing to do and is not counted."""
    done = failed = 0
    for solicitud_id in list(ids):
        try:
            worked = task(db.session.get(Solicitud, solicitud_id))
            db.session.commit()
            done += worked is not False
        except Exception:
            log.exception("sweep failed for request %s", solicitud_id)
            db.session.rollback()
            failed += 1
    return done, failed


SWEEPS: dict[str, Callable[[], tuple[int, int]]] = {
    "due": due, "reconcile": reconcile, "expiry": expiry, "reminders": reminders, "mail": mail,
    "mirror": refresh_mirror, "petitions": top_up_petitions, "storage": tidy_storage, "digest": digest, "deadlines": deadlines,
    "board": close_days,
}


def run(name: str, *, forced: bool = False) -> list[dict]:
    """Run one sweep, or "all". One that cannot be made counts as failed, and the others follow. `forced`: `due` starts
    everything approved, whatever its date (demo only)."""
    reports = []
    for each in SWEEPS if name == "all" else [name]:
        try:
            done, failed = due(all_approved=True) if each == "due" and forced else SWEEPS[each]()
        except Exception:
            log.exception("sweep %s", each)
            db.session.rollback()
            done, failed = 0, 1
        reports.append({"sweep": each, "now": clock.now().isoformat(timespec="seconds"), "done": done, "failed": failed})
        db.session.remove()
    return reports
