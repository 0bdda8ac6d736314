"""`python -m archive build`: the contract of decision 25, driven as another program would."""

import errno
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archive.__main__ import main
from tests.archive.conftest import MIB, extract, join, validate_bag

ROOT = Path(__file__).parents[2]


def build(*arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-m", "archive", "build", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=60,
        env=os.environ | environment,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def tree(tmp_path) -> Path:
    src = tmp_path / "src"
    (src / "año 2020" / "ñandú").mkdir(parents=True)
    (src / "a.pdf").write_bytes(os.urandom(700_000))
    (src / "año 2020" / "Resolución nº 1.pdf").write_bytes(os.urandom(600_000))
    (src / "año 2020" / "ñandú" / "texto.txt").write_bytes(b"hola\n" * 5000)
    (src / "vacío").write_bytes(b"")
    return src


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_it_packs_a_folder_into_parts_that_join(tree, tmp_path):
    out = tmp_path / "out"
    code, stdout, stderr = build(tree, out, "--name", "X", "--part-size", MIB, "--json", "--independent")
    assert (code, stderr) == (0, "")
    told = json.loads(stdout)
    assert set(told) == {"volumes", "entries", "documents", "bytes_in", "seconds"}
    assert (told["documents"], told["bytes_in"]) == (4, 1_325_000)
    assert [(v["number"], v["name"], v["independent_name"], v["kind"]) for v in told["volumes"]] == [
        (1, "X.z01", "X_parte01de02.zip", "datos"),
        (2, "X.z02", "X_parte02de02.zip", "datos"),
        (3, "X.zip", None, "directorio"),
    ]
    for v in told["volumes"]:
        data = (out / v["name"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (v["bytes"], v["sha256"])
        if v["independent_name"]:
            assert (out / v["independent_name"]).samefile(out / v["name"])
    assert {p.name for p in out.iterdir()} == {"X.z01", "X.z02", "X.zip", "X_parte01de02.zip", "X_parte02de02.zip"}
    folder = extract(join(out / "X.zip", tmp_path / "j.zip"), tmp_path / "x")
    validate_bag(folder)
    assert content(folder / "data") == content(tree)


def test_one_volume_is_one_file_and_the_same_again(tree, tmp_path):
    for out in ("one", "two"):
        code, stdout, _ = build(tree, tmp_path / out, "--name", "X", "--part-size", 100 * MIB, "--json", "--independent")
        assert code == 0 and [v["name"] for v in json.loads(stdout)["volumes"]] == ["X.zip"]
    assert [p.name for p in (tmp_path / "one").iterdir()] == ["X.zip"]
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_unsafe_names_links_and_specials_are_told(tree, tmp_path):
    (tree / "mal:nombre?.txt").write_text("x")
    (tree / "enlace").symlink_to("/etc/passwd")
    (tree / "carpeta").symlink_to(tmp_path)
    os.mkfifo(tree / "tubo")
    (Path(os.fsdecode(os.fsencode(tree) + b"/\xe9.txt"))).write_text("latin-1")
    code, stdout, stderr = build(tree, tmp_path / "out", "--name", "X", "--part-size", 100 * MIB, "--json")
    assert code == 1 and json.loads(stdout)["documents"] == 9
    assert stderr.count("enlace simbólico") == 2 and "no es un archivo regular" in stderr.lower()
    folder = extract(tmp_path / "out" / "X.zip", tmp_path / "x")
    bag = validate_bag(folder)
    assert [bag.info[k] for k in ("Encontrados", "Incluidos", "Con-Novedad")] == ["9", "6", "3"]
    assert (folder / "data" / "mal-nombre-.txt").read_text() == "x"
    listed = (folder / "NOVEDADES.csv").read_text("utf-8-sig")
    assert "mal:nombre?.txt" in listed and "Incluido con otro nombre" in listed
    assert "root:" not in "".join(p.read_text(errors="ignore") for p in (folder / "data").iterdir() if p.is_file())


def test_an_empty_folder_is_an_archive_too(tmp_path):
    (tmp_path / "src").mkdir()
    code, stdout, _ = build(tmp_path / "src", tmp_path / "out", "--name", "X", "--part-size", MIB, "--json")
    assert code == 0 and json.loads(stdout)["documents"] == 0
    validate_bag(extract(tmp_path / "out" / "X.zip", tmp_path / "x"))


@pytest.mark.parametrize(
    "change",
    [{"--part-size": "1000"}, {"--part-size": str(1 << 31)}, {"--part-size": "x"}, {"--name": "../x"}, {"--name": ""},
     {"--name": "a/b"}, {"SRC": "absent"}, {"OUT": "src/out"}],
)  # fmt: skip
def test_bad_usage_is_exit_two_and_leaves_nothing(tree, tmp_path, change):
    options = {"SRC": "src", "OUT": "out", "--name": "X", "--part-size": str(MIB)} | change
    code, stdout, stderr = build(
        tmp_path / options["SRC"], tmp_path / options["OUT"], f"--name={options['--name']}", f"--part-size={options['--part-size']}", "--json"
    )
    assert code == 2 and stdout == "" and stderr and "Traceback" not in stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["src"]
    assert not (tree / "out").exists()


def test_parts_that_are_there_are_never_overwritten(tree, tmp_path):
    arguments = (tree, tmp_path / "out", "--name", "X", "--part-size", MIB)
    assert build(*arguments)[0] == 0
    before = content(tmp_path / "out")
    code, _, stderr = build(*arguments)
    assert code == 2 and "ya hay partes" in stderr and content(tmp_path / "out") == before


def test_what_is_wrong_is_said_in_words(tree, tmp_path):
    (tmp_path / "f").write_text("x")
    for src, size, words in (
        (tmp_path / "f", MIB, "no es una carpeta"),
        (tmp_path / "absent", MIB, "no es una carpeta"),
        (tree, MIB - 1, "entre 1 MiB y 2 GiB"),
        (tree, 1 << 31, "entre 1 MiB y 2 GiB"),
    ):
        code, stdout, stderr = build(src, tmp_path / "out", "--name", "X", "--part-size", size, "--json")
        assert (code, stdout) == (2, "") and words in stderr and not (tmp_path / "out").exists()


def test_a_full_disk_is_said_in_words_and_leaves_nothing(tree, tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("archive.writer.os.pwritev", full)
    assert main(["build", str(tree), str(tmp_path / "out"), "--name", "X"]) == 2
    assert "no hay espacio en el disco" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_another_process_makes_the_same_bytes(tree, tmp_path):
    """Whoever takes a run over is another process: the order of no set may enter the bytes."""
    for seed in ("1", "2", "3"):
        assert build(tree, tmp_path / seed, "--name", "X", "--part-size", MIB, PYTHONHASHSEED=seed)[0] == 0
    assert content(tmp_path / "1") == content(tmp_path / "2") == content(tmp_path / "3")
