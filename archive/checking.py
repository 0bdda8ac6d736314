"""Checks a finished set where it stands, knowing nothing but its files: what `python -m archive verify` does.

Of each volume: every header, every CRC-32, the SHA-256 that its manifests promise for every file, and the SHA-256 of the
volume itself, to be compared with the one that was published. Of the directory volume also: that each of its records is one
of the volumes' own. Several parts of the work run at once; memory stays flat.
"""

from __future__ import annotations

import re
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from operator import attrgetter
from pathlib import Path

from archive import reader, several, verify
from archive.errors import Damaged
from archive.packing import BLOCK
from archive.volume import helpers
from archive.zipfmt import Entry, read_directory, read_end

_PART = re.compile(r"(.+)\.(zip|z\d{2,})", re.IGNORECASE)
_TWIN = re.compile(r".+_parte\d+de\d+\.zip", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One volume of a set as it was found. problem: what is wrong, empty if nothing is."""

    name: str
    bytes: int
    sha256: str
    entries: int
    problem: str


def parts(place: Path) -> list[Path]:
    """The volumes in a folder, or of the set that one of them (NAME.zip, NAME.z01) belongs to."""
    if place.is_dir():
        found = [p for p in place.iterdir() if p.is_file() and _PART.fullmatch(p.name)]
        names = {(p.stat().st_dev, p.stat().st_ino): p for p in sorted(found, key=lambda p: bool(_TWIN.fullmatch(p.name)), reverse=True)}
        return sorted(names.values())  # a volume under both its names is checked once
    stem = place.name.rpartition(".")[0]
    if _TWIN.fullmatch(place.name) or not _PART.fullmatch(place.name):
        return [place]
    return sorted(p for p in place.parent.iterdir() if (m := _PART.fullmatch(p.name)) and m[1] == stem)


def check(volumes: list[Path]) -> list[Part]:
    """Checks each volume. What is wrong stands in the result; only a disk that fails raises OSError."""
    return several.each(volumes, _part)


def _part(path: Path, turn: several.Turn) -> Part:
    with helpers(turn.threads) as pool:
        hashing = pool.submit(_sha256, path)
        entries, problem = 0, ""
        try:
            entries = _checked(path, pool)
        except Damaged as damaged:
            problem = str(damaged)
        except (KeyError, ValueError, EOFError):
            problem = "La parte no se puede leer como una de nuestros respaldos"
        return Part(path.name, path.stat().st_size, hashing.result(), entries, problem)


def _sha256(path: Path) -> str:
    digest, buffer = sha256(), bytearray(BLOCK)
    with open(path, "rb", buffering=0) as stream:
        while count := stream.readinto(buffer):
            digest.update(memoryview(buffer)[:count])
    return digest.hexdigest()


def _checked(path: Path, pool: Executor) -> int:
    """Number of entries in the volume. Raises Damaged, ValueError, KeyError."""
    with open(path, "rb") as stream:
        end = read_end(stream)
        here = sorted((e for e in read_directory(stream) if e.disk == end.disk), key=attrgetter("offset"))
        hashes = _promised(stream, {e.name: e for e in here if not e.name.startswith("data/")})
        for name in hashes.keys() - {e.name for e in here} if not end.disk else ():
            raise Damaged(f"Falta {name}, que está en el manifiesto")
        if end.disk:
            _joins(path, stream, end.disk)
    verify.check_contents(path, here, end.offset, hashes, pool)
    return len(here)


def _promised(stream, tag_files: dict[str, Entry]) -> dict[str, str]:
    """SHA-256 of each file by its name, from both manifests of the bag."""
    return {
        name.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%"): digest
        for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt")
        for name, digest in reader.hashes(stream, tag_files[manifest])
    }


def _joins(path: Path, stream, disks: int) -> None:
    """Whether the records of the directory volume are the volumes' own."""
    own: dict[str, Entry] = {}
    disk = -1
    for entry in read_directory(stream):
        if entry.disk == disks:
            continue
        if entry.disk != disk:
            disk = entry.disk
            sibling = path.with_suffix(f".z{disk + 1:02d}")
            if not sibling.exists():
                raise Damaged(f"Falta la parte {sibling.name}")
            with closing(open(sibling, "rb")) as volume:
                own = {e.name: e for e in read_directory(volume)}
        if own.get(entry.name) != entry._replace(disk=0):
            raise Damaged(f"{entry.name} no está en su parte como dice el directorio")
