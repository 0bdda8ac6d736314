"""The plan: everything that is decided before the first byte of an archive, in one immutable file.

A gzip file of several members (each NDJSON, `mtime` 0): a head with header and summary, then one member a volume, so
that a worker that makes volume 40 of 50 reads nothing of the other 49. A document that runs over several volumes stands
in the member of each. The same documents give the same bytes.
"""

from __future__ import annotations

import builtins
import gzip
import io
import json
import os
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import BinaryIO

from archive import detail, tags, viewer
from archive.assign import Assigner, Item, PlannedVolume, check_part_size, file_room
from archive.errors import PlanError
from archive.model import NOTICES, Document, File, Header, Step
from archive.names import Namer
from archive.writer import deflated_size

_FORMAT = 1
_LINE_MARGIN = 64  # bytes, deflated: a part number here, a novedad or a signer there
SIGNABLE = (".pdf", ".p7m", ".p7s")


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file with its path in the payload and its volume (0: nowhere, it is a novedad of the plan)."""

    file: File
    path: str
    part: int

    @property
    def problem(self) -> str | None:
        """A key of CAUSES when it cannot be included (a mere notice is not a problem)."""
        if self.file.problem in NOTICES:
            return None
        return self.file.problem or ("ausente" if self.file.size is None else None)


@dataclass(frozen=True, slots=True)
class PlannedDocument:
    """A document with its planned files. part: the volume it begins in, where it is counted."""

    document: Document
    files: tuple[PlannedFile, ...]
    part: int

    @property
    def parts(self) -> list[int]:
        return sorted({self.part} | {f.part for f in self.files if f.part})


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of the plan. files and bytes: what shall be included. con_novedad: documents with a missing file;
    missing: those files. excluded: reserved documents, not among `documents`."""

    documents: int
    files: int
    bytes: int
    con_novedad: int
    missing: int
    excluded: int
    volumes: tuple[PlannedVolume, ...]

    @property
    def found(self) -> int:
        return self.documents + self.excluded


def make(
    header: Header, documents: Iterable[Document], path: Path, *, part_size: int, places: Callable[[Document], list[str]] | None = None
) -> Summary:
    """Decides paths and volumes of all `documents` (each once, in their final order) and writes the plan to `path`.

    part_size: bytes, 1 MiB … 2 GiB − 1. places: the path of each file of a document, where it is already decided (a
    complement puts a file where the plan of the whole keeps its place). Raises PlanError (a ValueError) for another, for one too small for so many
    documents, and for an id that comes twice. Two passes over a temporary file: memory holds no documents.
    """
    check_part_size(part_size)
    path = Path(path)
    with tempfile.TemporaryFile(dir=path.parent) as spool, tempfile.TemporaryFile(dir=path.parent) as body:
        totals = _spool(documents, spool, places or Namer().document)
        assigner = Assigner(part_size, _fixed_room(header, spool, totals["bytes"]))
        offsets = _write_members(spool, body, assigner)
        summary = Summary(**totals, excluded=header.excluded, volumes=tuple(assigner.volumes))
        head = [{"formato": _FORMAT, "header": asdict(header)}, {"summary": asdict(summary), "offsets": offsets}]
        _publish(path, _member(_line(row) for row in head), body)
    return summary


def open(path: Path) -> Plan:
    """The plan stored at `path`. Raises PlanError when it is not one."""
    try:
        with builtins.open(path, "rb") as stream:
            text, start = _inflate(stream, 0)
        first, second = (json.loads(line) for line in text.splitlines())
        assert first["formato"] == _FORMAT
        volumes = tuple(PlannedVolume(**v) for v in second["summary"].pop("volumes"))
        return Plan(Path(path), Header(**first["header"]), Summary(**second["summary"], volumes=volumes), start, second["offsets"])
    except (ValueError, KeyError, TypeError, AssertionError, zlib.error) as error:
        raise PlanError("El plan guardado no se puede leer") from error


class Plan:
    """A stored plan, read as a stream. `documents()` may be called as often as needed."""

    def __init__(self, path: Path, header: Header, summary: Summary, start: int, offsets: list[int]) -> None:
        self.path, self.header, self.summary = path, header, summary
        self._start, self._offsets = start, offsets

    @property
    def parts(self) -> int:
        return len(self.summary.volumes)

    def documents(self, volume: int | None = None) -> Iterator[PlannedDocument]:
        """Documents in order: those with a place in `volume`, or each of the whole plan once."""
        for number in range(1, self.parts + 1) if volume is None else (volume,):
            with builtins.open(self.path, "rb") as raw:
                raw.seek(self._start + self._offsets[number - 1])
                for line in _lines(raw):
                    planned = _unpack(json.loads(line))
                    if volume is not None or planned.part == number:
                        yield planned

    def index_rows(self) -> Iterator[viewer.IndexRow]:
        """The viewer's short index of all documents."""
        return (_index_row(planned) for planned in self.documents())


