"""Whole archives against the real tools: each volume alone, and all of them joined."""

import csv
import io
import random
import shutil
import zipfile
from hashlib import sha256
from itertools import chain
from pathlib import Path

import pytest

from archive import checking, detail, listed, plan, reader, spool, tags, viewer
from archive.listed import LISTS
from archive.model import File
from tests.archive.conftest import MIB, Memory, Set, document, extract, join, run, validate_bag


@pytest.fixture(scope="module")
def three(tmp_path_factory) -> Set:
    """Three parts: some 2.4 MB of noise, accents, one document of both trays, one compressible attachment."""
    source = Memory({})
    documents = [document(n, source, (90_000, 16_384, 0)) for n in range(1, 21)]
    both = document(21, source, (50_000,), trays=("enviado", "recibido"), subject="Señalización & año ñ")
    documents.append(both._replace(files=(*both.files, File("21/1", "anexo", "Texto.txt", 48_000, ".txt"))))
    source.contents["21/1"] = b"hola mundo, " * 4000
    return Set(tmp_path_factory.mktemp("three"), documents, source)


def contents(path: Path) -> dict[str, bytes]:
    archive = zipfile.ZipFile(path)
    return {name: archive.read(name) for name in archive.namelist()}


def payload(made: Set) -> dict[str, bytes]:
    return {f.path: made.source.contents[f.file.ref] for d in made.plan.documents() for f in d.files if f.part}


def read_csv(data: bytes) -> list[dict]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_it_has_three_parts_within_their_size(three):
    assert three.plan.parts == 3
    for number, path in enumerate(three.volumes, 1):
        assert path.stat().st_size <= MIB
        assert three.results[number].bytes == path.stat().st_size


READERS = {
    "unzip": lambda path: run("unzip", "-tq", path),
    "7z": lambda path: run("7z", "t", path),
    "bsdtar": lambda path: run("bsdtar", "-tf", path),
    "zip": lambda path: run("zip", "-T", path),
    "zipfile": lambda path: zipfile.ZipFile(path).testzip(),
}


@pytest.mark.parametrize("name", READERS)
def test_each_volume_alone_is_an_ordinary_zip(three, tmp_path, name):
    for number, path in enumerate(three.volumes, 1):
        alone = shutil.copy(path, tmp_path / f"{number}.zip")  # under a name of its own, with no brother beside it
        READERS[name](alone)


def test_each_volume_alone_is_a_valid_bag_with_its_own_documents(three, tmp_path):
    expected = payload(three)
    for number, path in enumerate(three.volumes, 1):
        folder = extract(path, tmp_path / str(number))
        bag = validate_bag(folder)
        assert bag.info["Bag-Count"] == f"{number} of 3"
        assert bag.info["Bag-Group-Identifier"] == "000123"
        found = {str(p.relative_to(folder)): p.read_bytes() for p in (folder / "data").rglob("*") if p.is_file()}
        assert found.items() <= expected.items()
        for name in ("ABRIR_AQUI.html", "VERIFICAR.html", "LEAME.txt", "visor/indice.js", f"visor/parte{number:02d}.js",
                     f"INDICE_parte{number:02d}.csv", f"NOVEDADES_parte{number:02d}.csv", f"FIRMAS_parte{number:02d}.csv"):  # fmt: skip
            assert (folder / name).is_file(), name
        assert (folder / "INDICE.csv").exists() == (number == 3)


def test_the_fixed_files_are_the_same_bytes_in_all_volumes(three):
    held = [zipfile.ZipFile(path) for path in three.volumes]
    for name in [n for n, _ in viewer.static_files()] + ["LEAME.txt", "visor/indice.js"]:
        assert len({archive.read(name) for archive in held}) == 1, name


def test_all_parts_can_be_extracted_into_one_folder(three, tmp_path):
    for path in three.volumes:
        run("unzip", "-qo", path, "-d", tmp_path)
    for name, content in payload(three).items():
        assert (tmp_path / name).read_bytes() == content
    for number in (1, 2, 3):
        assert (tmp_path / f"visor/parte{number:02d}.js").is_file()


def test_each_volume_tells_the_sums_of_its_tag_files_once_more_under_a_name_of_its_own(three):
    for number, path in enumerate(three.volumes, 1):
        with zipfile.ZipFile(path) as volume:
            name = f"visor/sumas_parte{number:02d}.txt"
            lines, told = volume.read("tagmanifest-sha256.txt").splitlines(True), volume.read(name)
            assert told == tags.sums(b"".join(lines[:-1]), name) and lines[-1] == tags.manifest_line(sha256(told).hexdigest(), name)
            taken = sum(volume.getinfo(n).compress_size for n in (name, "tagmanifest-sha256.txt"))
            assert taken < 2 * spool._SUMS_ROOM  # reckoned in every plan


