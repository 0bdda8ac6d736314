"""Volumes of one archive, two at a time: two processes, each with one volume and one processor to itself.

Volumes are pure functions of plan and source, so nothing passes between the processes but a number and a result. Threads
would share one interpreter lock, which costs as much as it gives where files are small.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from typing import TypeVar

from archive.errors import Stopped
from archive.process import die_with_parent

T = TypeVar("T")
V = TypeVar("V")

_AT_ONCE = 2

Task = Callable[[V, Callable[[], bool], int | None], T]

_work: tuple[Task, Callable[[], bool]] | None = None  # of a process that `each` made


def build(parts: int, build_one: Task[int, T]) -> list[T]:
    """What `build_one` gives for the volumes 1 … `parts`, as `each`. The last carries the whole's lists: it comes when the
    others are there."""
    return [*each(range(1, parts), build_one), build_one(parts, _never, None)]


def each(volumes: Sequence[V], task: Task[V, T]) -> list[T]:
    """What `task(volume, should_stop, threads)` gives for each, in order.

    threads: as `volume.helpers` takes it; 0 where the processes leave no processor idle. Volume and result pass between
    processes, so they can be pickled. When one fails the other is stopped, and the first failure is raised.
    """
    at_once = min(len(volumes), _AT_ONCE, os.cpu_count() or 1)
    if at_once < 2:
        return [task(one, _never, None) for one in volumes]
    context = multiprocessing.get_context("fork")  # a plan, a source and a closure need no pickling
    stop = context.RawValue("b")  # asked for every document: an Event would take a lock each time
    with ProcessPoolExecutor(at_once, context, _begin, (os.getpid(), task, lambda: bool(stop.value))) as pool:
        begun = [pool.submit(_one, one) for one in volumes]
        try:
            failed = [f for f in wait(begun, return_when=FIRST_EXCEPTION).done if f.exception()]
            return [future.result() for future in failed or begun]
        except BaseException:
            stop.value = 1
            pool.shutdown(cancel_futures=True)
            raise


def _begin(parent: int, task: Task, should_stop: Callable[[], bool]) -> None:
    global _work
    die_with_parent(parent)
    _work = task, should_stop


def _one(volume):
    task, should_stop = _work
    if should_stop():  # handed over before the other one failed
        raise Stopped("Detenido")
    return task(volume, should_stop, 0)


def _never() -> bool:
    return False
