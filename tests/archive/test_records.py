"""The records of a ZIP, read back from a damaged volume: whatever stands there, it is told as damage."""

import io
import os
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import verify
from archive.errors import Damaged
from archive.pipeline import Inline
from archive.zipfmt import End, Entry, central_record, end_records, entries_here, entry_of, local_header, read_end, read_records
from tests.archive.conftest import examples

GIB4 = 1 << 32
JOINER = (b"\x1e\x03", b"\x14\x03\x14\x00")  # Info-ZIP 3.0: made by, in the Zip64 end record; made by and needed, in a record


def entry(name: str, offset: int, size: int = 5, packed: int = 5) -> Entry:
    return Entry(name, 0 if size == packed else 8, 7, packed, size, (0, 33), offset)


def directory(entries: list[Entry], at: int) -> bytes:
    records = b"".join(map(central_record, entries))
    return records + end_records(End(0, len(entries), len(records), at), here=len(entries))


class Sparse(io.BytesIO):
    """A volume of `hole` zero bytes and a tail."""

    def __init__(self, hole: int, tail: bytes):
        super().__init__(tail)
        self._hole = hole

    def seek(self, offset, whence=os.SEEK_SET):
        if whence == os.SEEK_SET and not 0 <= offset < 1 << 44:
            raise OSError(22, "Invalid argument")  # what a disk says
        at = offset - self._hole if whence == os.SEEK_SET else offset
        return super().seek(max(0, at), whence) + self._hole

    def tell(self):
        return super().tell() + self._hole


SMALL = [entry("a", 0), entry("á/b", 40)]
WIDE = [*SMALL, entry("gordo", 90, GIB4 + 9, GIB4), entry("lejos", GIB4 + 600), entry("casi", GIB4 + 700, 0xFFFF_FFFF, 0xFFFF_0000)]
KINDS = {"plain": (1000, directory(SMALL, 1000)), "zip64": (3 * GIB4, directory(WIDE, 3 * GIB4))}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_read(kind):
    found = entries_here(Sparse(*KINDS[kind]))
    assert found == (SMALL if kind == "plain" else WIDE)


@st.composite
def damages(draw):
    """(kind, hole, tail): bytes altered, zeroed, cut off or added at the end."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    hole, tail = KINDS[kind]
    tail = bytearray(tail)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(1, len(tail)))
        tail[-at] = draw(st.sampled_from((0, 1, 127, 128, 255)) | st.integers(0, 255))
    if draw(st.booleans()):
        at, value = draw(st.integers(0, len(tail))), draw(st.sampled_from((0, 255)))
        length = min(len(tail) - at, draw(st.integers(0, 80)))
        tail[at : at + length] = bytes([value]) * length
    cut = draw(st.just(0) | st.integers(0, len(tail)))
    tail = bytes(tail[: len(tail) - cut]) + draw(st.sampled_from((b"", b"", b"\0", b"PK\5\6" + bytes(18), b"PK\5\6" + b"\xff" * 18)))
    return kind, draw(st.sampled_from((hole, hole, 0))), tail


@examples(600)
@given(damages())
def test_damaged_records_are_damage_and_nothing_else(damaged):
    kind, hole, tail = damaged
    for read in (entries_here, lambda stream: [entry_of(record) for _, record in read_records(stream)], read_end):
        try:
            read(Sparse(hole, tail))
        except Damaged:
            continue


@pytest.mark.parametrize("kind", KINDS)
def test_no_byte_of_the_end_records_is_altered_unnoticed(kind):
    hole, tail = KINDS[kind]
    length = 98 if kind == "zip64" else 22
    for back in range(1, length + 1):
        for bit in range(8):
            torn = bytearray(tail)
            torn[-back] ^= 1 << bit
            with pytest.raises(Damaged):
                read_end(Sparse(hole, bytes(torn)))


def test_no_bit_of_a_record_is_read_as_the_same_entry():
    for one in WIDE:
        record = central_record(one)
        for bit in range(8 * len(record)):
            torn = bytearray(record)
            torn[bit // 8] ^= 1 << bit % 8
            try:
                assert entry_of(bytes(torn)) != one
            except Damaged:
                continue


def test_what_the_joiner_writes_otherwise_is_no_damage():
    """`zip -s 0` makes the Zip64 end record its own, and asks for no newer reader where only the place lies beyond 4 GiB."""
    hole, tail = KINDS["zip64"]
    end = len(tail) - 98
    assert read_end(Sparse(hole, tail[: end + 12] + JOINER[0] + tail[end + 14 :])) == read_end(Sparse(hole, tail))
    far = central_record(WIDE[3])
    assert entry_of(far[:4] + JOINER[1] + far[8:]) == WIDE[3]


@pytest.mark.parametrize("junk", [b"", b"\0", b"PK\5\6" + bytes(18), b"PK\5\6" + b"\xff" * 18, b"x" * 200, bytes(98)])
def test_junk_is_damage(junk):
    local = local_header(SMALL[0], zip64=False)
    for body in (junk, local + junk):
        if body == b"PK\5\6" + bytes(18):
            continue  # an empty ZIP
        with pytest.raises(Damaged):
            entries_here(io.BytesIO(body))


def test_a_gap_that_damage_tells_of_is_not_read_into_memory(tmp_path):
    path = tmp_path / "v"
    path.write_bytes(local_header(SMALL[0], zip64=False) + b"12345")
    os.truncate(path, GIB4)
    tracemalloc.start()
    try:
        with pytest.raises(Damaged):
            verify.check_contents(path, [SMALL[0], entry("b", 1 << 28)], GIB4, {}, Inline())
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()


def test_a_lost_header_of_a_file_beyond_four_gibibytes_is_damage(tmp_path):
    path = tmp_path / "v"
    path.touch()
    os.truncate(path, 2 * GIB4)
    with pytest.raises(Damaged, match="cabecera"):
        verify.check_contents(path, [entry("gordo", 0, GIB4 + 9, GIB4 + 9)], 2 * GIB4, {}, Inline())
