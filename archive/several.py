"""Volumes of one archive, two at a time: two processes, each with one volume and one processor to itself.

Volumes are pure functions of plan and source, so nothing passes between the processes but a number and a result. Threads
would share one interpreter lock, which costs as much as it gives where files are small.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

from archive.errors import ArchiveError, Stopped
from archive.process import die_with_parent, held_back

T = TypeVar("T")
V = TypeVar("V")

_AT_ONCE = 2
_GLANCE = 0.002  # seconds between two looks at what the other process has finished


class Turn(NamedTuple):
    """What a task knows of the others. should_stop: one of them failed. threads: as `volume.helpers` takes it, 0 where the
    processes leave no processor idle. after: waits until the tasks of the first so many volumes are done (a task that fails
    ends the waiting with Stopped)."""

    should_stop: Callable[[], bool]
    threads: int | None
    after: Callable[[int], None]


Task = Callable[[V, Turn], T]

_work: tuple[Task, object] | None = None  # of a process that `each` made: its task, and what all of them see


def each(volumes: Sequence[V], task: Task[V, T], *, helped: int = 1) -> list[T]:
    """What `task(volume, turn)` gives for each, in order; they are begun in that order.

    Volume and result pass between processes, so they can be pickled. When one fails the other is stopped, and the first failure
    is raised; ArchiveError when a process was killed. helped: how many of the last have threads to help them, because the other
    process has little to do then.
    """
    at_once = min(len(volumes), _AT_ONCE, os.cpu_count() or 1)
    if at_once < 2:
        return [task(one, Turn(lambda: False, None, lambda _: None)) for one in volumes]
    context = multiprocessing.get_context("fork")  # a plan, a source and a closure need no pickling
    done = context.RawArray("b", len(volumes) + 1)  # who is done; the one behind the last: whether to stop
    alone = len(volumes) - helped
    try:
        with ProcessPoolExecutor(at_once, context, _begin, (os.getpid(), task, done)) as pool, _ended(pool, done):
            with held_back():  # a pool interrupted while it starts would be waited for for ever
                begun = [pool.submit(_one, position, one, 0 if position < alone else None) for position, one in enumerate(volumes)]
            failed = [f for f in wait(begun, return_when=FIRST_EXCEPTION).done if f.exception()]
            return [future.result() for future in failed or begun]
    except BrokenProcessPool as error:
        raise ArchiveError("un proceso terminó antes de tiempo; puede que falte memoria") from error


@contextmanager
def _ended(pool: ProcessPoolExecutor, done) -> Iterator[None]:
    """When this fails, nothing more is begun and what is being made stops; it is cut off when this process is asked to end, because
    until it asks whether to stop there may be minutes of a slow disk."""
    others = set(multiprocessing.active_children())
    try:
        yield
    except BaseException as error:
        done[-1] = 1
        if not isinstance(error, Exception):
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
        pool.shutdown(cancel_futures=True)
        raise


def _begin(parent: int, task: Task, done) -> None:
    global _work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is heard by all, and the parent ends this
    die_with_parent(parent)
    _work = task, done


def _one(position: int, volume, threads: int | None):
    task, done = _work

    def should_stop() -> bool:  # asked for every document: a byte that all see costs no lock
        return bool(done[-1])

    def after(count: int) -> None:
        while not all(done[:count]):
            if should_stop():
                raise Stopped("Detenido")
            time.sleep(_GLANCE)

    if should_stop():  # handed over before the other one failed
        raise Stopped("Detenido")
    made = task(volume, Turn(should_stop, threads, after))
    done[position] = 1
    return made
