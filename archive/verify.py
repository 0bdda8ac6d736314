"""The read-back of a closed volume, and the check of a volume that nobody here has written.

`read_back` goes once over the volume that was just closed and holds every byte against the sums kept while writing: local
headers byte for byte, each content (unpacked, if it was deflated) against its CRC-32, directory and end records against
theirs. The SHA-256 of the volume was computed from the very buffers that were written, so what agrees here is what it names.
`check` knows nothing beforehand: it reads the directory, tests all entries, and hashes the volume.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from deflate import crc32
from isal import isal_zlib

from archive.errors import Damaged
from archive.pipeline import in_order
from archive.writer import Closed
from archive.zipfmt import DEFLATED, M16, M32, Entry, entries_here, local_header

_BLOCK = 1 << 20
_SPAN = 2 << 20  # of small entries, read at once
_FIXED = 30  # of a local header, before name and extra field
_HEADER = _FIXED + M16 + 20  # the longest


@dataclass(frozen=True, slots=True)
class Checked:
    """A volume that reads back well. entries: those whose bytes stand in it."""

    sha256: str
    bytes: int
    entries: int


def read_back(path: Path, entries: list[Entry], closed: Closed, pool: Executor) -> None:
    """Reads the closed volume at `path` once. entries: as written, in order. Raises Damaged at the first difference."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if os.fstat(descriptor).st_size != closed.bytes:
            raise Damaged("La parte no tiene el tamaño con que se escribió")
        tail = (_SPAN, lambda: _tail(descriptor, closed))
        for _ in in_order(pool, chain(_contents(path, descriptor, entries, closed.tail_at, {}), [tail]), 2 * _SPAN):
            pass
    finally:
        os.close(descriptor)


