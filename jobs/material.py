"""From Quipux's values to the archive's: the two rooms do not know each other, this is where they meet."""

from __future__ import annotations

from datetime import datetime
from typing import BinaryIO, Iterable, Iterator

from archive.model import Document, File, FileProblem, Header, SourceDown, Step
from models import Solicitud
from rules.deadlines import ZONE
from sources import Quipux, SourceDocument, SourceFile, SourceUnavailable
from sources import FileProblem as QuipuxFileProblem

IN_A_ROW = 20
SHARE, AT_LEAST = 0.05, 200


class TooManyProblems(Exception):
    """So many files cannot be read that the source itself must be at fault: an officer has to look (decisions 16)."""


class Breaker:
    """Counts unreadable files over the whole run: 20 in a row, or more than 5 % of at least 200 documents, stop it.

    documents, known: of the plan, and those it already knows to be con novedad. `elsewhere`: files that failed in volumes
    made before or by others; `here`: in the one under construction. `off`: the officer said *Continuar con novedades*."""

    def __init__(self, documents: int, known: int = 0, *, off: bool = False):
        self.documents, self.known, self.off = documents, known, off
        self.elsewhere = self.here = self.in_a_row = 0
        self._refs: set[str] = set()

    def begin(self, *, elsewhere: int, in_a_row: int) -> None:
        """Another volume. in_a_row: unreadable files at the end of the one before it."""
        self.elsewhere, self.here, self.in_a_row = elsewhere, 0, in_a_row
        self._refs.clear()

    @property
    def failed(self) -> int:
        return self.known + self.elsewhere + self.here

    @property
    def tripped(self) -> bool:
        return not self.off and (
            self.in_a_row >= IN_A_ROW or (self.documents >= AT_LEAST and self.failed > SHARE * self.documents)
        )

    def good(self) -> None:
        self.in_a_row = 0

    def bad(self, ref: str) -> None:
        """One file failed; the archive's second try of the same file is not a second failure. Raises TooManyProblems."""
        if ref in self._refs:
            return
        self._refs.add(ref)
        self.here += 1
        self.in_a_row += 1
        if self.tripped:
            raise TooManyProblems


class Material:
    """Quipux as the archive's Source."""

    def __init__(self, quipux: Quipux, breaker: Breaker):
        self._quipux, self._breaker = quipux, breaker

    def open(self, ref: str) -> BinaryIO:
        with _translated(ref, self._breaker):
            stream = self._quipux.open(ref)
        return _Reader(stream, ref, self._breaker)  # type: ignore[return-value]


class _translated:
    """Quipux's two kinds of trouble as the archive's two."""

    def __init__(self, ref: str, breaker: Breaker):
        self._ref, self._breaker = ref, breaker

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind, error, _traceback) -> None:
        if isinstance(error, QuipuxFileProblem):
            self._breaker.bad(self._ref)
            raise FileProblem(error.cause) from error
        if isinstance(error, SourceUnavailable):
            raise SourceDown(str(error)) from error


class _Reader:
    """A stream whose reading speaks the archive's errors; reading to the end counts as a good file."""

    def __init__(self, stream: BinaryIO, ref: str, breaker: Breaker):
        self._stream, self._ref, self._breaker = stream, ref, breaker

    def read(self, size: int = -1) -> bytes:
        with _translated(self._ref, self._breaker):
            data = self._stream.read(size)
        if not data:
            self._breaker.good()
        return data

    def readinto(self, buffer) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_error) -> None:
        self.close()


def header(solicitud: Solicitud, *, excluded: int, made: datetime, complement: str = "") -> Header:
    """What the archive says of itself. `made` is the only clock that ever enters its bytes. complement: "C1" for the first
    complement, which is an archive of its own (decisions 20)."""
    return Header(
        name=f"{solicitud.nombre_archivo}_{complement}" if complement else solicitud.nombre_archivo,
        group=f"{solicitud.id:06d}-{complement}" if complement else f"{solicitud.id:06d}", complement=complement, request=f"{solicitud.id:06d}",
        person=solicitud.persona,
        cedula=solicitud.persona_cedula, post=solicitud.persona_puesto, area=solicitud.persona_area,
        institution=solicitud.institucion.nombre, since=solicitud.desde.isoformat(), until=solicitud.hasta.isoformat(),
        made=made.astimezone(ZONE).isoformat(timespec="seconds"), petition=solicitud.documento_numero, excluded=excluded,
    )


def documents(selection: Iterable[SourceDocument], trays: dict[str, int]) -> Iterator[Document]:
    """Quipux's documents as the archive's, one at a time; counts the trays in `trays` on the way."""
    for item in selection:
        for tray in item.bandejas:
            trays[tray] += 1
        yield document(item)


def document(item: SourceDocument) -> Document:
    return Document(
        id=item.id, number=item.numero, kind=item.tipo, date=_iso(item.fecha), subject=item.asunto, trays=item.bandejas,
        sender=item.de, to=item.para, cc=item.cc, reference=item.referencia, signed=item.firmado,
        history=tuple(Step(_iso(s.fecha), s.de, s.para, s.accion, s.comentario) for s in item.recorrido),
        files=tuple(_file(f) for f in item.files),
    )


def _file(item: SourceFile) -> File:
    return File(item.ref, item.kind, item.nombre, item.bytes, item.suffix, item.problema, item.descripcion, _iso(item.fecha),
                approximate=item.origen == "bodega")  # the base64 is not read to know its size


def _iso(instant: datetime | None) -> str:
    return instant.astimezone(ZONE).isoformat(timespec="seconds") if instant else ""
