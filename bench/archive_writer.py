"""Packs a folder as `python -m archive build` does, up to where the benchmark wants it.

Without --tested: no SHA-256 of the volumes, no flush to the disk and no read-back (nothing that is made so may be published). With it: as the
product does, and it tells when each volume was finished. --drop: each volume is deleted when it is finished, as if it had
been sent away; the last one and the directory, which read the others, are not made.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from archive import plan, several, volume, whole
from archive.ahead import Ahead
from archive.folder import Folder
from archive.model import Header
from archive.payload import Wishes
from archive.tuning import tune


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("src", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("part", type=int)
    parser.add_argument("--tested", action="store_true")
    parser.add_argument("--drop", action="store_true")
    options = parser.parse_args()
    tune()
    start = time.monotonic()
    folder = Folder(options.src)
    with Ahead(folder, options.out) as source:
        told = _pack(options, folder, source, start)
    print(json.dumps(told))


def _pack(options: argparse.Namespace, folder: Folder, source: Ahead, start: float) -> dict:
    def header() -> Header:
        return Header("X", "X", "", "", "", "", "", "", "", "", folder.newest())

    plan.make(header, source.passing(folder.documents()), options.out / "plan", part_size=options.part)
    source.settle()
    made = plan.open(options.out / "plan")

    def data(number: int, out: Path, earlier: volume.Earlier, turn: several.Turn) -> tuple[float, int]:
        if options.tested:
            volume.build(made, number, source, out, earlier=earlier, signatures=False, threads=turn.threads)
        else:
            wishes = Wishes(lambda documents, octets: None, turn.should_stop, signatures=False, published=False)
            with volume.helpers(turn.threads) as pool:
                volume.write(made, number, source, out, pool, wishes, earlier=earlier)
        told = time.monotonic() - start, out.stat().st_size
        if options.drop:
            out.unlink()
        return told

    if options.drop and made.parts > 1:
        told = several.each(range(1, made.parts), lambda number, turn: data(number, options.out / str(number), None, turn))
    else:
        told = whole.build(made, options.out, data)[: made.parts]
    first, octets = min(told)[0], sum(octets for _, octets in told)
    return {"first": first, "all": time.monotonic() - start, "volumes": made.parts, "bytes": octets}


if __name__ == "__main__":
    main()
