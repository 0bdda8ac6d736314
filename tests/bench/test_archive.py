"""The parts of the archive's benchmark: its corpora are the same each time, and its contenders really pack them."""

import hashlib
import shutil
import zipfile

import pytest

from bench import archive, archive_corpus
from tests.archive.conftest import tool


def fingerprint(root):
    files = sorted(p for p in root.rglob("*") if p.is_file())
    return [(str(p.relative_to(root)), p.stat().st_mtime, hashlib.sha256(p.read_bytes()).hexdigest()) for p in files]


@pytest.mark.long
def test_the_same_seed_gives_the_same_corpus(tmp_path):
    one = archive_corpus.mixed(tmp_path / "one", octets=3_000_000, files=60)
    two = archive_corpus.mixed(tmp_path / "two", octets=3_000_000, files=60)
    assert fingerprint(one) == fingerprint(two)
    sizes = {p: p.stat().st_size for p in one.rglob("*") if p.is_file()}
    scanned = sum(size for p, size in sizes.items() if b"DCTDecode" in p.read_bytes()[:400])
    assert len(sizes) == 60 and 0.6 < scanned / sum(sizes.values()) < 0.75
    assert archive_corpus.tiny(tmp_path / "tiny", files=30) == archive_corpus.tiny(tmp_path / "tiny", files=30)


def test_twenty_gigabytes_take_no_room(tmp_path):
    archive_corpus.mixed(tmp_path / "mixed", octets=300_000, files=20)
    src = archive_corpus.linked(tmp_path / "linked", of=tmp_path / "mixed", times=3)
    files = [p for p in src.rglob("*") if p.is_file()]
    assert len({p.stat().st_ino for p in files}) * 3 == len(files)


@pytest.mark.long
def test_every_contender_packs_the_corpus(tmp_path):
    tool("zip")
    src = archive_corpus.mixed(tmp_path / "mixed", octets=1_500_000, files=30)
    bench = archive.Bench(src, tmp_path / "out", warm=1)
    figures = archive.compare(bench, ["cp", "zip", "zip0", "escritor", "completo"], rounds=1)
    assert figures["cp"]["bytes"] == sum(p.stat().st_size for p in src.rglob("*") if p.is_file())
    assert set(figures["escritor"]["ratios"]) == {"cp", "zip", "zip0", "completo"}
    assert figures["completo"]["bytes"] < figures["zip0"]["bytes"] * 1.2
    assert list(archive.rows({"mixed": figures, "slow": figures}))


def test_the_writer_alone_makes_what_the_product_makes(tmp_path):
    from bench import archive_writer

    src = archive_corpus.mixed(tmp_path / "mixed", octets=1_500_000, files=30)
    sums = []
    for number, extra in enumerate(([], ["--tested"])):
        out = tmp_path / str(number)
        out.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["x", str(src), str(out), str(1 << 20), *extra])
            archive_writer.main()
        sums.append([hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(out.iterdir())])
        assert zipfile.ZipFile(out / "1").testzip() is None
        shutil.rmtree(out)
    assert sums[0] == sums[1]
