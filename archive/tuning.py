"""How a process that does nothing but pack sets itself up. A worker that also does other things leaves this alone."""

from __future__ import annotations

import ctypes
import gc

_M_ARENA_MAX = -8  # of glibc's mallopt


def tune() -> None:
    """Keeps memory flat and the collector out of the way.

    Threads that each allocate from an arena of their own leave megabytes in all of them: two arenas, as MALLOC_ARENA_MAX=2
    in the environment would give (a worker's start sets that; here it is too late for it). Nothing here makes cycles by
    the thousand, so the collector may look less often.
    """
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)
    except (AttributeError, OSError):  # another C library: it has no arenas of this kind
        pass
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
