"""Making a plan: names, then volumes, then the file. Memory holds no documents, whatever their number."""

from __future__ import annotations

import builtins
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from itertools import chain, islice
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO

from archive.assign import Assigner, PlannedVolume, check_part_size
from archive.members import Member
from archive.model import Document, Header
from archive.names import Namer
from archive.pipeline import Behind
from archive.planned import Summary, line, placed
from archive.spool import Places, Spool

FORMAT = 2
_DOCUMENTS = 1 << 8  # that are named together
_ROWS = 1 << 10  # of the index, put together at once


def make(
    header: Header | Callable[[], Header],
    documents: Iterable[Document],
    path: Path,
    *,
    part_size: int,
    places: Places | None = None,
) -> Summary:
    """Decides paths and volumes of all `documents` (each once, in their final order) and writes the plan to `path`.

    header: or who gives it, asked when the documents have passed by. part_size: bytes, 1 MiB … 2 GiB − 1. places: the path of each
    file of a document, where it is already decided (a complement puts a file where the plan of the whole keeps its place). Raises
    PlanError (a ValueError) for another part size, for one too small for so many documents, and for an id that comes twice.
    """
    check_part_size(part_size)
    path = Path(path)
    with ExitStack() as stack:
        raw, body = (stack.enter_context(tempfile.TemporaryFile(dir=path.parent)) for _ in range(2))
        behind = Behind(stack.enter_context(ThreadPoolExecutor(1, "plan")))
        spool = Spool(raw, places or Namer().document, behind)
        passing = iter(documents)
        while some := list(islice(passing, _DOCUMENTS)):
            spool.add(some)
        header = header() if callable(header) else header
        assigner = Assigner(part_size, spool.fixed_room())
        offsets = [*_write_members(spool, assigner, body, behind), body.tell()]
        summary = _summary(spool, assigner.volumes, header.excluded)
        index = _write_index(header, spool, summary, Member(body, behind))
        head = [
            {"formato": FORMAT, "header": asdict(header)},
            {"summary": asdict(summary), "offsets": offsets, "index": index},
        ]
        _publish(path, b"".join(line(row) for row in head), body, behind)
    return summary


def _write_members(spool: Spool, assigner: Assigner, body: BinaryIO, behind: Behind) -> Iterator[int]:
    """A member a volume; gives where each begins in `body`."""
    member = Member(body, behind, 1)
    yield 0
    for number, text in _placed(spool, assigner):
        if number != member.number:
            member.close()
            yield body.tell()
            member = Member(body, behind, number)
        member.add(text)
    member.close()


def _placed(spool: Spool, assigner: Assigner) -> Iterator[tuple[int, bytes]]:
    """(volume, line) of each document; of one that runs over several volumes, for each of them."""
    for batch in spool.batches():
        for text, (row, asked) in zip(batch.lines, batch.asked, strict=True):
            home, *parts = assigner.place(row, asked)
            if not parts or parts[-1] == home:
                yield home, text
                continue
            text = placed(text, home, parts)
            for number in sorted({home, *parts}):
                yield number, text


def _summary(spool: Spool, volumes: list[PlannedVolume], excluded: int) -> Summary:
    documents, files, octets = (sum(map(attrgetter(name), volumes)) for name in ("documents", "files", "bytes"))
    return Summary(documents, files, octets, spool.con_novedad, spool.missing, excluded, tuple(volumes))


def _write_index(header: Header, spool: Spool, summary: Summary, member: Member) -> dict:
    """What a ZIP entry has to say of the viewer's index, which `member` is."""
    rows = chain.from_iterable(batch.rows for batch in spool.batches())
    placed = _by_volume(rows, summary.volumes)
    for text in spool.index.script(header, placed, parts=len(summary.volumes), bytes_planned=summary.bytes):
        member.add(text)
    return member.close()


def _by_volume(rows: Iterator[bytes], volumes: Iterable[PlannedVolume]) -> Iterator[tuple[int, list[bytes]]]:
    """(volume, some rows of the documents that begin there): documents begin in volume after volume."""
    for volume in volumes:
        for at in range(0, volume.documents, _ROWS):
            yield volume.number, list(islice(rows, min(_ROWS, volume.documents - at)))


def _publish(path: Path, head: bytes, body: BinaryIO, behind: Behind) -> None:
    """Head and body under a temporary name, flushed, then renamed: a plan is whole or not there."""
    temporary = path.with_name(path.name + ".tmp")
    body.seek(0)
    with builtins.open(temporary, "wb") as out:
        member = Member(out, behind)
        member.add(head)
        member.close()
        while block := body.read(1 << 20):
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    os.replace(temporary, path)
