"""The rows of any list as a file: CSV as it is read here, XLSX through a temporary file.

Memory does not grow with the list. What a person typed is text in a spreadsheet, never a formula."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, BinaryIO

from rules.deadlines import ZONE
from services import spreadsheet

BOM = "\ufeff"
# A cell that begins so is a formula for a spreadsheet that opens a CSV.
FORMULA = frozenset("=+-@\t\r")


def to_csv(cells: Iterator[tuple[Any, ...]], heads: Sequence[str]) -> Iterator[str]:
    """CSV for the Excel of a desk in Ecuador: BOM, semicolons, dates as they are read here."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    buffer.write(BOM)
    writer.writerow(heads)
    for number, row in enumerate(cells, start=1):
        writer.writerow([_PLAIN.get(type(value), _plain)(value) for value in row])
        if number % 500 == 0:
            yield _emptied(buffer)
    yield _emptied(buffer)


def _emptied(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _same(value: Any) -> Any:
    return value


def _text(value: str) -> str:
    return f"'{value}" if value[:1] in FORMULA else value


@lru_cache(maxsize=4096)
def _day(value: date) -> str:
    return value.strftime("%d/%m/%Y")


def _instant(value: datetime) -> str:
    local = value.astimezone(ZONE)
    return f"{_day(local.date())} {local.hour:02d}:{local.minute:02d}"


_PLAIN: dict[type, Callable[[Any], Any]] = {str: _text, int: _same, type(None): _same, datetime: _instant, date: _day}


def _plain(value: Any) -> Any:
    """Of any other class: as what it is made of, or its text."""
    return next((to for kind, to in _PLAIN.items() if isinstance(value, kind)), lambda other: _text(str(other)))(value)


def to_xlsx(cells: Iterator[tuple[Any, ...]], heads: Sequence[str], title: str) -> BinaryIO:
    """A workbook on disk, at its beginning; it goes when it is closed."""
    out = tempfile.TemporaryFile()
    spreadsheet.rows_to_xlsx(out, heads, cells, title)
    out.seek(0)
    return out
