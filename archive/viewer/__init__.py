"""The offline viewer inside every volume: its fixed files and the two kinds of data script it reads.

The data are classic scripts, not JSON files, because a page opened from ``file://`` may load a ``<script>`` but may
not ``fetch``. ``visor/indice.js`` is the short index of all documents of the plan, the same bytes in every volume;
``visor/<key>.js`` (``parte01``, ``C1``…) holds the details of one volume's documents and doubles as that volume's
journal: `read_part_js` gives back what `part_js` was given.

Everything streams: a generator in, small pieces of bytes out, nothing kept but the interned names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from archive.jsontext import loads, shown
from archive.model import CAUSES, Document, Header
from archive.packing import packed_block

INDEX_NAME = "visor/indice.js"
_STATIC = (
    "ABRIR_AQUI.html",
    "VERIFICAR.html",
    "visor/visor.css",
    "visor/base.js",
    "visor/partes.js",
    "visor/ficha.js",
    "visor/visor.js",
    "visor/sha256.js",
    "visor/verificar.js",
)
_FATES = ("incluido", "novedad")
_UNPLACED = b"\0"  # in a document's line, where its part belongs; JSON never holds it
_LINE, _PARAGRAPH = "\u2028".encode(), "\u2029".encode()
_HEAD = re.compile(rb'\[("(?:[^"\\]|\\.)*"),([01]),')  # of a document's line: id and fate
_TOGETHER = 64  # documents whose lines are put together at once
_KEY = re.compile(r"[A-Za-z0-9_]{1,40}", re.ASCII)


@cache
def static_files() -> list[tuple[str, bytes]]:
    """(name inside the volume, bytes) of the viewer's fixed files: the same in all volumes of all archives."""
    root = Path(__file__).parent / "assets"
    return [(name, (root / name).read_bytes()) for name in _STATIC]


@cache
def static_room() -> int:
    """Bytes that these files take in a volume."""
    return sum(len(packed_block(data, last=True)) for _, data in static_files())


def part_key(number: int, parts: int) -> str:
    """Key of a data volume: "parte01", padded to max(2, digits of `parts`) as all numbers of a set are."""
    return f"parte{number:0{max(2, len(str(parts)))}d}"


def part_name(key: str) -> str:
    """Name inside the volume of the details script of `key`. Raises ValueError for a key that is not plain ASCII."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a part key: {key!r}")
    return f"visor/{key}.js"


def sums_name(key: str) -> str:
    """Name inside the volume of the sums of its files outside `data/` (`tags.sums`), which VERIFICAR.html reads; key: "" of the whole's
    own, in the directory volume. Numbered: parts extracted into one folder take each other's tagmanifest."""
    return f"visor/sumas_{key}.txt" if key else "visor/sumas.txt"


def index_name(header: Header) -> str:
    """Name of the index script: a complement brings one of its own, which must not replace that of the whole archive
    when both are extracted into one folder."""
    return f"visor/indice_{header.complement}.js" if header.complement else INDEX_NAME


