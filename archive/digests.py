"""A set of texts that remembers eight bytes of each: a plan of half a million documents asks for a million names and ids."""

from __future__ import annotations

from array import array

_FEW = 1 << 16  # digests that a set may hold: five megabytes


def digest(text: str) -> int:
    """What stands for `text` in a set of digests, in this process: 64 bits, never 0."""
    return hash(text) or 1  # SipHash under a key of this process; 0: an empty place


class Digests:
    """Texts by their `digest`. Many of them take twelve to twenty-four bytes each; a set of numbers, which is quicker, takes
    ninety and serves as long as they are few.

    Two texts are taken for one with a chance of n² / 2⁶⁵: one in a hundred million for half a million of them.
    """

    def __init__(self) -> None:
        self._few: set[int] = set()
        self._places, self._mask, self._count = array("q"), 0, 0  # of many: a power of two of places, less one

    def __len__(self) -> int:
        return self._count or len(self._few)

    def __contains__(self, digest: int) -> bool:
        if self._count:
            return self._places[self._place(digest)] == digest
        return digest in self._few

    def add(self, digest: int) -> bool:
        """Whether it was not there yet."""
        if self._count:
            return self._add(digest)
        few = self._few
        before = len(few)
        few.add(digest)
        if len(few) > _FEW:
            self._move()
        return len(few) > before

    def _move(self) -> None:
        """From now on they are many."""
        held, self._few = self._few, set()
        self._resize(4 * _FEW)
        for digest in held:
            self._add(digest)

    def _add(self, digest: int) -> bool:
        place = self._place(digest)
        if self._places[place]:
            return False
        self._places[place] = digest
        self._count += 1
        if 3 * self._count > 2 * self._mask:
            self._grow()
        return True

    def _place(self, digest: int) -> int:
        """Where the digest stands, or the empty place where it would."""
        places, mask = self._places, self._mask
        at = digest & mask
        while (found := places[at]) and found != digest:
            at = (at + 1) & mask
        return at

    def _grow(self) -> None:
        held = self._places
        self._resize(2 * len(held))
        for digest in held:
            if digest:
                self._places[self._place(digest)] = digest

    def _resize(self, places: int) -> None:
        self._places, self._mask = array("q", bytes(8 * places)), places - 1
