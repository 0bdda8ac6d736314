"""How a process that does nothing but pack sets itself up. A worker that also does other things leaves this alone."""

from __future__ import annotations

import ctypes
import gc

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of glibc's mallopt

_LARGEST_KEPT = 32 << 20  # bytes; glibc takes no more for the first of the two


def tune() -> None:
    """Keeps memory flat and the collector out of the way.

    Threads that each allocate from an arena of their own leave megabytes in all of them: two arenas, as MALLOC_ARENA_MAX=2
    in the environment would give (a worker's start sets that; here it is too late for it). Files come and go by the
    megabyte: what was given back is kept for the next one, instead of asking the system for fresh pages each time. Nothing
    here makes cycles by the thousand, so the collector may look less often.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, 2)
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT)
        mallopt(_M_TRIM_THRESHOLD, _LARGEST_KEPT)
    except (AttributeError, OSError):  # another C library: it has no arenas of this kind
        pass
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
