"""The first pass of a plan: every document named, counted and written down, until it is known how much room there is."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, NamedTuple

from archive import viewer
from archive.assign import Asked, file_room
from archive.digests import Digests, digest
from archive.errors import PlanError
from archive.model import Document, File
from archive.packing import deflated
from archive.pipeline import Behind
from archive.planned import SIGNABLE, pack

Places = Callable[[Document], list[str]]

_TOGETHER = 1 << 18  # bytes of lines that a batch holds
_BAG_ROOM = 32 << 10  # bytes of LEAME, bag-info and the like
_SUMS_ROOM = 4 << 10  # bytes of the sums of a volume's files outside `data/`: some twenty lines, in its tagmanifest and once more
_LINE_MARGIN = 64  # bytes, deflated: a part number here, a novedad or a signer there


class Batch(NamedTuple):
    """Some documents in a row. lines: as `planned.pack` gave them. asked: of each, what it asks of a volume, as
    `assign.Assigner.place` takes it. rows: theirs in the viewer's index, as `viewer.Index.row` gave them."""

    lines: list[bytes]
    asked: list[tuple[int, Asked]]
    rows: list[bytes]


class Spool:
    """Takes documents, each once, some at a time; gives them back, as often as wanted, from the temporary file `raw`.

    places: the path of each file of a document. con_novedad: documents with a missing file; missing: those files.
    """

    def __init__(self, raw: BinaryIO, places: Places, behind: Behind) -> None:
        self.index = viewer.Index()
        self.con_novedad = self.missing = 0
        self._raw, self._places, self._behind, self._seen = raw, places, behind, Digests()
        self._lengths: list[int] = []  # of the batches in `raw`
        # The lists and the index are these same words in another order: what they take deflated, these take.
        self._words_length = self._told = 0  # told: lines of these lists
        self._begin()

    def add(self, documents: Sequence[Document]) -> None:
        """The next documents: one step is done for all of them before the next one is, so that what a step needs is at hand.
        Raises PlanError for an id that comes twice."""
        for document in documents:
            if not self._seen.add(digest(document.id)):
                raise PlanError(f"El documento {document.id} aparece dos veces")
        named = [self._named(document) for document in documents]
        self._rows += map(self.index.row, documents)
        self._words += map(_words, documents, named)
        packed = list(map(pack, documents, named))
        self._lines += [line for line, _ in packed]
        for (_, length), files in zip(packed, named, strict=True):
            self._asked.append((2 * length + 600, self._ask(files)))
            self._held += length
        if self._held >= _TOGETHER:
            self._keep()

    def _ask(self, files: list[tuple[File, str]]) -> Asked:
        """What one document's files ask of a volume; those that are missing are counted."""
        asked: Asked = []
        for file, path in files:
            signable = path.endswith(SIGNABLE)
            self._told += signable
            if file.included:
                asked.append((file.size, file_room(path, signable=signable)))
        self._told += 1
        if lost := len(files) - len(asked):
            self.con_novedad += 1
            self.missing += lost
        return asked

    def fixed_room(self) -> int:
        """Bytes of the tag files that every volume carries, plus the whole's lists, which the last one carries; asked once, when
        all documents are there. Part numbers and late novedades, unknown yet, get a margin."""
        self._keep()
        self._behind.wait()
        return viewer.static_room() + 2 * self._words_length + _LINE_MARGIN * self._told + _BAG_ROOM + 2 * _SUMS_ROOM

    def batches(self) -> Iterator[Batch]:
        """What was written down, in order."""
        self._raw.seek(0)
        for length in self._lengths:
            yield Batch(*marshal.loads(self._raw.read(length)))

    def _begin(self) -> None:
        self._lines, self._asked, self._rows, self._words, self._held = [], [], [], [], 0

    def _keep(self) -> None:
        self._lengths.append(self._raw.write(marshal.dumps((self._lines, self._asked, self._rows))))
        self._behind.do(self._weigh, self._words)
        self._begin()

    def _weigh(self, words: list[str]) -> None:
        self._words_length += len(deflated("".join(words).encode("utf-8", "replace")))

    def _named(self, document: Document) -> list[tuple[File, str]]:
        named = list(zip(document.files, self._places(document), strict=True))
        if document.trays:
            return named
        return [
            (file if file.problem or path == f"data/{file.name}" else file._replace(problem="nombre"), path) for file, path in named
        ]


def _words(document: Document, files: list[tuple[File, str]]) -> str:
    d = document
    names = [f.name for f, _ in files]
    return ";".join((d.id, d.number, d.date, d.kind, d.subject, *d.sender, *d.to, *d.cc, d.reference, *names, files[0][1] if files else ""))
