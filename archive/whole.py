"""All volumes of a plan, made by this machine alone: the data volumes, two at a time, and the directory volume."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from archive import directory, several
from archive.making import Earlier
from archive.plan import Plan
from archive.several import Turn
from archive.volume import VolumeResult

T = TypeVar("T")


def build(plan: Plan, folder: Path, data: Callable[[int, Path, Earlier, Turn], T]) -> list[T | VolumeResult]:
    """Makes volume after volume in `folder`, each under its number, and gives what is told of each; with several, the directory is
    the last.

    data: makes data volume `number` at `out` (number, out, earlier, turn); `earlier` opens a volume as soon as it is done. The
    directory is begun as soon as a processor is free: what it takes from a volume it takes while the others are made.
    """

    def make(number: int, turn: Turn) -> T | VolumeResult:
        def earlier(other: int):
            turn.after(other)
            return open(folder / str(other), "rb")

        out = folder / str(number)
        return directory.build(plan, earlier, out) if number > plan.parts else data(number, out, earlier, turn)

    if plan.parts == 1:
        return several.each([1], make)
    return several.each(range(1, plan.parts + 2), make, helped=2)
