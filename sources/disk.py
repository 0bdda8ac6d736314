"""The old generation of files: a tree on disk, `<root>/<YYYY>/<area>/…`, that came from another server.

A path out of the database is never trusted: it is resolved below the root, links included, or refused.
"""

import errno
import os
import stat
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sources.errors import FileProblem, SourceUnavailable

HEAD = 12
_CHUNK = 1 << 20
_SETTLED_NS = 3_000_000_000
# What a network mount answers when its server is gone: the source's trouble, not this file's.
_AWAY = {
    errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH,
    errno.ENETDOWN, errno.ECONNREFUSED, errno.ECONNRESET, errno.ENODEV, errno.EMFILE, errno.ENFILE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is there and readable: its path below the root as it is really spelled, size and first bytes."""

    path: str
    bytes: int
    head: bytes


class Disk:
    def __init__(self, root: Path | None):
        self._root = Path(root) if root else None
        self._listed: tuple[Path, int, dict[str, str]] | None = None  # replaced as a whole: threads share it

    def probe(self, path: str) -> Found:
        """Look at a file without reading it. Raises FileProblem or SourceUnavailable."""
        real = self._resolve(path)
        with self._open(real) as file:
            try:
                head = file.read(HEAD)
                size = os.fstat(file.fileno()).st_size
            except OSError as error:
                raise _problem(error) from error
        return Found("/" + real.relative_to(self.root()).as_posix(), size, head)

    def size(self, path: str) -> int:
        """Bytes of a file, one `stat` only. Raises FileProblem or SourceUnavailable."""
        try:
            return self._resolve(path).stat().st_size
        except OSError as error:
            raise _problem(error) from error

    def chunks(self, path: str) -> Iterator[bytes]:
        """The bytes of a file, opened before this returns; `cambio` if it changed before it was read to its end."""
        return self._read(self._open(self._resolve(path)))

    def _read(self, file) -> Iterator[bytes]:
        with file:
            try:
                before = os.fstat(file.fileno())
                read = 0
                while chunk := file.read(_CHUNK):
                    read += len(chunk)
                    yield chunk
                after = os.fstat(file.fileno())
            except OSError as error:
                raise _problem(error) from error
        if read != before.st_size or after.st_mtime_ns != before.st_mtime_ns:
            raise FileProblem("cambio")

    def root(self) -> Path:
        """The real root. SourceUnavailable if it is not configured, not there or does not answer."""
        if self._root is None:
            raise SourceUnavailable("BODEGA_DIR is not configured")
        try:
            real = self._root.resolve(strict=True)
            if not real.is_dir():
                raise SourceUnavailable("the bodega's root is not a directory")
        except (OSError, RuntimeError) as error:
            raise SourceUnavailable("the bodega's root does not answer") from error
        return real

    def empty(self) -> bool:
        """Whether nothing is below the root, as in a mount point without its mount. SourceUnavailable if it cannot be read."""
        try:
            with os.scandir(self.root()) as entries:
                return next(entries, None) is None
        except OSError as error:
            raise SourceUnavailable("the bodega's root cannot be read") from error

    def _resolve(self, path: str) -> Path:
        root = self.root()
        parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
        if not parts or ".." in parts or "\0" in path:
            raise FileProblem("ruta")
        try:
            real = self._walk(root, parts).resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise _problem(error) from error
        if not real.is_relative_to(root):
            raise FileProblem("ruta")
        return real

    def _walk(self, root: Path, parts: list[str]) -> Path:
        exact = root.joinpath(*parts)
        if os.path.lexists(exact):
            return exact
        here = root
        for part in parts:
            here = here / (part if os.path.lexists(here / part) else self._alike(root, here, part))
        return here

    def _alike(self, root: Path, folder: Path, name: str) -> str:
        """The entry that differs only in case or in how accents are composed: the old server did not mind."""
        names = self._names(folder)
        if found := names.get(_loose(name)):
            return found
        if folder == root and not names:
            raise SourceUnavailable("the bodega's root is empty: is it mounted?")
        raise FileProblem("ausente")

    def _names(self, folder: Path) -> dict[str, str]:
        """Names in a folder by how they compare. Those of the folder looked at last are kept while it stays as it is: an area's
        year may hold 100 000 files, and a whole tree may have come with another case."""
        try:
            changed = os.stat(folder).st_mtime_ns
            known = self._listed
            if known and known[:2] == (folder, changed):
                return known[2]
            names: dict[str, str] = {}
            for name in sorted(os.listdir(folder)):
                names.setdefault(_loose(name), name)
        except NotADirectoryError:
            raise FileProblem("ausente") from None
        # What was changed a moment ago may change again within the same tick of the file system's clock.
        settled = time.time_ns() - changed > _SETTLED_NS
        self._listed = (folder, changed, names) if settled else None
        return names

    def _open(self, real: Path):
        try:
            # Not blocking: a FIFO in the tree must not hold the worker for ever.
            descriptor = os.open(real, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise _problem(error) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileProblem("directorio")
        return open(descriptor, "rb", buffering=0)


def _loose(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _problem(error: Exception) -> Exception:
    number = getattr(error, "errno", None)
    if number in _AWAY:
        return SourceUnavailable("the bodega's disk does not answer")
    if number in (errno.ENOENT, errno.ENOTDIR):
        return FileProblem("ausente")
    if number == errno.ENAMETOOLONG or isinstance(error, RuntimeError):
        return FileProblem("ruta")
    return FileProblem("ilegible")
