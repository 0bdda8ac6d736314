"""A plain folder as a source of documents: every file is one document under its own relative path."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from archive.model import Document, File, FileProblem
from archive.names import split_suffix


class Folder:
    """The tree below `root`, in a fixed order. Symbolic links and special files are named, never followed or opened."""

    def __init__(self, root: Path) -> None:
        self.root = os.path.realpath(root)

    def documents(self) -> Iterator[Document]:
        for number, (relative, info) in enumerate(self._walk(""), 1):
            date = datetime.fromtimestamp(info.st_mtime, UTC).isoformat(timespec="seconds")
            problem = _problem(info.st_mode)
            file = File(
                ref=relative, kind="principal", name=relative, size=None if problem else info.st_size,
                suffix=split_suffix(relative)[1], problem=problem,
            )  # fmt: skip
            shown = relative.encode("utf-8", "replace").decode()
            subject = shown.rpartition("/")[2]
            yield Document(str(number), shown, "Archivo", date, subject, (), files=(file,))

    def newest(self) -> str:
        """ISO instant of the youngest file: the folder's own clock, so that equal folders give equal archives."""
        youngest = max((info.st_mtime for _, info in self._walk("")), default=315532800.0)
        return datetime.fromtimestamp(youngest, UTC).isoformat(timespec="seconds")

    def open(self, ref: str) -> BinaryIO:
        """Opens one file of the walk. Raises FileProblem when it has become something else since."""
        path = os.path.join(self.root, ref)
        if os.path.realpath(path) != path:
            raise FileProblem("enlace")
        stream = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb", buffering=0)
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            stream.close()
            raise FileProblem("especial")
        return stream

    def _walk(self, below: str) -> Iterator[tuple[str, os.stat_result]]:
        """(relative path, lstat) of everything that is not a folder, sorted by the bytes of each name."""
        with os.scandir(os.path.join(self.root, below)) as entries:
            listed = sorted(entries, key=lambda e: os.fsencode(e.name))
        for entry in listed:
            relative = f"{below}/{entry.name}" if below else entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(relative)
            else:
                yield relative, entry.stat(follow_symlinks=False)


def _problem(mode: int) -> str | None:
    if stat.S_ISLNK(mode):
        return "enlace"
    return None if stat.S_ISREG(mode) else "especial"
