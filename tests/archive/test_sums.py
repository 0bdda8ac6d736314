"""The CRC-32 that the archive's ZIP records carry."""

import random
import zlib
from pathlib import Path

import pytest

import archive
from archive import packing


@pytest.mark.parametrize("size", [0, 1, 15, 64, 255, 4096, 100_001])
def test_it_is_the_one_of_every_zip_for_bytes_and_views_whole_or_piece_by_piece(size):
    data = random.Random(size).randbytes(size)
    half = size // 2
    assert packing.crc32(data) == packing.crc32(memoryview(data)) == zlib.crc32(data)
    assert packing.crc32(data[half:], packing.crc32(data[:half])) == zlib.crc32(data)


def test_nothing_here_sums_with_isal():
    """It would be right, and make each SHA-256 of the same process a third slower (docs/adr/0010)."""
    modules = list(Path(archive.__file__).parent.rglob("*.py"))
    assert len(modules) > 20 and not [path for path in modules if "isal_zlib.crc32" in path.read_text()]
