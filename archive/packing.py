"""What becomes of a file's bytes in a ZIP: stored or deflated, with their sums. Pure: the same content gives the same bytes.

Whether to deflate is decided by a sample of the bytes alone, and blocks always have the same length. libdeflate and zlib
give the same bytes on every processor and in every process; isal, which is faster, does not: of 20 000 small files about
one comes out otherwise in every second process (docs/adr/0010), so that it may unpack here, but not pack. Nor may it sum: its
CRC-32 leaves the processor's wide registers in use, with which SHA-256 takes a third longer; libdeflate's does not. Every
heavy step lets go of the interpreter lock, so threads help.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import NamedTuple

from deflate import crc32, deflate_compress

from archive.zipfmt import DEFLATED, STORED

BLOCK = 1 << 20
SMALL = 4 << 20  # what is shorter is held in memory, once; what is not streams
LEVEL = 1  # of libdeflate and of zlib: what a level more saves is less than one byte in a hundred, at half the speed
_ALWAYS = 16 << 10  # bytes up to which trying costs no more than a sample would
_SAMPLE, _EVERY, _LEAST = 1 << 10, 192 << 10, 4
_WORTH_TRYING, _WORTH_KEEPING = 0.94, 0.98  # half a second of 2 GB of PDFs went into half a thousandth of their size
_WORTH_STREAMING = 0.9  # of a large content: zlib takes four times as long as libdeflate for what hardly shrinks


class Packed(NamedTuple):
    """A small content ready to be written. data: as it will stand in the volume. size: of the content itself, which is kept where
    a signature may have to be checked."""

    method: int
    crc: int
    size: int
    sha256: str
    data: bytes | bytearray
    content: bytes | None = None


def pack(content: bytes) -> Packed:
    """Hashes, sums and, where it pays, deflates `content`."""
    method, data = STORED, content
    if pays(content):
        smaller = deflated(content)
        if worth_keeping(len(smaller), len(content)):
            method, data = DEFLATED, smaller
    return Packed(method, crc32(content), len(content), sha256(content).hexdigest(), data)


def deflated(content: bytes) -> bytes | bytearray:
    """All of `content` as a raw DEFLATE stream at the archive's level."""
    return deflate_compress(content, LEVEL)


def streaming_pays(head: bytes) -> bool:
    """Whether a large content that begins like this is worth deflating."""
    return _shrinks(head) < _WORTH_STREAMING


def pays(data: bytes) -> bool:
    """Whether deflating is worth trying."""
    if len(data) < 64:
        return False
    return len(data) <= _ALWAYS or _shrinks(data) < _WORTH_TRYING


def _shrinks(data: bytes) -> float:
    """To what part of its length `data` would shrink: samples of 1 KiB every 192 KiB, four at least, at the fastest level.

    Each is taken from the middle of its stretch: the last kilobytes of a PDF are a table that says nothing of the rest.
    """
    view, count = memoryview(data), max(_LEAST, len(data) // _EVERY)
    step = len(data) // count
    sample = b"".join(view[at : at + _SAMPLE] for at in range((step - _SAMPLE) // 2, len(data), step))
    return len(deflated(sample)) / len(sample)


def worth_keeping(packed: int, size: int) -> bool:
    return packed < _WORTH_KEEPING * size


def packer():
    """A raw DEFLATE stream at the archive's level, for what comes piece by piece (libdeflate takes a content whole)."""
    return zlib.compressobj(LEVEL, zlib.DEFLATED, -15)


def packed_block(block: bytes, *, last: bool) -> bytes:
    """A stretch of a raw DEFLATE stream that looks back to nothing before it, so that several are packed at once."""
    stream = packer()
    return stream.compress(block) + stream.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)


def blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of exactly BLOCK (the last one shorter)."""
    held: list[bytes] = []
    length = 0
    for chunk in chunks:
        if not held and len(chunk) == BLOCK:
            yield chunk
            continue
        held.append(chunk)
        length += len(chunk)
        if length >= BLOCK:
            joined = b"".join(held)
            whole = length - length % BLOCK
            yield from (joined[at : at + BLOCK] for at in range(0, whole, BLOCK))
            held, length = [joined[whole:]] if length > whole else [], length - whole
    if held:
        yield b"".join(held)
