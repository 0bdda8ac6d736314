"""The making of one data volume, in its order: what is the same in all, the payload, the lists, the bag.

One thread writes. Others read, hash and pack small files ahead of it (`lane`, `pipeline`), in batches, so that tiny files
do not cost a thread's turn each.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from archive import detached, detail, lane, reader, signatures, tags, viewer
from archive.detail import Outcome
from archive.errors import CountsBroken, Stopped
from archive.lane import Problem, Small
from archive.listed import LISTS, ListFiles, list_name, part_key
from archive.model import FileProblem, Source
from archive.packing import BLOCK
from archive.pipeline import in_order
from archive.plan import Plan
from archive.planned import SIGNABLE, PlannedDocument, PlannedFile
from archive.writer import Closed, Writer, Written
from archive.zipfmt import DEFLATED, Entry, dos_stamp

BATCH_BYTES, BATCH_FILES = 1 << 20, 48
TINY = 24 << 10  # bytes a file, on average of a batch, below which handing the interpreter lock over costs more than it gives
AHEAD = 12 << 20  # bytes of files that may be in memory before they are written …
AHEAD_SLOW = 4 << 20  # … and of a source that only one thread may read: reading far ahead gains nothing there

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
class Wishes:
    """How a volume is to be made; nothing here but signatures and anchors shapes its bytes.

    published: whether the volume is meant to be published, and so has a SHA-256 of its own and is flushed to the disk (a measurement
    may do without).
    """

    progress: Progress
    should_stop: Callable[[], bool]
    signatures: bool = True
    anchors: Path | None = None
    published: bool = True


class Item(NamedTuple):
    """One file of this volume, or a document without one. last: the document's last here."""

    document: PlannedDocument
    file: PlannedFile | None
    last: bool


Found = Small | Problem | None  # None: no file, or a large one that is still to be read


