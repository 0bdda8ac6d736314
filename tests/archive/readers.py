"""What every reader makes of an archive: {path: SHA-256} after it extracted it, and nothing outside; and what a viewer reads."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path

from archive import viewer
from tests.archive.conftest import run

UTF8 = {"LC_ALL": "C.UTF-8"}


def tree(folder: Path) -> dict[str, str]:
    """{relative path: SHA-256} of every file below `folder`."""
    files = (p for p in folder.rglob("*") if not p.is_dir() or p.is_symlink())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def zipfile_(archive: Path, into: Path) -> None:
    """By what the directory says, entry by entry: Python's own extraction renames what it does not like."""
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        for name in opened.namelist():
            path = into / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(opened.read(name))


READERS = {
    "zipfile": zipfile_,
    "unzip": lambda archive, into: run("unzip", "-q", archive, "-d", into, env=UTF8),
    "7z": lambda archive, into: run("7z", "x", "-bd", "-y", f"-o{into}", archive, env=UTF8),
    "bsdtar": lambda archive, into: run("bsdtar", "-xf", archive, "-C", into, env=UTF8),
}


def extracted(reader: str, archive: Path, folder: Path) -> dict[str, str]:
    """What `reader` extracts of `archive`. Fails when a file lands outside; what it extracted stays in folder/dentro."""
    shutil.rmtree(folder, ignore_errors=True)
    into = folder / "dentro"
    into.mkdir(parents=True)
    READERS[reader](archive, into)
    assert {p.name for p in folder.iterdir()} == {"dentro"}
    return tree(into)


def names(reader: str, archive: Path) -> list[str]:
    """Names as `reader` lists them."""
    if reader == "zipfile":
        with zipfile.ZipFile(archive) as opened:
            return opened.namelist()
    if reader == "7z":
        told = run("7z", "l", "-slt", "-ba", archive, env=UTF8)
        return [line.removeprefix("Path = ") for line in told.splitlines() if line.startswith("Path = ")]
    words = {"unzip": ("unzip", "-Z1"), "bsdtar": ("bsdtar", "-tf")}[reader]
    return run(*words, archive, env=UTF8).splitlines()


def index_js(header, documents, *, parts: int, bytes_planned: int):
    """The viewer's index script of documents whose parts are known from the start: (part, document) of each."""
    index = viewer.Index()
    placed = ((part, [index.row(document)]) for part, document in documents)
    return index.script(header, placed, parts=parts, bytes_planned=bytes_planned)
