"""Packs tiny files while the plan is still being made: one processor names files, the other would have nothing to do.

A help and no more. Whatever is not ready, for whatever reason, the volume reads and packs itself, and the bytes are the same.
"""

from __future__ import annotations

import marshal
import multiprocessing
import os
import signal
import socket
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import BinaryIO, NamedTuple

from archive import lane
from archive.lane import Problem
from archive.model import Document, Source, SourceDown, from_row
from archive.packing import Packed, pack
from archive.process import die_with_parent

TINY = 24 << 10  # bytes of a file above which writing it down and reading it again costs more than is gained
_TOGETHER = 48  # documents, or files
_ROOM = 64 << 20  # bytes on the disk
_MESSAGE = 1 << 20  # bytes; the system takes no larger one


class _Wanted(NamedTuple):
    """What of a `model.File` is asked for when it is read."""

    ref: str
    size: int
    approximate: bool


_wanted, _packed = from_row(_Wanted), from_row(Packed)


class Ahead:
    """`source`, some of whose files are packed already. Use it as a context: the process that packs ends with it.

    The source must be one that several may read at once (`lane.reader`). folder: where the packed files lie meanwhile, in a
    file without a name.
    """

    def __init__(self, source: Source, folder: Path) -> None:
        self.open, self.read = source.open, source.read
        self._source, self._folder = source, folder
        self._places: dict[str, tuple[int, int]] = {}  # where in the store a batch stands, by the reference of its first file
        self._held: dict[str, Packed] = {}
        self._helper: BaseProcess | None = None

    def __enter__(self) -> Ahead:
        if (os.cpu_count() or 1) > 1:
            self._begin()
        return self

    def __exit__(self, *error) -> None:
        self.settle()

    def _begin(self) -> None:
        context = multiprocessing.get_context("fork")
        self._store = tempfile.TemporaryFile(dir=self._folder)
        self._asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._asking.setblocking(False)
        self._stop = context.RawValue("b")
        self._helper = context.Process(target=self._help, args=(os.getpid(), asked), daemon=True)
        self._helper.start()
        asked.close()

    def passing(self, documents: Iterable[Document]) -> Iterator[Document]:
        """The same documents; their tiny files are packed meanwhile."""
        documents = iter(documents)
        while some := list(islice(documents, _TOGETHER)):
            if self._helper:
                tiny = [
                    (file.ref, file.size, file.approximate)
                    for document in some
                    for file in document.files
                    if file.included and file.size < TINY
                ]
                for at in range(0, len(tiny), _TOGETHER):
                    self._ask(tiny[at : at + _TOGETHER])
            yield from some

    def settle(self) -> None:
        """Ends the packing; from here on `ready` knows what there is. May be called again."""
        if self._helper is None:
            return
        self._stop.value = 1
        self._asking.close()
        self._helper.join()
        if self._helper.exitcode == 0:
            self._places = marshal.loads(_tail(self._store))
        self._helper = None

    def ready(self, ref: str) -> Packed | None:
        """A file as `packing.pack` would give it, once; None when it was not packed."""
        if ref not in self._held and ref in self._places:
            at, length = self._places[ref]
            found = marshal.loads(os.pread(self._store.fileno(), length, at))
            self._held = {name: _packed(values) for name, values in found}
        return self._held.pop(ref, None)

    def _ask(self, batch: list[tuple]) -> None:
        with suppress(OSError):  # he has enough to do, or is gone
            self._asking.send(marshal.dumps(batch))

    # --- in the process that packs

    def _help(self, parent: int, asked: socket.socket) -> None:
        die_with_parent(parent)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears of it, and ends this
        self._asking.close()
        try:
            index = marshal.dumps(self._pack(asked))
            self._store.write(index + len(index).to_bytes(8, "little"))
            self._store.flush()
        except (OSError, SourceDown):  # whoever makes the volume will meet the same, and say so
            os._exit(1)

    def _pack(self, asked: socket.socket) -> dict[str, tuple[int, int]]:
        read, _ = lane.reader(self._source)
        places, at = {}, 0
        while not self._stop.value and at < _ROOM and (message := asked.recv(_MESSAGE)):
            found = _packed_together(read, marshal.loads(message))
            if found:
                length = self._store.write(marshal.dumps(found))
                places[found[0][0]] = at, length
                at += length
        return places


def _packed_together(read: lane.Read, batch: list[tuple]) -> list[tuple[str, tuple]]:
    """Reference and `Packed` of each file that could be read; of another the volume will tell. All are read before any is packed:
    the packer's tables would drive the rest from the cache each time."""
    contents = [(values[0], lane.content(read, _wanted(values))) for values in batch]
    return [(ref, tuple(pack(content))) for ref, content in contents if not isinstance(content, Problem)]


def _tail(store: BinaryIO) -> bytes:
    size = store.seek(-8, os.SEEK_END)
    length = int.from_bytes(store.read(8), "little")
    store.seek(size - length)
    return store.read(length)