def test_the_joined_set_has_every_file_that_a_part_has(three, tmp_path):
    joined = contents(join(three.zip, tmp_path / "unificado.zip"))
    assert joined.keys() == {*chain.from_iterable(map(contents, three.volumes)), "visor/sumas.txt"}
    for path in three.volumes:
        of_the_bag = {"bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"}
        assert {name for name, data in contents(path).items() if joined[name] != data} == of_the_bag
    listed_there = {line.split(b"  ")[1] for line in joined["tagmanifest-sha256.txt"].splitlines()}
    assert listed_there == {name.encode() for name in joined if not name.startswith(("data/", "tagmanifest"))}


def test_info_zip_joins_them_and_the_joined_bag_is_valid(three, tmp_path):
    joined = join(three.zip, tmp_path / "unificado.zip")
    run("unzip", "-tq", joined)
    run("7z", "t", joined)
    assert zipfile.ZipFile(joined).testzip() is None
    assert len(zipfile.ZipFile(joined).namelist()) == three.directory.entries
    folder = extract(joined, tmp_path / "all")
    bag = validate_bag(folder)
    assert "Bag-Count" not in bag.info
    assert (bag.info["Encontrados"], bag.info["Incluidos"], bag.info["Con-Novedad"]) == ("21", "21", "0")
    expected = payload(three)
    found = {str(p.relative_to(folder)): p.read_bytes() for p in (folder / "data").rglob("*") if p.is_file()}
    assert found == expected
    assert len(read_csv((folder / "INDICE.csv").read_bytes())) == 21
    assert {p.name for p in (folder / "visor").iterdir()} >= {"indice.js", "parte01.js", "parte02.js", "parte03.js"}


def test_7_zip_reads_the_set_from_either_end(three):
    for name in (three.zip, three.path(1)):
        assert "Everything is Ok" in run("7z", "t", name)


def test_a_document_of_both_trays_is_stored_once_and_listed_in_both(three, tmp_path):
    (both,) = [d for d in three.plan.documents() if len(d.document.trays) == 2]
    assert all(f.path.startswith("data/Enviados/") for f in both.files)
    rows = read_csv(zipfile.ZipFile(three.volumes[-1]).read("INDICE.csv"))
    (row,) = [r for r in rows if r["Asunto"] == "Señalización & año ñ"]
    assert row["Bandeja"] == "Enviados y Recibidos"


def test_spreadsheet_formulas_are_text(three):
    rows = read_csv(zipfile.ZipFile(three.volumes[-1]).read("INDICE.csv"))
    assert rows[0]["Para"] == "Juan Peña; =cmd()"
    source = Memory({})
    made = document(1, source)._replace(subject="=HYPERLINK(1)", number="@SUM", to=("-1",), cc=("+2",))
    told = detail.of(plan.PlannedDocument(made, (), 1), 1, {})
    (row,) = read_csv("\ufeff".encode() + tags.csv_lines([tags.INDEX_HEAD, tags.index_line(1, told)]))
    assert [row[c][0] for c in ("Asunto", "Número", "Para", "Con copia")] == ["'"] * 4


def test_a_finished_volume_is_its_own_journal(three):
    with three.open(1) as stream:
        told = list(reader.details(stream, "parte01"))
    assert [t["id"] for t in told] == [d.document.id for d in three.plan.documents(1)]
    assert told[0]["archivos"][0]["sha256"] and told[0]["recorrido"][0]["comentario"].startswith("Sírvase")


def test_the_same_input_gives_the_same_bytes_in_any_order(three, tmp_path):
    again = Set(tmp_path, [d.document for d in three.plan.documents()], three.source, order=(2, 1, 3))
    assert (tmp_path / "plan.gz").read_bytes() == (three.folder / "plan.gz").read_bytes()
    for number in (1, 2, 3):
        assert again.results[number].sha256 == three.results[number].sha256
    assert again.directory.sha256 == three.directory.sha256


def test_zero_documents_give_an_archive_that_says_so(tmp_path):
    made = Set(tmp_path, [], Memory({}))
    assert made.plan.parts == 1 and made.summary.documents == 0
    assert [p.name for p in made.volumes] == ["RESPALDO_000123.zip"]
    folder = extract(made.zip, tmp_path / "x")
    validate_bag(folder)
    assert "no contiene documentos" in (folder / "data/SIN_DOCUMENTOS.txt").read_text("utf-8-sig")
    assert read_csv((folder / "INDICE.csv").read_bytes()) == []


