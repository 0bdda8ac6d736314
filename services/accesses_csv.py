"""A CSV of accesses as people make them with a spreadsheet: bytes → lines. Cells are text, whatever they look like."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from rules import texts
from rules.identity import cedula_problem, compact, fold
from services.errors import Refused

MAX_BYTES = 1_000_000
MAX_ROWS = 2000
MAX_CELL = 254
COLUMNS = {"cedula": ("cedula", "ci", "c.i.", "cedula de identidad"), "correo": ("correo", "correo electronico", "correo institucional", "email")}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file: its number as a spreadsheet shows it, and the two cells as typed."""

    fila: int
    cedula: str
    correo: str

    @property
    def number(self) -> str:
        """The cédula as it is stored. A spreadsheet that took it for a number lost its leading zero."""
        plain = compact(self.cedula)
        return f"0{plain}" if len(plain) == 9 and not cedula_problem(f"0{plain}") else plain


def read(data: bytes) -> list[Line]:
    """The lines of a file in UTF-8 or Latin-1, with ";" or ",". Raises Refused({"archivo": …}) when it cannot be read as a
    whole; what is wrong with one line is for services.accesses_import to say."""
    if not data.strip():
        raise _refused("El archivo está vacío.")
    if len(data) > MAX_BYTES:
        raise _refused("El archivo supera 1 MB.")
    if b"\x00" in data:
        raise _refused("El archivo no es un CSV de texto. En la hoja de cálculo elija «Guardar como: CSV UTF-8».")
    text = _decoded(data)
    header = text.lstrip("\r\n").split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in header else ",", strict=True)
    try:
        return _lines(reader)
    except csv.Error:
        raise _refused(f"El archivo tiene comillas sin cerrar o una celda demasiado larga cerca de la fila {reader.line_num}.") from None


def _lines(reader) -> list[Line]:
    places: dict[str, int] | None = None
    lines: list[Line] = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if places is None:
            places = _places(cells)
            continue
        if len(lines) == MAX_ROWS:
            raise _refused(f"El archivo tiene más de {texts.miles(MAX_ROWS)} filas. Divídalo en varios.")
        found = {name: cells[i].strip()[:MAX_CELL] if i < len(cells) else "" for name, i in places.items()}
        lines.append(Line(reader.line_num, found["cedula"], found["correo"]))
    if not lines:
        raise _refused("El archivo no tiene filas debajo de los títulos.")
    return lines


def _places(cells: list[str]) -> dict[str, int]:
    titles = [fold(cell) for cell in cells]
    places = {name: i for name, known in COLUMNS.items() for i, title in enumerate(titles) if title in known}
    if set(places) != set(COLUMNS):
        raise _refused("La primera fila debe tener los títulos «cédula» y «correo».")
    return places


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _refused(message: str) -> Refused:
    return Refused({"archivo": message})
