"""Reads a finished volume back: its entries, and the streams inside them."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import BinaryIO

from isal import isal_zlib

from archive import viewer
from archive.errors import Damaged
from archive.zipfmt import DEFLATED, Entry, data_offset, entry_of, read_records

_BLOCK = 1 << 18


class Window(io.RawIOBase):
    """`length` bytes of another seekable stream from `start`, as a stream of its own (for one user at a time)."""

    def __init__(self, stream: BinaryIO, start: int, length: int) -> None:
        self._stream, self._start, self._length, self._at = stream, start, length, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer) -> int:
        self._stream.seek(self._start + self._at)
        data = self._stream.read(min(len(buffer), max(0, self._length - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class Inflated(io.RawIOBase):
    """The raw DEFLATE stream `packed`, unpacked as it is read, in flat memory whatever its ratio."""

    def __init__(self, packed: io.RawIOBase) -> None:
        self._packed, self._inflater = packed, isal_zlib.decompressobj(-15)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while not self._inflater.eof:
            tail = self._inflater.unconsumed_tail or self._packed.read(_BLOCK)
            if not tail:
                raise Damaged("El contenido comprimido está incompleto")
            try:
                data = self._inflater.decompress(tail, len(buffer))
            except isal_zlib.error as error:
                raise Damaged("El contenido comprimido está dañado") from error
            if data:
                buffer[: len(data)] = data
                return len(data)
        return 0


def open_entry(stream: BinaryIO, entry: Entry) -> io.BufferedReader:
    """The content of `entry`. Raises Damaged, now or while reading."""
    window = Window(stream, data_offset(stream, entry), entry.packed)
    return io.BufferedReader(Inflated(window) if entry.method == DEFLATED else window, _BLOCK)


def tag_entries(stream: BinaryIO) -> dict[str, Entry]:
    """The entries outside the payload, by name."""
    entries = (entry_of(record) for name, record in read_records(stream) if not name.startswith(b"data/"))
    return {entry.name: entry for entry in entries}


def details(stream: BinaryIO, key: str, entries: dict[str, Entry] | None = None) -> Iterator[dict]:
    """A finished volume's own account of its documents. entries: its `tag_entries`, if known. Raises Damaged."""
    entries = tag_entries(stream) if entries is None else entries
    try:
        yield from viewer.read_part_js(open_entry(stream, entries[viewer.part_name(key)]))
    except (KeyError, ValueError) as error:
        raise Damaged("La parte no contiene el detalle de sus documentos") from error


def fates(stream: BinaryIO, key: str, entries: dict[str, Entry]) -> Iterator[tuple[bytes, str]]:
    """(id, fate) of each document of `details`, without the rest. Raises Damaged."""
    try:
        yield from viewer.read_fates(open_entry(stream, entries[viewer.part_name(key)]))
    except (KeyError, ValueError) as error:
        raise Damaged("La parte no contiene el detalle de sus documentos") from error


def bag_labels(content: bytes) -> dict[str, str]:
    """The labels of a bag-info.txt and what stands behind each. Raises ValueError."""
    lines = content.decode().splitlines()
    return dict(line.split(": ", 1) for line in reversed(lines))  # a caller's own fields stand last


def fate_counts(stream: BinaryIO, entries: dict[str, Entry]) -> tuple[int, int]:
    """Documents included and con novedad, as the volume's bag-info.txt tells. Raises Damaged."""
    try:
        told = bag_labels(open_entry(stream, entries["bag-info.txt"]).read())
        return int(told["Incluidos"]), int(told["Con-Novedad"])
    except (KeyError, ValueError) as error:
        raise Damaged("La parte no dice cuántos documentos contiene") from error


def hashes(stream: BinaryIO, entry: Entry) -> Iterator[tuple[str, str]]:
    """(name, SHA-256) of each line of a volume's manifest, names as they stand there (escaped)."""
    for line in open_entry(stream, entry):
        digest, _, name = line.decode().rstrip("\n").partition("  ")
        yield name, digest
