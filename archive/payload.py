"""The documents of one volume, from the source into the writer.

One thread writes. Others read, hash and pack small files ahead of it (`lane`, `pipeline`), in batches, so that tiny files
do not cost a thread's turn each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path

from archive import lane
from archive.detail import Outcome
from archive.errors import Stopped
from archive.lane import Problem
from archive.model import FileProblem, Source
from archive.packing import BLOCK, SMALL, Packed
from archive.pipeline import in_order
from archive.plan import Plan
from archive.planned import PlannedDocument, PlannedFile
from archive.verdicts import Verdicts
from archive.writer import Writer
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


Item = tuple[PlannedDocument, PlannedFile | None, bool]  # one file of this volume or a document without one; its last here?
Settled = tuple[PlannedDocument, dict[str, Outcome]]
Found = Packed | Problem | None  # None: no file, or a large one that is still to be read


class Payload:
    """What volume `number` of `plan` holds of `source`, written to `writer`. listed: told of the files written: SHA-256 and
    path of each.

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
        listed: Callable[[list[tuple[str, str]]], None],
    ) -> None:
        self._plan, self._number, self._source, self._pool, self._wishes = plan, number, source, pool, wishes
        self._writer, self._verdicts, self._listed = writer, verdicts, listed
        self._read, self._concurrent = lane.reader(source)
        self._ready = getattr(source, "ready", None)  # of a source that may have packed a file already (`ahead`)
        self.documents = self.octets = 0

    def settled(self) -> Iterator[list[Settled]]:
        """Writes the documents, some at a time: each with what became of its files here, by their paths. Raises Stopped,
        SourceDown, OSError."""
        outcomes: dict[str, Outcome] = {}
        budget = AHEAD if self._concurrent else AHEAD_SLOW
        for items, found in in_order(self._pool, self._tasks(), budget):
            self._write(items, found)
            settled: list[Settled] = []
            for (planned, file, last), one in zip(items, found, strict=True):
                if file:
                    outcomes[file.path] = self._outcome(planned, file, one)
                if last:
                    self._verdicts.settle(planned, outcomes)
                    settled.append((planned, outcomes))
                    outcomes = {}
            yield settled
            self.documents += sum([planned.part == self._number for planned, _ in settled])
            self._wishes.progress(self.documents, self.octets)
            self._go_on()

    def _go_on(self) -> None:
        if self._wishes.should_stop():
            raise Stopped("Detenido")

    def _write(self, items: list[Item], found: list[Found]) -> None:
        """The small files of a batch, with one call."""
        small = [
            (file.path, dos_stamp(planned.document.date), one)
            for (planned, file, _), one in zip(items, found, strict=True)
            if isinstance(one, Packed)
        ]
        if small:
            self._writer.add_packed(small)
            self._listed([(one.sha256, path) for path, _, one in small])
            self.octets += sum([one.size for _, _, one in small])

    def _outcome(self, planned: PlannedDocument, file: PlannedFile, found: Found) -> Outcome:
        if isinstance(found, Problem):
            return Outcome(cause=found.cause)
        if found is None:
            return self._large(planned, file)
        if found.content is None:
            return Outcome(found.sha256, found.size)
        self._go_on()  # looking into a file may take seconds
        return Outcome(found.sha256, found.size, "", self._verdicts.of_small(file, found.content))

    # --- small files, ahead of the writer

    def _tasks(self) -> Iterator[tuple[int, Callable[[], tuple[list[Item], list[Found]]]]]:
        for octets, items in self._batches():
            cost = octets if octets < SMALL else 0  # a large file streams
            if cost < TINY * len(items):
                taken = items, [self._take(file) for _, file, _ in items]
                yield cost, lambda taken=taken: taken
            elif self._concurrent:
                yield cost, lambda items=items: (items, [self._take(file) for _, file, _ in items])
            else:
                contents = [(file, self._content(file)) for _, file, _ in items]
                yield cost, lambda items=items, contents=contents: (items, list(starmap(self._pack, contents)))

    def _batches(self) -> Iterator[tuple[int, list[Item]]]:
        """Files in order, with the bytes of all: few and small enough to be one task; a large file is alone."""
        held: list[Item] = []
        octets, number = 0, self._number
        for planned in self._plan.documents(number):
            here = [file for file in planned.files if file.part == number] or [None]
            for file in here:
                size = file.file.size if file else 0
                if held and (octets + size > BATCH_BYTES or len(held) == BATCH_FILES):
                    yield octets, held
                    held, octets = [], 0
                held.append((planned, file, file is here[-1]))
                octets += size
        if held:
            yield octets, held

    def _take(self, file: PlannedFile | None) -> Found:
        if self._ready and file and (ready := self._ready(file.file.ref)) and not self._verdicts.asks(file):
            return ready
        return self._pack(file, self._content(file))

    def _content(self, file: PlannedFile | None) -> bytes | Problem | None:
        if file is None or lane.is_large(file.file):
            return None
        self._go_on()
        return lane.content(self._read, file.file)

    def _pack(self, file: PlannedFile | None, content: bytes | Problem | None) -> Found:
        return None if content is None else lane.packed(content, self._verdicts.asks(file))

    # --- large files, through the writer

    def _large(self, planned: PlannedDocument, file: PlannedFile) -> Outcome:
        stream = lane.Stream(self._source, file.file, self._tick, probed=self._verdicts.asks(file))
        stamp = dos_stamp(planned.document.date)
        for _ in range(lane.TRIES):
            try:
                done = self._writer.put(file.path, stamp, stream, planned=file.file.size)
            except FileProblem as problem:
                cause = problem.cause
                stream.forget()
                continue
            self._listed([(done.sha256, file.path)])
            signature = self._verdicts.of_large(file, done, mentions_byte_range=stream.probe.found)
            return Outcome(done.sha256, done.entry.size, "", signature)
        return Outcome(cause=cause)

    def _tick(self, octets: int) -> None:
        self.octets += octets
        if octets == BLOCK:
            self._go_on()
            self._wishes.progress(self.documents, self.octets)
