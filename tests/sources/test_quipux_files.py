"""Where a document's files are, what is wrong with them, and that their bytes arrive whole."""

import os
import time
from datetime import date

import pytest

from sources import FileProblem, SourceUnavailable
from sources.disk import Disk
from tests.sources import cases

Y2019 = (date(2019, 1, 1), date(2019, 12, 31))


@pytest.fixture(scope="module")
def documents(quipux):
    return {d.id: d for d in quipux.documents("120", *Y2019)}


@pytest.fixture
def shape(documents):
    """name of a case → its files as (kind, ref, suffix, problem)."""
    return lambda name: [(f.kind, f.ref, f.suffix, f.problema) for f in documents[cases.ID.get(name, name)].files]


def test_two_codes_are_a_document_and_its_signature(shape, documents):
    assert shape("pair") == [("principal", "bodega:10", ".pdf", None), ("firma", "bodega:11", ".p7m", None)]
    main, signature = documents[cases.ID["pair"]].files
    assert (main.nombre, signature.nombre) == (f"{cases.ID['pair']}.pdf", f"{cases.ID['pair']}.pdf.p7m")


def test_equal_codes_are_one_signed_pdf(shape):
    assert shape("same_code") == [("principal", "bodega:12", ".pdf", None)]


def test_a_signed_pdf_alone_is_the_document_under_a_name_that_opens(shape, documents):
    assert shape("signed_only") == [("principal", "bodega:13", ".pdf", None)]
    assert documents[cases.ID["signed_only"]].files[0].nombre == f"{cases.ID['signed_only']}.pdf"


def test_the_suffix_follows_the_bytes(shape):
    assert shape("der_called_pdf") == [("principal", "bodega:11", ".p7m", None)]


def test_disk_is_used_without_codes(shape, documents):
    assert shape("disk") == [("principal", "disco:/2019/000101/disk.pdf", ".pdf", None)]
    file = documents[cases.ID["disk"]].files[0]
    assert (file.bytes, file.nombre, file.origen) == (len(cases.PDF), "disk.pdf", "disco")


def test_codes_go_before_the_path(shape):
    assert shape("path_and_code") == [("principal", "bodega:14", ".pdf", None)]


def test_a_signed_file_on_disk_comes_with_its_twin(shape):
    assert shape("disk_twins") == [
        ("principal", "disco:/2019/000101/twins.pdf", ".pdf", None),
        ("firma", "disco:/2019/000101/twins.pdf.p7m", ".p7m", None),
    ]


def test_a_twin_that_is_not_there_is_no_loss(shape):
    assert shape("disk_signed_only") == [("principal", "disco:/2019/000101/lonely.pdf.p7m", ".pdf", None)]


def test_case_may_differ_on_disk(shape, quipux):
    assert shape("disk_case") == [("principal", "disco:/2019/000101/oficio_case.pdf", ".pdf", None)]
    assert quipux.open("disco:/2019/000101/OFICIO_case.pdf").read() == cases.PDF


def test_an_attachment_path_gives_its_own_extension(shape):
    assert shape("docs_path") == [("principal", "disco:/2019/000101/docs/letter.docx", ".docx", None)]


def test_the_scanned_image_replaces_the_main_file_and_is_not_repeated(shape, documents):
    assert shape("image") == [("principal", "bodega:14", ".pdf", None)]
    assert documents[cases.ID["image"]].files[0].nombre == "scan.pdf"


def test_the_same_file_twice_is_there_once(shape):
    assert shape("twice") == [("principal", "disco:/2019/000101/docs/twice.pdf", ".pdf", None)]


def test_a_copy_has_its_parents_file_and_attachments_then_its_own(shape, documents):
    assert shape(cases.COPY) == [
        ("principal", "bodega:10", ".pdf", None),
        ("anexo", "bodega:15", ".doc", None),
        ("anexo", "bodega:14", ".pdf", None),
        ("anexo", "bodega:12", ".pdf", None),
        ("firma", "bodega:11", ".p7m", None),
    ]
    assert [f.nombre for f in documents[cases.COPY].files][1:] == [
        "first of parent.doc", "second of parent.pdf", "own.pdf", "own.pdf.p7m",
    ]  # fmt: skip
    assert documents[cases.COPY].files[1].descripcion == "sobre first of parent.doc"


def test_paper_is_not_listed_but_a_lost_attachment_is(shape, documents):
    assert shape("physical") == [
        ("anexo", "disco:/2019/000101/disk.pdf", ".pdf", None),
        ("anexo", "", ".pdf", "ausente"),
    ]
    assert documents[cases.ID["physical"]].files[1].nombre == "lost.pdf"


def test_without_any_file_the_text_of_the_document_is_its_file(shape, quipux, documents):
    assert shape("text_only") == [("texto", "texto:900", ".html", None)]
    page = quipux.open("texto:900").read()
    assert len(page) == documents[cases.ID["text_only"]].files[0].bytes
    assert "<p>Señor <b>Director</b></p>&lt;fin&gt;".encode() in page
    assert not any(word in page for word in (b"script", b"alert", b"onclick", b"http://"))


