"""Tables as XLSX files, written row by row in constant memory (XlsxWriter keeps one row and a temporary file).

What a cell is, is decided by its Python type alone: a text that starts with "=", "+", "-" or "@" stays a text, and numbers
that a spreadsheet would round (20-digit ids) become texts. Instants are shown in Guayaquil time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from rules.deadlines import ZONE

MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_ROWS = 1_048_576  # of a sheet, the header included: the format's limit
MAX_TEXT = 32_767  # characters of a cell
EPOCH = 693_594  # the ordinal of 1899-12-30, from which a spreadsheet counts its days; write_datetime works it out in three times the time
EXACT = 2**53  # whole numbers beyond it lose their last digits
MEASURED = 200  # rows looked at for the widths of the columns
NARROWEST, WIDEST = 8, 60
# A formula in a text, an address or a number in a text: all stay what was written.
OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "nan_inf_to_errors": True}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. title: the name on its tab, at most 31 characters. rows: read once, one after the other."""

    title: str
    header: Sequence[str]
    rows: Iterable[Sequence[Any]] = field(default_factory=tuple)


def rows_to_xlsx(stream: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "Datos") -> int:
    """Write one table into `stream` (binary, at its beginning). Returns how many rows it has, the header not counted.

    Texts, numbers, dates, instants (aware), booleans ("Sí", "No") and None (an empty cell). More rows than a sheet holds
    go on in a next one, with the header again."""
    return sheets_to_xlsx(stream, [Sheet(title, header, rows)])


def sheets_to_xlsx(stream: IO[bytes], sheets: Iterable[Sheet]) -> int:
    """Write several tables into one file. Returns how many rows they have together."""
    with xlsxwriter.Workbook(stream, OPTIONS) as book:
        book.set_properties({"title": "Respaldos Quipux", "company": "Subsecretaría de Gobierno Electrónico"})
        styles = _Styles(
            book.add_format({"bold": True, "bg_color": "#E1EFF0", "bottom": 1}), book.add_format({"num_format": "yyyy-mm-dd"}),
            book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        )
        return sum(_write(book, sheet, styles) for sheet in sheets)


@dataclass(frozen=True, slots=True)
class _Styles:
    head: Format
    day: Format
    instant: Format


def _write(book: xlsxwriter.Workbook, sheet: Sheet, styles: _Styles) -> int:
    page = total = 0
    rows = iter(sheet.rows)
    while page == 0 or full:
        page += 1
        name = sheet.title[:31] if page == 1 else f"{sheet.title[:26]} ({page})"
        written, full = _page(book.add_worksheet(name), sheet.header, rows, styles)
        total += written
    return total


def _page(page: Worksheet, header: Sequence[str], rows: Iterable[Sequence[Any]], styles: _Styles) -> tuple[int, bool]:
    """Rows written on this page, and whether it is full. Constant memory: each row is complete before the next one."""
    for column, text in enumerate(header):
        page.write_string(0, column, text, styles.head)
    page.freeze_panes(1, 0)
    widths = [len(text) for text in header]
    line = 0
    while line < MAX_ROWS - 1 and (row := next(rows, None)) is not None:
        line += 1
        for column, value in enumerate(row):
            shown = _cell(page, line, column, value, styles)
            if line <= MEASURED and column < len(widths):
                widths[column] = max(widths[column], shown)
    for column, width in enumerate(widths):
        page.set_column(column, column, min(max(width + 2, NARROWEST), WIDEST))
    page.autofilter(0, 0, line, max(0, len(header) - 1))
    return line, line == MAX_ROWS - 1


def _cell(page: Worksheet, line: int, column: int, value: Any, styles: _Styles) -> int:
    """Write one cell; returns about how many characters it takes."""
    match value:
        case None:
            return 0
        case bool():
            page.write_string(line, column, "Sí" if value else "No")
            return 2
        case datetime():
            local = value.astimezone(ZONE)
            seconds = (local.hour * 60 + local.minute) * 60 + local.second
            page.write_number(line, column, local.toordinal() - EPOCH + seconds / 86_400, styles.instant)
            return 19
        case date():
            page.write_number(line, column, value.toordinal() - EPOCH, styles.day)
            return 10
        case int() if abs(value) > EXACT:
            page.write_string(line, column, str(value))
            return len(str(value))
        case int() | float() | Decimal():
            page.write_number(line, column, value)
            return len(str(value))
        case _:
            text = str(value)[:MAX_TEXT]
            page.write_string(line, column, text)
            return max((len(part) for part in text.split("\n")), default=0)
