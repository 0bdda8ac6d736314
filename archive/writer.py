"""Writes one ZIP volume, entry by entry, in flat memory: what is small goes in one piece, what is large streams.

One writer, in order. What is written is hashed on the way (`sums`), from the very buffers that go to the disk; every
entry's CRC-32 stays here for the read-back of the closed volume.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from hashlib import sha256
from itertools import chain, islice
from typing import BinaryIO, NamedTuple

from deflate import crc32

from archive.errors import Damaged
from archive.packing import BLOCK, SMALL, Packed, blocks, pack, packed_block, streaming_pays, worth_keeping
from archive.pipeline import Inline, in_order
from archive.sums import InlineHash, NoHash, VolumeHash
from archive.zipfmt import (
    DEFLATED, STORED, ZIP64_FROM, End, Entry, central_record, end_records, local_header, local_length,
)  # fmt: skip

_JOINED = 32 << 10  # bytes of a piece below which joining costs less than what it saves
_TOGETHER = 4096  # central records written with one call
_AHEAD = 4 << 20  # bytes of a large content that may be in the hands of those who deflate it

Chunks = Callable[[], Iterable[bytes]]  # opens the content anew each time it is called
Stamp = tuple[int, int]


class Written(NamedTuple):
    """An entry as written, and the SHA-256 of its content."""

    entry: Entry
    sha256: str


class Closed(NamedTuple):
    """A volume with nothing more to come. records: in its central directory. tail_at, tail_crc: where directory and end
    records begin, and their CRC-32."""

    sha256: str
    bytes: int
    records: int
    tail_at: int
    tail_crc: int


class Writer:
    """A volume being written to the open file `descriptor` (read and write, empty).

    pool: takes the hashing of large contents, so that it runs beside reading and writing. published: whether the volume is
    meant to be published, and so has a SHA-256 of its own and is flushed to the disk.
    """

    def __init__(self, descriptor: int, pool: Executor, *, published: bool = True) -> None:
        self._fd, self._pool = descriptor, pool
        self._at = 0
        kind = NoHash if not published else InlineHash if isinstance(pool, Inline) else VolumeHash
        self._sums: VolumeHash | InlineHash | NoHash = kind(descriptor)
        self._published = published
        self.entries: list[Entry] = []

    def add(self, name: str, stamp: Stamp, content: bytes) -> Written:
        """Adds `content`, which the caller holds in memory."""
        packed = pack(content)
        self.add_packed([(name, stamp, packed)])
        return Written(self.entries[-1], packed.sha256)

    def add_packed(self, items: Sequence[tuple[str, Stamp, Packed]]) -> None:
        """Adds several small contents with one write."""
        out, entries, at = [], [], self._at
        for name, stamp, (method, crc, size, _, data, _) in items:
            entry = Entry(name, method, crc, len(data), size, stamp, at)
            header = local_header(entry, zip64=False)
            out += (header, data)
            at += len(header) + len(data)
            entries.append(entry)
        self._write(out)
        self.entries += entries

    def put(self, name: str, stamp: Stamp, chunks: Chunks, *, planned: int = 0) -> Written:
        """Adds content of any size. planned: bytes expected at most, which decides on Zip64.

        Whatever `chunks` raises leaves the volume as it was before.
        """
        pieces = blocks(chunks())
        head = b"".join(piece for _, piece in zip(range(SMALL // BLOCK), pieces, strict=False))
        if len(head) < SMALL:
            return self.add(name, stamp, head)
        if streaming_pays(head):
            written = self._stream(name, stamp, head, pieces, DEFLATED, planned)
            if written:
                return written
            pieces, head = blocks(chunks()), b""
        return self._stream(name, stamp, head, pieces, STORED, planned)

    def copy(self, source: BinaryIO, entry: Entry, data_at: int) -> None:
        """Adds an entry of another volume with its packed bytes as they are."""
        moved = entry._replace(offset=self._at, disk=0)
        self._write([local_header(moved, zip64=entry.size >= ZIP64_FROM)])
        source.seek(data_at)
        left = entry.packed
        while left:
            block = source.read(min(BLOCK, left))
            if not block:
                raise Damaged(f"El contenido de {entry.name} está incompleto")
            self._write([block])
            left -= len(block)
        self.entries.append(moved)

    def close(self, *, disk: int = 0, elsewhere: tuple[int, Iterable[bytes]] = (0, ())) -> Closed:
        """Central directory and end records, flushed to the disk.

        disk: number of this volume in its set, from 0. elsewhere: central records of what stands in other volumes of the set, how many
        they are and their bytes, in any pieces.
        """
        start, crc = self._at, 0
        count, records = elsewhere[0] + len(self.entries), elsewhere[1]
        for data in chain(records, self._directory(disk)):
            crc = crc32(data, crc)
            self._write([data])
        end = end_records(End(disk, count, self._at - start, start), here=count)
        self._write([end])
        if self._published:
            os.fsync(self._fd)
        return Closed(self._sums.close(), self._at, count, start, crc32(end, crc))

    def _directory(self, disk: int) -> Iterator[bytes]:
        """Central records of all entries, some thousand at a time."""
        records = map(central_record, [entry._replace(disk=disk) for entry in self.entries] if disk else self.entries)
        while some := b"".join(islice(records, _TOGETHER)):
            yield some

    def abandon(self) -> None:
        """Ends the thread behind this writer, whatever became of the volume."""
        self._sums.stop()

    def _stream(
        self, name: str, stamp: Stamp, head: bytes, pieces: Iterator[bytes], method: int, planned: int
    ) -> Written | None:
        """Data first, then the header before it. None (and nothing written) when deflating did not pay."""
        start, zip64 = self._at, planned >= ZIP64_FROM
        room = local_length(name, zip64=zip64)
        at, sums = start + room, _Sums(self._pool)
        content = sums.over(_chain(head, pieces))
        try:
            for data in self._deflated(content) if method == DEFLATED else content:
                at += self._write_at([data], at)
        except BaseException:
            os.ftruncate(self._fd, start)
            raise
        entry = Entry(name, method, sums.crc, at - start - room, sums.size, stamp, start)
        if method == DEFLATED and not worth_keeping(entry.packed, entry.size):
            os.ftruncate(self._fd, start)
            return None
        self._write_at([local_header(entry, zip64=zip64)], start)
        self._sums.add_written(start, at - start)
        self._at = at
        self.entries.append(entry)
        return Written(entry, sums.sha256())

    def _deflated(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """One DEFLATE stream of `pieces`, several of which are packed at once."""
        tasks = ((len(piece), lambda p=piece, last=last: packed_block(p, last=last)) for piece, last in _with_last(pieces))
        return in_order(self._pool, tasks, _AHEAD)

    def _write(self, pieces: list[bytes]) -> None:
        """Appends `pieces`, in one go where they are small."""
        if len(pieces) > 1 and sum(map(len, pieces)) < _JOINED * len(pieces):
            pieces = [b"".join(pieces)]
        self._at += self._write_at(pieces, self._at)
        for piece in pieces:
            self._sums.add(piece)

    def _write_at(self, pieces: list[bytes], at: int) -> int:
        """All of `pieces` from offset `at` on; their length."""
        length, done = sum(map(len, pieces)), os.pwritev(self._fd, pieces, at)
        while done < length:
            done += os.pwritev(self._fd, [b"".join(pieces)[done:]], at + done)
        return length


class _Sums:
    """Sums of a content that passes by. The SHA-256 is taken one block behind, beside reading and writing."""

    def __init__(self, pool: Executor) -> None:
        self._pool, self._digest = pool, sha256()
        self._hashing: Future | None = None
        self.crc = self.size = 0

    def over(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._settle()
            self._hashing = self._pool.submit(self._digest.update, piece)
            self.crc = crc32(piece, self.crc)
            self.size += len(piece)
            yield piece

    def sha256(self) -> str:
        self._settle()
        return self._digest.hexdigest()

    def _settle(self) -> None:
        if self._hashing:
            self._hashing.result()


def _with_last(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each piece, and whether it is the last."""
    held: bytes | None = None
    for piece in pieces:
        if held is not None:
            yield held, False
        held = piece
    if held is not None:
        yield held, True


def _chain(head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for at in range(0, len(head), BLOCK):
        yield head[at : at + BLOCK]
    yield from pieces
