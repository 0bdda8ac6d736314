"""Which file goes into which volume: by raw size, an upper bound, since nothing is stored larger than raw.

The unbreakable unit is a file. A document's files stay together unless together they do not fit one volume; then they
run on from volume to volume at file boundaries. (decisions.md 21)
"""

from __future__ import annotations

from dataclasses import dataclass

from archive.errors import PlanError
from archive.zipfmt import MAX_ENTRIES

MIN_PART = 1 << 20
MAX_PART = (1 << 31) - 1
_RECORDS = 30 + 46 + 22  # local header, central record, and the end record's share
_HASH_LINE = 64 + 3  # a manifest line without its path
_FILE_DETAIL = 500  # a file's own fields in the viewer's data
_SIGNED_DETAIL = 1200  # and what a signature adds there and in FIRMAS
_TAG_ENTRIES = 40  # entries outside the payload, generously


@dataclass(slots=True)
class PlannedVolume:
    """A volume as planned. documents: those that begin here. bytes: of the payload. oversize: larger than a part may be."""

    number: int
    documents: int = 0
    files: int = 0
    bytes: int = 0
    oversize: bool = False


Asked = list[tuple[int, int]]  # of the files of a document: (payload bytes, bytes beside the payload)


def file_room(path: str, *, signable: bool) -> int:
    """Bytes that a file needs beside its own: ZIP records, manifest line, viewer detail."""
    name = len(path) if path.isascii() else len(path.encode())
    return _RECORDS + _HASH_LINE + _FILE_DETAIL + 5 * name + (_SIGNED_DETAIL if signable else 0)


class Assigner:
    """Hands out volume numbers in plan order.

    part_size: bytes of a finished volume. fixed: bytes of the tag files that every volume carries. Raises PlanError
    when the part size is out of range or less than four times `fixed`.
    """

    def __init__(self, part_size: int, fixed: int) -> None:
        check_part_size(part_size)
        if part_size < 4 * fixed:
            raise PlanError(
                f"El tamaño de parte ({part_size} bytes) es muy pequeño: con tantos documentos debe ser de al menos "
                f"{4 * fixed} bytes"
            )
        self._part_size, self._fixed = part_size, fixed
        self._room = part_size - fixed
        self.volumes = [PlannedVolume(1)]
        self._used = self._entries = 0

    def place(self, row: int, files: Asked) -> list[int]:
        """Where a document goes: the volume it begins in, then the volume of each of its files.

        row: bytes of its lines in the tag files, in every volume it touches.
        """
        beside = row + sum([more for _, more in files])
        octets = sum([size for size, _ in files])
        if not self._fits(octets + beside, len(files)):
            if octets + beside > self._room or len(files) > MAX_ENTRIES - _TAG_ENTRIES:
                return self._run_on(row, files)
            self._next()
        volume = self.volumes[-1]
        volume.documents += 1
        self._put(volume, len(files), octets, beside)
        return [volume.number] * (1 + len(files))

    def _run_on(self, row: int, files: Asked) -> list[int]:
        placed: list[int] = []
        for size, beside in files:
            own = 0 if placed and placed[-1] == self.volumes[-1].number else row
            if self._used and not self._fits(own + size + beside, 1):
                self._next()
                own = row
            self._put(self.volumes[-1], 1, size, own + beside)
            placed.append(self.volumes[-1].number)
        self.volumes[placed[0] - 1].documents += 1
        return [placed[0], *placed]

    def _put(self, volume: PlannedVolume, files: int, octets: int, beside: int) -> None:
        volume.files += files
        volume.bytes += octets
        self._used += octets + beside
        self._entries += files
        volume.oversize = self._used > self._room

    def _fits(self, size: int, entries: int) -> bool:
        return self._used + size <= self._room and self._entries + entries <= MAX_ENTRIES - _TAG_ENTRIES

    def _next(self) -> None:
        self.volumes.append(PlannedVolume(self.volumes[-1].number + 1))
        self._used = self._entries = 0


def check_part_size(part_size: int) -> None:
    """Raises PlanError unless 1 MiB ≤ part_size < 2 GiB."""
    if not MIN_PART <= part_size <= MAX_PART:
        raise PlanError("El tamaño de parte debe estar entre 1 MiB y 2 GiB menos un byte")
