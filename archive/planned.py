"""A document and its files as planned, and the plan's own line for them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter

from archive.assign import PlannedVolume
from archive.jsontext import dumps, loads
from archive.model import NOTICES, Document, File, Step

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


_document = attrgetter(*(f.name for f in fields(Document) if f.name not in ("history", "files")))
_file = attrgetter(*(f.name for f in fields(File)))
_step = attrgetter(*(f.name for f in fields(Step)))


def line(value) -> bytes:
    """One JSON line."""
    return dumps(value) + b"\n"


def pack(document: Document, files: list[tuple[File, str]]) -> bytes:
    """The line of a document without its volumes: they are not known yet, and stand in front of it later (`placed`)."""
    return line(
        (_document(document), [_step(step) for step in document.history], [(path, *_file(file)) for file, path in files])
    )


def placed(packed: bytes, home: int, parts: list[int]) -> bytes:
    """The whole line: the volume the document begins in, the volume of each file, then what `pack` gave."""
    return dumps((home, parts))[:-1] + b"," + packed[1:]


def unpack(text: bytes) -> PlannedDocument:
    home, parts, values, history, files = loads(text)
    planned = tuple([PlannedFile(File(*rest), path, part) for part, (path, *rest) in zip(parts, files, strict=True)])
    id, number, kind, date, subject, trays, sender, to, cc, reference, signed = values
    people = tuple(sender), tuple(to), tuple(cc)
    steps, own = tuple([Step(*s) for s in history]), tuple([f.file for f in planned])
    return PlannedDocument(
        Document(id, number, kind, date, subject, tuple(trays), *people, reference, signed, steps, own), planned, home
    )
