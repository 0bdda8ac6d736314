"""The documents of one volume, from the source into the writer.

One thread writes. Others read, hash and pack small files ahead of it (`lane`, `pipeline`), in batches, so that tiny files
do not cost a thread's turn each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from archive import lane
from archive.detail import Outcome
from archive.errors import Stopped
from archive.lane import Problem, Small
from archive.model import FileProblem, Source
from archive.packing import BLOCK
from archive.pipeline import in_order
from archive.plan import Plan
from archive.planned import PlannedDocument, PlannedFile
from archive.verdicts import Verdicts
from archive.writer import Writer, Written
from archive.zipfmt import dos_stamp

BATCH_BYTES, BATCH_FILES = 1 << 20, 48
TINY = 24 << 10  # bytes a file, on average of a batch, below which handing the interpreter lock over costs more than it gives
AHEAD = 12 << 20  # bytes of files that may be in memory before they are written …
AHEAD_SLOW = 4 << 20  # … and of a source that only one thread may read: reading far ahead gains nothing there

Progress = Callable[[int, int], None]


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


class Payload:
    """What volume `number` of `plan` holds of `source`, written to `writer`. listed: told of each file written.

    documents, octets: so far; a document counts in the volume it begins in.
    """

    def __init__(
        self,
        plan: Plan,
        number: int,
        source: Source,
        pool: Executor,
        wishes: Wishes,
        writer: Writer,
        verdicts: Verdicts,
        listed: Callable[[Written], None],
    ) -> None:
        self._plan, self._number, self._source, self._pool, self._wishes = plan, number, source, pool, wishes
        self._writer, self._verdicts, self._listed = writer, verdicts, listed
        self._read, self._concurrent = lane.reader(source)
        self._ready = getattr(source, "ready", None)  # of a source that may have packed a file already (`ahead`)
        self.documents = self.octets = 0

    def settled(self) -> Iterator[tuple[PlannedDocument, dict[str, Outcome]]]:
        """Writes one document after the other: each with what became of its files here, by their paths. Raises Stopped,
        SourceDown, OSError."""
        outcomes: dict[str, Outcome] = {}
        for item, outcome in self._outcomes():
            if item.file:
                outcomes[item.file.path] = outcome
            if item.last:
                self._verdicts.settle(item.document, outcomes)
                yield item.document, outcomes
                self.documents += item.document.part == self._number
                self._wishes.progress(self.documents, self.octets)
                self._go_on()
                outcomes = {}

    def _go_on(self) -> None:
        if self._wishes.should_stop():
            raise Stopped("Detenido")

    def _outcomes(self) -> Iterator[tuple[Item, Outcome]]:
        """What became of each file, in order; a batch is written with one call."""
        budget = AHEAD if self._concurrent else AHEAD_SLOW
        for items, found in in_order(self._pool, self._tasks(), budget):
            written = iter(self._write(items, found))
            for item, one in zip(items, found, strict=True):
                yield item, self._outcome(item, one, written)

    def _write(self, items: list[Item], found: list[Found]) -> list[Written]:
        small = [
            (item.file.path, dos_stamp(item.document.document.date), one.packed)
            for item, one in zip(items, found, strict=True)
            if isinstance(one, Small)
        ]
        return self._writer.add_packed(small) if small else []

    def _outcome(self, item: Item, found: Found, written: Iterator[Written]) -> Outcome:
        if isinstance(found, Problem):
            return Outcome(cause=found.cause)
        if isinstance(found, Small):
            done = next(written)
            self._listed(done)
            self.octets += done.entry.size
            return Outcome(done.sha256, done.entry.size, "", self._verdicts.of_small(item.file, found.content))
        return self._large(item) if item.file else Outcome()

    # --- small files, ahead of the writer

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
        for planned in self._plan.documents(self._number):
            here = [f for f in planned.files if f.part == self._number] or [None]
            for file in here:
                yield Item(planned, file, file is here[-1])

    def _take(self, item: Item) -> Found:
        if self._ready and item.file and not self._verdicts.asks(item.file) and (ready := self._ready(item.file.file.ref)):
            return Small(ready, None)
        return self._pack(item, self._content(item))

    def _content(self, item: Item) -> bytes | Problem | None:
        if item.file is None or lane.is_large(item.file.file):
            return None
        self._go_on()
        return lane.content(self._read, item.file.file)

    def _pack(self, item: Item, content: bytes | Problem | None) -> Found:
        return None if content is None else lane.packed(content, self._verdicts.asks(item.file))

    # --- large files, through the writer

    def _large(self, item: Item) -> Outcome:
        planned = item.file
        stream = lane.Stream(self._source, planned.file, self._tick, probed=self._verdicts.asks(planned))
        stamp = dos_stamp(item.document.document.date)
        for _ in range(lane.TRIES):
            try:
                done = self._writer.put(planned.path, stamp, stream, planned=planned.file.size)
            except FileProblem as problem:
                cause = problem.cause
                stream.forget()
                continue
            self._listed(done)
            signature = self._verdicts.of_large(planned, done, mentions_byte_range=stream.probe.found)
            return Outcome(done.sha256, done.entry.size, "", signature)
        return Outcome(cause=cause)

    def _tick(self, octets: int) -> None:
        self.octets += octets
        if octets == BLOCK:
            self._go_on()
            self._wishes.progress(self.documents, self.octets)


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
