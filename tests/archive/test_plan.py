"""The plan: what is decided before the first byte, and what it refuses."""

import gzip

import pytest

from archive import plan
from archive.model import File
from tests.archive.conftest import MIB, Set, document, header


def test_it_reads_back_as_it_was_made(tmp_path, source):
    documents = [document(n, source, (300_000, 1000)) for n in range(1, 8)]
    summary = plan.make(header(excluded=3), documents, tmp_path / "p", part_size=MIB)
    stored = plan.open(tmp_path / "p")
    assert stored.header == header(excluded=3)
    assert stored.summary == summary
    assert [d.document for d in stored.documents()] == documents
    assert [d.document.id for v in range(1, stored.parts + 1) for d in stored.documents(v)] == [d.id for d in documents]
    assert (summary.documents, summary.files, summary.bytes, summary.found) == (7, 14, 7 * 301_000, 10)
    assert sum(v.bytes for v in summary.volumes) == summary.bytes
    assert sum(v.files for v in summary.volumes) == summary.files


def test_it_is_one_ordinary_gzip_file_without_a_clock(tmp_path, source):
    documents = [document(n, source, (400_000,)) for n in range(1, 6)]
    plan.make(header(), documents, tmp_path / "p", part_size=MIB)
    data = (tmp_path / "p").read_bytes()
    assert data[4:8] == b"\0\0\0\0"
    lines = gzip.decompress(data).splitlines()
    assert len(lines) == 2 + 5 + 1 + 5 + 1  # head, documents, and the viewer's index
    assert lines[2 + 5].startswith(b"window.RESPALDO=")
    assert [p.name for p in tmp_path.iterdir()] == ["p"]


@pytest.mark.parametrize("size", [0, MIB - 1, 1 << 31, -5])
def test_a_part_size_out_of_range_is_refused(tmp_path, size):
    with pytest.raises(ValueError, match="entre 1 MiB y 2 GiB"):
        plan.make(header(), [], tmp_path / "p", part_size=size)
    assert not list(tmp_path.iterdir())


def test_a_part_size_below_four_times_the_tag_files_is_refused(tmp_path, source):
    documents = (document(n, source, (), subject=f"{n * 7919:x}" * 30) for n in range(8000))
    with pytest.raises(ValueError, match="muy pequeño"):
        plan.make(header(), documents, tmp_path / "p", part_size=MIB)
    assert not list(tmp_path.iterdir())


def test_the_same_document_twice_is_refused(tmp_path, source):
    with pytest.raises(ValueError, match="dos veces"):
        plan.make(header(), [document(1, source)] * 2, tmp_path / "p", part_size=MIB)


def test_something_else_is_not_a_plan(tmp_path, source):
    for content in (b"", b"nonsense", gzip.compress(b"{}\n{}\n")):
        (tmp_path / "p").write_bytes(content)
        with pytest.raises(ValueError, match="no se puede leer"):
            plan.open(tmp_path / "p")
    plan.make(header(), [document(1, source)], tmp_path / "p", part_size=MIB)
    (tmp_path / "p").write_bytes((tmp_path / "p").read_bytes()[:-12])
    with pytest.raises(ValueError, match="incompleto"):
        plan.open(tmp_path / "p")


def test_what_is_missing_already_is_a_novedad_of_the_plan(tmp_path, source):
    good, bad = document(1, source), document(2, source, (10, 20))
    gone = File("2/x", "anexo", "perdido.pdf", None, ".pdf")
    broken = File("2/y", "anexo", "dañado.pdf", 99, ".pdf", problem="base64")
    bad = document(2, source, (), files=(*bad.files, gone, broken))
    made = Set(tmp_path, [good, bad], source)
    assert (made.summary.documents, made.summary.con_novedad, made.summary.missing, made.summary.files) == (2, 1, 2, 3)
    assert [(n.file, n.cause, n.late) for n in made.results[1].novedades] == [
        ("perdido.pdf", "ausente", False),
        ("dañado.pdf", "base64", False),
    ]
    assert "2/x" not in source.opened and "2/y" not in source.opened


def test_no_volume_exceeds_its_size_whatever_the_sizes(tmp_path, source):
    sizes = [(1,), (0,), (349_000,), (16_384, 32_768), (500_000,), (65_536,) * 9, (2,) * 50, (700_000,), (100_000,)] * 2
    made = Set(tmp_path, [document(n, source, s) for n, s in enumerate(sizes)], source)
    assert made.plan.parts > 3
    assert not any(v.oversize for v in made.summary.volumes)
    assert all(p.stat().st_size <= MIB for p in made.volumes)
