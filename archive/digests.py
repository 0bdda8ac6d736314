"""A set of texts that remembers eight bytes of each: a plan of half a million documents asks for a million names and ids."""

from __future__ import annotations

from array import array
from hashlib import blake2b

_FIRST = 1 << 10  # places of an empty set; a power of two


def digest(text: str) -> int:
    """What stands for `text` in a set of digests: 64 bits, never 0."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big") or 1  # 0: an empty place


class Digests:
    """Texts by their `digest`, in twelve to twenty-four bytes each (a set of numbers takes ninety).

    Two texts are taken for one with a chance of n² / 2⁶⁵: one in a hundred million for half a million of them.
    """

    def __init__(self) -> None:
        self._places, self._mask, self._count = array("Q", bytes(8 * _FIRST)), _FIRST - 1, 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, digest: int) -> bool:
        return self._places[self._place(digest)] == digest

    def add(self, digest: int) -> bool:
        """Whether it was not there yet."""
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
        self._places = array("Q", bytes(2 * len(held) * held.itemsize))
        self._mask = len(self._places) - 1
        for digest in held:
            if digest:
                self._places[self._place(digest)] = digest