class Index:
    """The index script (`index_name`): meta on the first line, then one document a line, then the interned names.

    In two steps: each document is written down when it comes, its part is added when it is known. The same header and
    rows give the same bytes.
    """

    def __init__(self) -> None:
        self._people, self._kinds = _Interned(), _Interned()

    def row(self, document: Document) -> bytes:
        """The document's line: what the list shows, what search looks through, and where the rest is (its part, yet unknown).
        The columns stand in the order that `visor.js` names at its top."""
        d, numbers = document, self._people.__getitem__
        columns = (
            d.id, d.number, d.date[:16], self._kinds[d.kind], ("enviado" in d.trays) + 2 * ("recibido" in d.trays), d.subject,
            [*map(numbers, d.sender)], [*map(numbers, d.to)], [*map(numbers, d.cc)],
            [file.name for file in d.files if file.kind == "anexo"],
        )  # fmt: skip
        return b"%b,%b,%d]" % (shown(columns)[:-1], _UNPLACED, d.signed)

    def script(
        self, header: Header, placed: Iterable[tuple[int, list[bytes]]], *, parts: int, bytes_planned: int
    ) -> Iterator[bytes]:
        """The whole script. placed: what `row` gave, in that order, some lines at a time, each time with their part (from 1).
        parts: number of data volumes planned. bytes_planned: payload bytes of the plan."""
        meta = _meta(header, parts, bytes_planned)
        yield _script(b'window.RESPALDO={"meta":%b,"causas":%b,"docs":[' % (shown(meta), shown(CAUSES)))
        separator = b"\n"
        for part, rows in placed:
            yield separator + _script(b",\n".join(rows)).replace(_UNPLACED, b"%d" % part)
            separator = b",\n"
        yield _script(b'\n],"personas":%b,"tipos":%b};\n' % (shown(list(self._people)), shown(list(self._kinds))))


def part_js(key: str, details: Iterable[dict]) -> Iterator[bytes]:
    """`visor/<key>.js`: one line a document, `[id, fate, text]`, where text is the JSON of the whole detail.

    The text stays a string until its document is opened: 50 000 details as object literals cost the browser seconds
    and hundreds of megabytes, as strings they cost next to nothing. Raises ValueError for a bad key or fate.
    """
    part_name(key)
    yield b'window.RESPALDO_PARTE("%b",[' % key.encode()
    separator, details = b"\n", iter(details)
    while some := list(islice(details, _TOGETHER)):
        lines = [shown((detail["id"], _FATES.index(detail["destino"]), shown(detail).decode())) for detail in some]
        yield separator + _script(b",\n".join(lines))
        separator = b",\n"
    yield b"\n]);\n"


def read_part_js(stream: BinaryIO) -> Iterator[dict]:
    """The details that `part_js` wrote, line by line. Raises ValueError when the script is torn or foreign."""
    if not stream.readline().startswith(b"window.RESPALDO_PARTE("):
        raise ValueError("not a part script")
    for line in stream:
        text = line.strip()
        if text == b"]);":
            return
        yield loads(loads(text.removesuffix(b","))[2])
    raise ValueError("part script without its end")


def read_fates(stream: BinaryIO) -> Iterator[tuple[bytes, str]]:
    """(id as it stands there, fate) of each document in the same script, at a tenth of the cost. Raises ValueError."""
    if not stream.readline().startswith(b"window.RESPALDO_PARTE("):
        raise ValueError("not a part script")
    for line in stream:
        if line.startswith(b"]);"):
            return
        head = _HEAD.match(line)
        if not head:
            raise ValueError("not a document's line")
        yield head[1], _FATES[int(head[2])]
    raise ValueError("part script without its end")


class _Interned(dict):
    """The number of each text, by first appearance."""

    def __missing__(self, text: str) -> int:
        self[text] = number = len(self)
        return number


def _meta(header: Header, parts: int, bytes_planned: int) -> dict:
    return {
        "formato": 1,
        "nombre": header.name,
        "complemento": header.complement,
        "grupo": header.group,
        "solicitud": header.request,
        "persona": header.person,
        "cedula": header.cedula,
        "puesto": header.post,
        "area": header.area,
        "institucion": header.institution,
        "desde": header.since,
        "hasta": header.until,
        "generado": header.made,
        "peticion": header.petition,
        "excluidos": header.excluded,
        "partes": parts,
        "bytes": bytes_planned,
    }


def _script(text: bytes) -> bytes:
    """The same, safe in any script: no `<` (could close an element), no U+2028/2029 (line ends of old engines). Both occur
    only inside strings here."""
    if b"<" in text:
        text = text.replace(b"<", b"\\u003c")
    if b"\xe2\x80" in text:
        text = text.replace(_LINE, b"\\u2028").replace(_PARAGRAPH, b"\\u2029")
    return text
