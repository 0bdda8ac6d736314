"""Tables as XLSX files, written row by row in constant memory: each row goes into the compressed sheet and is forgotten.

What a cell is, is decided by its Python type alone: a text that starts with "=", "+", "-" or "@" stays a text, and numbers
that a spreadsheet would round (20-digit ids) become texts. Instants are shown in Guayaquil time.
The XML of the cells is written here: a library takes 10 to 16 µs a cell for what is 1 µs of formatting (docs/adr/0013).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import chain, islice, product
from string import ascii_uppercase
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from rules.deadlines import ZONE
from services import spreadsheet_parts as parts

MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_ROWS = 1_048_576  # of a sheet, the header included: the format's limit
MAX_BYTES = 1 << 30  # of a sheet's XML; Excel opens no part of a package beyond 2 GiB
MAX_TEXT = 32_767  # characters of a cell
EPOCH = 693_594  # the ordinal of 1899-12-30, from which a spreadsheet counts its days
EXACT = 2**53  # whole numbers beyond it lose their last digits
BATCH = 200  # rows compressed at once; the first ones are looked at for the widths of the columns
NARROWEST, WIDEST = 8, 60
LEVEL = 4  # of deflate: half the time of 6, a tenth more bytes
COLUMNS = (*ascii_uppercase, *("".join(pair) for pair in product(ascii_uppercase, repeat=2)))

# What cannot stand in XML as it is: its own signs, control signs, and what reads like an escaped sign ("_x0041_").
_SIGNS = re.compile("[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. title: the name on its tab, at most 31 characters. rows: read once, one after the other."""

    title: str
    header: Sequence[str]
    rows: Iterable[Sequence[Any]] = field(default_factory=tuple)


def rows_to_xlsx(stream: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "Datos") -> int:
    """Write one table into `stream` (binary, seekable, at its beginning). Returns how many rows it has, the header not counted.

    Texts, numbers, dates, instants (aware), booleans ("Sí", "No") and None (an empty cell); anything else as its text. More rows
    than a sheet holds go on in a next one, with the header again."""
    return sheets_to_xlsx(stream, [Sheet(title, header, rows)])


def sheets_to_xlsx(stream: IO[bytes], sheets: Iterable[Sheet]) -> int:
    """Write several tables into one file. Returns how many rows they have together."""
    total, made = 0, []
    with ZipFile(stream, "w", ZIP_DEFLATED, compresslevel=LEVEL) as package:
        for sheet in sheets:
            for name, header, rows in _pages(sheet):
                path = parts.sheet_path(len(made) + 1)
                with package.open(path, "w") as part:
                    count = _write(part, header, rows, not made)
                made.append((name, f"{COLUMNS[max(0, len(header) - 1)]}{count + 1}"))
                total += count
        parts.write_package(package, made, "Respaldos Quipux", "Subsecretaría de Gobierno Electrónico")
    return total


def _pages(sheet: Sheet) -> Iterator[tuple[str, Sequence[str], Iterator[Sequence[Any]]]]:
    """(name, header, rows) of each page of a table; whoever is given the rows takes as many as a page holds."""
    rows = iter(sheet.rows)
    page, waiting = 1, [()]
    while waiting:
        name = sheet.title[:31] if page == 1 else f"{sheet.title[:26]} ({page})"
        yield name, sheet.header, rows if page == 1 else chain(waiting, rows)
        waiting, page = list(islice(rows, 1)), page + 1


def _write(part: IO[bytes], header: Sequence[str], rows: Iterator[Sequence[Any]], first: bool) -> int:
    """One sheet: as many rows as it holds. Returns their number."""
    looked = list(islice(rows, min(BATCH, MAX_ROWS - 1)))
    size = part.write(parts.sheet_head(_widths(header, looked), first).encode())
    title = "".join(f'<c r="{column}1" s="{parts.HEAD}"{_text(text)}' for column, text in zip(COLUMNS, header))
    part.write(f'<row r="1">{title}</row>'.encode())
    line = 1
    coming = chain(looked, rows)
    while size < MAX_BYTES and (some := list(islice(coming, min(BATCH, MAX_ROWS - line)))):
        size += part.write("".join(_row(at, row) for at, row in enumerate(some, start=line + 1)).encode())
        line += len(some)
    part.write(parts.sheet_tail(f"{COLUMNS[max(0, len(header) - 1)]}{line}").encode())
    return line - 1


def _row(line: int, values: Sequence[Any]) -> str:
    at = str(line)
    cells = [f'<c r="{column}{at}"{_KINDS.get(type(value), _other)(value)}' for column, value in zip(COLUMNS, values) if value is not None]
    return f'<row r="{at}">{"".join(cells)}</row>'


def _text(value: str) -> str:
    """The rest of a cell after its name, as of every function below."""
    if len(value) > MAX_TEXT:
        value = value[:MAX_TEXT]
    kept = "" if value.strip() == value else ' xml:space="preserve"'
    if _SIGNS.search(value):
        value = _SIGNS.sub(_escaped, value)
    return f' t="inlineStr"><is><t{kept}>{value}</t></is></c>'


def _escaped(sign: re.Match[str]) -> str:
    return _ENTITIES.get(sign[0]) or f"_x{ord(sign[0]):04X}_"


def _number(value: int | float | Decimal) -> str:
    # Neither infinity nor "not a number" is a number of a spreadsheet; what it would round is told whole.
    if value - value != 0 or (isinstance(value, int) and abs(value) > EXACT):
        return _text(str(value))
    return f"><v>{value}</v></c>"


@lru_cache(maxsize=4096)
def _day(value: date) -> str:
    return f' s="{parts.DAY}"><v>{value.toordinal() - EPOCH}</v></c>'


def _instant(value: datetime) -> str:
    local = value.astimezone(ZONE)
    seconds = (local.hour * 60 + local.minute) * 60 + local.second
    return f' s="{parts.INSTANT}"><v>{local.toordinal() - EPOCH + seconds / 86_400:.10f}</v></c>'


def _flag(value: bool) -> str:
    return _text("Sí" if value else "No")


def _other(value: Any) -> str:
    """Of a class of its own: what it is, or its text."""
    kind = next((kind for kind in type(value).__mro__ if kind in _KINDS and kind is not str), None)
    return _text(str(value)) if kind is None else _KINDS[kind](value)


_KINDS: dict[type, Callable[[Any], str]] = {
    str: _text, bool: _flag, int: _number, float: _number, Decimal: _number, datetime: _instant, date: _day,
}


def _widths(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[int]:
    """Of the columns, in characters, from the header and the first rows."""
    widths = [len(text) for text in header]
    for row in rows:
        for column, value in zip(range(len(widths)), row):
            widths[column] = max(widths[column], _length(value))
    return [min(max(width + 2, NARROWEST), WIDEST) for width in widths]


def _length(value: Any) -> int:
    """About how many characters a cell takes."""
    match value:
        case None:
            return 0
        case bool():
            return 2
        case datetime():
            return 19
        case date():
            return 10
        case _:
            return max(map(len, str(value).split("\n")))