def _spool(documents: Iterable[Document], spool: BinaryIO, places: Callable[[Document], list[str]]) -> dict:
    """First pass: names every file and writes one line a document. Returns the totals."""
    seen: set[str] = set()
    totals = dict.fromkeys(("documents", "files", "bytes", "con_novedad", "missing"), 0)
    for document in documents:
        if document.id in seen:
            raise PlanError(f"El documento {document.id} aparece dos veces")
        seen.add(document.id)
        planned = PlannedDocument(document, tuple(_planned(document, places(document))), 0)
        missing = sum(f.problem is not None for f in planned.files)
        totals["documents"] += 1
        totals["files"] += len(planned.files) - missing
        totals["bytes"] += sum(f.file.size for f in planned.files if f.problem is None)
        totals["con_novedad"] += missing > 0
        totals["missing"] += missing
        spool.write(_line(_pack(planned)))
    return totals


def _planned(document: Document, paths: list[str]) -> Iterator[PlannedFile]:
    for file, path in zip(document.files, paths, strict=True):
        if not document.trays and not file.problem and path != f"data/{file.name}":
            file = File(**{f.name: getattr(file, f.name) for f in fields(File)} | {"problem": "nombre"})
        yield PlannedFile(file, path, 0)


def _spooled(spool: BinaryIO) -> Iterator[tuple[bytes, PlannedDocument]]:
    spool.seek(0)
    for line in spool:
        yield line, _unpack(json.loads(line))


def _fixed_room(header: Header, spool: BinaryIO, payload: int) -> int:
    """Bytes of the tag files that every volume carries, plus the whole's lists, which the last one carries.

    The lists are deflated here as they will be there; part numbers and late novedades, unknown yet, get a margin.
    """
    lines = 0

    def rows() -> Iterator[viewer.IndexRow]:
        nonlocal lines
        for _, planned in _spooled(spool):
            lines += 1 + sum(f.path.endswith(SIGNABLE) for f in planned.files)
            yield _index_row(planned)

    index = deflated_size(viewer.index_js(header, rows(), parts=1, bytes_planned=payload))
    lists = deflated_size(tags.index_csv(detail.of(planned, planned.part, {}) for _, planned in _spooled(spool)))
    static = sum(deflated_size([data]) for _, data in viewer.static_files())
    return static + index + lists + _LINE_MARGIN * lines + (32 << 10)


def _write_members(spool: BinaryIO, body: BinaryIO, assigner: Assigner) -> list[int]:
    """Second pass: one gzip member a volume. Returns where each begins in `body`."""
    offsets, member, open_number = [], None, 0

    def turn_to(number: int) -> None:
        nonlocal member, open_number
        if number != open_number:
            if member:
                member.close()
            offsets.append(body.tell())
            member, open_number = gzip.GzipFile("", "wb", 6, body, mtime=0), number

    turn_to(1)
    for line, planned in _spooled(spool):
        planned = _assigned(planned, assigner, len(line))
        for number in planned.parts:
            turn_to(number)
            member.write(_line(_pack(planned)))
    member.close()
    return offsets


def _assigned(planned: PlannedDocument, assigner: Assigner, row: int) -> PlannedDocument:
    included = [f for f in planned.files if f.problem is None]
    sizes = [(f.file.size, file_room(f.path, signable=f.path.endswith(SIGNABLE))) for f in included]
    numbers = assigner.place(Item(2 * row + 600, sizes))
    home = numbers[0] if numbers else assigner.volumes[-1].number
    part_of = dict(zip((f.path for f in included), numbers, strict=True))
    files = tuple(PlannedFile(f.file, f.path, part_of.get(f.path, 0)) for f in planned.files)
    return PlannedDocument(planned.document, files, home)


def _index_row(planned: PlannedDocument) -> viewer.IndexRow:
    d = planned.document
    names = tuple(f.file.name for f in planned.files if f.file.kind == "anexo")
    return viewer.IndexRow(
        d.id, d.number, d.date, d.kind, d.trays, d.subject, d.sender, d.to, d.cc, names, planned.part or 1, d.signed
    )


_DOCUMENT = [f.name for f in fields(Document) if f.name not in ("history", "files")]
_FILE = [f.name for f in fields(File)]
_STEP = [f.name for f in fields(Step)]


def _pack(planned: PlannedDocument) -> list:
    d = planned.document
    return [
        planned.part,
        [getattr(d, name) for name in _DOCUMENT],
        [[getattr(step, name) for name in _STEP] for step in d.history],
        [[f.path, f.part, *(getattr(f.file, name) for name in _FILE)] for f in planned.files],
    ]


def _unpack(row: list) -> PlannedDocument:
    part, values, history, files = row
    planned = tuple(PlannedFile(File(*rest), path, number) for path, number, *rest in files)
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in zip(_DOCUMENT, values, strict=True)}
    document = Document(**values, history=tuple(Step(*s) for s in history), files=tuple(f.file for f in planned))
    return PlannedDocument(document, planned, part)


def _line(value) -> bytes:
    """One JSON line, pure ASCII: a lone surrogate in a file name survives as an escape."""
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


def _member(lines: Iterable[bytes]) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile("", "wb", 6, out, mtime=0) as member:
        member.writelines(lines)
    return out.getvalue()


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


def _publish(path: Path, head: bytes, body: BinaryIO) -> None:
    """Head and body under a temporary name, flushed, then renamed: a plan is whole or not there."""
    temporary = path.with_name(path.name + ".tmp")
    body.seek(0)
    with builtins.open(temporary, "wb") as out:
        out.write(head)
        while block := body.read(1 << 20):
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    os.replace(temporary, path)
