"""Asked to stop (SIGTERM, dyno restart): the run hands itself back at the next document."""

from __future__ import annotations

import threading

_asked = threading.Event()


def request(*_signal: object) -> None:
    """Usable as a signal handler."""
    _asked.set()


def requested() -> bool:
    return _asked.is_set()


def sleep(seconds: float) -> bool:
    """Wait, but not past a request to stop. True when asked to stop."""
    return _asked.wait(seconds)


def reset() -> None:
    """Tests run several lives in one process."""
    _asked.clear()
