"""Makes one data volume: a complete ZIP, a BagIt bag of its own, a viewer of its own.

A pure function of plan and source (and of the earlier volumes, for the last one, which carries the whole's lists): made
alone, in any order, by anybody, again after a kill, it has the same bytes. No clock, host, attempt or exception text.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from archive import detached, detail, reader, signatures, tags, verify, viewer
from archive.detail import Counts, Outcome
from archive.errors import CountsBroken, Stopped
from archive.model import File, FileProblem, Source, SourceDown
from archive.names import names_of
from archive.plan import SIGNABLE, Plan, PlannedDocument, PlannedFile
from archive.writer import BLOCK, Writer, Written
from archive.zipfmt import DEFLATED, dos_stamp

LISTS = ("INDICE", "NOVEDADES", "FIRMAS")
_TRIES = 2  # of each file, before it is a novedad

Progress = Callable[[int, int], None]
Earlier = Callable[[int], BinaryIO]


@dataclass(frozen=True, slots=True)
class Novedad:
    """A file that could not be included. cause: a key of CAUSES. late: found only while the volume was made. path: the
    place that the plan keeps for it."""

    document_id: str
    number: str
    subject: str
    file: str
    cause: str
    late: bool = False
    path: str = ""


@dataclass(frozen=True, slots=True)
class VolumeResult:
    """A finished volume. kind: "datos" or "directorio". sha256: of the file. entries: ZIP members. documents: those that
    begin in it. name: its file name in the split set; independent_name: as a ZIP on its own (None: it has no twin).
    """

    number: int
    kind: str
    bytes: int
    sha256: str
    entries: int
    documents: int
    name: str
    independent_name: str | None
    novedades: list[Novedad] = field(default_factory=list)


def part_key(plan: Plan, number: int) -> str:
    """Key of a volume in the viewer: "parte01"; of a complement "C1", or "C1_parte01" when it has several."""
    key, complement = viewer.part_key(number, plan.parts), plan.header.complement
    if not complement:
        return key
    return complement if plan.parts == 1 else f"{complement}_{key}"


def list_name(plan: Plan, name: str, number: int | None = None) -> str:
    """INDICE_parte01.csv of one volume; INDICE.csv (of a complement: INDICE_C1.csv) of the whole."""
    key = part_key(plan, number) if number else plan.header.complement
    return f"{name}_{key}.csv" if key else f"{name}.csv"


def build(
    plan: Plan,
    number: int,
    source: Source,
    out: Path,
    *,
    earlier: Earlier | None = None,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
    signatures: bool = True,
    anchors: Path | None = None,
) -> VolumeResult:
    """Makes volume `number` (from 1) of `plan` at `out`, flushed and read back.

    earlier: opens the finished volume of a number, seekable; needed for the last of several. progress: called with
    (documents done, payload bytes done) of this volume. should_stop: asked between documents and between blocks.
    signatures: check them; anchors: folder of trusted roots.

    Raises Stopped, SourceDown (the source as a whole does not answer), Damaged (does not read back), OSError (disk).
    On any of these nothing is left at `out`.
    """
    last = number == plan.parts
    if last and number > 1 and earlier is None:
        raise ValueError("the last volume needs the earlier ones")
    out = Path(out)
    try:
        with ExitStack() as stack:
            stream = stack.enter_context(open(out, "w+b", buffering=BLOCK))
            journal = stack.enter_context(tempfile.TemporaryFile(dir=out.parent))
            maker = _Maker(plan, number, source, stream, journal)
            maker.progress = progress or maker.progress
            maker.should_stop = should_stop or maker.should_stop
            maker.check_signatures, maker.anchors = signatures, anchors
            entries = maker.run(earlier if last else None)
        checked = verify.check(out)
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    name, independent = names_of(plan.header.name, number, plan.parts)
    documents = plan.summary.volumes[number - 1].documents
    return VolumeResult(
        number, "datos", checked.bytes, checked.sha256, entries, documents, name, independent, maker.novedades
    )


class _Maker:
    """The making of one volume. journal: temporary file for the details of its documents."""

    def __init__(self, plan: Plan, number: int, source: Source, stream: BinaryIO, journal: BinaryIO) -> None:
        self.plan, self.number, self.source = plan, number, source
        self.stream, self.journal = stream, journal
        self.writer = Writer(stream)
        self.stamp = dos_stamp(plan.header.made)
        self.novedades: list[Novedad] = []
        self.progress: Progress = lambda documents, octets: None
        self.should_stop: Callable[[], bool] = lambda: False
        self.check_signatures, self.anchors = True, None
        self._manifest: list[bytes] = []
        self._tags: list[bytes] = []
        self._documents = self._bytes = 0

    def run(self, earlier: Earlier | None) -> int:
        """Writes everything. earlier: given for the last volume only. Returns the number of entries."""
        self._front()
        self._payload()
        self._lists(earlier)
        self._bag()
        return self.writer.close()

    def _front(self) -> None:
        """What is the same in all volumes stands first, where whoever opens the ZIP sees it."""
        for name, content in viewer.static_files():
            self._tag(name, content)
        self._tag("LEAME.txt", tags.leame(self.plan.header, self.plan.parts))
        size = self.plan.summary.bytes
        self._tag_stream(
            viewer.index_name(self.plan.header),
            lambda: viewer.index_js(
                self.plan.header, self.plan.index_rows(), parts=self.plan.parts, bytes_planned=size
            ),
        )

    def _payload(self) -> None:
        lines = viewer.part_js(part_key(self.plan, self.number), self._details())
        self.journal.writelines(lines)
        if not self._manifest:
            self._manifest_line(self.writer.add(tags.EMPTY_NAME, self.stamp, tags.EMPTY))
        key = part_key(self.plan, self.number)
        self._tag_stream(viewer.part_name(key), lambda: _rewound(self.journal))

    def _details(self) -> Iterator[dict]:
        for planned in self.plan.documents(self.number):
            if self.should_stop():
                raise Stopped("Detenido")
            outcomes = {f.path: self._file(f, planned) for f in planned.files if f.part == self.number}
            detached.settle(planned.files, outcomes, self._reopen, anchors=self.anchors, moment=self.plan.header.made)
            told = detail.of(planned, self.number, outcomes)
            self.novedades += self._novedades(planned, told)
            yield told
            self._documents += planned.part == self.number
            self.progress(self._documents, self._bytes)

    def _novedades(self, planned: PlannedDocument, told: dict) -> Iterator[Novedad]:
        d = planned.document
        place = {id(row): file.path for row, file in zip(told["archivos"], planned.files, strict=True)}
        for row, cause in tags.novedades(told, self.number):
            yield Novedad(d.id, d.number, d.subject, row["nombre"], cause, bool(row.get("tardia")), place[id(row)])

    def _file(self, planned: PlannedFile, document: PlannedDocument) -> Outcome:
        """Adds one file, or says why not. A failure is tried once more before it counts."""
        stamp = dos_stamp(document.document.date)
        before = self._bytes
        for attempt in range(_TRIES):
            reading = _Reading(self.source, planned.file, self._tick)
            self._bytes = before
            try:
                written = self.writer.put(planned.path, stamp, reading, planned=planned.file.size or 0)
            except FileProblem as problem:
                cause = problem.cause
                continue
            self._manifest_line(written)
            signature = self._signature(planned, written, reading.probe.found)
            return Outcome(written.sha256, written.entry.size, "", signature)
        self._bytes = before
        return Outcome(cause=cause)

    def _tick(self, octets: int) -> None:
        self._bytes += octets
        if octets == BLOCK:  # within a large file
            if self.should_stop():
                raise Stopped("Detenido")
            self.progress(self._documents, self._bytes)

    def _signature(self, planned: PlannedFile, written: Written, mentions_byte_range: bool) -> dict | None:
        if not self.check_signatures or not planned.path.endswith(SIGNABLE):
            return None
        if planned.path.endswith(".pdf") and not mentions_byte_range:
            return signatures.SignatureReport(signatures.UNSIGNED).as_dict()
        with self._content(written) as content:
            report = signatures.check(content, anchors=self.anchors, moment=self.plan.header.made)
        self.stream.seek(0, io.SEEK_END)
        return report.as_dict()

    def _content(self, written: Written) -> BinaryIO:
        """What was just written, seekable: from memory, or from the volume itself."""
        if written.content is not None:
            return io.BytesIO(written.content)
        content = reader.open_entry(self.stream, written.entry)
        if written.entry.method != DEFLATED:
            return content
        unpacked = tempfile.TemporaryFile()
        shutil.copyfileobj(content, unpacked, BLOCK)
        return unpacked

    @contextmanager
    def _reopen(self, path: str) -> Iterator[BinaryIO]:
        """A file of the document at hand, from the volume, seekable."""
        entry = next(e for e in reversed(self.writer.entries) if e.name == path)
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(reader.open_entry(self.stream, entry), copy, BLOCK)
            self.stream.seek(0, io.SEEK_END)
            copy.seek(0)
            yield copy

    def _lists(self, earlier: Earlier | None) -> None:
        """INDICE, NOVEDADES and FIRMAS: of this volume, and in the last one of the whole."""
        alone = self.plan.parts == 1
        planned = self.plan.summary.volumes[self.number - 1].documents
        if self._documents != planned:
            raise CountsBroken(f"La parte tiene {self._documents} documentos, el plan {planned}")
        counts = self._three(lambda: self._journals([self.number], None), None if alone else self.number)
        if alone:
            counts.found = self.plan.summary.documents
        elif earlier:
            every = range(1, self.plan.parts + 1)
            whole = self._three(lambda: detail.merged(self._journals(every, earlier)), None)
            whole.found = self.plan.summary.documents
            whole.check()
        if self.number == self.plan.parts:  # reserved documents belong to no volume: the last one tells their number
            counts.excluded = self.plan.header.excluded
            counts.found += counts.excluded
        self.counts = counts.check()

    def _three(self, details: Callable[[], Iterator[dict]], part: int | None) -> Counts:
        with ExitStack() as stack:
            files = tuple(stack.enter_context(tempfile.TemporaryFile()) for _ in LISTS)
            counts = tags.lists(details(), files, part=part)
            for name, file in zip(LISTS, files, strict=True):
                self._tag_stream(list_name(self.plan, name, part), lambda file=file: _rewound(file))
        return counts

    def _journals(self, numbers, earlier: Earlier | None) -> Iterator[dict]:
        """Details of the given volumes in order; this one's from the temporary file."""
        return chain.from_iterable(self._journal(number, earlier) for number in numbers)

    def _journal(self, number: int, earlier: Earlier | None) -> Iterator[dict]:
        if number == self.number:
            self.journal.seek(0)
            yield from viewer.read_part_js(self.journal)
            return
        with closing(earlier(number)) as stream:
            yield from reader.details(stream, part_key(self.plan, number))

    def _bag(self) -> None:
        payload = [e for e in self.writer.entries if e.name.startswith("data/")]
        count = f"{self.number} of {self.plan.parts}"
        octets = sum(e.size for e in payload)
        self._tag("bagit.txt", tags.BAGIT)
        info = tags.bag_info(self.plan.header, octets=octets, files=len(payload), counts=self.counts, count=count)
        self._tag("bag-info.txt", info)
        self._tag("manifest-sha256.txt", b"".join(self._manifest))
        self._tag("tagmanifest-sha256.txt", b"".join(self._tags))

    def _tag(self, name: str, content: bytes) -> None:
        self._tags.append(tags.manifest_line(self.writer.add(name, self.stamp, content).sha256, name))

    def _tag_stream(self, name: str, chunks) -> None:
        self._tags.append(tags.manifest_line(self.writer.put(name, self.stamp, chunks).sha256, name))

    def _manifest_line(self, written: Written) -> None:
        self._manifest.append(tags.manifest_line(written.sha256, written.entry.name))


