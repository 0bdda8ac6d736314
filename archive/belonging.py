"""Which volumes belong together, as they say of themselves, and which of them are not here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from archive.names import names_of


class Place(NamedTuple):
    """Where a volume says that it belongs. number: from 1; that of the directory volume is `total` + 1."""

    name: str
    group: str
    total: int
    number: int

    @property
    def is_data(self) -> bool:
        return self.number <= self.total


def place_of(told: dict[str, str], disk: int) -> Place:
    """The place that a volume's bag-info.txt tells of; that of the whole counts no volumes, so it is number `disk` (from 0) of its set,
    the directory, or the only one. Raises KeyError, ValueError."""
    number, _, total = told.get("Bag-Count", f"{disk + 1} of {disk or 1}").partition(" of ")
    return Place(told["External-Identifier"], told.get("Bag-Group-Identifier", ""), int(total), int(number))


def missing(found: Iterable[tuple[str, Place | None]]) -> list[str]:
    """Names of the volumes that belong to the sets of those found, (file name, place), but are not among them.

    A data volume counts under either name. The directory belongs to a set that bears the names of a split one (NAME.z01), which is
    joined by nothing else; independent ones (NAME_parte01de05.zip) need none. What cannot tell its place has the one of its name.
    """
    sets: dict[tuple, dict[int, str]] = {}
    unplaced = set()
    for name, place in found:
        if place:
            sets.setdefault(place[:3], {})[place.number] = name.lower()
        else:
            unplaced.add(name.lower())
    return [name for place, here in sets.items() for name in _absent(*place, here, unplaced)]


def _absent(name: str, group: str, total: int, here: dict[int, str], unplaced: set[str]) -> list[str]:
    split = total > 1 and (max(here) > total or not all(file.endswith(".zip") for file in here.values()))
    absent = [number for number in range(1, total + 1 + split) if number not in here]
    both = [names_of(name, number, total) for number in absent]
    return [own if split else twin or own for own, twin in both if unplaced.isdisjoint({own.lower(), (twin or own).lower()})]
