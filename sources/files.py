"""Which files a document has and where each lies: Quipux's two generations of storage, as one list.

`main_file` and `attachment` say what the rows *name*; `Resolver` looks at disk and bodega, in batches, and says
what is there.
"""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sources.bodega import Bodega
from sources.disk import Disk
from sources.errors import FileProblem
from sources.text import line
from sources.types import SourceFile

DISCO, BODEGA, TEXTO = "disco", "bodega", "texto"
PRINCIPAL, ANEXO, FIRMA = "principal", "anexo", "firma"


@dataclass(frozen=True, slots=True)
class Place:
    """A row's three columns of storage. Codes are "" when there is none (null, 0)."""

    path: str
    arch: str
    firma: str

    @classmethod
    def of(cls, path: object, arch: object, firma: object) -> "Place":
        return cls(str(path or "").strip(), _code(arch), _code(firma))

    def __bool__(self) -> bool:
        return bool(self.path or self.arch or self.firma)


@dataclass(frozen=True, slots=True)
class Named:
    """A file that Quipux names, not looked at yet. `key`: path on disk or code in the bodega."""

    origen: str
    key: str
    kind: str
    role: str  # principal or anexo: of what a signature signs, and what it is itself when it stands alone
    nombre: str
    suffix: str
    descripcion: str = ""
    fecha: datetime | None = None
    optional: bool = False  # a twin that Quipux does not name: no loss if it is not there
    alone: bool = False  # a signed file whose row names no unsigned one


def main_file(place: Place, id: str) -> list[Named]:
    """The main file of a document by its own columns: PDF, unless its path says otherwise."""
    from_path = _on_disk(place) or "/docs/" in place.path
    suffix = (_suffix(place.path) if from_path else "") or ".pdf"
    name = posixpath.basename(place.path).lower() if _on_disk(place) else f"{id}{suffix}"
    return _named(place, PRINCIPAL, name, suffix)


def attachment(
    place: Place, kind: str, nombre: object, extension: object, *, descripcion: object, fecha: datetime | None
) -> list[Named]:
    """The files of an attachment's row; as `principal` when the row is the document's scanned image."""
    suffix = _suffix(place.path) if _on_disk(place) else ""
    suffix = suffix or _dotted(extension)
    name = line(nombre) or posixpath.basename(place.path).lower() or f"{place.arch or place.firma}{suffix}"
    return [replace(n, descripcion=line(descripcion), fecha=fecha) for n in _named(place, kind, name, suffix)]


def lost(nombre: object, extension: object, *, descripcion: object, fecha: datetime | None) -> SourceFile:
    """An attachment without path and without code: Quipux knows of it and has it nowhere."""
    return SourceFile("", ANEXO, line(nombre), None, _dotted(extension), "ausente", DISCO, line(descripcion), fecha)


def _on_disk(place: Place) -> bool:
    return bool(place.path) and not place.arch and not place.firma


def _named(place: Place, kind: str, name: str, suffix: str) -> list[Named]:
    if _on_disk(place):
        return _on_disk_named(place.path, kind, name, suffix)
    found = []
    if place.arch:
        found.append(Named(BODEGA, place.arch, kind, kind, name, suffix))
    if place.firma and place.firma != place.arch:  # equal codes: one signed PDF, not a copy of it
        found.append(Named(BODEGA, place.firma, FIRMA, kind, _signed_name(name), ".p7m", alone=not place.arch))
    return found


def _on_disk_named(path: str, kind: str, name: str, suffix: str) -> list[Named]:
    if not path.lower().endswith(".p7m"):
        return [Named(DISCO, path, kind, kind, name, suffix)]
    plain = path[: -len(".p7m")]
    bare = name[: -len(".p7m")] if name.lower().endswith(".p7m") else name
    twin = Named(DISCO, plain, kind, kind, bare, _suffix(plain) or ".pdf", optional=True)
    return [twin, Named(DISCO, path, FIRMA, kind, _signed_name(bare), ".p7m")]


def _signed_name(name: str) -> str:
    return name if name.lower().endswith(".p7m") else f"{name}.p7m"


class Resolver:
    """Looks at the files that documents name, a batch of documents at a time."""

    def __init__(self, disk: Disk, bodega: Bodega):
        self._disk = disk
        self._bodega = bodega

    def resolve(self, documents: Iterable[list[Named | SourceFile]]) -> list[tuple[SourceFile, ...]]:
        """For each document its files as they are, each physical file once, in the order named."""
        documents = list(documents)
        heads = self._bodega.heads(
            named.key for files in documents for named in files if isinstance(named, Named) and named.origen == BODEGA
        )
        return [self._document(files, heads) for files in documents]

    def _document(self, files: list[Named | SourceFile], heads: dict) -> tuple[SourceFile, ...]:
        result: dict[str, SourceFile] = {}
        twin_missing = False
        for named in files:
            file = named if isinstance(named, SourceFile) else self._look(named, heads)
            if file is None:
                twin_missing = True
                continue
            if file.kind == FIRMA and file.suffix == ".pdf" and (named.alone or twin_missing):
                file = replace(file, kind=named.role)  # a signed PDF, and nothing unsigned: it is the document
            twin_missing = False
            result.setdefault(file.ref or f"#{len(result)}", file)
        return tuple(result.values())

    def _look(self, named: Named, heads: dict) -> SourceFile | None:
        if named.origen == BODEGA:
            known = heads.get(named.key)
            problem = known.problema if known else "ausente"
            return _file(named, named.key, None if problem else known.bytes, known.head if known else b"", problem)
        try:
            found = self._disk.probe(named.key)
        except FileProblem as problem:
            if named.optional and problem.cause == "ausente":
                return None
            return _file(named, named.key, None, b"", problem.cause)
        return _file(named, found.path, found.bytes, found.head, None)


def _file(named: Named, key: str, size: int | None, head: bytes, problem: str | None) -> SourceFile:
    suffix = _by_bytes(head, named.suffix)
    kind, nombre = named.kind, named.nombre
    if kind == FIRMA and suffix == ".pdf":  # FirmaEC: the "p7m" is a signed PDF, no viewer opens it as .p7m
        nombre = nombre[: -len(".p7m")] if nombre.lower().endswith(".p7m") else nombre
    ref = f"{named.origen}:{key}"
    return SourceFile(ref, kind, nombre, size, suffix, problem, named.origen, named.descripcion, named.fecha)


def _by_bytes(head: bytes, declared: str) -> str:
    if head.startswith(b"%PDF"):
        return ".pdf"
    # DER's long form of a SEQUENCE is how a PKCS#7 begins, but certificates and key stores do as well.
    if len(head) > 1 and head[0] == 0x30 and 0x80 <= head[1] <= 0x8F and declared in ("", ".pdf", ".p7m"):
        return ".p7m"
    return declared


def _suffix(path: str) -> str:
    return posixpath.splitext(path)[1].lower()


def _dotted(extension: object) -> str:
    text = line(extension).lower().lstrip(".")
    return f".{text}" if text else ""


def _code(value: object) -> str:
    text = str(value or "").strip()
    return "" if text in ("", "0") else text