class _Reading:
    """Opens one file of the source anew each time it is called, and holds it to its planned size.

    Raises FileProblem for what is wrong with the file, SourceDown for what is wrong with the source.
    """

    def __init__(self, source: Source, file: File, tick: Callable[[int], None]) -> None:
        self._source, self._file, self._tick = source, file, tick
        self.probe = signatures.ByteRangeProbe()
        self._told = 0

    def __call__(self) -> Iterator[bytes]:
        self._tick(-self._told)  # an earlier reading of the same file does not count twice
        size = self._told = 0
        for block in self._blocks():
            size += len(block)
            if size > self._file.size:
                raise FileProblem("cambio")
            self.probe.feed(block)
            self._tick(len(block))
            self._told = size
            yield block
        if size < self._file.size and not self._file.approximate:
            raise FileProblem("cambio")

    def _blocks(self) -> Iterator[bytes]:
        try:
            with closing(self._source.open(self._file.ref)) as stream:
                while block := stream.read(BLOCK):
                    yield block
        except (ConnectionError, TimeoutError) as error:
            raise SourceDown("La fuente no responde") from error
        except FileNotFoundError as error:
            raise FileProblem("ausente") from error
        except OSError as error:
            raise FileProblem("ilegible") from error


def _rewound(stream: BinaryIO) -> Iterator[bytes]:
    stream.seek(0)
    while block := stream.read(BLOCK):
        yield block