def check_contents(path: Path, entries: list[Entry], tail_at: int, hashes: dict[str, str], pool: Executor) -> None:
    """Tests every entry of the volume at `path`: header, CRC-32 and, where `hashes` has one for its name, SHA-256.

    entries: in the order of their places. tail_at: where the central directory begins. Raises Damaged.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        for _ in in_order(pool, _contents(path, descriptor, entries, tail_at, hashes), 2 * _SPAN):
            pass
    finally:
        os.close(descriptor)


def _contents(path: Path, descriptor: int, entries: list[Entry], tail_at: int, hashes: dict[str, str]) -> Iterator:
    """One task a span of entries, which must fill the volume up to `tail_at` without a gap."""
    if (entries[0].offset if entries else tail_at) != 0:
        raise Damaged("La parte no comienza con su primer archivo")
    for first, behind in _spans(entries):
        end = entries[behind].offset if behind < len(entries) else tail_at
        if entries[first].size > _SPAN:
            yield _SPAN, lambda entry=entries[first], end=end: _large(path, entry, end, hashes)
        else:
            yield _SPAN, lambda a=first, b=behind, end=end: _span(descriptor, entries[a:b], end, hashes)


def _spans(entries: list[Entry]) -> Iterator[tuple[int, int]]:
    """(first, behind the last) of entries that take little memory together, packed and unpacked; a larger one is alone."""
    first = unpacked = 0
    for number, entry in enumerate(entries):
        unpacked += entry.size
        if number > first and (unpacked > _SPAN or entry.offset + entry.packed - entries[first].offset > _SPAN):
            yield first, number
            first, unpacked = number, entry.size
    if entries:
        yield first, len(entries)


def _span(descriptor: int, entries: list[Entry], end: int, hashes: dict[str, str]) -> None:
    start = at = entries[0].offset
    if end - start > _SPAN + _HEADER:  # a gap: not to be read at once
        raise Damaged(f"Sobran bytes después de {entries[-1].name}")
    data = memoryview(_read(descriptor, start, end - start))
    for entry in entries:
        if entry.offset != at:
            raise Damaged(f"{entry.name} no está donde dice el directorio")
        begin = at - start
        header = local_header(entry, zip64=data[begin + 28 : begin + 30] != b"\0\0")
        body = data[begin + len(header) : begin + len(header) + entry.packed]
        if data[begin : begin + len(header)] != header:
            raise Damaged(f"La cabecera de {entry.name} está dañada")
        content = _unpacked(body, entry) if entry.method == DEFLATED else body
        _compare(entry, crc32(content), len(content), hashes and hashlib.sha256(content), hashes)
        at += len(header) + entry.packed
    if at != end:
        raise Damaged(f"Sobran bytes después de {entries[-1].name}")


def _compare(entry: Entry, crc: int, size: int, digest, hashes: dict[str, str]) -> None:
    if (crc, size) != (entry.crc, entry.size):
        raise Damaged(f"El contenido de {entry.name} no coincide con su suma")
    if digest and entry.name in hashes and hashes[entry.name] != digest.hexdigest():
        raise Damaged(f"El contenido de {entry.name} no coincide con el manifiesto")


def _unpacked(body: memoryview, entry: Entry) -> bytes:
    inflater = isal_zlib.decompressobj(-15)
    try:
        content = inflater.decompress(body, entry.size + 1)
    except isal_zlib.error as error:
        raise Damaged(f"El contenido de {entry.name} está dañado") from error
    if not inflater.eof:
        raise Damaged(f"El contenido de {entry.name} está incompleto")
    return content


def _large(path: Path, entry: Entry, end: int, hashes: dict[str, str]) -> None:
    with open(path, "rb", buffering=0) as stream:
        run = _Run(stream, entry.offset)
        _entry(run, entry, hashes)
        if run.at != end:
            raise Damaged(f"{entry.name} no está donde dice el directorio")


def _tail(descriptor: int, closed: Closed) -> None:
    at, crc = closed.tail_at, 0
    while at < closed.bytes:
        data = _read(descriptor, at, min(_BLOCK, closed.bytes - at))
        at, crc = at + len(data), crc32(data, crc)
    if crc != closed.tail_crc:
        raise Damaged("El directorio central está dañado")


def _read(descriptor: int, start: int, length: int) -> bytes:
    data = os.pread(descriptor, length, start)
    while len(data) < length:
        more = os.pread(descriptor, length - len(data), start + len(data))
        if not more:
            raise Damaged("La parte está incompleta")
        data += more
    return data


def check(path: Path) -> Checked:
    """Reads the volume at `path` once. Raises Damaged at the first byte that is not as the directory says."""
    with open(path, "rb") as stream:
        entries = entries_here(stream)
        run = _Run(stream, 0, hashlib.sha256())
        for entry in entries:
            _entry(run, entry, {})
        while run.take(_BLOCK, short=True):
            pass
        return Checked(run.digest.hexdigest(), run.at, len(entries))


class _Run:
    """A walk forward through a stream that hashes everything it passes."""

    def __init__(self, stream: BinaryIO, at: int, digest=None) -> None:
        self._stream, self.digest, self.at = stream, digest, at
        stream.seek(at)

    def take(self, count: int, *, short: bool = False) -> bytes:
        data = self._stream.read(count)
        if len(data) < count and not short:
            raise Damaged("La parte está incompleta")
        if self.digest:
            self.digest.update(data)
        self.at += len(data)
        return data


def _entry(run: _Run, entry: Entry, hashes: dict[str, str]) -> None:
    if run.at != entry.offset:
        raise Damaged(f"{entry.name} no está donde dice el directorio")
    head = run.take(_FIXED)
    name, extra = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
    head += run.take(name + extra)
    if head != local_header(entry, zip64=extra > 0 or entry.size > M32):
        raise Damaged(f"La cabecera de {entry.name} está dañada")
    digest = hashlib.sha256() if hashes else None
    crc = size = 0
    for block in (_inflated if entry.method == DEFLATED else _stored)(run, entry):
        crc, size = crc32(block, crc), size + len(block)
        if digest:
            digest.update(block)
    _compare(entry, crc, size, digest, hashes)


def _stored(run: _Run, entry: Entry) -> Iterator[bytes]:
    left = entry.packed
    while left:
        block = run.take(min(_BLOCK, left))
        left -= len(block)
        yield block


def _inflated(run: _Run, entry: Entry) -> Iterator[bytes]:
    inflater = isal_zlib.decompressobj(-15)
    try:
        for block in _stored(run, entry):
            while block and not inflater.eof:
                yield inflater.decompress(block, _BLOCK)
                block = inflater.unconsumed_tail
        while not inflater.eof and (data := inflater.decompress(b"", _BLOCK)):
            yield data
    except isal_zlib.error as error:
        raise Damaged(f"El contenido de {entry.name} está dañado") from error
    if not inflater.eof:
        raise Damaged(f"El contenido de {entry.name} está incompleto")
