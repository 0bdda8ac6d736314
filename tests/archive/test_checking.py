"""`python -m archive verify`: a finished set, checked where it stands."""

import json
import os

import pytest

from archive import checking
from archive.__main__ import main
from tests.archive.conftest import MIB, Set, document


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
    code, summary, _ = told(capsys, made.folder)
    assert code == 1
    assert [v["problem"] for v in summary["volumes"] if v["problem"]] == [f"Falta la parte {made.path(2).name}"]


def test_both_names_of_a_volume_are_one_volume(made):
    os.link(made.path(1), made.folder / made.results[1].independent_name)
    assert checking.parts(made.folder) == sorted([*made.volumes, made.zip])
    assert checking.parts(made.folder / made.results[1].independent_name) == [made.folder / made.results[1].independent_name]


def test_what_is_no_set_is_bad_usage(tmp_path, capsys):
    assert told(capsys, tmp_path)[0] == 2 and told(capsys, tmp_path / "no")[0] == 2
    (tmp_path / "x.zip").write_bytes(b"PK" * 100)
    code, summary, _ = told(capsys, tmp_path)
    assert code == 1 and summary["volumes"][0]["problem"]
