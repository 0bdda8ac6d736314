"""The SHA-256 of a volume, computed over the bytes as they are written."""

from __future__ import annotations

import os
import queue
import threading
from hashlib import sha256

BLOCK = 1 << 20
_WAITING = 6 << 20  # bytes in memory that may wait for the hash before the writer has to


class VolumeHash:
    """Hashes what it is given, in that order, in a thread of its own while the giver goes on.

    `add` takes bytes in memory. `add_written` takes a stretch of the volume that could only be finished in place (a
    local header written after its data): it is read back from the file, which the thread does itself.
    """

    def __init__(self, descriptor: int) -> None:
        self._fd = descriptor
        self._digest = sha256()
        self._error: BaseException | None = None
        self._queue: queue.SimpleQueue = queue.SimpleQueue()
        self._room, self._waiting = threading.Condition(), 0
        self._thread = threading.Thread(target=self._run, name="volume-hash", daemon=True)
        self._thread.start()

    def add(self, data: bytes) -> None:
        with self._room:
            self._room.wait_for(lambda: self._waiting < _WAITING)
            self._waiting += len(data)
        self._queue.put(data)

    def add_written(self, start: int, length: int) -> None:
        self._queue.put((start, length))

    def close(self) -> str:
        """The digest of everything given, in hex. Raises OSError when the volume could not be read."""
        self.stop()
        if self._error:
            raise self._error
        return self._digest.hexdigest()

    def stop(self) -> None:
        """Ends the thread once it has hashed what it was given. May be called again."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                if not self._error:
                    self._take(item)
            except BaseException as error:  # told to the giver in `close`, who must not wait for ever before
                self._error = error
            if not isinstance(item, tuple):
                with self._room:
                    self._waiting -= len(item)
                    self._room.notify()

    def _take(self, item) -> None:
        if isinstance(item, tuple):
            _update(self._digest, self._fd, *item)
        else:
            self._digest.update(item)


class InlineHash:
    """As a VolumeHash, without a thread: where each processor has a process, what was just written is still at hand."""

    def __init__(self, descriptor: int) -> None:
        self._fd, self._digest = descriptor, sha256()
        self.add = self._digest.update

    def add_written(self, start: int, length: int) -> None:
        _update(self._digest, self._fd, start, length)

    def close(self) -> str:
        return self._digest.hexdigest()

    def stop(self) -> None:
        pass


def _update(digest, descriptor: int, at: int, left: int) -> None:
    while left:
        block = os.pread(descriptor, min(BLOCK, left), at)
        if not block:
            raise EOFError("the volume is shorter than what was written")
        digest.update(block)
        at, left = at + len(block), left - len(block)


class NoHash:
    """In place of a VolumeHash where the volume's own sum is not wanted (measurements)."""

    def __init__(self, descriptor: int) -> None:
        pass

    def add(self, data: bytes) -> None:
        pass

    def add_written(self, start: int, length: int) -> None:
        pass

    def close(self) -> str:
        return ""

    def stop(self) -> None:
        pass
