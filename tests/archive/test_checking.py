"""`python -m archive verify`: a finished set, checked where it stands."""

import json
import os
import shutil

import pytest

from archive import checking
from archive.__main__ import main
from archive.zipfmt import read_end, read_records
from tests.archive.conftest import MIB, Set, document, join


@pytest.fixture
def made(tmp_path, source):
    made = Set(tmp_path / "set", [document(n, source, (300_000, 40)) for n in range(8)] + [document(9, source, (5 * MIB,))], source)
    for name in ("plan.gz",):
        (tmp_path / "set" / name).unlink()
    return made


def told(capsys, *arguments):
    code = main(["verify", *map(str, arguments), "--json"])
    out = capsys.readouterr()
    return code, json.loads(out.out) if out.out else None, out.err


def test_a_good_set_is_good_from_either_end(made, capsys):
    results = {made.path(n).name: r for n, r in made.results.items()} | {made.zip.name: made.directory}
    for place in (made.folder, made.zip, made.path(1)):
        code, summary, _ = told(capsys, place)
        assert code == 0 and {v["name"] for v in summary["volumes"]} == set(results)
        assert all((v["sha256"], v["bytes"], v["problem"]) == (results[v["name"]].sha256, results[v["name"]].bytes, "") for v in summary["volumes"])


