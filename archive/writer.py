"""Writes one ZIP volume, entry by entry, in flat memory: what is small goes in one piece, what is large streams.

Whether to deflate is decided by a sample of the bytes alone, and blocks always have the same length, so the same
content gives the same bytes on any machine. (isal levels 0-2 do not depend on the processor; level 3 does.)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import BinaryIO

from isal import isal_zlib

from archive.zipfmt import (
    DEFLATED, STORED, ZIP64_FROM, End, Entry, central_record, end_records, local_header, local_length,
)  # fmt: skip

BLOCK = 1 << 20
SMALL = 4 << 20  # what fits is held in memory once
LEVEL = 2
_SAMPLE, _EVERY = 4 << 10, 96 << 10
_WORTH_TRYING, _WORTH_KEEPING = 0.97, 0.98

Chunks = Callable[[], Iterable[bytes]]  # opens the content anew each time it is called


@dataclass(frozen=True, slots=True)
class Written:
    """An entry as written, its SHA-256, and its content when it was small enough to be in memory."""

    entry: Entry
    sha256: str
    content: bytes | None


def blocks(chunks: Iterable[bytes], size: int = BLOCK) -> Iterator[bytes]:
    """The same bytes in pieces of exactly `size` (the last one shorter)."""
    held = bytearray()
    for chunk in chunks:
        if not held and len(chunk) == size:
            yield chunk
            continue
        held += chunk
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
    if held:
        yield bytes(held)


def pays(data: bytes) -> bool:
    """Whether deflating is worth trying: samples of 4 KiB every 96 KiB at the fastest level."""
    if len(data) < 64:
        return False
    if len(data) <= 4 * _SAMPLE:
        return True
    view, count = memoryview(data), max(3, len(data) // _EVERY)
    step = (len(data) - _SAMPLE) // (count - 1)
    sample = b"".join(view[i * step : i * step + _SAMPLE] for i in range(count))
    return len(isal_zlib.compress(sample, 1, -15)) < _WORTH_TRYING * len(sample)


def deflated_size(chunks: Iterable[bytes]) -> int:
    """Bytes that the content takes when written deflated."""
    packer = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, -15)
    return sum(len(packer.compress(block)) for block in blocks(chunks)) + len(packer.flush())


class Writer:
    """A volume being written to `out` (read and write, seekable, at its start)."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._at = 0
        self.entries: list[Entry] = []

    def add(self, name: str, stamp: tuple[int, int], content: bytes) -> Written:
        """Adds `content`, which the caller holds in memory."""
        method, packed = STORED, content
        if pays(content):
            smaller = isal_zlib.compress(content, LEVEL, -15)
            if len(smaller) < _WORTH_KEEPING * len(content):
                method, packed = DEFLATED, smaller
        entry = Entry(name, method, isal_zlib.crc32(content), len(packed), len(content), stamp, self._at)
        self._write(local_header(entry, zip64=False))
        self._write(packed)
        self.entries.append(entry)
        return Written(entry, sha256(content).hexdigest(), content)

    def put(self, name: str, stamp: tuple[int, int], chunks: Chunks, *, planned: int = 0) -> Written:
        """Adds content of any size. planned: bytes expected at most, which decides on Zip64.

        Whatever `chunks` raises leaves the volume as it was before.
        """
        pieces = blocks(chunks())
        head = b"".join(piece for _, piece in zip(range(SMALL // BLOCK), pieces, strict=False))
        if len(head) < SMALL:
            return self.add(name, stamp, head)
        if pays(head):
            written = self._stream(name, stamp, head, pieces, DEFLATED, planned)
            if written.entry.packed < _WORTH_KEEPING * written.entry.size:
                return written
            self._forget()
            pieces, head = blocks(chunks()), b""
        return self._stream(name, stamp, head, pieces, STORED, planned)

    def copy(self, source: BinaryIO, entry: Entry, data_at: int) -> None:
        """Adds an entry of another volume with its packed bytes as they are."""
        moved = replace(entry, offset=self._at, disk=0)
        self._write(local_header(moved, zip64=entry.size >= ZIP64_FROM))
        source.seek(data_at)
        left = entry.packed
        while left:
            block = source.read(min(BLOCK, left))
            if not block:
                raise EOFError(entry.name)
            self._write(block)
            left -= len(block)
        self.entries.append(moved)

    def _stream(
        self, name: str, stamp: tuple[int, int], head: bytes, pieces: Iterator[bytes], method: int, planned: int
    ) -> Written:
        start, zip64 = self._at, planned >= ZIP64_FROM
        packer = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, -15) if method == DEFLATED else None
        digest, crc, size = sha256(), 0, 0
        try:
            self._write(bytes(local_length(name, zip64=zip64)))
            for piece in _chain(head, pieces):
                digest.update(piece)
                crc = isal_zlib.crc32(piece, crc)
                size += len(piece)
                self._write(packer.compress(piece) if packer else piece)
            if packer:
                self._write(packer.flush())
        except BaseException:
            self._rewind(start)
            raise
        packed = self._at - start - local_length(name, zip64=zip64)
        entry = Entry(name, method, crc, packed, size, stamp, start)
        self._out.seek(start)
        self._out.write(local_header(entry, zip64=zip64))
        self._out.seek(self._at)
        self.entries.append(entry)
        return Written(entry, digest.hexdigest(), None)

    def close(self, *, disk: int = 0, central: Iterable[Entry] | None = None) -> int:
        """Central directory and end records, flushed to the disk. Returns the number of records.

        central: the entries of a directory volume `disk`, in other volumes and in this one.
        """
        start = self._at
        count = 0
        for entry in self.entries if central is None else central:
            self._write(central_record(entry))
            count += 1
        self._write(end_records(End(disk, count, self._at - start, start), here=count))
        self._out.flush()
        os.fsync(self._out.fileno())
        return count

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._at += len(data)

    def _forget(self) -> None:
        self._rewind(self.entries.pop().offset)

    def _rewind(self, start: int) -> None:
        self._out.seek(start)
        self._out.truncate()
        self._at = start


def _chain(head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for at in range(0, len(head), BLOCK):
        yield head[at : at + BLOCK]
    yield from pieces
