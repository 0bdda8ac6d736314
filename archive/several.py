"""All data volumes of one archive in one process: two at a time, so that the end of one (its lists, the flush, the read-back)
does not leave a processor idle. The last carries the whole's lists and comes when the others are there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from archive.pipeline import in_order

T = TypeVar("T")

_AT_ONCE = 2


def build(parts: int, build_one: Callable[[int, Callable[[], bool]], T]) -> list[T]:
    """What `build_one(number, should_stop)` gives for 1 … `parts`, in order. When one fails the other is stopped, and the
    first failure is raised."""
    stop = threading.Event()
    with ThreadPoolExecutor(_AT_ONCE, "volume") as pool:
        try:
            tasks = ((1, lambda number=number: build_one(number, stop.is_set)) for number in range(1, parts))
            done = list(in_order(pool, tasks, _AT_ONCE))
        except BaseException:
            stop.set()
            raise
    return [*done, build_one(parts, stop.is_set)]
