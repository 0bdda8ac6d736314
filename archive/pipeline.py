"""Work done ahead in threads, its results taken in order: what comes out does not depend on who was faster."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

T = TypeVar("T")


class Inline(Executor):
    """No threads: each task is done by whoever hands it in. For a process that has its processor to itself."""

    def submit(self, task, /, *args, **kwargs) -> Future:
        future: Future = Future()
        try:
            future.set_result(task(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Behind:
    """One task after the other in a thread of `pool`, while the giver goes on; he waits when the one before is not done yet."""

    def __init__(self, pool: Executor) -> None:
        self._pool, self._running = pool, Future()
        self._running.set_result(None)

    def do(self, task: Callable[..., object], *arguments) -> None:
        """Raises what the task before raised."""
        self._running.result()
        self._running = self._pool.submit(task, *arguments)

    def wait(self) -> None:
        """Until all is done. Raises what a task raised."""
        self._running.result()


def in_order(pool: Executor, tasks: Iterable[tuple[int, Callable[[], T]]], budget: int) -> Iterator[T]:
    """Results of `tasks`, in their order; what one raised is raised when its turn comes.

    A task comes with its cost (bytes of memory it will hold). At most `budget` is held by tasks that were started and
    whose result was not yet done with, or one task if that alone costs more. `tasks` is read in the caller's thread.
    """
    if isinstance(pool, Inline):  # nothing is gained by having results wait
        yield from (task() for _, task in tasks)
        return
    waiting: deque[tuple[int, Future[T]]] = deque()
    held = 0
    try:
        for cost, task in tasks:
            while waiting and held + cost > budget:
                yield waiting[0][1].result()
                held -= waiting.popleft()[0]
            waiting.append((cost, pool.submit(task)))
            held += cost
        while waiting:
            yield waiting[0][1].result()
            waiting.popleft()
    finally:  # the caller stopped, or something failed: what has not begun need not
        for _, future in waiting:
            future.cancel()
