"""A folder with what a disk can also hold: one odd entry is told of, and never stops the others."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from archive.__main__ import main
from archive.folder import Folder
from tests.archive.conftest import extract, validate_bag


@pytest.fixture
def root(tmp_path):
    """Removed here: it may be deeper than what would do it otherwise can go."""
    yield tmp_path / "src"
    subprocess.run(["rm", "-rf", tmp_path / "src"], check=True)


def nested(root: Path, name: str, depth: int) -> None:
    """Folders in each other with a file beside the first and in the last."""
    root.mkdir()
    (root / "zz.txt").write_text("afuera")
    folder = os.open(root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=folder)
        inner = os.open(name, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(os.open("dentro.txt", os.O_WRONLY | os.O_CREAT, dir_fd=folder))
    os.close(folder)


def told(folder: Folder, rest=None) -> list[tuple[str, str | None]]:
    return [(document.number, document.files[0].problem) for document in rest or folder.documents()]


def test_folders_lie_in_each_other_as_deep_as_they_like(root, tmp_path):
    nested(root, "d", 1200)
    assert main(["build", str(root), str(tmp_path / "out"), "--name", "X"]) == 1  # "incluido con otro nombre"
    folder = extract(tmp_path / "out" / "X.zip", tmp_path / "x")
    assert {path.name for path in (folder / "data").rglob("*") if path.is_file()} == {"dentro.txt", "zz.txt"}


def test_a_folder_that_cannot_be_listed_is_a_novedad(root, tmp_path, capsys):
    nested(root, "d" * 200, 30)
    assert main(["build", str(root), str(tmp_path / "out"), "--name", "X"]) == 1
    assert "ddd/: El archivo no se pudo leer" in capsys.readouterr().err
    bag = validate_bag(extract(tmp_path / "out" / "X.zip", tmp_path / "x"))
    assert [bag.info[k] for k in ("Encontrados", "Incluidos", "Con-Novedad")] == ["2", "1", "1"]


def test_what_vanishes_during_the_walk_is_a_novedad(root):
    for name in ("a", "b", "c/dentro", "d/dentro", "e"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    folder = Folder(root)
    walk = folder.documents()
    assert next(walk).number == "a"
    (root / "b").unlink()
    shutil.rmtree(root / "c")
    shutil.rmtree(root / "d")
    (root / "d").write_text("a file now")
    assert told(folder, walk) == [("b", "ausente"), ("c/", "ausente"), ("d/", "ilegible"), ("e", None)]


def test_a_folder_that_is_gone_as_a_whole_is_no_novedad(root):
    for name in "ab":
        (root / name).mkdir(parents=True)
        (root / name / "x").write_text(name)
    walk = Folder(root).documents()
    next(walk)
    shutil.rmtree(root)
    with pytest.raises(FileNotFoundError):
        list(walk)


@pytest.mark.parametrize(
    ("seconds", "day"),
    [(-(1 << 62), "1980-01-01"), (-99_999_999_999, "1980-01-01"), (0, "1980-01-01"), (86_400 * 3653, "1980-01-02"),
     (1_600_000_000, "2020-09-13"), (5_000_000_000, "2107-12-31"), (99_999_999_999_999_999, "2107-12-31"), ((1 << 63) - 1, "2107-12-31")],
)  # fmt: skip
def test_a_date_is_one_that_a_zip_can_hold(seconds, day):
    memory = Path("/dev/shm")  # other file systems cut such a date off themselves
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as root:
        (Path(root) / "f").write_text("x")
        subprocess.run(["touch", "-d", f"@{seconds}", Path(root) / "f"], check=True)
        folder = Folder(Path(root))
        (document,) = folder.documents()
        assert document.date[:10] == day == folder.newest()[:10]
