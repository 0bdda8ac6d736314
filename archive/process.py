"""What a process of ours does while it makes another, and what that one does first."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})  # that ask a process to end
PR_SET_PDEATHSIG = 1


@contextmanager
def held_back() -> Iterator[None]:
    """Signals that ask to end come before this or after it. What a handler raises in the middle of a fork gets lost or leaves half of it;
    the process that is made hears them from `die_with_parent` on."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def die_with_parent(parent: int) -> None:
    """A horse whose worker was killed would go on as an orphan beside its successor: the kernel ends it instead.
    `parent`: who forked this process; it may have died before the kernel was told. (In a container a live one may be 1.)"""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
