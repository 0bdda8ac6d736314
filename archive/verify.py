"""The read-back of a closed volume: one pass over its bytes for the published SHA-256 and the CRC-32 of every entry."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from isal import isal_zlib

from archive.errors import Damaged
from archive.zipfmt import DEFLATED, Entry, local_header, read_directory, read_end

_BLOCK = 1 << 20
_FIXED = 30  # of a local header, before name and extra field


@dataclass(frozen=True, slots=True)
class Checked:
    """A volume that reads back well. entries: those whose bytes stand in it."""

    sha256: str
    bytes: int
    entries: int


def check(path: Path) -> Checked:
    """Reads the volume at `path` once. Raises Damaged at the first byte that is not as the directory says."""
    with open(path, "rb") as stream:
        disk = read_end(stream).disk
        entries = sorted((e for e in read_directory(stream) if e.disk == disk), key=lambda e: e.offset)
        stream.seek(0)
        run = _Run(stream)
        for entry in entries:
            _entry(run, entry)
        while run.take(_BLOCK, short=True):
            pass
        return Checked(run.digest.hexdigest(), run.at, len(entries))


class _Run:
    """A walk forward through a stream that hashes everything it passes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self.digest, self.at = stream, hashlib.sha256(), 0

    def take(self, count: int, *, short: bool = False) -> bytes:
        data = self._stream.read(count)
        if len(data) < count and not short:
            raise Damaged("La parte está incompleta")
        self.digest.update(data)
        self.at += len(data)
        return data


def _entry(run: _Run, entry: Entry) -> None:
    if run.at != entry.offset:
        raise Damaged(f"{entry.name} no está donde dice el directorio")
    head = run.take(_FIXED)
    name, extra = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
    head += run.take(name + extra)
    if head != local_header(entry, zip64=extra > 0):
        raise Damaged(f"La cabecera de {entry.name} está dañada")
    crc, size = (_inflate if entry.method == DEFLATED else _sum)(run, entry)
    if (crc, size) != (entry.crc, entry.size):
        raise Damaged(f"El contenido de {entry.name} no coincide con su suma")


def _sum(run: _Run, entry: Entry) -> tuple[int, int]:
    crc, left = 0, entry.packed
    while left:
        block = run.take(min(_BLOCK, left))
        crc = isal_zlib.crc32(block, crc)
        left -= len(block)
    return crc, entry.packed


def _inflate(run: _Run, entry: Entry) -> tuple[int, int]:
    inflater, crc, size, left = isal_zlib.decompressobj(-15), 0, 0, entry.packed
    try:
        while left:
            block = run.take(min(_BLOCK, left))
            left -= len(block)
            while block and not inflater.eof:
                data = inflater.decompress(block, _BLOCK)
                block = inflater.unconsumed_tail
                crc, size = isal_zlib.crc32(data, crc), size + len(data)
        while not inflater.eof and (data := inflater.decompress(b"", _BLOCK)):
            crc, size = isal_zlib.crc32(data, crc), size + len(data)
    except isal_zlib.error as error:
        raise Damaged(f"El contenido de {entry.name} está dañado") from error
    if not inflater.eof:
        raise Damaged(f"El contenido de {entry.name} está incompleto")
    return crc, size
