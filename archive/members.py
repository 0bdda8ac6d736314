"""One gzip member of a plan, packed in a helper's thread while the next lines are made."""

from __future__ import annotations

from hashlib import sha256
from typing import BinaryIO

from deflate import crc32

from archive.packing import packer
from archive.pipeline import Behind
from archive.planned import UNPLACED

GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # no name, no clock, no operating system
TOGETHER = 1 << 18  # bytes handed to the packer at once


class Member:
    """Written to `body`, by `behind` (so nobody else may, until it is closed). It says of its content what a ZIP entry has to say.

    number: of the volume whose lines these are, put wherever a line leaves it open.
    """

    def __init__(self, body: BinaryIO, behind: Behind, number: int = 0) -> None:
        self.number = number
        self._body, self._behind, self._packer, self._digest = body, behind, packer(), sha256()
        self._crc = self._size = self._packed = self._length = 0
        self._held: list[bytes] = []
        body.write(GZIP_HEAD)

    def add(self, data: bytes) -> None:
        self._held.append(data)
        self._length += len(data)
        if self._length >= TOGETHER:
            self._hand_over()

    def close(self) -> dict:
        self._hand_over()
        self._behind.wait()
        self._packed += self._body.write(self._packer.flush())
        self._body.write(self._crc.to_bytes(4, "little") + (self._size & 0xFFFFFFFF).to_bytes(4, "little"))
        return {"size": self._size, "packed": self._packed, "crc": self._crc, "sha256": self._digest.hexdigest()}

    def _hand_over(self) -> None:
        self._behind.do(self._put, self._held)
        self._held, self._length = [], 0

    def _put(self, pieces: list[bytes]) -> None:
        data = b"".join(pieces).replace(UNPLACED, b"%d" % self.number)
        self._crc = crc32(data, self._crc)
        self._digest.update(data)
        self._size += len(data)
        self._packed += self._body.write(self._packer.compress(data))
