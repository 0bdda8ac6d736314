"""Which files a complement is made of: of each document con novedad, the missing ones and no others (docs/adr/0011).

A file keeps the place that the plan of the whole reserved for it: extracted into the folder of the archive, it fills its
gap and can never replace a file that was delivered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from archive.model import Document, File
from archive.names import MAX_COMPONENT, split_suffix
from archive.plan import Plan
from models import Novedad


@dataclass(frozen=True, slots=True)
class Gap:
    """One missing file. position, key: where it stands among its document's files. path: the place kept for it."""

    novedad: int
    path: str
    position: int
    key: tuple
    siblings: int


class Search:
    """asked: id of the novedad → place in the complement; filled while `narrowed` is read."""

    def __init__(self, plan: Plan, lost: dict[str, list[Novedad]], complement: str):
        self.asked: dict[int, str] = {}
        self._complement = complement
        self._places: dict[str, list[str]] = {}
        self._taken: set[str] = set()
        by_path = {row.ruta: row.id for rows in lost.values() for row in rows}
        self._gaps = {p.document.id: list(_gaps(p, by_path)) for p in plan.documents() if p.document.id in lost}

    @property
    def ids(self) -> set[str]:
        return set(self._gaps)

    def narrowed(self, live: Iterable[Document]) -> Iterator[Document]:
        """Each document with those of its files that are missing. One of whose gaps Quipux knows nothing any more is left
        out: it stays con novedad."""
        for document in live:
            found = [(gap, file) for gap in self._gaps[document.id] if (file := _now(gap, document)) is not None]
            if found:
                self._places[document.id] = [self._place(gap, file) for gap, file in found]
                yield document._replace(files=tuple(file for _, file in found))

    def places(self, document: Document) -> list[str]:
        return self._places.pop(document.id)

    def _place(self, gap: Gap, file: File) -> str:
        place = gap.path
        folder, _, leaf = place.rpartition("/")
        stem, suffix = split_suffix(leaf)
        number = 1
        # The extension follows the bytes, which nobody had seen when the place was reserved.
        while place in self._taken or (number == 1 and file.suffix and suffix != file.suffix.lower()):
            tail = f"_{self._complement}{f'_{number}' if number > 1 else ''}{file.suffix.lower()}"
            place, number = f"{folder}/{stem[: MAX_COMPONENT - len(tail)]}{tail}", number + 1
        self._taken.add(place)
        self.asked[gap.novedad] = place
        return place


def _gaps(planned, by_path: dict[str, int]) -> Iterator[Gap]:
    keys = list(_keys(f.file for f in planned.files))
    for position, (f, key) in enumerate(zip(planned.files, keys, strict=True)):
        if f.path in by_path:
            yield Gap(by_path[f.path], f.path, position, key, len(keys))


def _now(gap: Gap, document: Document) -> File | None:
    """The same file as Quipux names it now: by its kind and name; by its position when only the name has changed."""
    keys = list(_keys(document.files))
    if gap.key in keys:
        return document.files[keys.index(gap.key)]
    same = len(keys) == gap.siblings and document.files[gap.position].kind == gap.key[0]
    return document.files[gap.position] if same else None


def _keys(files: Iterable[File]) -> Iterator[tuple]:
    """(kind, name, which of those with this name): tells two attachments of one name apart."""
    seen: Counter = Counter()
    for file in files:
        seen[file.kind, file.name] += 1
        yield file.kind, file.name, seen[file.kind, file.name]
