"""A document and its files as planned, and the plan's own line for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from archive.assign import PlannedVolume
from archive.jsontext import dumps, loads
from archive.model import NOTICES, Document, File, Step, from_row

SIGNABLE = (".pdf", ".p7m", ".p7s")
_document, _file, _step = from_row(Document), from_row(File), from_row(Step)
UNPLACED = b"\0"  # stands in a line for a volume that is not known yet; JSON never holds it


class PlannedFile(NamedTuple):
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


_planned_file = from_row(PlannedFile)


class PlannedDocument(NamedTuple):
    """A document with its planned files. part: the volume it begins in, where it is counted."""

    document: Document
    files: tuple[PlannedFile, ...]
    part: int

    @property
    def parts(self) -> list[int]:
        return sorted({self.part} | {f.part for f in self.files if f.part})


_planned = from_row(PlannedDocument)


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


def line(value) -> bytes:
    """One JSON line."""
    return dumps(value) + b"\n"


def pack(document: Document, files: list[tuple[File, str]]) -> tuple[bytes, int]:
    """The line of a document and its files with their paths, UNPLACED where its volumes belong; and the length without those."""
    text = line((document[:-2], list(map(tuple, document.history)), [(path, *file) for file, path in files]))
    parts = b",".join([UNPLACED if file.included else b"0" for file, _ in files])
    return b"[%b,[%b],%b" % (UNPLACED, parts, text[1:]), len(text)


def placed(packed: bytes, home: int, parts: list[int]) -> bytes:
    """What `pack` gave, with the volume the document begins in and those of its included files."""
    first, *rest = packed.split(UNPLACED)
    return first + b"".join([b"%d%b" % pair for pair in zip((home, *parts), rest, strict=True)])


def unpack(text: bytes) -> PlannedDocument:
    """The document of a line whose volumes are known."""
    home, parts, values, history, rows = loads(text)
    values[5:9] = map(tuple, values[5:9])  # trays and people
    files, planned = [], []
    for (path, *own), part in zip(rows, parts, strict=True):
        file = _file(own)
        files.append(file)
        planned.append(_planned_file((file, path, part)))
    steps = tuple(map(_step, history)) if history else ()
    return _planned((_document((*values, steps, tuple(files))), tuple(planned), home))
