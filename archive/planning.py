"""Making a plan: names, then volumes, then the file. Memory holds no documents, whatever their number."""

from __future__ import annotations

import builtins
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import BinaryIO

from isal import isal_zlib

from archive import viewer
from archive.assign import Assigner, Item, check_part_size, file_room
from archive.digests import Digests
from archive.errors import PlanError
from archive.model import NOTICES, Document, File, Header
from archive.names import Namer
from archive.packing import packer
from archive.planned import SIGNABLE, Summary, line, pack, placed

Places = Callable[[Document], list[str]]

FORMAT = 2
GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # no name, no clock, no operating system
_LINE_MARGIN = 64  # bytes, deflated: a part number here, a novedad or a signer there
_TOGETHER = 1 << 18  # bytes handed to the packer at once
_SIZES = Struct("<3I")  # of a spooled document: bytes of its line, of its index row, number of its files
_FILE = Struct("<qI")  # bytes of a file (-1: it is not included), and room beside them


def make(
    header: Header | Callable[[], Header],
    documents: Iterable[Document],
    path: Path,
    *,
    part_size: int,
    places: Places | None = None,
) -> Summary:
    """Decides paths and volumes of all `documents` (each once, in their final order) and writes the plan to `path`.

    header: or who gives it, asked when the documents have passed by. part_size: bytes, 1 MiB … 2 GiB − 1. places: the path of each file of a document, where it is already decided (a
    complement puts a file where the plan of the whole keeps its place). Raises PlanError (a ValueError) for another part
    size, for one too small for so many documents, and for an id that comes twice.
    """
    check_part_size(part_size)
    path = Path(path)
    with ExitStack() as stack:
        raw, body, homes = (stack.enter_context(tempfile.TemporaryFile(dir=path.parent)) for _ in range(3))
        spool = _Spool(raw, places or Namer().document)
        for document in documents:
            spool.add(document)
        header = header() if callable(header) else header
        assigner = Assigner(part_size, spool.fixed_room())
        offsets, index = _write_body(header, spool, assigner, body, homes)
        summary = Summary(**spool.totals, excluded=header.excluded, volumes=tuple(assigner.volumes))
        head = [
            {"formato": FORMAT, "header": asdict(header)},
            {"summary": asdict(summary), "offsets": offsets, "index": index},
        ]
        _publish(path, b"".join(line(row) for row in head), body)
    return summary


class _Spool:
    """First pass: names every file, counts, and keeps what the second pass needs in a temporary file."""

    def __init__(self, raw: BinaryIO, places: Places) -> None:
        self._raw, self._places, self._seen = raw, places, Digests()
        self.totals = dict.fromkeys(("documents", "files", "bytes", "con_novedad", "missing"), 0)
        self.index = viewer.Index()
        # The lists and the index are these same words in another order: what they take deflated, these take.
        self._words, self._lines = _Deflated(), 0

    def add(self, document: Document) -> None:
        if not self._seen.add(document.id):
            raise PlanError(f"El documento {document.id} aparece dos veces")
        files = self._named(document)
        sizes = [_room(file, path) for file, path in files]
        row = self.index.row(_index_row(document))
        text = pack(document, files)
        rooms = [_FILE.pack(*pair) for pair in sizes]
        self._raw.write(b"".join((_SIZES.pack(len(text), len(row), len(files)), *rooms, text, row)))
        self._words.add(_words(document, files))
        self._lines += 1 + len([path for _, path in files if path.endswith(SIGNABLE)])
        self._count([size for size, _ in sizes])

    def fixed_room(self) -> int:
        """Bytes of the tag files that every volume carries, plus the whole's lists, which the last one carries. Part
        numbers and late novedades, unknown yet, get a margin."""
        static = 0
        for _, data in viewer.static_files():
            script = _Deflated()
            script.add(data)
            static += script.size()
        return static + 2 * self._words.size() + _LINE_MARGIN * self._lines + (32 << 10)

    def read(self) -> Iterator[tuple[bytes, bytes, list[tuple[int, int]]]]:
        """(line, index row, [(bytes, room)] of the files) of each document."""
        self._raw.seek(0)
        while head := self._raw.read(_SIZES.size):
            text, row, files = _SIZES.unpack(head)
            files *= _FILE.size
            data = self._raw.read(files + text + row)
            yield data[files : files + text], data[files + text :], list(_FILE.iter_unpack(data[:files]))

    def _named(self, document: Document) -> list[tuple[File, str]]:
        named = list(zip(document.files, self._places(document), strict=True))
        if document.trays:
            return named
        return [
            (file if file.problem or path == f"data/{file.name}" else replace(file, problem="nombre"), path) for file, path in named
        ]

    def _count(self, sizes: list[int]) -> None:
        missing, totals = sizes.count(-1), self.totals
        totals["documents"] += 1
        totals["files"] += len(sizes) - missing
        totals["bytes"] += sum(sizes) + missing
        totals["con_novedad"] += missing > 0
        totals["missing"] += missing


