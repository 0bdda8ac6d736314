"""What leaves after the commit, and only then: nudges to the queue. A rollback forgets them.

The queue is never the truth: when it does not answer, the row stays due and the clock finds it.
"""

from __future__ import annotations

import logging
from typing import Any

from redis.exceptions import RedisError
from rq import Worker
from rq.worker import WorkerStatus
from sqlalchemy import event
from sqlalchemy.orm import Session

from config import LIGHT, RUNS
from extensions import db, queue

log = logging.getLogger(__name__)
_KEY = "nudges"


def nudge(job: str, *args: Any, **options: Any) -> None:
    """Put `job` (dotted name of a function in jobs/) on the queue once the present transaction has been committed.
    Job arguments are ids: the job reads the database again."""
    db.session.info.setdefault(_KEY, []).append((job, args, options))


@event.listens_for(Session, "after_commit")
def _leave(session: Session) -> None:
    if session.in_nested_transaction():  # a savepoint was released: nothing is committed yet
        return
    nudges, session.info[_KEY] = session.info.get(_KEY, []), []
    for job, args, options in nudges:
        if send(job, *args, **options) is False:
            return  # whoever waits for this commit must not wait for each of them: the clock finds what is due


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    if not session.in_nested_transaction():  # what a savepoint undoes is the caller's to tell again
        session.info[_KEY] = []


def send(job: str, *args: Any, job_timeout: int = 600) -> bool:
    """Put a job on the queue now. False when the queue does not answer: the clock will find what is due.

    Runs have no time limit (the queue's default of 180 s would kill a large one) and a queue of their own."""
    run = job.startswith("jobs.produce.")
    try:
        queue(RUNS if run else LIGHT).enqueue_call(
            job, args=args, timeout=-1 if run else job_timeout, result_ttl=600, failure_ttl=86_400
        )
    except (RedisError, OSError) as problem:
        log.warning("queue did not take %s%s: %s", job, args, problem)
        return False
    return True


def idle_workers() -> int:
    """How many workers for runs have nothing to do at this moment; 0 when the queue does not answer."""
    try:
        return sum(worker.get_state() == WorkerStatus.IDLE for worker in Worker.all(queue=queue(RUNS)))
    except (RedisError, OSError):
        return 0


def queued_runs() -> int:
    """How many nudges for runs are waiting in the queue; 0 when it does not answer."""
    try:
        return queue(RUNS).count
    except (RedisError, OSError):
        return 0