def test_without_text_either_there_is_no_file(shape):
    assert shape("nothing") == []


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("traversal", "ruta"), ("outside_link", "ruta"), ("directory", "directorio"), ("no_code", "ausente"),
        ("bad_table", "ilegible"), ("gone_table", "ilegible"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_known_before_reading(documents, quipux, name, cause):
    (file,) = documents[cases.ID[name]].files
    assert (file.problema, file.bytes) == (cause, None)
    with pytest.raises(FileProblem) as caught:
        quipux.open(file.ref).read()
    assert caught.value.cause == cause


def test_the_jail_holds_on_opening(quipux, installation):
    (installation.bodega_dir.parent / "secret").write_text("x")
    for path in ("../secret", "/../secret", "/2019/../../secret", "/2019/000101/link.pdf", "/..\\secret", "/a\0b", "/"):
        with pytest.raises(FileProblem) as caught:
            quipux.open(f"disco:{path}")
        assert caught.value.cause == "ruta"


@pytest.mark.parametrize("ref", ["", "disco:", "bodega:", "file:/etc/passwd", "/etc/passwd"])
def test_what_is_no_reference_is_refused(quipux, ref):
    with pytest.raises(ValueError):
        quipux.open(ref)


@pytest.mark.parametrize(
    "ref",
    ["bodega:4", "bodega:x", "bodega:1 or 1=1", "texto:1", "disco:/2019/no.pdf", "disco:/2019/000101/disk.pdf/x"],
)
def test_an_absent_file_of_an_answering_source_is_the_files_problem(quipux, ref):
    with pytest.raises(FileProblem) as caught:
        quipux.open(ref)
    assert caught.value.cause == "ausente"


def test_invalid_base64_is_found_while_reading(documents, quipux):
    (file,) = documents[cases.ID["bad_base64"]].files
    assert file.problema is None
    with pytest.raises(FileProblem) as caught:
        quipux.open(file.ref).read()
    assert caught.value.cause == "base64"


@pytest.mark.parametrize("chunk", [4, 8, 1 << 20])
def test_text_after_the_end_of_base64_is_invalid_wherever_a_chunk_ends(quipux, monkeypatch, chunk):
    monkeypatch.setattr("sources.bodega.CHUNK", chunk)
    with pytest.raises(FileProblem) as caught:
        quipux.open("bodega:21").read()
    assert caught.value.cause == "base64"


@pytest.mark.parametrize("chunk", [4, 100, 1 << 20])
def test_bodega_bytes_arrive_whole_in_chunks_of_any_size(quipux, documents, monkeypatch, chunk):
    monkeypatch.setattr("sources.bodega.CHUNK", chunk)
    codes = [10, 22] if chunk == 4 else list(cases.CONTENT) if chunk > 1_000 else [10, 11, 12, 13, 14, 15, 22]
    for code in codes:
        with quipux.open(f"bodega:{code}") as stream:
            assert stream.read() == cases.CONTENT[code]


def test_bytes_never_exceed_what_was_announced(documents, quipux):
    read = 0
    for document in documents.values():
        for file in document.files:
            if file.ref and not file.problema and file.ref != "bodega:20":
                content = quipux.open(file.ref).read()
                assert 0 < len(content) <= file.bytes
                assert file.origen == "bodega" or len(content) == file.bytes
                read += 1
    assert read == 23


def test_streams_read_in_pieces(quipux):
    with quipux.open("bodega:23") as stream:
        assert stream.read(7) == b"%PDF-1."
        rest = b"".join(iter(lambda: stream.read(10_000), b""))
    assert b"%PDF-1." + rest == cases.LARGE


def test_a_file_that_changes_while_it_is_read(installation):
    quipux = installation.open()
    path = installation.bodega_dir / "2019" / "000101" / "growing.pdf"
    path.write_bytes(b"%PDF" * 1_000_000)
    stream = quipux.open("disco:/2019/000101/growing.pdf")
    stream.read(10)
    path.write_bytes(b"%PDF")
    with pytest.raises(FileProblem) as caught:
        stream.read()
    assert caught.value.cause == "cambio"
    path.unlink()
    quipux.close()


def test_the_speed_limit_holds_for_disk_and_bodega(installation):
    quipux = installation.open(SOURCE_MAX_MB_S="4")
    start = time.monotonic()
    assert quipux.open("bodega:23").read() == cases.LARGE  # 1.02 MB
    assert 0.2 < time.monotonic() - start < 2
    quipux.close()


def test_a_missing_root_is_the_sources_trouble(installation, tmp_path):
    for root in (str(tmp_path / "not mounted"), str(tmp_path), ""):  # absent, empty mount point, not configured
        quipux = installation.open(BODEGA_DIR=root)
        with pytest.raises(SourceUnavailable):
            quipux.open("disco:/2019/000101/disk.pdf")
        with pytest.raises(SourceUnavailable):
            list(quipux.documents("120", *Y2019))
        quipux.close()


def test_a_missing_bodega_database_is_the_sources_trouble(installation):
    quipux = installation.open(BODEGA_URL="")
    with pytest.raises(SourceUnavailable):
        quipux.open("bodega:10")
    with pytest.raises(SourceUnavailable):
        list(quipux.documents("110", date(2018, 1, 1), date(2018, 12, 31)))
    quipux.close()


def test_a_folder_is_listed_once_while_it_stays_as_it_is(tmp_path, monkeypatch):
    """Of a tree that came with another case every file is looked for by its folder's names."""
    folder = tmp_path / "2019"
    folder.mkdir()
    for name in ("UNO.pdf", "DOS.pdf"):
        (folder / name).write_bytes(b"%PDF")
    os.utime(folder, (1, 1))
    disk, listed, real = Disk(tmp_path), [], os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: listed.append(path) or real(path))
    assert [disk.probe(f"/2019/{name}").path for name in ("uno.pdf", "dos.pdf")] == ["/2019/UNO.pdf", "/2019/DOS.pdf"]
    with pytest.raises(FileProblem):
        disk.size("/2019/tres.pdf")
    assert len(listed) == 1
    (folder / "TRES.pdf").write_bytes(b"%PDF")
    assert disk.size("/2019/tres.pdf") == 4, "what came meanwhile is seen"
