"""All data volumes of one archive: two processes, each with one volume and one processor to itself. The last volume carries the
whole's lists and comes when the others are there.

Volumes are pure functions of plan and source, so nothing passes between the processes but a number and a result. Threads
would share one interpreter lock, which costs as much as it gives where files are small.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from typing import TypeVar

from archive.errors import Stopped
from archive.process import die_with_parent

T = TypeVar("T")

_AT_ONCE = 2

BuildOne = Callable[[int, Callable[[], bool], int | None], T]

_work: tuple[BuildOne, Callable[[], bool]] | None = None  # of a process that `build` made


def build(parts: int, build_one: BuildOne[T]) -> list[T]:
    """What `build_one(number, should_stop, threads)` gives for 1 … `parts`, in order.

    threads: as `volume.build` takes it; 0 where the processes leave no processor idle. What is given passes between
    processes, so it can be pickled. When one fails the other is stopped, and the first failure is raised.
    """
    at_once = min(parts - 1, _AT_ONCE, os.cpu_count() or 1)
    done = _beside(parts, at_once, build_one) if at_once > 1 else [build_one(n, _never, None) for n in range(1, parts)]
    return [*done, build_one(parts, _never, None)]


def _beside(parts: int, at_once: int, build_one: BuildOne[T]) -> list[T]:
    context = multiprocessing.get_context("fork")  # a plan, a source and a closure need no pickling
    stop = context.RawValue("b")  # asked for every document: an Event would take a lock each time
    with ProcessPoolExecutor(at_once, context, _begin, (os.getpid(), build_one, lambda: bool(stop.value))) as pool:
        begun = [pool.submit(_one, number) for number in range(1, parts)]
        try:
            failed = [f for f in wait(begun, return_when=FIRST_EXCEPTION).done if f.exception()]
            return [future.result() for future in failed or begun]
        except BaseException:
            stop.value = 1
            pool.shutdown(cancel_futures=True)
            raise


def _begin(parent: int, build_one: BuildOne, should_stop: Callable[[], bool]) -> None:
    global _work
    die_with_parent(parent)
    _work = build_one, should_stop


def _one(number: int):
    build_one, should_stop = _work
    if should_stop():  # handed over before the other one failed
        raise Stopped("Detenido")
    return build_one(number, should_stop, 0)


def _never() -> bool:
    return False
