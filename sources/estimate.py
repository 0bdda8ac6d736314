"""How large an archive will be, before anybody has looked at its files (decision 28): seconds, not minutes."""

import random
from collections.abc import Iterator

from sqlalchemy import Connection, text

from sources.bodega import Bodega
from sources.disk import Disk
from sources.errors import FileProblem
from sources.files import Place
from sources.selection import Query, documents_subselect
from sources.types import Size

SAMPLE = 200
_CODES = 10_000
_STREAM = 2_000
_KB = 1_000  # anex_tamano: bytes/1000 in older rows, /1024 in newer ones
_SIGNED = ".p7m"


def size(connection: Connection, query: Query, disk: Disk, bodega: Bodega, *, include_reserved: bool) -> Size:
    """Σ archivo.tamanio + Σ anex_tamano × 1000 + mean of ≤ 200 sampled files on disk × their number."""
    documents = documents_subselect(query, include_reserved=include_reserved)
    attachments, attached_bytes = _attachments(connection, query, documents)
    codes, paths, on_disk = _main_files(connection, query, documents)
    stored = sum(bodega.total(part) for part in _parts(codes, _CODES))
    sampled = [_stat(disk, path) for path in paths]
    disk_bytes = sum(size for size, _ in sampled) * on_disk // len(sampled) if sampled else 0
    disk_files = sum(files for _, files in sampled) * on_disk // len(sampled) if sampled else 0
    exact = not attachments and not codes and on_disk == len(sampled)
    return Size(attached_bytes + stored + disk_bytes, attachments + len(codes) + disk_files, exact)


def _attachments(connection: Connection, query: Query, documents: str) -> tuple[int, int]:
    """Number and bytes of attachments: each document's own, and for a copy its parent's."""
    owners = "select d.id as owner from d union all select d.temp from d where d.temp <> d.id"
    number, known, kilobytes = connection.execute(
        text(
            f"with d as ({documents}) select count(*), count(a.anex_tamano), coalesce(sum(a.anex_tamano), 0) from ({owners}) o"
            " join anexos a on a.anex_radi_nume = o.owner where a.anex_borrado = 'N'"
            " and (coalesce(a.anex_path, '') <> '' or cast(coalesce(a.arch_codi, '0') as bigint) > 0"
            " or cast(coalesce(a.arch_codi_firma, '0') as bigint) > 0)"
        ),
        query.params,
    ).one()
    total = int(kilobytes * _KB)
    return int(number), total * int(number) // int(known) if known else total


def _main_files(connection: Connection, query: Query, documents: str) -> tuple[list[str], list[str], int]:
    """Codes in the bodega, a sample of paths on disk, and how many paths there are."""
    statement = text(
        "select r.radi_path, r.arch_codi, r.arch_codi_firma, p.radi_path, p.arch_codi, p.arch_codi_firma"
        f" from ({documents}) d join radicado r on r.radi_nume_radi = d.id"
        " left join radicado p on p.radi_nume_radi = case when d.temp <> d.id then d.temp end where coalesce(r.radi_imagen, '') = ''"
    ).execution_options(yield_per=_STREAM)
    codes: dict[str, None] = {}
    sample, on_disk = [], 0
    chance = random.Random(0)  # the same estimate for the same question
    for row in connection.execute(statement, query.params):
        place = Place.of(row[0], row[1], row[2]) or Place.of(row[3], row[4], row[5])
        if place.arch or place.firma:
            codes |= dict.fromkeys(filter(None, (place.arch, place.firma)))
        elif place.path and "/docs/" not in place.path:  # those are attachments, counted above
            on_disk += 1
            if len(sample) < SAMPLE:
                sample.append(place.path)
            elif (slot := chance.randrange(on_disk)) < SAMPLE:
                sample[slot] = place.path
    return list(codes), sample, on_disk


def _stat(disk: Disk, path: str) -> tuple[int, int]:
    """Bytes and number of the files a path stands for: a signed one has its unsigned twin beside it, if it is there."""
    own = _one(disk, path)
    twin = _one(disk, path[: -len(_SIGNED)]) if path.lower().endswith(_SIGNED) else 0
    return own + twin, 2 if twin else 1


def _one(disk: Disk, path: str) -> int:
    try:
        return disk.size(path)
    except FileProblem:
        return 0  # it will be missing in the archive too


def _parts(codes: list[str], length: int) -> Iterator[list[str]]:
    return (codes[start : start + length] for start in range(0, len(codes), length))
