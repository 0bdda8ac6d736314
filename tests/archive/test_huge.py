"""Where Zip64 cannot be avoided: one file larger than 4 GiB. Minutes and 14 GB of disk: only with HUGE=1."""

from __future__ import annotations

import hashlib
import io
import os
import random
import zipfile

import pytest

from archive.model import File
from tests.archive.conftest import MIB, Memory, Set, document, run

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.environ.get("HUGE") != "1", reason="set HUGE=1: minutes and 14 GB")]

SIZE = (4 << 30) + 5
MINUTES = 10 * 60


class Endless(io.RawIOBase):
    """`SIZE` bytes: a block again and again."""

    def __init__(self, block: bytes):
        self._block, self._left = block, SIZE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        at = (SIZE - self._left) % len(self._block)
        count = min(len(buffer), self._left, len(self._block) - at)
        buffer[:count] = self._block[at : at + count]
        self._left -= count
        return count


class Huge(Memory):
    """Small files from memory, and one that is too large for it."""

    block = b""

    def open(self, ref):
        return Endless(self.block) if ref == "enorme" else super().open(ref)


def sha256(block: bytes) -> str:
    digest, left = hashlib.sha256(), SIZE
    while left:
        digest.update(block[: min(left, len(block))])
        left -= min(left, len(block))
    return digest.hexdigest()


@pytest.mark.parametrize("kind", ["ruido", "ceros"])
def test_a_file_beyond_four_gibibytes(tmp_path, kind):
    """Noise is stored, zeros are deflated: both sizes, or only the plain one, beyond 32 bits."""
    source = Huge({})
    source.block = random.Random(1).randbytes(MIB) if kind == "ruido" else bytes(MIB)
    one = document(2, source, (), files=(File("enorme", "principal", "enorme.pdf", SIZE, ".pdf"),))
    made = Set(tmp_path / "juego", [document(1, source, (50_000,)), one, document(3, source, (50_000,))], source)
    assert [v.oversize for v in made.summary.volumes] == [False, True, False]
    for path, directory in ((made.path(2), False), (made.zip, True)):
        assert (b"PK\x06\x06" in tail(path)) == (kind == "ruido" and not directory)
    run("unzip", "-tq", made.path(2), timeout=MINUTES)
    run("7z", "t", made.path(2), timeout=MINUTES)
    joined = tmp_path / "unido.zip"
    run("zip", "-s", "0", made.zip.name, "--out", joined, cwd=made.folder, timeout=MINUTES)
    assert str(SIZE) in run("bsdtar", "-tvf", joined, timeout=MINUTES)
    with zipfile.ZipFile(joined) as opened:
        (info,) = [i for i in opened.infolist() if i.file_size == SIZE]
        assert info.compress_type == (zipfile.ZIP_STORED if kind == "ruido" else zipfile.ZIP_DEFLATED)
        digest = hashlib.sha256()
        with opened.open(info) as stream:
            while block := stream.read(1 << 22):
                digest.update(block)
        assert digest.hexdigest() == sha256(source.block)
        assert f"{digest.hexdigest()}  {info.filename}" in opened.read("manifest-sha256.txt").decode()


def tail(path) -> bytes:
    with open(path, "rb") as stream:
        stream.seek(-200, os.SEEK_END)
        return stream.read()