def test_one_part_is_the_whole(tmp_path, source):
    made = Set(tmp_path, [document(n, source) for n in range(3)], source, excluded=2)
    names = zipfile.ZipFile(made.zip).namelist()
    assert {"INDICE.csv", "NOVEDADES.csv", "FIRMAS.csv", "visor/parte01.js"} <= set(names)
    assert "INDICE_parte01.csv" not in names
    bag = validate_bag(extract(made.zip, tmp_path / "x"))
    assert [bag.info[k] for k in ("Encontrados", "Incluidos", "Con-Novedad", "Excluidos")] == ["5", "3", "0", "2"]
    assert bag.info["Bag-Count"] == "1 of 1"


def test_a_complement_bears_its_own_names(tmp_path, source):
    made = Set(tmp_path, [document(1, source)], source, name="RESPALDO_000123_C1", group="000123-C1", complement="C1")
    names = set(zipfile.ZipFile(made.zip).namelist())
    assert made.zip.name == "RESPALDO_000123_C1.zip"
    assert {"visor/C1.js", "INDICE_C1.csv", "NOVEDADES_C1.csv", "FIRMAS_C1.csv"} <= names
    validate_bag(extract(made.zip, tmp_path / "x"))


@pytest.mark.parametrize("last", ["archive", "complement"])
def test_in_one_folder_an_archive_and_its_complement_keep_all_that_each_tells(tmp_path, three, last):
    """But for the bag's own files, whose names RFC 8493 fixes, and the pages, which are the same."""
    source = Memory({})
    extra = Set(tmp_path / "c", [document(50, source)], source, name="RESPALDO_000123_C1", group="000123-C1", complement="C1")
    volumes = [extra.zip, *three.volumes] if last == "archive" else [*three.volumes, extra.zip]
    folder, bag = tmp_path / "x", {"bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"}
    for path in volumes:
        run("unzip", "-qo", path, "-d", folder)
    lost = {name for path in volumes for name, data in contents(path).items() if (folder / name).read_bytes() != data}
    assert lost == bag and (folder / "LEAME.txt").exists() and (folder / "LEAME_C1.txt").exists()


def test_a_document_larger_than_a_part_runs_on_at_file_boundaries(tmp_path, source):
    big = document(2, source, (400_000,) * 6)
    made = Set(tmp_path, [document(1, source), big, document(3, source)], source)
    assert made.plan.parts >= 3
    (planned,) = [d for d in made.plan.documents() if d.document.id == big.id]
    assert len(planned.parts) >= 3
    assert [d.document.id for d in made.plan.documents()] == sorted(d.document.id for d in made.plan.documents())
    assert sum(v.documents for v in made.summary.volumes) == 3
    assert all(p.stat().st_size <= MIB for p in made.volumes)
    folder = extract(join(made.zip, tmp_path / "j.zip"), tmp_path / "x")
    bag = validate_bag(folder)
    assert bag.info["Encontrados"] == bag.info["Incluidos"] == "3"
    rows = read_csv((folder / "INDICE.csv").read_bytes())
    assert [r["Archivos"] for r in rows] == ["1", "6", "1"]


HOSTILE = ('di"jo', "dos\r\nlíneas", 'punto; y "coma"\n', "\rsolo", '"', "=1+1", "", "a\n\"\nb;")


@pytest.mark.parametrize("together", [1, 30, 1 << 17])
def test_the_records_of_a_list_stand_apart_whatever_their_cells_hold(monkeypatch, together):
    monkeypatch.setattr(listed, "_TOGETHER", together)
    rows = [(str(n), text, text) for n, text in enumerate(HOSTILE)]
    data = tags.csv_lines([("Nº", "Asunto", "Para"), *rows])
    records = list(chain.from_iterable(listed.records(io.BytesIO(data))))
    assert [r.partition(b";")[0] for r in records] == [b"%d" % n for n in range(len(HOSTILE))]
    assert data.endswith(b"".join(records)) and all(r.endswith(b"\r\n") for r in records)


@pytest.mark.parametrize("running_on", [(), (400_000,) * 4], ids=["each in one part", "one over several parts"])
def test_the_lists_of_the_whole_are_those_of_all_documents_in_order(tmp_path, source, running_on):
    documents = [document(n, source, (120_000, 40_000), subject=HOSTILE[n % len(HOSTILE)]) for n in range(1, 22)]
    if running_on:
        documents[10] = document(11, source, running_on, subject=HOSTILE[2])
    for ref in ("3/1", "11/0", "11/2", "20/0"):  # novedades in several parts, of a document that runs on too
        source.contents.pop(ref, None)
    made = Set(tmp_path, documents, source)
    assert made.plan.parts >= 4
    files = tuple(io.BytesIO() for _ in LISTS)
    lists = tags.Lists(files)
    every = (told for n in range(1, made.plan.parts + 1) for told in reader.details(made.open(n), f"parte{n:02d}"))
    lists.add(list(detail.merged(every)))
    lists.flush()
    with zipfile.ZipFile(made.volumes[-1]) as last:
        for name, file in zip(LISTS, files, strict=True):
            assert last.read(f"{name}.csv") == file.getvalue(), name
    assert lists.counts.con_novedad == 3 and len(read_csv(files[0].getvalue())) == 21


