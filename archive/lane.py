"""The way of a file from the source to the writer: read whole if it is small, as a stream if it is large.

A source that offers `read` is read by several threads at once; another only by the caller's, in order, and its bytes are
then hashed and packed in threads all the same. Both lanes give the same results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import NamedTuple

from archive.model import File, FileProblem, Source, SourceDown
from archive.packing import BLOCK, SMALL, Packed, pack
from archive.signatures import ByteRangeProbe

TRIES = 2  # of each file, before it is a novedad

Read = Callable[[File], bytes]


class Problem(NamedTuple):
    """Why a file cannot be included, a key of CAUSES."""

    cause: str


def reader(source: Source) -> tuple[Read, bool]:
    """How small files of `source` are read, and whether several threads may do so at once."""
    direct = getattr(source, "read", None)
    if direct is None:
        return partial(_held_to_plan, partial(_from_stream, source)), False
    return partial(_held_to_plan, direct), True


def content(read: Read, file: File) -> bytes | Problem:
    """A small file's bytes. A failure is tried once more before it counts. Raises SourceDown."""
    for _ in range(TRIES):
        try:
            return read(file)
        except FileProblem as problem:
            cause = problem.cause
    return Problem(cause)


def packed(found: bytes | Problem, keep: bool) -> Packed | Problem:
    """keep: with its content, for somebody who has to look into it."""
    if isinstance(found, Problem):
        return found
    return pack(found)._replace(content=found) if keep else pack(found)


def _held_to_plan(read: Callable[[str, int], bytes], file: File) -> bytes:
    try:
        found = read(file.ref, file.size + 1)
    except OSError as error:
        raise trouble(error) from error
    if len(found) > file.size or (len(found) < file.size and not file.approximate):
        raise FileProblem("cambio")
    return found


def _from_stream(source: Source, ref: str, limit: int) -> bytes:
    with closing(source.open(ref)) as stream:
        data = stream.read(limit)
        while len(data) < limit and (more := stream.read(limit - len(data))):
            data += more
    return data


def trouble(error: OSError) -> SourceDown | FileProblem:
    """What the operating system says, as the archive's two kinds of trouble."""
    if isinstance(error, (ConnectionError, TimeoutError)):
        return SourceDown("La fuente no responde")
    if isinstance(error, FileNotFoundError):
        return FileProblem("ausente")
    return FileProblem("directorio" if isinstance(error, IsADirectoryError) else "ilegible")


def is_large(file: File) -> bool:
    """Decided by the plan alone, like all that shapes the bytes."""
    return file.size >= SMALL


class Stream:
    """A large file, opened anew each time it is called, and held to its planned size.

    tick: told the length of each block as it is read, and what an earlier reading counted, negative. Raises FileProblem
    for what is wrong with the file, SourceDown for what is wrong with the source.
    """

    def __init__(self, source: Source, file: File, tick: Callable[[int], None], *, probed: bool) -> None:
        self._source, self._file, self._tick, self._probed = source, file, tick, probed
        self.probe = ByteRangeProbe()
        self._told = 0

    def __call__(self) -> Iterator[bytes]:
        self.forget()
        for block in self._blocks():
            if self._told + len(block) > self._file.size:
                raise FileProblem("cambio")
            if self._probed:
                self.probe.feed(block)
            self._told += len(block)
            self._tick(len(block))
            yield block
        if self._told < self._file.size and not self._file.approximate:
            raise FileProblem("cambio")

    def forget(self) -> None:
        """An earlier reading of the same file does not count twice."""
        self._tick(-self._told)
        self._told = 0

    def _blocks(self) -> Iterator[bytes]:
        try:
            with closing(self._source.open(self._file.ref)) as stream:
                while block := stream.read(BLOCK):
                    yield block
        except OSError as error:
            raise trouble(error) from error
