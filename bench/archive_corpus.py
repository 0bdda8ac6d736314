"""The corpora of the archive's benchmark: folders of made-up documents, the same bytes for the same seed.

`mixed` is what an institution's backup looks like: two thirds of the bytes scanned PDFs (they do not shrink), the rest
born-digital PDFs, office files, HTML, XML and text. `tiny` is many small files. `single` is one file. Everything is cut
from a few megabytes of noise and of prose, at places that differ from file to file: gigabytes are made in seconds, and no
packer's window (32 KiB) ever sees the same bytes twice.
"""

from __future__ import annotations

import os
import random
import shutil
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

SEED = 20261122
WHEN = 1_760_000_000  # modification time of the first file; each next one is an hour younger
_DONE = ".hecho"
_NOISE, _PROSE = 24 << 20, 6 << 20
_WORDS = (
    "oficio memorando solicitud respaldo documento institución ministerio dirección servidor público trámite informe anexo "
    "resolución acuerdo expediente fecha firma archivo usuario área cargo período plazo atención respuesta número asunto "
    "cordialmente presente sírvase encontrar adjunto para los fines pertinentes de conformidad con lo dispuesto en la ley"
).split()

Maker = Callable[[random.Random, int], bytes]


class _Pool:
    """Noise and prose to cut from."""

    def __init__(self) -> None:
        rng = random.Random(SEED)
        self.noise = rng.randbytes(_NOISE)
        words = [f"{w}{rng.randrange(10_000) if rng.random() < 0.15 else ''}" for w in rng.choices(_WORDS, k=80_000)]
        lines = (" ".join(rng.choices(words, k=14)) for _ in range(_PROSE // 110))
        self.prose = "\n".join(lines).encode()[:_PROSE]
        self.packed = zlib.compress(self.prose * 2, 6)

    def cut(self, of: bytes, rng: random.Random, size: int) -> bytes:
        """`size` bytes from a random place of a pool, going round at its end."""
        start = rng.randrange(len(of))
        piece = of[start : start + size]
        while len(piece) < size:
            piece += of[: size - len(piece)]
        return piece

    def scan(self, rng: random.Random, size: int) -> bytes:
        """A PDF of scanned pages: JPEG streams between small objects."""
        out = [b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"]
        left, page = size, 0
        while left > 0:
            page, take = page + 1, min(left, rng.randrange(60_000, 400_000))
            out.append(
                b"%d 0 obj\n<</Type/XObject/Subtype/Image/Width 1654/Height 2339/ColorSpace/DeviceGray"
                b"/BitsPerComponent 8/Filter/DCTDecode/Length %d>>\nstream\n" % (page, take)
            )
            out += [self.cut(self.noise, rng, take), b"\nendstream\nendobj\n"]
            left -= take
        return b"".join(out) + b"trailer\n<</Root 1 0 R>>\n%%EOF\n"

    def digital(self, rng: random.Random, size: int) -> bytes:
        """A PDF of a word processor: deflated streams, plain objects and a cross-reference table."""
        out, left, number = [b"%PDF-1.7\n"], size, 0
        while left > 0:
            number, take = number + 1, min(left, rng.randrange(2_000, 24_000))
            out.append(b"%d 0 obj\n<</Length %d/Filter/FlateDecode>>\nstream\n" % (number, take))
            out += [self.cut(self.packed, rng, take), b"\nendstream\nendobj\n"]
            out += [b"%d 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>\nendobj\n" % k for k in range(3)]
            left -= take
        table = b"".join(b"%010d 00000 n \n" % rng.randrange(size) for _ in range(4 * number))
        return b"".join(out) + b"xref\n" + table + b"trailer\n<</Root 1 0 R>>\n%%EOF\n"

    def office(self, rng: random.Random, size: int) -> bytes:
        """An office file: a ZIP of deflated XML."""
        return b"PK\3\4\x14\0\6\0\x08\0" + self.cut(self.packed, rng, size)

    def text(self, rng: random.Random, size: int) -> bytes:
        return self.cut(self.prose, rng, size)

    def html(self, rng: random.Random, size: int) -> bytes:
        lines = self.cut(self.prose, rng, size).split(b"\n")
        return b"<!doctype html><html><body>\n" + b"\n".join(b"<p class=\"texto\">" + x + b"</p>" for x in lines)

    def xml(self, rng: random.Random, size: int) -> bytes:
        lines = self.cut(self.prose, rng, size).split(b"\n")
        return b"<?xml version=\"1.0\"?>\n<r>\n" + b"\n".join(b"<linea n=\"%d\">%s</linea>" % (i, x) for i, x in enumerate(lines))


def mixed(root: Path, *, octets: int = 2_100_000_000, files: int = 5_200) -> Path:
    """About `octets` bytes in `files` files below `root`; nothing is done when they are there already."""
    return _made(root, lambda: _mixed(octets, files))


def tiny(root: Path, *, files: int = 50_000) -> Path:
    """`files` texts, HTML pages and XML files of 200 to 4 000 bytes, 500 in a folder."""
    return _made(root, lambda: _tiny(files))


def single(root: Path, *, octets: int) -> Path:
    """One scanned file of about `octets` bytes, written in pieces."""
    return _made(root, lambda: _single(octets))


def _mixed(octets: int, files: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    pool, rng = _Pool(), random.Random(SEED + 1)
    # kind: (maker, share of the bytes, share of the files, spread of the sizes, extension)
    kinds: list[tuple[Maker, float, float, float, str]] = [
        (pool.scan, 0.667, 0.36, 1.2, "pdf"), (pool.digital, 0.19, 0.34, 0.7, "pdf"), (pool.office, 0.083, 0.13, 0.7, "docx"),
        (pool.html, 0.025, 0.07, 0.6, "html"), (pool.xml, 0.015, 0.04, 0.6, "xml"), (pool.text, 0.02, 0.06, 0.8, "txt"),
    ]  # fmt: skip
    todo = []
    for maker, weight, share, sigma, extension in kinds:
        count = max(1, round(files * share))
        raw = [rng.lognormvariate(0, sigma) for _ in range(count)]
        todo += [(maker, max(300, round(size * octets * weight / sum(raw))), extension) for size in raw]
    rng.shuffle(todo)
    for number, (maker, size, extension) in enumerate(todo):
        year, area = 2012 + number * 12 // len(todo), number % 7
        name = f"{year}/Área {area}/{year}-{number:05d} {rng.choice(_WORDS)} {rng.choice(_WORDS)}.{extension}"
        yield name, iter([maker(rng, size)])


def _tiny(files: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    pool, rng = _Pool(), random.Random(SEED + 2)
    for number in range(files):
        maker, extension = rng.choice(((pool.text, "txt"), (pool.html, "html"), (pool.xml, "xml")))
        yield f"{number // 500:03d}/nota-{number:05d}.{extension}", iter([maker(rng, rng.randrange(200, 4000))])


def _single(octets: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    pool, rng = _Pool(), random.Random(SEED + 3)
    piece = 16 << 20
    yield "grande.pdf", (pool.scan(rng, min(piece, octets - at)) for at in range(0, octets, piece))


def _made(root: Path, files: Callable[[], Iterator[tuple[str, Iterator[bytes]]]]) -> Path:
    src = root / "src"
    if not (root / _DONE).exists():
        for number, (name, pieces) in enumerate(files()):
            path = src / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "wb", buffering=0) as out:
                out.writelines(pieces)
            os.utime(path, (WHEN + 3600 * number,) * 2)
        (root / _DONE).touch()
    return src


def linked(root: Path, *, of: Path, times: int) -> Path:
    """The mixed corpus below `of` several times over, as hard links: twenty gigabytes to read that take no room."""
    src = root / "src"
    for number in range(times):
        copy = src / f"{number:02d}"
        if not copy.exists():
            shutil.copytree(of / "src", copy, copy_function=os.link)
    return src