def _room(file: File, path: str) -> tuple[int, int]:
    """(bytes, bytes beside them) that the file asks of its volume; (-1, 0) when it cannot be included."""
    if file.size is None or (file.problem and file.problem not in NOTICES):
        return -1, 0
    return file.size, file_room(path, signable=path.endswith(SIGNABLE))


class _Deflated:
    """Bytes that what is added takes when deflated."""

    def __init__(self) -> None:
        self._packer, self._held, self._length, self._size = packer(), [], 0, 0

    def add(self, data: bytes) -> None:
        self._held.append(data)
        self._length += len(data)
        if self._length >= _TOGETHER:
            self._size += len(self._packer.compress(b"".join(self._held)))
            self._held, self._length = [], 0

    def size(self) -> int:
        return self._size + len(self._packer.compress(b"".join(self._held))) + len(self._packer.flush())


def _write_body(
    header: Header, spool: _Spool, assigner: Assigner, body: BinaryIO, homes: BinaryIO
) -> tuple[list[int], dict]:
    """Second and third pass: a member a volume, then the index. Returns where each begins in `body`, and what the index is."""
    offsets = list(_write_members(spool, assigner, body, homes))
    offsets.append(body.tell())
    parts, octets = len(assigner.volumes), spool.totals["bytes"]
    member = _Member(body)
    for text in spool.index.script(header, _placed_rows(spool, homes), parts=parts, bytes_planned=octets):
        member.add(text)
    return offsets, member.close()


def _write_members(spool: _Spool, assigner: Assigner, body: BinaryIO, homes: BinaryIO) -> Iterator[int]:
    member, open_number = _Member(body), 1
    yield 0
    for text, _, sizes in spool.read():
        included = [pair for pair in sizes if pair[0] >= 0]
        numbers = assigner.place(Item(2 * len(text) + 600, included))
        home = numbers[0] if numbers else assigner.volumes[-1].number
        homes.write(home.to_bytes(4, "little"))
        given = iter(numbers)
        whole = placed(text, home, [next(given) if size >= 0 else 0 for size, _ in sizes])
        for number in (home,) if not numbers or numbers[-1] == home else sorted({home, *numbers}):
            if number != open_number:
                member.close()
                yield body.tell()
                member, open_number = _Member(body), number
            member.add(whole)
    member.close()


class _Member:
    """One gzip member being written to `body`; it says of its content what a ZIP entry has to say."""

    def __init__(self, body: BinaryIO) -> None:
        self._body, self._packer, self._digest = body, packer(), sha256()
        self._crc = self._size = self._packed = self._length = 0
        self._held: list[bytes] = []
        body.write(GZIP_HEAD)

    def add(self, data: bytes) -> None:
        self._held.append(data)
        self._length += len(data)
        if self._length >= _TOGETHER:
            self._put(b"".join(self._held))
            self._held, self._length = [], 0

    def close(self) -> dict:
        self._put(b"".join(self._held))
        self._packed += self._body.write(self._packer.flush())
        self._body.write(self._crc.to_bytes(4, "little") + (self._size & 0xFFFFFFFF).to_bytes(4, "little"))
        return {"size": self._size, "packed": self._packed, "crc": self._crc, "sha256": self._digest.hexdigest()}

    def _put(self, data: bytes) -> None:
        self._crc = isal_zlib.crc32(data, self._crc)
        self._digest.update(data)
        self._size += len(data)
        self._packed += self._body.write(self._packer.compress(data))


def _index_row(document: Document) -> viewer.IndexRow:
    """The document's row in the viewer's index; its part is not known yet."""
    d = document
    names = tuple(f.name for f in d.files if f.kind == "anexo")
    return viewer.IndexRow(d.id, d.number, d.date, d.kind, d.trays, d.subject, d.sender, d.to, d.cc, names, 0, d.signed)


def _words(document: Document, files: list[tuple[File, str]]) -> bytes:
    d = document
    names = (f.name for f, _ in files)
    words = (d.id, d.number, d.date, d.kind, d.subject, *d.sender, *d.to, *d.cc, d.reference, *names, files[0][1] if files else "")
    return ";".join(words).encode("utf-8", "replace")


def _placed_rows(spool: _Spool, homes: BinaryIO) -> Iterator[tuple[bytes, int]]:
    homes.seek(0)
    for _, row, _ in spool.read():
        yield row, int.from_bytes(homes.read(4), "little")


def _publish(path: Path, head: bytes, body: BinaryIO) -> None:
    """Head and body under a temporary name, flushed, then renamed: a plan is whole or not there."""
    temporary = path.with_name(path.name + ".tmp")
    body.seek(0)
    with builtins.open(temporary, "wb") as out:
        member = _Member(out)
        member.add(head)
        member.close()
        while block := body.read(1 << 20):
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    os.replace(temporary, path)
