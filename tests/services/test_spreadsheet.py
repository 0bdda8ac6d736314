"""XLSX as Excel will read it: the file is opened again, part by part."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest
from lxml import etree
from openpyxl.utils.escape import unescape

from rules.lifecycle import Estado
from services import spreadsheet
from services.spreadsheet import Sheet, rows_to_xlsx, sheets_to_xlsx

NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def sheet(data: bytes, number: int = 1) -> list[list[tuple[str, str]]]:
    """Rows of (type, text) of one sheet: "inlineStr", "n" (the default) …"""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        tree = etree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
        assert not tree.xpath("//m:f", namespaces=NS), "no cell is a formula"
        shared = []
        if "xl/sharedStrings.xml" in book.namelist():
            shared = ["".join(t.text or "" for t in si.iter(f"{{{NS['m']}}}t")) for si in etree.fromstring(book.read("xl/sharedStrings.xml"))]
    rows = []
    for row in tree.iterfind(".//m:row", NS):
        cells = []
        for cell in row.iterfind("m:c", NS):
            kind = cell.get("t", "n")
            text = "".join(t.text or "" for t in cell.iter() if t.tag.endswith(("}v", "}t")))
            cells.append(("s", shared[int(text)]) if kind == "s" else ("s" if kind == "inlineStr" else kind, text))
        rows.append(cells)
    return rows


def made(*rows, header=("A",)) -> list[list[tuple[str, str]]]:
    out = io.BytesIO()
    assert rows_to_xlsx(out, header, rows) == len(rows)
    return sheet(out.getvalue())


@pytest.mark.parametrize("text", ["=1+1", "+593 99", "-5", "@cmd", "=HYPERLINK(\"http://x\")", "http://x.ec", "0123456789", "1e5"])
def test_a_text_stays_a_text(text):
    assert made([text])[1] == [("s", text)]


def test_spanish_survives():
    assert made(["Ñandú Peñaherrera ¿?"], header=("Año",)) == [[("s", "Año")], [("s", "Ñandú Peñaherrera ¿?")]]


def test_dates_and_instants_are_dates_in_guayaquil():
    instant = datetime(2026, 11, 19, 3, 30, tzinfo=UTC)  # still the 18th in Guayaquil, 22:30
    (day, moment) = made([date(2026, 11, 18), instant], header=("Día", "Hora"))[1]
    assert day[0] == moment[0] == "n"
    epoch = date(1899, 12, 30)
    assert int(day[1]) == (date(2026, 11, 18) - epoch).days
    assert float(moment[1]) == pytest.approx((date(2026, 11, 18) - epoch).days + 22.5 / 24)


def test_numbers_words_and_nothing():
    assert made([3, 2.5, None, True, False], header="abcde")[1] == [("n", "3"), ("n", "2.5"), ("s", "Sí"), ("s", "No")]
    assert made([20230000123456789012])[1] == [("s", "20230000123456789012")], "a spreadsheet would round it"


def test_too_long_a_text_is_cut_and_control_signs_do_no_harm():
    assert made(["x" * 40_000])[1] == [("s", "x" * 32_767)]
    assert "a" in made(["a\x00\x0bb"])[1][0][1]


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(monkeypatch):
    monkeypatch.setattr(spreadsheet, "MAX_ROWS", 4)
    out = io.BytesIO()
    assert rows_to_xlsx(out, ("N",), ([n] for n in range(7))) == 7
    pages = [sheet(out.getvalue(), n) for n in (1, 2, 3)]
    assert [[row[0][1] for row in page] for page in pages] == [["N", "0", "1", "2"], ["N", "3", "4", "5"], ["N", "6"]]


def test_several_tables_in_one_file():
    out = io.BytesIO()
    assert sheets_to_xlsx(out, [Sheet("Uno", ("A",), [["x"]]), Sheet("Dos", ("B", "C"), [[1, 2], [3, 4]]), Sheet("Vacía", ("D",))]) == 3
    assert sheet(out.getvalue(), 2)[2] == [("n", "3"), ("n", "4")] and sheet(out.getvalue(), 3) == [[("s", "D")]]
    with zipfile.ZipFile(out) as book:
        assert [n.get("name") for n in etree.fromstring(book.read("xl/workbook.xml")).iterfind(".//m:sheet", NS)] == ["Uno", "Dos", "Vacía"]


def test_another_program_reads_what_was_meant():
    """Texts with signs of XML and of the format itself, styles, the frozen header, its filter, widths: as openpyxl understands them."""
    texts = ["a & b < c > d \"e\" 'f'", "_x0041_", "a\x01b\r\nc", " con blancos ", "=1+1", "😀 ñ", "", "x" * 70]
    moment = datetime(2026, 11, 19, 3, 30, 15, tzinfo=UTC)
    out = io.BytesIO()
    title = "Año's <1> & más"
    sheets_to_xlsx(out, [Sheet(title, ("Texto", "Día", "Hora", "Nº"), [[t, date(2026, 2, 28), moment, 7] for t in texts]), Sheet("Otra", ("A",))])
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == [title, "Otra"] and book.properties.title == "Respaldos Quipux" and book.active.title == title
    page = book[title]
    # Escaped signs ("_x0001_") are a matter of the format that openpyxl leaves to its callers.
    assert [unescape(page.cell(n, 1).value or "") for n in range(2, 10)] == texts
    assert (page["B2"].value, page["C2"].value, page["D2"].value) == (datetime(2026, 2, 28), datetime(2026, 11, 18, 22, 30, 15), 7)
    assert (page["B2"].number_format, page["C2"].number_format) == ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss")
    assert page["A1"].font.b and not page["A2"].font.b and page["A1"].fill.fgColor.rgb == "FFE1EFF0"
    assert (page.freeze_panes, page.auto_filter.ref, book["Otra"].auto_filter.ref) == ("A2", "A1:D9", "A1:A1")
    assert [round(page.column_dimensions[c].width) for c in "ABCD"] == [61, 13, 22, 9]
    assert page["A6"].data_type != "f"


def test_values_of_classes_of_their_own_are_what_they_are_made_of():
    assert made([Estado.ENVIADA, Decimal("2.50"), float("nan"), float("-inf"), -(2**60)])[1] == [
        ("s", "enviada"), ("n", "2.50"), ("s", "nan"), ("s", "-inf"), ("s", str(-(2**60)))]


def test_memory_does_not_grow_with_the_rows():
    def peak(count: int) -> int:
        tracemalloc.start()
        with open("/dev/null", "wb") as out:
            rows_to_xlsx(_Sink(out), ("N", "Texto"), ([n, f"Solicitud número {n} con un texto propio"] for n in range(count)))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(10)
    assert peak(6000) < peak(1000) * 1.5 + 300_000


class _Sink(io.RawIOBase):
    """Where a ZIP can be written to without keeping it."""

    def __init__(self, out):
        self.out, self.at = out, 0

    def writable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self.at

    def seek(self, offset, whence=0):
        self.at = offset if whence == 0 else self.at + offset
        return self.at

    def write(self, data):
        self.at += len(data)
        return len(data)
