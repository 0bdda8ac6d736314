"""What a volume's lists and its viewer key are called, and the lists while they are being written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import BinaryIO

from archive import tags, viewer
from archive.detail import Counts
from archive.plan import Plan

LISTS = ("INDICE", "NOVEDADES", "FIRMAS")


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


class ListFiles:
    """The three lists in temporary files, written while documents pass by."""

    def __init__(self, files: tuple[BinaryIO, ...], part: int | None) -> None:
        self.files, self.part = files, part
        self._made = tags.Lists(files, part=part)

    def __enter__(self) -> ListFiles:
        return self

    def __exit__(self, *error) -> None:
        for file in self.files:
            file.close()

    def add(self, details: Sequence[dict]) -> list[tuple[int, list[tuple[dict, str]]]]:
        """As `tags.Lists.add`."""
        return self._made.add(details)

    def join(self, volumes: Iterable[Iterable[BinaryIO]]) -> int:
        """Takes over the lists of one volume after the other, line by line, and numbers the documents anew. How many they are."""
        self._made.flush()  # the heads
        index, *others = self.files
        numbers = count(1)
        for own_index, *own in volumes:
            index.writelines(b"%d;%b" % (next(numbers), record.partition(b";")[2]) for record in records(own_index))
            for file, stream in zip(others, own, strict=True):
                file.writelines(records(stream))
        return next(numbers) - 1

    def finish(self) -> Counts:
        self._made.flush()
        return self._made.counts


def records(stream: Iterable[bytes]) -> Iterator[bytes]:
    """The records of a list below its head, as they stand there: one is a line, or several where a cell holds line ends."""
    held, head = b"", True
    for line in stream:
        if held or b'"' in line:
            held += line
            if held.count(b'"') % 2:
                continue
            line, held = held, b""
        if not head:
            yield line
        head = False
