"""What goes into an archive, as plain values: documents, their files, and who they were about.

The caller (a job, the command line) fills these from wherever documents live; nothing here knows Quipux. What comes by the
hundred thousand is a NamedTuple: it cannot be changed either, and is made in a quarter of a frozen dataclass' time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO, NamedTuple, Protocol

# Why a file could not be included: a closed list, so that bytes and screens never carry an exception's text.
CAUSES = {
    "ausente": "El archivo no existe en la bodega",
    "ilegible": "El archivo no se pudo leer",
    "base64": "El contenido guardado está dañado",
    "cambio": "El archivo cambió durante la lectura",
    "ruta": "La ruta registrada no es válida",
    "directorio": "La ruta registrada es una carpeta",
    "enlace": "Es un enlace simbólico: no se sigue",
    "especial": "No es un archivo regular",
    "nombre": "Incluido con otro nombre: el original no es válido en todos los sistemas",
}
# Causes that only tell of something: the file is included, the document is not "con novedad".
NOTICES = frozenset({"nombre"})


def from_row(kind: type[NamedTuple]) -> Callable[[Iterable], NamedTuple]:
    """Makes a `kind` of a row of all its fields, which nobody counts: in two thirds of the time of a call."""
    return partial(tuple.__new__, kind)


class File(NamedTuple):
    """One file that the source names for a document.

    ref: opaque token that `Source.open` understands. kind: "principal", "anexo", "firma" or "texto"
    (the document's own text when it has no file). name: the original file name. size: bytes as found, None when
    it could not be found. problem: a key of CAUSES when it is known while planning that it cannot be included.
    suffix: extension with its dot, by the bytes and not by the name (".pdf", ".p7m", ".docx").
    approximate: `size` is an upper bound (base64 in a database, text still to be sanitised): fewer bytes are then
    no change. More bytes than `size` are always one.
    """

    ref: str
    kind: str
    name: str
    size: int | None
    suffix: str
    problem: str | None = None
    description: str = ""
    date: str = ""
    approximate: bool = False

    @property
    def included(self) -> bool:
        """Whether a volume can take it, as far as is known while planning."""
        return self.size is not None and (not self.problem or self.problem in NOTICES)


class Step(NamedTuple):
    """One row of a document's own Recorrido. `date` is ISO local time with offset."""

    date: str
    sender: str
    recipient: str
    action: str
    comment: str


class Document(NamedTuple):
    """One document of the selection.

    id: the 20-digit Quipux id (a string, always). date: ISO local time with offset, the date that counts for the
    range. trays: ("enviado",), ("recibido",) or both. A document of both trays is stored once (Enviados).
    """

    id: str
    number: str
    kind: str
    date: str
    subject: str
    trays: tuple[str, ...]
    sender: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    reference: str = ""
    signed: bool = False
    history: tuple[Step, ...] = ()
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """What the whole archive says of itself. Dates are ISO (day, or local time with offset for `made`)."""

    name: str  # stem of every file: RESPALDO_000123
    group: str  # Bag-Group-Identifier: 000123
    request: str  # visible number of the request
    person: str
    cedula: str
    post: str
    area: str
    institution: str
    since: str
    until: str
    made: str  # instant of the plan: the only clock that ever enters the bytes
    petition: str = ""  # number of the citizen's petition
    excluded: int = 0  # reserved documents left out: only their count is known here
    extra: dict = field(default_factory=dict)
    complement: str = ""  # "C1" for the first complement of an archive, else empty


class SourceDown(Exception):
    """The source as a whole does not answer (connection, mount): wait, it is nobody's novedad."""


class FileProblem(Exception):
    """One file cannot be read. `cause` is a key of CAUSES."""

    def __init__(self, cause: str):
        assert cause in CAUSES, cause
        super().__init__(cause)
        self.cause = cause


class Source(Protocol):
    """Where bytes come from. `open` may raise FileProblem or SourceDown; so may reading."""

    def open(self, ref: str) -> BinaryIO: ...
