"""The plan: everything that is decided before the first byte of an archive, in one immutable file.

A gzip file of several members (`mtime` 0): a head with header and summary, then one member of NDJSON a volume, so that a
worker that makes volume 40 of 50 reads nothing of the other 49, and last the viewer's short index of all documents, packed
once for all volumes. A document that runs over several volumes stands in the member of each. The same documents give the
same bytes.
"""

from __future__ import annotations

import builtins
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

from archive.assign import PlannedVolume
from archive.errors import PlanError
from archive.model import Header
from archive.planned import SIGNABLE, PlannedDocument, PlannedFile, Summary, unpack
from archive.members import GZIP_HEAD
from archive.planning import FORMAT, make
from archive.zipfmt import DEFLATED, Entry

__all__ = ["SIGNABLE", "Plan", "PlannedDocument", "PlannedFile", "Summary", "make", "open"]


def open(path: Path) -> Plan:
    """The plan stored at `path`. Raises PlanError when it is not one."""
    try:
        with builtins.open(path, "rb") as stream:
            text, start = _inflate(stream, 0)
            size = stream.seek(0, SEEK_END)
        first, second = (json.loads(line) for line in text.splitlines())
        assert first["formato"] == FORMAT
        plan = Plan(Path(path), Header(**first["header"]), second, start)
    except (ValueError, KeyError, TypeError, AssertionError, zlib.error) as error:
        raise PlanError("El plan guardado no se puede leer") from error
    if size != plan.size:
        raise PlanError("El plan guardado está incompleto")
    return plan


class Plan:
    """A stored plan, read as a stream. `documents()` may be called as often as needed."""

    def __init__(self, path: Path, header: Header, head: dict, start: int) -> None:
        volumes = tuple(PlannedVolume(**v) for v in head["summary"].pop("volumes"))
        self.path, self.header = path, header
        self.summary = Summary(**head["summary"], volumes=volumes)
        self._start, self._offsets, self._index = start, head["offsets"], head["index"]

    @property
    def parts(self) -> int:
        return len(self.summary.volumes)

    @property
    def size(self) -> int:
        """Bytes of the whole file: the index stands last."""
        return self._start + self._offsets[-1] + len(GZIP_HEAD) + self._index["packed"] + 8

    def documents(self, volume: int | None = None) -> Iterator[PlannedDocument]:
        """Documents in order: those with a place in `volume`, or each of the whole plan once."""
        for number in range(1, self.parts + 1) if volume is None else (volume,):
            with builtins.open(self.path, "rb") as raw:
                raw.seek(self._start + self._offsets[number - 1])
                for text in _lines(raw):
                    planned = unpack(text)
                    if volume is not None or planned.part == number:
                        yield planned

    @contextmanager
    def index(self) -> Iterator[tuple[BinaryIO, Entry, int, str]]:
        """The viewer's index script: (a stream, its entry but for name and place, where its packed bytes begin in that
        stream, its SHA-256)."""
        i = self._index
        with builtins.open(self.path, "rb") as raw:
            entry = Entry("", DEFLATED, i["crc"], i["packed"], i["size"], (0, 0), 0)
            yield raw, entry, self._start + self._offsets[-1] + len(GZIP_HEAD), i["sha256"]


def _inflate(stream: BinaryIO, at: int) -> tuple[bytes, int]:
    """(text of the gzip member at `at`, offset behind it)."""
    stream.seek(at)
    inflater, text = zlib.decompressobj(31), b""
    while not inflater.eof and (block := stream.read(1 << 16)):
        text += inflater.decompress(block)
    return text, stream.tell() - len(inflater.unused_data)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines of the one gzip member that begins here."""
    inflater, left = zlib.decompressobj(31), b""
    while not inflater.eof and (block := stream.read(1 << 16)):
        *whole, left = (left + inflater.decompress(block)).split(b"\n")
        yield from whole
    if left or not inflater.eof:
        raise PlanError("El plan guardado está incompleto")
