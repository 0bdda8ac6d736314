"""*Listado de solicitudes* as a file: every row of the filter, not only the page; CSV as it is read, XLSX through a temporary file.

Memory does not grow with the list: rows come in batches. What a person typed is text in a spreadsheet, never a formula."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, BinaryIO

from rules.deadlines import ZONE, last_moment
from rules.glossary import CLASE, ESTADO_BADGE
from rules.lifecycle import Estado
from rules.policy import Actor
from services import solicitudes_listing, spreadsheet
from services.solicitudes_listing import SHOWN, Filters

HEADS = ("Nº Solicitud", "Nombres", "Apellidos", "CI", "Puesto", "Área", "Institución", "Siglas", "Clase", "Fecha Solicitud", "Rango desde",
         "Rango hasta", "Estado", "Detalle", "Fecha tentativa", "Vigente hasta")
BOM = "\ufeff"
# A cell that begins so is a formula for a spreadsheet that opens a CSV.
FORMULA = frozenset("=+-@\t\r")


def rows(actor: Actor, filters: Filters, order: str = "") -> Iterator[tuple[Any, ...]]:
    """The cells of each row, in the list's order."""
    for batch in solicitudes_listing.every(actor, filters, order):
        for s, estado, detail in batch:
            until = last_moment(s.vigente_hasta) if estado is Estado.ATENDIDA and s.vigente_hasta else None
            yield (
                *s[:SHOWN], CLASE[s.clase], s.fecha_solicitud, s.desde, s.hasta, ESTADO_BADGE[estado].label, detail, s.fecha_tentativa, until,
            )


def to_csv(cells: Iterator[tuple[Any, ...]], heads: Sequence[str] = HEADS) -> Iterator[str]:
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


def to_xlsx(cells: Iterator[tuple[Any, ...]], heads: Sequence[str] = HEADS, title: str = "Solicitudes") -> BinaryIO:
    """A workbook on disk, at its beginning; it goes when it is closed."""
    out = tempfile.TemporaryFile()
    spreadsheet.rows_to_xlsx(out, heads, cells, title)
    out.seek(0)
    return out
