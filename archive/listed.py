"""What a volume's lists and its viewer key are called, and the lists while they are being written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from archive import tags, viewer
from archive.detail import Counts
from archive.plan import Plan

LISTS = ("INDICE", "NOVEDADES", "FIRMAS")
_TOGETHER = 1 << 17  # bytes of lines


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
        length = 0
        for own_index, *own in volumes:
            for some in records(own_index):
                index.write(b"".join([b"%d;%b" % (at, record.partition(b";")[2]) for at, record in enumerate(some, length + 1)]))
                length += len(some)
            for file, stream in zip(others, own, strict=True):
                for some in records(stream):
                    file.writelines(some)
        return length

    def finish(self) -> Counts:
        self._made.flush()
        return self._made.counts


def records(stream: BinaryIO) -> Iterator[list[bytes]]:
    """The records of a list below its head, as they stand there, some at a time: one is a line, or several where a cell holds line ends."""
    stream.readline()  # the head
    held = b""
    while lines := stream.readlines(_TOGETHER):
        if not held and b'"' not in b"".join(lines):  # as nearly always
            yield lines
            continue
        whole = []
        for line in lines:
            held += line
            if not held.count(b'"') % 2:
                whole.append(held)
                held = b""
        yield whole
