"""Files as streams: read in pieces, at no more than the agreed speed (SOURCE_MAX_MB_S: be gentle to Quipux)."""

import io
import threading
import time
from collections.abc import Iterator
from typing import BinaryIO

PIECE = 256 * 1024


class Throttle:
    """At most `max_mb_s` megabytes (10^6 bytes) a second over all streams that share it; 0 means no limit."""

    def __init__(self, max_mb_s: float = 0):
        self._rate = max_mb_s * 1_000_000
        self._free_at = 0.0
        self._lock = threading.Lock()

    def spend(self, size: int) -> None:
        """Wait until `size` more bytes may be handed over."""
        if self._rate <= 0:
            return
        with self._lock:
            now = time.monotonic()
            self._free_at = max(now, self._free_at) + size / self._rate
            wait = self._free_at - now
        time.sleep(wait)

    def __call__(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The same bytes, in pieces small enough for an even flow."""
        if self._rate <= 0:
            yield from chunks
            return
        for chunk in chunks:
            for start in range(0, len(chunk), PIECE):
                piece = chunk[start : start + PIECE]
                self.spend(len(piece))
                yield piece


class _Chunks(io.RawIOBase):
    """An iterator of byte strings as a raw file. Its errors (FileProblem, SourceUnavailable) reach the reader."""

    def __init__(self, chunks: Iterator[bytes]):
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def close(self) -> None:
        if not self.closed:
            self._rest = memoryview(b"")
            self._chunks.close()  # a generator: runs its `finally`, which closes the file below
        super().close()


def as_file(chunks: Iterator[bytes]) -> BinaryIO:
    """A buffered binary file over a generator of bytes: `read(n)` gives n bytes until the end."""
    return io.BufferedReader(_Chunks(chunks), PIECE)