class Maker:
    """Makes volume `number` of `plan` at `out`, which it opens; use it as a context, run it once."""

    def __init__(self, plan: Plan, number: int, source: Source, out: Path, pool: Executor, wishes: Wishes) -> None:
        self.plan, self.number, self.source, self.pool, self.wishes = plan, number, source, pool, wishes
        self.novedades: list[Novedad] = []
        self._out = out
        self._read, self._concurrent = lane.reader(source)
        self._stamp = dos_stamp(plan.header.made)
        self._manifest: list[bytes] = []
        self._tags: list[bytes] = []
        self._documents = self._bytes = 0

    def __enter__(self) -> Maker:
        with ExitStack() as stack:
            stream = stack.enter_context(open(self._out, "w+b", buffering=0))
            self._journal = stack.enter_context(self._temporary())
            self.writer = Writer(stream.fileno(), self.pool, published=self.wishes.published)
            stack.callback(self.writer.abandon)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error) -> None:
        self._stack.close()

    def run(self, earlier: Earlier | None) -> Closed:
        """Writes everything. earlier: given for the last of several volumes only."""
        self._front()
        with self._lists(None if self.plan.parts == 1 else self.number) as own:
            self._payload(own)
            self._finish_lists(own, earlier)
        self._bag()
        return self.writer.close()

    # --- what is the same in all volumes stands first, where whoever opens the ZIP sees it

    def _front(self) -> None:
        for name, content in viewer.static_files():
            self._tag(name, content)
        self._tag("LEAME.txt", tags.leame(self.plan.header, self.plan.parts))
        with self.plan.index() as (stream, entry, at, digest):
            self.writer.copy(stream, entry._replace(name=viewer.index_name(self.plan.header), stamp=self._stamp), at)
        self._tags.append(tags.manifest_line(digest, viewer.index_name(self.plan.header)))

    # --- payload

    def _payload(self, own: ListFiles) -> None:
        key = part_key(self.plan, self.number)
        self._journal.writelines(viewer.part_js(key, own.told(self._details())))
        if not self._manifest:
            self._listed(self.writer.add(tags.EMPTY_NAME, self._stamp, tags.EMPTY))
        self._tag_stream(viewer.part_name(key), lambda: _rewound(self._journal))

    def _details(self) -> Iterator[dict]:
        """A handful of documents is written, then told of: their bytes and this code would drive each other from the caches."""
        settled = self._settled()
        while some := list(islice(settled, BATCH_FILES)):
            for planned, outcomes in some:
                yield self._told(planned, outcomes)

    def _settled(self) -> Iterator[tuple[PlannedDocument, dict[str, Outcome]]]:
        """Each document with what became of its files here, by their paths."""
        outcomes: dict[str, Outcome] = {}
        for item, outcome in self._outcomes():
            if item.file:
                outcomes[item.file.path] = outcome
            if item.last:
                yield item.document, outcomes
                self._documents += item.document.part == self.number
                self.wishes.progress(self._documents, self._bytes)
                if self.wishes.should_stop():
                    raise Stopped("Detenido")
                outcomes = {}

    def _told(self, planned: PlannedDocument, outcomes: dict[str, Outcome]) -> dict:
        anchors, moment = self.wishes.anchors, self.plan.header.made
        detached.settle(planned.files, outcomes, self._reopen, anchors=anchors, moment=moment)
        told = detail.of(planned, self.number, outcomes)
        self.novedades += self._novedades(planned, told)
        return told

    def _novedades(self, planned: PlannedDocument, told: dict) -> Iterator[Novedad]:
        found = list(tags.novedades(told, self.number))
        if not found:  # as nearly always
            return
        d = planned.document
        place = {id(row): file.path for row, file in zip(told["archivos"], planned.files, strict=True)}
        for row, cause in found:
            yield Novedad(d.id, d.number, d.subject, row["nombre"], cause, bool(row.get("tardia")), place[id(row)])

    def _outcomes(self) -> Iterator[tuple[Item, Outcome]]:
        """What became of each file, in order; a batch is written with one call."""
        budget = AHEAD if self._concurrent else AHEAD_SLOW
        for items, found in in_order(self.pool, self._tasks(), budget):
            written = iter(self._write(items, found))
            for item, one in zip(items, found, strict=True):
                yield item, self._outcome(item, one, written)

    def _write(self, items: list[Item], found: list[Found]) -> list[Written]:
        small = [
            (item.file.path, dos_stamp(item.document.document.date), one.packed)
            for item, one in zip(items, found, strict=True)
            if isinstance(one, Small)
        ]
        return self.writer.add_packed(small) if small else []

    def _outcome(self, item: Item, found: Found, written: Iterator[Written]) -> Outcome:
        if isinstance(found, Problem):
            return Outcome(cause=found.cause)
        if isinstance(found, Small):
            done = next(written)
            self._listed(done)
            self._bytes += done.entry.size
            return Outcome(done.sha256, done.entry.size, "", self._signature_small(item.file, found.content))
        return self._large(item) if item.file else Outcome()

    def _tasks(self) -> Iterator[tuple[int, Callable[[], tuple[list[Item], list[Found]]]]]:
        for items in _batches(self._items()):
            cost = sum(item.file.file.size for item in items if item.file and not lane.is_large(item.file.file))
            if cost < TINY * len(items):
                taken = items, [self._take(item) for item in items]
                yield cost, lambda taken=taken: taken
            elif self._concurrent:
                yield cost, lambda items=items: (items, [self._take(item) for item in items])
            else:
                contents = [self._content(item) for item in items]
                yield cost, lambda items=items, contents=contents: (items, list(map(self._pack, items, contents)))

    def _items(self) -> Iterator[Item]:
        for planned in self.plan.documents(self.number):
            here = [f for f in planned.files if f.part == self.number] or [None]
            for file in here:
                yield Item(planned, file, file is here[-1])

    def _take(self, item: Item) -> Found:
        return self._pack(item, self._content(item))

    def _content(self, item: Item) -> bytes | Problem | None:
        if item.file is None or lane.is_large(item.file.file):
            return None
        if self.wishes.should_stop():
            raise Stopped("Detenido")
        return lane.content(self._read, item.file.file)

    def _pack(self, item: Item, content: bytes | Problem | None) -> Found:
        return None if content is None else lane.packed(content, self._checks(item.file))

    # --- large files

    def _large(self, item: Item) -> Outcome:
        planned = item.file
        stream = lane.Stream(self.source, planned.file, self._tick, probed=self._checks(planned))
        stamp = dos_stamp(item.document.document.date)
        for _ in range(lane.TRIES):
            try:
                done = self.writer.put(planned.path, stamp, stream, planned=planned.file.size)
            except FileProblem as problem:
                cause = problem.cause
                stream.forget()
                continue
            self._listed(done)
            signature = self._signature_large(planned, done, stream.probe.found)
            return Outcome(done.sha256, done.entry.size, "", signature)
        return Outcome(cause=cause)

    def _tick(self, octets: int) -> None:
        self._bytes += octets
        if octets == BLOCK:
            if self.wishes.should_stop():
                raise Stopped("Detenido")
            self.wishes.progress(self._documents, self._bytes)

    # --- signatures

    def _checks(self, planned: PlannedFile) -> bool:
        return self.wishes.signatures and planned.path.endswith(SIGNABLE)

    def _signature_small(self, planned: PlannedFile, content: bytes | None) -> dict | None:
        if content is None:
            return None
        probe = signatures.ByteRangeProbe()
        probe.feed(content)
        if planned.path.endswith(".pdf") and not probe.found:
            return signatures.SignatureReport(signatures.UNSIGNED).as_dict()
        return self._signature(io.BytesIO(content))

    def _signature_large(self, planned: PlannedFile, done: Written, mentions_byte_range: bool) -> dict | None:
        if not self._checks(planned):
            return None
        if planned.path.endswith(".pdf") and not mentions_byte_range:
            return signatures.SignatureReport(signatures.UNSIGNED).as_dict()
        with self._written(done.entry) as content:
            return self._signature(content)

    @contextmanager
    def _written(self, entry: Entry) -> Iterator[BinaryIO]:
        """The content of an entry of this volume, seekable."""
        with open(self._out, "rb") as volume, reader.open_entry(volume, entry) as content:
            if entry.method != DEFLATED:
                yield content
                return
            with self._temporary() as unpacked:
                shutil.copyfileobj(content, unpacked, BLOCK)
                unpacked.seek(0)
                yield unpacked

    def _reopen(self, path: str):
        """A file of the document at hand, from the volume, seekable."""
        return self._written(next(e for e in reversed(self.writer.entries) if e.name == path))

    def _signature(self, content: BinaryIO) -> dict:
        return signatures.check(content, anchors=self.wishes.anchors, moment=self.plan.header.made).as_dict()

    # --- INDICE, NOVEDADES and FIRMAS: of this volume, and in the last one of the whole

    def _lists(self, part: int | None) -> ListFiles:
        return ListFiles(tuple(self._temporary() for _ in LISTS), part)

    def _finish_lists(self, own: ListFiles, earlier: Earlier | None) -> None:
        planned = self.plan.summary.volumes[self.number - 1].documents
        if self._documents != planned:
            raise CountsBroken(f"La parte tiene {self._documents} documentos, el plan {planned}")
        counts = own.finish()
        self._tag_lists(own)
        if self.plan.parts == 1:
            counts.found = self.plan.summary.documents
        elif earlier:
            self._whole(own, earlier)
        if self.number == self.plan.parts:  # reserved documents belong to no volume: the last one tells their number
            counts.excluded = self.plan.header.excluded
            counts.found += counts.excluded
        self.counts = counts.check()

    def _whole(self, own: ListFiles, earlier: Earlier) -> None:
        with self._lists(None) as whole:
            if whole.join(self._listed_by(own, earlier)) == self.plan.summary.documents:
                self._tag_lists(whole)
                return
        # A document that runs over several volumes stands in the lists of each: those of the whole are made from all the details.
        every = (self._told_by(number, earlier) for number in range(1, self.plan.parts + 1))
        with self._lists(None) as whole:
            for _ in whole.told(detail.merged(chain.from_iterable(every))):
                pass
            counts = whole.finish()
            counts.found = self.plan.summary.documents
            counts.check()
            self._tag_lists(whole)

    def _listed_by(self, own: ListFiles, earlier: Earlier) -> Iterator[list[BinaryIO]]:
        """The lists of each volume."""
        for number in range(1, self.number):
            with closing(earlier(number)) as stream:
                entries = reader.tag_entries(stream)
                yield [reader.open_entry(stream, entries[list_name(self.plan, name, number)]) for name in LISTS]
        for file in own.files:
            file.seek(0)
        yield list(own.files)

    def _told_by(self, number: int, earlier: Earlier) -> Iterator[dict]:
        """Details of volume `number`; this one's from the temporary file."""
        if number == self.number:
            self._journal.seek(0)
            yield from viewer.read_part_js(self._journal)
            return
        with closing(earlier(number)) as stream:
            yield from reader.details(stream, part_key(self.plan, number))

    def _tag_lists(self, made: ListFiles) -> None:
        for name, file in zip(LISTS, made.files, strict=True):
            self._tag_stream(list_name(self.plan, name, made.part), lambda file=file: _rewound(file))

    # --- the bag

    def _bag(self) -> None:
        payload = [e.size for e in self.writer.entries if e.name.startswith("data/")]
        count = f"{self.number} of {self.plan.parts}"
        self._tag("bagit.txt", tags.BAGIT)
        info = tags.bag_info(self.plan.header, octets=sum(payload), files=len(payload), counts=self.counts, count=count)
        self._tag("bag-info.txt", info)
        self._tag("manifest-sha256.txt", b"".join(self._manifest))
        self._tag("tagmanifest-sha256.txt", b"".join(self._tags))

    def _tag(self, name: str, content: bytes) -> None:
        self._tags.append(tags.manifest_line(self.writer.add(name, self._stamp, content).sha256, name))

    def _tag_stream(self, name: str, chunks) -> None:
        self._tags.append(tags.manifest_line(self.writer.put(name, self._stamp, chunks).sha256, name))

    def _listed(self, written: Written) -> None:
        self._manifest.append(tags.manifest_line(written.sha256, written.entry.name))

    def _temporary(self) -> BinaryIO:
        return tempfile.TemporaryFile(dir=self._out.parent)


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Items in order, few and small enough to be one task; a large file is alone."""
    held: list[Item] = []
    octets = 0
    for item in items:
        size = item.file.file.size if item.file else 0
        if held and (octets + size > BATCH_BYTES or len(held) == BATCH_FILES):
            yield held
            held, octets = [], 0
        held.append(item)
        octets += size
    if held:
        yield held


def _rewound(stream: BinaryIO) -> Iterator[bytes]:
    stream.seek(0)
    while block := stream.read(BLOCK):
        yield block


