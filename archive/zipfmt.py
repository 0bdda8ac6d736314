"""ZIP records, packed and parsed: just the subset every reader knows.

STORED or DEFLATE, UTF-8 names (flag bit 11), sizes and CRC in the local header (no data descriptors), no extra field
but Zip64's, Unix mode 0644. Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.3.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from functools import lru_cache
from operator import attrgetter
from typing import BinaryIO, NamedTuple

from archive.errors import Damaged

STORED, DEFLATED = 0, 8
M16, M32 = 0xFFFF, 0xFFFFFFFF
ZIP64_FROM = (1 << 32) - (1 << 16)  # planned sizes from here on get a Zip64 local header
MAX_ENTRIES = M16 - 1  # 65 535 means "see the Zip64 record"

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_PARSED = struct.Struct("<10s3H3IH4sH6sI")  # the same, what never differs in one piece each: head, further lengths, attributes
_LENGTHS = struct.Struct("<4s24x3H")  # of a central record's name, extra field and comment
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR64 = struct.Struct("<4sIQI")
_LONGEST_END = _END64.size + _LOCATOR64.size + _END.size
_UTF8 = 0x800
_MODE = 0o100644 << 16
_UNIX = 3 << 8
_OURS, _JOINER = _UNIX | 45, _UNIX | 30  # who made a Zip64 end record: we, or Info-ZIP 3.0 when it joined a set
_HEAD, _ATTRIBUTES = struct.pack("<4s3H", b"PK\1\2", _UNIX | 20, 20, _UTF8), struct.pack("<HI", 0, _MODE)


class Entry(NamedTuple):
    """One member. offset: of its local header in its volume. disk: number of the volume, from 0. stamp: DOS (time, date)."""

    name: str
    method: int
    crc: int
    packed: int
    size: int
    stamp: tuple[int, int]
    offset: int
    disk: int = 0


class End(NamedTuple):
    """What the end records say. disk: the volume they stand in. entries: of all volumes."""

    disk: int
    entries: int
    size: int
    offset: int


def dos_stamp(iso: str) -> tuple[int, int]:
    """DOS (time, date) of an ISO local date or instant; the wall clock as written, before 1980 or unreadable → 1980-01-01."""
    time, date = _dos_time(iso[11:19]), _dos_date(iso[:10])
    return (0, 0x21) if time is None or date is None else (time, date)


@lru_cache(4096)  # files come by the hundred with the same date
def _dos_date(iso: str) -> int | None:
    try:
        year, month, day = int(iso[0:4]), int(iso[5:7]), int(iso[8:10])
    except ValueError:
        return None
    known = 1980 <= year <= 2107 and 1 <= month <= 12 and 1 <= day <= 31
    return (year - 1980) << 9 | month << 5 | day if known else None


@lru_cache(4096)
def _dos_time(iso: str) -> int | None:
    try:
        hour, minute, second = int(iso[0:2] or 0), int(iso[3:5] or 0), int(iso[6:8] or 0)
    except ValueError:
        return None
    return hour << 11 | minute << 5 | second // 2 if hour < 24 and minute < 60 and second < 60 else None


def local_header(entry: Entry, *, zip64: bool) -> bytes:
    """Local header with its name. Its length depends on the name and `zip64` only, so it can be rewritten in place."""
    name = entry.name.encode()
    extra = struct.pack("<2H2Q", 1, 16, entry.size, entry.packed) if zip64 else b""
    packed, size = (M32, M32) if zip64 else (entry.packed, entry.size)
    return (
        _LOCAL.pack(
            b"PK\3\4", 45 if zip64 else 20, _UTF8, entry.method, *entry.stamp, entry.crc, packed, size, len(name), len(extra)
        )
        + name
        + extra
    )


def local_length(name: str, *, zip64: bool) -> int:
    return _LOCAL.size + len(name.encode()) + (20 if zip64 else 0)


def central_record(entry: Entry) -> bytes:
    """Central directory record; Zip64 values only for the fields that overflow, in the order the APPNOTE gives."""
    name, method, crc, packed, size, stamp, offset, disk = entry
    name, need, extra = name.encode(), 20, b""
    if size >= ZIP64_FROM or packed >= M32 or offset >= M32:
        need, wide = 45, b"".join(struct.pack("<Q", v) for v in (size, packed, offset) if v >= M32)
        extra = struct.pack("<2H", 1, len(wide)) + wide if wide else b""
        packed, size, offset = min(packed, M32), min(size, M32), min(offset, M32)
    return (
        _CENTRAL.pack(
            b"PK\1\2", _UNIX | need, need, _UTF8, method, *stamp, crc, packed, size, len(name), len(extra), 0, disk, 0, _MODE, offset
        )
        + name
        + extra
    )


def end_records(end: End, *, here: int, made: int = _OURS) -> bytes:
    """The end of central directory of volume `end.disk`, with Zip64 records before it where a field overflows.

    here: central records that stand in this volume (all of them). The Zip64 locator counts `end.disk + 1` volumes.
    """
    out = b""
    if end.entries >= M16 or end.size >= M32 or end.offset >= M32:
        at = end.offset + end.size
        out = _END64.pack(b"PK\6\6", 44, made, 45, end.disk, end.disk, here, end.entries, end.size, end.offset)
        out += _LOCATOR64.pack(b"PK\6\7", end.disk, at, end.disk + 1)
    counts = min(here, M16), min(end.entries, M16)
    return out + _END.pack(b"PK\5\6", end.disk, end.disk, *counts, min(end.size, M32), min(end.offset, M32), 0)


def read_end(stream: BinaryIO) -> End:
    """The end records of a volume written here, or joined of such. Raises Damaged unless they are, byte for byte, those that belong
    behind the directory they tell of."""
    total = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, total - _LONGEST_END))
    tail = stream.read(_LONGEST_END)
    if len(tail) < _END.size:
        raise Damaged("La parte está incompleta")
    magic, disk, _, _, entries, size, offset, _ = _END.unpack_from(tail, len(tail) - _END.size)
    if magic != b"PK\5\6":
        raise Damaged("La parte no termina como un ZIP")
    if entries == M16 or M32 in (size, offset):
        entries, size, offset = _wide_end(tail)
    end = End(disk, entries, size, offset)
    if offset + size > total or not _is_written(tail, end, total):
        raise Damaged("El registro final de la parte está dañado")
    return end


def _wide_end(tail: bytes) -> tuple[int, int, int]:
    """(entries, size, offset) of the Zip64 record at the head of `tail`."""
    if len(tail) < _LONGEST_END or not tail.startswith(b"PK\6\6"):
        raise Damaged("Falta el registro Zip64")
    return _END64.unpack_from(tail)[-3:]


def _is_written(tail: bytes, end: End, total: int) -> bool:
    """Whether a volume of `total` bytes that ends with `tail` ends with the records of `end`, and these where they belong."""
    known = [end_records(end, here=end.entries, made=made) for made in (_OURS, _JOINER)]
    return end.offset + end.size + len(known[0]) == total and any(map(tail.endswith, known))


def entries_here(stream: BinaryIO) -> list[Entry]:
    """The entries whose bytes stand in this volume of a set, in the order of their places, each within the volume. Raises Damaged."""
    end = read_end(stream)
    own = end.disk.to_bytes(2, "little")
    found = sorted((entry_of(record) for _, record in read_records(stream) if record[34:36] == own), key=attrgetter("offset"))
    for entry in found:
        if entry.offset + entry.packed > end.offset or entry.packed > entry.size:
            raise Damaged(f"{entry.name} no está donde dice el directorio")
    return found


def read_records(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """(name, central record) of each entry, both as they stand there. Raises Damaged."""
    end = read_end(stream)
    at, left, count = end.offset, b"", 0
    stop = end.offset + end.size
    while at < stop:
        stream.seek(at)
        block = stream.read(min(1 << 20, stop - at))
        if not block:
            raise Damaged("El directorio central está incompleto")
        at += len(block)
        found, left = _whole_records(left + block)
        count += len(found)
        yield from found
    if left or count != end.entries:
        raise Damaged("El directorio central está dañado")


def _whole_records(block: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """The whole records at the head of `block`, each behind its name; and what is left over."""
    found, at, last, lengths = [], 0, len(block) - _CENTRAL.size, _LENGTHS.unpack_from
    while at <= last:
        magic, name, extra, comment = lengths(block, at)
        if magic != b"PK\1\2":
            raise Damaged("El directorio central está dañado")
        begin = at + _CENTRAL.size
        behind = begin + name
        stop = behind + extra + comment
        if stop > len(block):
            break
        found.append((block[begin:behind], block[at:stop]))
        at = stop
    return found, block[at:]


def entry_of(record: bytes) -> Entry:
    """The entry that a central record tells of. Raises Damaged unless `record` is, byte for byte, what stands for that entry."""
    head, method, time, date, crc, packed, size, n, lengths, disk, attributes, offset = _PARSED.unpack_from(record)
    behind = _PARSED.size + n
    try:
        entry = Entry(record[_PARSED.size : behind].decode(), method, crc, packed, size, (time, date), offset, disk)
    except UnicodeDecodeError as error:
        raise Damaged("El directorio central está dañado") from error
    is_plain = head == _HEAD and lengths == b"\0\0\0\0" and attributes == _ATTRIBUTES and behind == len(record)
    if is_plain and size < ZIP64_FROM and packed < M32 and offset < M32:
        return entry  # as nearly always: nothing is left that could be otherwise
    entry = _widen(entry, record[behind:])
    expected = central_record(entry)
    if record not in (expected, _HEAD[:8] + expected[8:]):  # Info-ZIP, when it joins a set, keeps "20" beside a Zip64 offset
        raise Damaged(f"El registro de {entry.name} en el directorio está dañado")
    return entry


def size_of(record: bytes) -> int:
    """The size of the content that a central record tells of."""
    size = int.from_bytes(record[24:28], "little")
    return entry_of(record).size if size == M32 else size


def on_disk(record: bytes, disk: int) -> bytes:
    """The same central record, of an entry in volume `disk` (from 0) of a set."""
    return record[:34] + disk.to_bytes(2, "little") + record[36:]


def disk_of(record: bytes) -> int:
    """The volume (from 0) of a set that the entry of a central record stands in."""
    return int.from_bytes(record[34:36], "little")


def _widen(entry: Entry, extra: bytes) -> Entry:
    """The entry with its overflowing fields taken from the Zip64 extra field."""
    narrow = [field for field in ("size", "packed", "offset") if getattr(entry, field) == M32]
    if narrow and len(extra) < 4 + 8 * len(narrow):
        raise Damaged(f"El registro de {entry.name} en el directorio está dañado")
    return entry._replace(**dict(zip(narrow, struct.unpack_from(f"<{len(narrow)}Q", extra, 4)))) if narrow else entry


def data_offset(stream: BinaryIO, entry: Entry) -> int:
    """Where the entry's bytes begin. Raises Damaged when the local header tells another story than the central one."""
    stream.seek(entry.offset)
    head = stream.read(_LOCAL.size)
    if len(head) < _LOCAL.size:
        raise Damaged(f"Falta la cabecera de {entry.name}")
    magic, _, _, method, _, _, crc, _, _, n, x = _LOCAL.unpack(head)
    name = stream.read(n)
    if magic != b"PK\3\4" or method != entry.method or crc != entry.crc or name != entry.name.encode():
        raise Damaged(f"La cabecera de {entry.name} está dañada")
    return entry.offset + _LOCAL.size + n + x
