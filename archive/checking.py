"""Checks a finished set where it stands, knowing nothing but its files: what `python -m archive verify` does.

Of each volume: every header, every record of its directory, every CRC-32, the SHA-256 that its manifests promise for every file,
and the SHA-256 of the volume itself, to be compared with the one that was published. Of the directory volume also: that each of
its records is one of the volumes' own. Of the set: which volumes are not here. Several parts of the work run at once; memory stays
flat.
"""

from __future__ import annotations

import re
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import sha256
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple

from archive import reader, several, tags, verify
from archive.belonging import Place, missing, place_of
from archive.errors import Damaged
from archive.names import names_of
from archive.packing import BLOCK
from archive.volume import helpers
from archive.zipfmt import End, Entry, disk_of, entries_here, entry_of, on_disk, read_end, read_records

_PART = re.compile(r"(.+)\.(zip|z\d{2,})", re.IGNORECASE)
_TWIN = re.compile(r"(.+)_parte\d+de\d+\.zip", re.IGNORECASE)
_EMPTY = tags.EMPTY_NAME.encode()


@dataclass(frozen=True, slots=True)
class Part:
    """One volume of a set as it was found. problem: what is wrong, empty if nothing is. place: None where it cannot be trusted."""

    name: str
    bytes: int
    sha256: str
    entries: int
    problem: str
    place: Place | None = None


class _Inside(NamedTuple):
    """What a volume says of itself. hashes: promised SHA-256 by name."""

    end: End
    entries: list[Entry]
    hashes: dict[str, str]
    place: Place | None


def parts(place: Path) -> list[Path]:
    """The volumes in a folder, or of the set that one of them (NAME.zip, NAME.z01) belongs to. NAME_parte03de05.zip, which opens by
    itself, stands for itself alone."""
    if not place.is_dir() and (_is_twin(place) or not _PART.fullmatch(place.name)):
        return [place]
    folder, stem = (place, None) if place.is_dir() else (place.parent, _stem(place))
    found = [p for p in folder.iterdir() if _PART.fullmatch(p.name) and stem in (None, _stem(p)) and p.is_file()]
    names = {(p.stat().st_dev, p.stat().st_ino): p for p in sorted(found, key=_is_twin, reverse=True)}
    return sorted(names.values())  # a volume under both its names is checked once


def check(volumes: list[Path]) -> list[Part]:
    """Checks each volume. What is wrong stands in the result; only a disk that fails raises OSError."""
    return several.each(volumes, _part)


def complete(place: Path, found: list[Part]) -> list[Part]:
    """What `check` found of `parts(place)`, and a Part of no bytes for each volume that is missing beside them.

    Each volume tells of how many it is one. But whoever names a single file that opens by itself (NAME_parte03de05.zip) asks
    about that file alone: the others are not looked for.
    """
    if not place.is_dir() and any(part.name == place.name and _opens_alone(part) for part in found):
        return found
    names = missing((part.name, part.place) for part in found)
    return sorted([*found, *(Part(name, 0, "", 0, f"Falta la parte {name}") for name in names)], key=attrgetter("name"))


def _opens_alone(part: Part) -> bool:
    return bool(part.place and part.place.is_data and part.name.lower().endswith(".zip"))


def _is_twin(path: Path) -> bool:
    return bool(_TWIN.fullmatch(path.name))


def _stem(path: Path) -> str:
    return (_TWIN.fullmatch(path.name) or _PART.fullmatch(path.name))[1]


def _part(path: Path, turn: several.Turn) -> Part:
    with helpers(turn.threads) as pool:
        hashing = pool.submit(_sha256, path)
        inside, problem = None, ""
        try:
            inside = _inside(path)
            _check(path, inside, pool)
        except Damaged as damaged:
            problem = str(damaged)
        except (KeyError, ValueError, EOFError):
            problem = "La parte no se puede leer como una de nuestros respaldos"
        entries, place = (len(inside.entries), inside.place) if inside else (0, None)
        return Part(path.name, path.stat().st_size, hashing.result(), 0 if problem else entries, problem, place)


def _sha256(path: Path) -> str:
    digest, buffer = sha256(), bytearray(BLOCK)
    with open(path, "rb", buffering=0) as stream:
        while count := stream.readinto(buffer):
            digest.update(memoryview(buffer)[:count])
    return digest.hexdigest()


def _inside(path: Path) -> _Inside:
    """Raises Damaged, ValueError, KeyError."""
    with open(path, "rb") as stream:
        end, entries = read_end(stream), entries_here(stream)
        tag_files = {e.name: e for e in entries if not e.name.startswith("data/")}
        hashes = _promised(stream, tag_files)
        info = reader.open_entry(stream, tag_files["bag-info.txt"]).read()
    told = sha256(info).hexdigest() == hashes.get("bag-info.txt")
    return _Inside(end, entries, hashes, place_of(reader.bag_labels(info), end.disk) if told else None)


def _check(path: Path, inside: _Inside, pool: Executor) -> None:
    """Raises Damaged."""
    for name in inside.hashes.keys() - {e.name for e in inside.entries} if not inside.end.disk else ():
        raise Damaged(f"Falta {name}, que está en el manifiesto")
    if inside.end.disk:
        _joins(path, inside.end.disk)
    verify.check_contents(path, inside.entries, inside.end.offset, inside.hashes, pool)


def _promised(stream: BinaryIO, tag_files: dict[str, Entry]) -> dict[str, str]:
    """SHA-256 of each file by its name, from both manifests of the bag."""
    return {
        name.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%"): digest
        for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt")
        for name, digest in reader.hashes(stream, tag_files[manifest])
    }


def _joins(path: Path, disks: int) -> None:
    """Whether the records of the directory volume at `path` are the volumes' own, as far as these are here. Raises Damaged."""
    own: dict[bytes, bytes] | None = None
    disk = -1
    with open(path, "rb") as stream:
        for name, record in read_records(stream):
            if (other := disk_of(record)) == disks:
                continue
            if other != disk:
                # What all volumes hold at the same place is volume 1's here: the order tells. Only the placeholder of a set
                # without any file comes behind the others.
                if other > disks or other < disk and name != _EMPTY:
                    raise Damaged("El directorio central está dañado")
                disk, own = other, _records(path, other, disks)
            if own is None:
                entry_of(record)  # is at least a record
            elif own.get(name) != on_disk(record, 0):
                raise Damaged(f"{name.decode(errors='replace')} no está en su parte como dice el directorio")


def _records(path: Path, disk: int, disks: int) -> dict[bytes, bytes] | None:
    """The records of volume `disk` (from 0) of the set of directory volume `path`, by name. None when it is not here under either of
    its names, or too damaged: both are told of by themselves."""
    for name in filter(None, names_of(path.stem, disk + 1, disks)):
        try:
            with open(path.with_name(name), "rb") as volume:
                return dict(read_records(volume))
        except FileNotFoundError:
            continue
        except Damaged:
            return None
    return None
