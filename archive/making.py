"""The making of one data volume, in its order: what is the same in all, the payload, the lists, the bag."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from itertools import chain, starmap
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

from archive import detail, reader, tags, viewer
from archive.errors import CountsBroken
from archive.listed import LISTS, ListFiles, list_name, part_key
from archive.model import Source
from archive.packing import BLOCK
from archive.payload import Payload, Wishes
from archive.plan import Plan
from archive.planned import PlannedDocument
from archive.verdicts import Verdicts
from archive.writer import Closed, Writer
from archive.zipfmt import dos_stamp

_WHOLE = 16 << 20  # bytes of a list or of the viewer's data that are packed in memory

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


class Maker:
    """Makes volume `number` of `plan` at `out`, which it opens; use it as a context, run it once."""

    def __init__(self, plan: Plan, number: int, source: Source, out: Path, pool: Executor, wishes: Wishes) -> None:
        self.plan, self.number, self.novedades = plan, number, list[Novedad]()
        self._source, self._out, self._pool, self._wishes = source, out, pool, wishes
        self._stamp = dos_stamp(plan.header.made)
        self._manifest: list[bytes] = []
        self._tags: list[bytes] = []

    def __enter__(self) -> Maker:
        with ExitStack() as stack:
            stream = stack.enter_context(open(self._out, "w+b", buffering=0))
            self._journal = stack.enter_context(self._temporary())
            self.writer = Writer(stream.fileno(), self._pool, published=self._wishes.published)
            stack.callback(self.writer.abandon)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error) -> None:
        self._stack.close()

    def run(self, earlier: Earlier | None) -> Closed:
        """Writes everything. earlier: given for the last of several volumes only."""
        self._front()
        with self._lists(None if self.plan.parts == 1 else self.number) as own:
            documents = self._payload(own)
            self._finish_lists(own, documents, earlier)
        self._bag()
        return self.writer.close()

    # --- what is the same in all volumes stands first, where whoever opens the ZIP sees it

    def _front(self) -> None:
        for name, content in viewer.static_files():
            self._tag(name, content)
        self._tag(tags.leame_name(self.plan.header), tags.leame(self.plan.header, self.plan.parts))
        with self.plan.index() as (stream, entry, at, digest):
            self.writer.copy(stream, entry._replace(name=viewer.index_name(self.plan.header), stamp=self._stamp), at)
        self._tags.append(tags.manifest_line(digest, viewer.index_name(self.plan.header)))

    # --- payload

    def _payload(self, own: ListFiles) -> int:
        """How many documents begin here."""
        key, wishes = part_key(self.plan, self.number), self._wishes
        verdicts = Verdicts(self.writer, self._out, wanted=wishes.signatures, anchors=wishes.anchors, moment=self.plan.header.made)
        payload = Payload(self.plan, self.number, self._source, self._pool, wishes, self.writer, verdicts, self._listed)
        self._journal.writelines(viewer.part_js(key, self._details(payload, own)))
        if not self._manifest:
            self._listed([(self.writer.add(tags.EMPTY_NAME, self._stamp, tags.EMPTY).sha256, tags.EMPTY_NAME)])
        self._tag_file(viewer.part_name(key), self._journal)
        return payload.documents

    def _details(self, payload: Payload, own: ListFiles) -> Iterator[dict]:
        """A handful of documents is written, then told of: their bytes and this code would drive each other from the caches."""
        for settled in payload.settled():
            told = [detail.of(planned, self.number, outcomes) for planned, outcomes in settled]
            for position, found in own.add(told):
                self.novedades += self._novedades(settled[position][0], told[position], found)
            yield from told

    def _novedades(self, planned: PlannedDocument, told: dict, found: list[tuple[dict, str]]) -> Iterator[Novedad]:
        d = planned.document
        place = {id(row): file.path for row, file in zip(told["archivos"], planned.files, strict=True)}
        for row, cause in found:
            yield Novedad(d.id, d.number, d.subject, row["nombre"], cause, bool(row.get("tardia")), place[id(row)])

    # --- INDICE, NOVEDADES and FIRMAS: of this volume, and in the last one of the whole

    def _lists(self, part: int | None) -> ListFiles:
        return ListFiles(tuple(self._temporary() for _ in LISTS), part)

    def _finish_lists(self, own: ListFiles, documents: int, earlier: Earlier | None) -> None:
        planned = self.plan.summary.volumes[self.number - 1].documents
        if documents != planned:
            raise CountsBroken(f"La parte tiene {documents} documentos, el plan {planned}")
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
            for told in detail.merged(chain.from_iterable(every)):
                whole.add([told])
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
        yield list(map(_rewound, own.files))

    def _told_by(self, number: int, earlier: Earlier) -> Iterator[dict]:
        """Details of volume `number`; this one's from the temporary file."""
        if number == self.number:
            yield from viewer.read_part_js(_rewound(self._journal))
            return
        with closing(earlier(number)) as stream:
            yield from reader.details(stream, part_key(self.plan, number))

    def _tag_lists(self, made: ListFiles) -> None:
        for name, file in zip(LISTS, made.files, strict=True):
            self._tag_file(list_name(self.plan, name, made.part), file)

    # --- the bag

    def _bag(self) -> None:
        payload = [e.size for e in self.writer.entries if e.name.startswith("data/")]
        count = f"{self.number} of {self.plan.parts}"
        self._tag("bagit.txt", tags.BAGIT)
        info = tags.bag_info(self.plan.header, octets=sum(payload), files=len(payload), counts=self.counts, count=count)
        self._tag("bag-info.txt", info)
        self._tag("manifest-sha256.txt", b"".join(self._manifest))
        sums = viewer.sums_name(part_key(self.plan, self.number))
        self._tag(sums, tags.sums(b"".join(self._tags), sums))
        self._tag("tagmanifest-sha256.txt", b"".join(self._tags))

    def _tag(self, name: str, content: bytes) -> None:
        self._tags.append(tags.manifest_line(self.writer.add(name, self._stamp, content).sha256, name))

    def _tag_file(self, name: str, file: BinaryIO) -> None:
        """What lies in a temporary file, as a whole where memory allows: that takes half the time of a stream and a tenth less room."""
        if file.seek(0, SEEK_END) <= _WHOLE:
            self._tag(name, _rewound(file).read())
        else:
            written = self.writer.put(name, self._stamp, lambda: iter(partial(_rewound(file).read, BLOCK), b""))
            self._tags.append(tags.manifest_line(written.sha256, name))

    def _listed(self, files: list[tuple[str, str]]) -> None:
        self._manifest += starmap(tags.manifest_line, files)

    def _temporary(self) -> BinaryIO:
        return tempfile.TemporaryFile(dir=self._out.parent)


def _rewound(stream: BinaryIO) -> BinaryIO:
    stream.seek(0)
    return stream
