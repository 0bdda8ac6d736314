"""A plain folder as a source of documents: every file is one document under its own relative path."""

from __future__ import annotations

import errno
import io
import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from archive.lane import trouble
from archive.model import Document, File, FileProblem
from archive.names import split_suffix

_FIRST, _LAST = 315532800, 4354819198  # 1980 to 2107: what a ZIP knows; the first also of what has no date
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # not blocking: a FIFO must not hold us


class Folder:
    """The tree below `root`, in a fixed order. Symbolic links and special files are named, never followed or opened."""

    def __init__(self, root: Path) -> None:
        self.root = os.path.realpath(root)
        self._held, self._youngest = threading.local(), _FIRST

    def documents(self) -> Iterator[Document]:
        """What is gone or cannot be listed when its turn comes is a document with that problem; raises OSError when it is the root."""
        self._youngest = _FIRST
        for number, (relative, info) in enumerate(self._walk(), 1):
            if type(info) is FileProblem:
                moment, size, problem = _FIRST, None, info.cause
            else:
                moment = info.st_mtime
                if moment > self._youngest:
                    self._youngest = moment
                problem = None if stat.S_ISREG(info.st_mode) else _problem(info.st_mode)
                size = None if problem else info.st_size
            file = File(relative, "principal", relative, size, split_suffix(relative)[1], problem)
            shown = relative if relative.isascii() else relative.encode("utf-8", "replace").decode()
            subject = (shown[:-1] if shown[-1] == "/" else shown).rpartition("/")[2]
            yield Document(str(number), shown, "Archivo", _iso(moment), subject, (), (), (), (), "", False, (), (file,))

    def newest(self) -> str:
        """ISO instant of the youngest file that `documents` gave: the folder's own clock, so that equal folders give equal
        archives."""
        return _iso(self._youngest)

    def open(self, ref: str) -> BinaryIO:
        """Opens one file of the walk. Raises FileProblem when it has become something else since."""
        return io.FileIO(self._open(ref), "rb")

    def read(self, ref: str, limit: int) -> bytes:
        """The first `limit` bytes of one file; any thread may ask. Raises FileProblem as `open` does."""
        descriptor = self._open(ref)
        try:
            return os.read(descriptor, limit)  # of a regular file on a disk, all that is there
        finally:
            os.close(descriptor)

    def _open(self, ref: str) -> int:
        """Descriptor of a regular file. No part of its path may have become a symbolic link."""
        folder, _, name = ref.rpartition("/")
        try:
            descriptor = os.open(name, _FILE_FLAGS, dir_fd=self._folder(folder))
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise FileProblem("enlace") from error
            raise
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileProblem("especial")
        return descriptor

    def _folder(self, relative: str) -> int:
        """Descriptor of a folder below the root, opened step by step. Each thread keeps the one it used last: files come
        folder by folder."""
        held = self._held
        if getattr(held, "relative", None) != relative:
            held.relative = None
            held.folder = _Descriptor(os.open(self.root, _FOLDER_FLAGS))
            for step in relative.split("/") if relative else ():
                held.folder = _Descriptor(_step(step, held.folder))
            held.relative = relative
        return held.folder.number

    def _walk(self) -> Iterator[tuple[str, os.stat_result | FileProblem]]:
        """(relative path, lstat) of everything that is not a folder, sorted by the bytes of each name; or why there is none, of a
        folder too (its path ends with "/"). Folders may lie in each other as deep as the system lets them."""
        levels = [("", iter(_listed(self.root)))]
        while levels:
            below, entries = levels[-1]
            for entry in entries:
                relative = below + entry.name
                try:
                    if entry.is_dir(follow_symlinks=False):
                        relative += "/"
                        levels.append((relative, iter(_listed(entry.path))))
                        break
                    info = entry.stat(follow_symlinks=False)
                except OSError as error:
                    info = self._lost(error)
                yield relative, info
            else:
                levels.pop()

    def _lost(self, error: OSError) -> FileProblem:
        """What became of an entry, while the root answers. Raises OSError when it does not."""
        os.stat(self.root)
        problem = trouble(error)
        if isinstance(problem, FileProblem):
            return problem
        raise error


def _listed(folder: str) -> list[os.DirEntry]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda e: e.name.encode("utf-8", "surrogateescape"))


def _iso(moment: float) -> str:
    """The instant, or the nearest that a ZIP knows: a disk holds dates that no calendar names."""
    if not _FIRST <= moment <= _LAST:
        moment = _FIRST if moment < _FIRST else _LAST
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(moment // 1))


def _problem(mode: int) -> str:
    """Of what is no regular file."""
    return "enlace" if stat.S_ISLNK(mode) else "especial"


class _Descriptor:
    """An open folder, closed with the last one who holds it."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        os.close(self.number)


def _step(name: str, folder: _Descriptor) -> int:
    try:
        return os.open(name, _FOLDER_FLAGS, dir_fd=folder.number)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise FileProblem("enlace") from error
        raise