def test_a_file_larger_than_a_part_gets_a_volume_of_its_own_and_says_so(tmp_path, source):
    made = Set(tmp_path, [document(1, source), document(2, source, (5 * MIB,)), document(3, source)], source)
    assert [v.oversize for v in made.summary.volumes] == [False, True, False]
    assert [v.files for v in made.summary.volumes] == [1, 1, 1]
    validate_bag(extract(join(made.zip, tmp_path / "j.zip"), tmp_path / "x"))


def test_large_compressible_and_incompressible_files_stream(tmp_path, source):
    made_documents = [document(1, source, (9 * MIB + 5,)), document(2, source, (9 * MIB,))]
    source.contents["2/0"] = (b"linea repetida de texto \n" * (9 * MIB // 25 + 1))[: 9 * MIB]
    made = Set(tmp_path, made_documents, source, part_size=64 * MIB)
    infos = {i.filename: i for i in zipfile.ZipFile(made.zip).infolist() if i.filename.startswith("data/")}
    assert sorted(i.compress_type for i in infos.values()) == [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]
    run("7z", "t", made.zip)
    validate_bag(extract(made.zip, tmp_path / "x"))


@pytest.mark.long
def test_more_entries_than_sixteen_bits_use_zip64_in_the_directory_only(tmp_path):
    """70 000 tiny files: three volumes below 65 535 entries, one directory above."""

    source = Memory({"x": b"contenido"})
    files = 70
    documents = [
        document(n, source, (), files=tuple(File("x", "anexo", f"{k}.txt", 9, ".txt") for k in range(files)))
        for n in range(1, 1001)
    ]
    made = Set(tmp_path, documents, source, part_size=100 * MIB)
    assert made.directory.entries > 0xFFFF
    assert all(r.entries < 0xFFFF for r in made.results.values())
    assert b"PK\6\6" in made.zip.read_bytes()[-200:]
    joined = join(made.zip, tmp_path / "j.zip")
    run("unzip", "-tq", joined)
    run("7z", "t", made.zip)
    assert len(zipfile.ZipFile(joined).namelist()) == made.directory.entries


def test_the_volumes_own_end_records_say_disk_zero(three):
    for path in three.volumes:
        end = path.read_bytes()[-22:]
        assert end[:8] == b"PK\5\6\0\0\0\0"
    assert three.zip.read_bytes()[-18:-16] == b"\3\0"


def test_a_file_of_the_placeholders_name_belongs_to_the_whole_like_any_other(tmp_path, source):
    documents = [document(n, source, (700_000,), trays=()) for n in range(1, 3)]
    source.contents["suyo"] = b"suyo"
    own = File("suyo", "principal", "SIN_DOCUMENTOS.txt", 4, ".txt")
    made = Set(tmp_path, [*documents, document(3, source, ())._replace(trays=(), files=(own,))], source)
    assert made.plan.parts == 2
    bag = validate_bag(extract(join(made.zip, tmp_path / "j.zip"), tmp_path / "x"))
    assert "data/SIN_DOCUMENTOS.txt" in bag.payload_entries() and len(bag.payload_entries()) == 3


def test_a_part_whose_only_file_has_the_placeholders_name_is_not_taken_for_an_empty_one(tmp_path, source):
    source.contents["suyo"] = own = random.Random(5).randbytes(700_000)
    file = File("suyo", "principal", "SIN_DOCUMENTOS.txt", len(own), ".txt")
    first, second = document(1, source, (700_000,), trays=()), document(2, source, ())._replace(trays=(), files=(file,))
    made = Set(tmp_path, [first, second], source)
    assert [v.files for v in made.plan.summary.volumes] == [1, 1]
    folder = extract(join(made.zip, tmp_path / "j.zip"), tmp_path / "x")
    assert len(validate_bag(folder).payload_entries()) == 2 and (folder / "data/SIN_DOCUMENTOS.txt").read_bytes() == own
    assert [p.problem for p in checking.check(checking.parts(made.zip))] == ["", "", ""]


def test_the_placeholder_of_a_part_that_lost_a_file_of_that_name_is_still_no_payload_of_the_whole(tmp_path, source):
    file = File("perdido", "principal", "SIN_DOCUMENTOS.txt", 700_000, ".txt")
    first, second = document(1, source, (700_000,), trays=()), document(2, source, ())._replace(trays=(), files=(file,))
    made = Set(tmp_path, [first, second], source)
    bag = validate_bag(extract(join(made.zip, tmp_path / "j.zip"), tmp_path / "x"))
    assert list(bag.payload_entries()) == ["data/Informe técnico nº 0.pdf"]
