"""What every process of ours that another one made does first."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """A horse whose worker was killed would go on as an orphan beside its successor: the kernel ends it instead.
    `parent`: who forked this process; it may have died before the kernel was told. (In a container a live one may be 1.)"""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
