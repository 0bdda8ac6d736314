"""One data volume: a complete ZIP, a BagIt bag of its own, a viewer of its own.

A pure function of plan and source (and of the earlier volumes, for the last one, which carries the whole's lists): made
alone, in any order, by anybody, again after a kill, it has the same bytes. No clock, host, attempt or exception text.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from archive import verify
from archive.listed import LISTS, list_name, part_key
from archive.making import Earlier, Maker, Novedad
from archive.model import Source
from archive.names import names_of
from archive.payload import Progress, Wishes
from archive.pipeline import Inline
from archive.plan import Plan
from archive.writer import Closed

__all__ = ["LISTS", "Earlier", "Novedad", "Progress", "VolumeResult", "build", "helpers", "list_name", "part_key", "write"]


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


def _silent(documents: int, octets: int) -> None:
    pass


def _never() -> bool:
    return False


def helpers(threads: int | None = None) -> Executor:
    """Who reads, hashes and packs beside the one that writes: so many threads; of None one a processor and one more, to 4; of
    0 nobody, the writer does it all."""
    if threads == 0:
        return Inline()
    return ThreadPoolExecutor(threads or min(4, (os.cpu_count() or 1) + 1), "archive")


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
    threads: int | None = None,
) -> VolumeResult:
    """Makes volume `number` (from 1) of `plan` at `out`, flushed and read back.

    earlier: opens the finished volume of a number, seekable; needed for the last of several. progress: called with
    (documents done, payload bytes done) of this volume. should_stop: asked between documents and between blocks, also
    from other threads. signatures: check them; anchors: folder of trusted roots. threads: see `helpers`; their number
    changes nothing in the bytes.

    Raises Stopped, SourceDown (the source as a whole does not answer), Damaged (does not read back), OSError (disk).
    On any of these nothing is left at `out`.
    """
    out = Path(out)
    wishes = Wishes(progress or _silent, should_stop or _never, signatures, anchors)
    try:
        with helpers(threads) as pool:
            maker, closed = write(plan, number, source, out, pool, wishes, earlier=earlier)
            verify.read_back(out, maker.writer.entries, closed, pool)
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    name, independent = names_of(plan.header.name, number, plan.parts)
    documents = plan.summary.volumes[number - 1].documents
    return VolumeResult(
        number, "datos", closed.bytes, closed.sha256, closed.records, documents, name, independent, maker.novedades
    )


def write(
    plan: Plan, number: int, source: Source, out: Path, pool: Executor, wishes: Wishes, *, earlier: Earlier | None
) -> tuple[Maker, Closed]:
    """The first half of `build`: written and flushed, not yet read back (so not to be published), left there if it fails."""
    last = number == plan.parts
    if last and number > 1 and earlier is None:
        raise ValueError("the last volume needs the earlier ones")
    with Maker(plan, number, source, out, pool, wishes) as maker:
        return maker, maker.run(earlier if last else None)