def test_any_flipped_byte_names_its_part(made, capsys):
    path = made.path(2)
    whole = bytearray(path.read_bytes())
    for at in (0, 40, len(whole) // 2, len(whole) - 30):
        torn = bytearray(whole)
        torn[at] ^= 4
        path.write_bytes(torn)
        code, summary, stderr = told(capsys, made.folder)
        problems = {v["name"] for v in summary["volumes"] if v["problem"]}
        assert code == 1 and path.name in problems and path.name in stderr
    path.write_bytes(whole[: len(whole) // 2])
    assert told(capsys, made.folder)[0] == 1


def test_a_missing_part_is_told(made, capsys):
    made.path(2).unlink()
    code, summary, stderr = told(capsys, made.folder)
    name = made.path(2).name
    assert code == 1 and f"{name}: Falta la parte {name}\n" in stderr
    assert [v for v in summary["volumes"] if v["problem"]] == [
        {"name": name, "bytes": 0, "sha256": "", "entries": 0, "problem": f"Falta la parte {name}"}
    ]


@pytest.fixture
def five(tmp_path, source):
    """Five data volumes and their directory."""
    return Set(tmp_path / "five", [document(n, source, (700_000,)) for n in range(5)], source)


def named(five, tmp_path, names):
    """A folder with these volumes: a number is one under its split name, a negative one under its independent name, 6 the directory."""
    folder = tmp_path / "some"
    folder.mkdir()
    for number in names:
        name = five.results[-number].independent_name if number < 0 else (five.zip if number == 6 else five.path(number)).name
        shutil.copy(five.zip if number == 6 else five.path(abs(number)), folder / name)
    return folder


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        ((-1, -3, -5), ("_parte02de05.zip", "_parte04de05.zip")),
        ((-1, -2, -3, -4, -5), ()),
        ((1, 2, 3, 4, 5), (".zip",)),
        ((1, 2, 3, 4, 5, 6), ()),
        ((1, -2, 3, -4, 5, 6), ()),
        ((1, -1, -2, 3, 6), (".z04", ".z05")),
        ((-1, -2, -4, -5, 6), (".z03",)),
        ((6,), (".z01", ".z02", ".z03", ".z04", ".z05")),
        ((4,), (".z01", ".z02", ".z03", ".z05", ".zip")),
    ],
)
def test_what_is_missing_is_named(five, tmp_path, capsys, names, missing):
    folder = named(five, tmp_path, names)
    code, summary, _ = told(capsys, folder)
    problems = [v["problem"] for v in summary["volumes"] if v["problem"]]
    assert problems == [f"Falta la parte {five.plan.header.name}{end}" for end in missing] and code == bool(missing)
    assert len(summary["volumes"]) == len(names) + len(missing)


def test_one_independent_part_by_its_name_is_judged_alone(five, tmp_path, capsys):
    folder = named(five, tmp_path, (-2, -3))
    asked = folder / five.results[3].independent_name
    code, summary, _ = told(capsys, asked)
    assert code == 0 and [v["name"] for v in summary["volumes"]] == [asked.name]
    renamed = asked.rename(folder / "bajado (1).zip")  # as a browser does
    assert told(capsys, renamed)[0] == 0


def test_a_damaged_part_is_not_a_missing_one_too(five, tmp_path, capsys):
    folder = named(five, tmp_path, (-1, -2, -3, -5))
    with open(folder / five.results[2].independent_name, "r+b") as stream:
        stream.truncate(5000)
    _, summary, _ = told(capsys, folder)
    bad = {v["name"]: v["problem"] for v in summary["volumes"] if v["problem"]}
    assert list(bad) == [five.results[2].independent_name, five.results[4].independent_name]
    assert bad[five.results[4].independent_name].startswith("Falta")


def test_sets_side_by_side_are_each_completed(five, tmp_path, source, capsys):
    folder = named(five, tmp_path, (-1, -2, -3, -4, -5))
    one = Set(tmp_path / "one", [document(9, source, (90,))], source, name="RESPALDO_000123_C1", group="000123-C1", complement="C1")
    shutil.copy(one.zip, folder)
    assert told(capsys, folder)[0] == 0
    (folder / five.results[1].independent_name).unlink()
    assert told(capsys, folder)[0] == 1


def test_the_directory_finds_the_parts_under_either_name(five, tmp_path, capsys):
    folder = named(five, tmp_path, (-1, -2, -3, -4, -5, 6))
    for place in (folder, folder / five.zip.name):
        code, summary, _ = told(capsys, place)
        assert code == 0 and len(summary["volumes"]) == 6
    shutil.copy(five.path(1), folder / five.results[2].independent_name)
    code, summary, _ = told(capsys, folder)
    (problem,) = [v["problem"] for v in summary["volumes"] if v["name"] == five.zip.name]
    assert code == 1 and "no está en su parte" in problem


def test_the_joined_archive_is_good_too(five, tmp_path, capsys):
    (tmp_path / "unido").mkdir()
    join(five.zip, tmp_path / "unido" / "RESPALDO_000123_unificado.zip")
    assert told(capsys, tmp_path / "unido")[0] == 0


@pytest.mark.parametrize("of", ["directory", "one"])
def test_no_byte_of_directory_and_end_records_alters_in_silence(tmp_path, source, of):
    sizes = {"directory": (700_000, 700_000), "one": (90, 900)}[of]
    made = Set(tmp_path / of, [document(n, source, (size,)) for n, size in enumerate(sizes)], source)
    whole = made.zip.read_bytes()
    with open(made.zip, "rb") as stream:
        begin = read_end(stream).offset
    for at in range(begin, len(whole)):
        torn = bytearray(whole)
        torn[at] ^= 1 << at % 8
        made.zip.write_bytes(torn)
        (part,) = checking.check([made.zip])
        assert part.problem, at - begin
    made.zip.write_bytes(whole)
    assert not checking.check([made.zip])[0].problem


@pytest.mark.parametrize(("at", "bit"), [(8, 1), (6, 128), (4, 1), (36, 1), (41, 128)])
def test_a_record_that_other_readers_would_take_otherwise_is_damage(five, at, bit):
    """General flags (encrypted), version needed, made by, attributes: nothing of it stands in a local header, or matters to us."""
    path = five.path(1)
    whole = bytearray(path.read_bytes())
    with open(path, "rb") as stream:
        record = whole.index(list(read_records(stream))[3][1])
    whole[record + at] ^= bit
    path.write_bytes(whole)
    assert "en el directorio está dañado" in checking.check([path])[0].problem


def test_both_names_of_a_volume_are_one_volume(made):
    os.link(made.path(1), made.folder / made.results[1].independent_name)
    assert checking.parts(made.folder) == sorted([*made.volumes, made.zip])
    assert checking.parts(made.folder / made.results[1].independent_name) == [made.folder / made.results[1].independent_name]


def test_what_is_no_set_is_bad_usage(tmp_path, capsys):
    assert told(capsys, tmp_path)[0] == 2 and told(capsys, tmp_path / "no")[0] == 2
    (tmp_path / "x.zip").write_bytes(b"PK" * 100)
    code, summary, _ = told(capsys, tmp_path)
    assert code == 1 and summary["volumes"][0]["problem"]
