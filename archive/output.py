"""The folder that receives a set: while it is made, it lies hidden in a work folder there; then all its names appear, or none.

A work folder whose process is gone, however it went, is swept by the next one. Who lives is told by a lock on a file in it, which
the kernel gives up with the last process that holds it. Sweeping and publishing are done by one at a time, under a lock on the
receiving folder itself. Where a file system knows no locks nothing is swept, and only the look for parts that are there already
keeps two apart.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from archive.errors import ArchiveError, Damaged
from archive.process import held_back
from archive.volume import VolumeResult

_PREFIX = ".respaldo-en-curso-"
_LOCK, _MOVES = "en-uso", "por-publicar"  # in the work folder: who is locked while it is alive; what is being moved out of it
_AT_ONCE = fcntl.LOCK_EX | fcntl.LOCK_NB


class Move(NamedTuple):
    """A finished volume: its name in the work folder, the name it is published under, its SHA-256."""

    held: str
    name: str
    sha256: str


class Output:
    """`folder`, which is to receive the parts of `name`. Whatever becomes of `begin`, `end` is to be called."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._taken = re.compile(re.escape(name) + r"(\.zip|\.z\d+|_parte\d+de\d+\.zip)", re.IGNORECASE)
        self._created = False
        self._work: Path | None = None
        self._lock: BinaryIO | None = None

    def begin(self) -> Path:
        """A new work folder; those of the dead are swept. Raises ArchiveError when there are parts of that name, OSError."""
        self._created = not self._folder.exists()
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            for work in self._folder.glob(f"{_PREFIX}*"):
                _sweep(work)
            self._refuse_taken()
            with held_back():
                self._work = Path(tempfile.mkdtemp(dir=self._folder, prefix=_PREFIX))
                self._lock = open(self._work / _LOCK, "wb")
                with suppress(OSError):
                    fcntl.flock(self._lock, _AT_ONCE)
        return self._work

    def ready(self, results: Sequence[VolumeResult], *, independent: bool) -> list[Move]:
        """What is to be published of the work folder. independent: volumes also under the names they have as a ZIP on their own.
        Raises OSError, and Damaged when a copy is not what was copied."""
        moves = []
        for result in results:
            moves.append(Move(str(result.number), result.name, result.sha256))
            if independent and result.independent_name:
                self._twin(moves[-1], result.independent_name)
                moves.append(Move(result.independent_name, result.independent_name, result.sha256))
        return moves

    def publish(self, moves: Sequence[Move], at_last: Callable[[], None]) -> None:
        """Gives all their names. at_last: called before the first; what it raises comes out of here. Raises ArchiveError when
        somebody else was faster, OSError; then nothing is published."""
        with self._alone():
            self._refuse_taken()
            noted, done = self._work / _MOVES, []
            _note(noted, moves)
            at_last()
            try:
                for held, name, _ in moves:
                    os.rename(self._work / held, self._folder / name)
                    done.append(self._folder / name)
                noted.unlink()
            except OSError:
                for path in done:
                    path.unlink(missing_ok=True)
                raise

    def end(self) -> None:
        """Removes the work folder, and the receiving folder if it was made here and received nothing."""
        if self._work:
            with suppress(OSError):
                _clear(self._work)
        if self._lock:
            self._lock.close()
        if self._created:
            with suppress(OSError):
                self._folder.rmdir()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While no other process on this machine is here with the same folder."""
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _refuse_taken(self) -> None:
        if any(self._taken.fullmatch(path.name) for path in self._folder.iterdir()):
            raise ArchiveError(f"ya hay partes de {self._name} en {self._folder}")

    def _twin(self, move: Move, name: str) -> None:
        """The same volume under another name: a hard link, or a copy where the file system has no links."""
        held, twin = self._work / move.held, self._work / name
        try:
            os.link(held, twin)
        except OSError:
            shutil.copyfile(held, twin)
            _flush(twin)
            if _sha256(twin) != move.sha256:
                raise Damaged(f"La copia {name} no quedó igual") from None


def _note(path: Path, moves: Sequence[Move]) -> None:
    """Writes down what will be published, for whoever sweeps if this process is killed in the middle of it."""
    path.write_text(json.dumps(moves))
    _flush(path)


def _sweep(work: Path) -> None:
    """Removes a work folder whose process is gone, and what it had published of a set that is not whole."""
    if work.is_symlink():
        return
    try:
        lock = open(work / _LOCK, "r+b")
    except FileNotFoundError:  # killed before it had one, or nothing of ours
        with suppress(OSError):
            work.rmdir()
        return
    except OSError:
        return
    with lock, suppress(OSError):  # it lives; or it cannot be removed, which need not stop anybody
        fcntl.flock(lock, _AT_ONCE)
        _take_back(work)
        _clear(work)


def _take_back(work: Path) -> None:
    """Removes what was moved out of `work`, and is still what it was then."""
    try:
        moves = [Move(*values) for values in json.loads((work / _MOVES).read_bytes())]
    except (FileNotFoundError, ValueError):  # killed before the first was moved
        return
    for held, name, sha256 in moves:
        published = work.parent / name
        if not (work / held).exists() and published.is_file() and _sha256(published) == sha256:
            published.unlink()


def _clear(work: Path) -> None:
    """The lock goes last: what is left by whoever is killed meanwhile can still be told."""
    for path in sorted(work.iterdir(), key=lambda path: path.name == _LOCK):
        path.unlink()
    work.rmdir()


def _flush(path: Path) -> None:
    with open(path, "rb") as stream:
        os.fsync(stream.fileno())


def _sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
