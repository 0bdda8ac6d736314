"""Parts in a directory: what the default installation uses.

A part appears under its key complete and on the platter, or not at all: it is written (or linked) in `.tmp` of the same
file system, forced to disk, renamed, and the directory forced too.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat as modes
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Iterator

from storage import Stat, StorageError
from storage.keys import CHUNK, SCRATCH, check_key

# How the operating system says that no part has this key: nothing there, a part where a folder should be, or a folder.
_MISSING = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
# A hard link costs nothing, but needs the same file system and one that knows links.
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EACCES, errno.ENOSYS}


@contextmanager
def _reported(what: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StorageError(f"{what}: {error.strerror or error}") from error


class DiskStorage:
    """See `storage.Storage`. `root` is made when it is missing. Keys that leave it raise ValueError."""

    def __init__(self, root: Path) -> None:
        with _reported("the storage directory"):
            root.mkdir(parents=True, exist_ok=True)
            self.root = root.resolve(strict=True)
            (self.root / SCRATCH).mkdir(exist_ok=True)

    def put(self, key: str, path: Path) -> Stat:
        target = self._path(key)
        try:
            with _reported(f"put {key}"):
                self._publish(path, target)
                found = target.stat()
        except FileNotFoundError as error:
            raise StorageError(f"put {key}: {error.filename} is not there") from error
        with suppress(OSError):  # published all the same: a left-over in scratch is not a failure
            path.unlink()
        return Stat(key, found.st_size, found.st_mtime)

    def open(self, key: str) -> BinaryIO:
        path = self._path(key)
        with _reported(f"open {key}"):
            try:
                return path.open("rb")
            except _MISSING:
                raise FileNotFoundError(key) from None

    def read(self, key: str, start: int, length: int) -> Iterator[bytes]:
        if start < 0 or length < 0:
            raise ValueError("a range below zero")
        chunks = _chunks(self.open(key), key, start, length)
        # Run up to the first yield: from there on closing the iterator, even unused, closes the file.
        next(chunks)
        return chunks

    def stat(self, key: str) -> Stat | None:
        path = self._path(key)
        with _reported(f"stat {key}"):
            try:
                found = path.stat()
            except _MISSING:
                return None
        return Stat(key, found.st_size, found.st_mtime) if modes.S_ISREG(found.st_mode) else None

    def confirm(self, key: str, size: int, sha256: str) -> bool:
        found = self.stat(key)
        if found is None or found.bytes != size:
            return False
        with _reported(f"confirm {key}"), self.open(key) as kept:
            return hashlib.file_digest(kept, "sha256").hexdigest() == sha256

    def delete(self, key: str) -> None:
        path = self._path(key)
        with _reported(f"delete {key}"):
            try:
                path.unlink()
            except _MISSING:
                return
            with suppress(FileNotFoundError):  # emptied and removed meanwhile by another delete
                _sync_directory(path.parent)
        for folder in path.parents:
            if folder == self.root:
                break
            try:
                folder.rmdir()
            except OSError:  # not empty: somebody else's parts
                break

    def list(self, prefix: str = "") -> Iterator[Stat]:
        folder = prefix.rpartition("/")[0]
        start = self._path(folder) if folder else self.root
        found = []

        def fail(error: OSError) -> None:
            if not isinstance(error, _MISSING):
                raise StorageError(f"list {prefix!r}: {error.strerror}") from error

        for place, folders, names in os.walk(start, onerror=fail):
            if Path(place) == self.root and SCRATCH in folders:
                folders.remove(SCRATCH)
            for name in names:
                path = Path(place, name)
                key = path.relative_to(self.root).as_posix()
                if key.startswith(prefix):
                    with suppress(FileNotFoundError), _reported(f"list {prefix!r}"):  # gone meanwhile
                        status = path.lstat()
                        if modes.S_ISREG(status.st_mode):
                            found.append(Stat(key, status.st_size, status.st_mtime))
        yield from sorted(found, key=lambda stat: stat.key)

    def url(self, key: str, filename: str, seconds: int = 60) -> None:
        return None

    def scratch(self) -> Path:
        return self.root / SCRATCH

    def free(self) -> int:
        with _reported("free space"):
            return shutil.disk_usage(self.root).free

    def _path(self, key: str) -> Path:
        path = self.root / check_key(key)
        # Nobody but us writes here; still, a link placed by hand must not lead the site out of its directory.
        if not path.resolve().is_relative_to(self.root):
            raise ValueError(f"the key {key!r} leads out of the storage directory")
        return path

    def _publish(self, path: Path, target: Path) -> None:
        ready = self.scratch() / f"put-{uuid.uuid4().hex}"
        try:
            try:
                os.link(path, ready)
            except OSError as error:
                if error.errno not in _NO_LINK:
                    raise
                shutil.copyfile(path, ready)
            _sync(ready)
            self._rename(ready, target)
        finally:
            # After a rename there is nothing left, except when target was already a link to the same file.
            ready.unlink(missing_ok=True)

    def _rename(self, ready: Path, target: Path) -> None:
        for attempts_left in reversed(range(10)):
            try:
                self._make_folder(target.parent)
                os.replace(ready, target)
                break
            except (FileNotFoundError, FileExistsError):  # a delete took the folder, still empty, in between
                if not attempts_left:
                    raise
        _sync_directory(target.parent)

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make_folder(folder.parent)
            folder.mkdir(exist_ok=True)
            _sync_directory(folder.parent)


def _chunks(file: BinaryIO, key: str, start: int, length: int) -> Iterator[bytes]:
    with file, _reported(f"read {key}"):
        yield b""
        file.seek(start)
        while length:
            chunk = file.read(min(CHUNK, length))
            if not chunk:
                raise StorageError(f"read {key}: it ends {length} bytes before the range does")
            length -= len(chunk)
            yield chunk


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


_sync_directory = _sync
