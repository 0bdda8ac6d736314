"""The acta de entrega-recepción as a PDF: A4, one page in the usual case, fonts embedded (accents, ñ and the arrows of any name)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from flask import current_app
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from blueprints.descargas import acta_text
from rules import texts
from services.deliveries import Acta, Signer

MARGIN = 15  # millimetres, as all measures here
LINE = 4.3
SIGN_ROOM = 46
GREY = (90, 105, 110)
PETROL = (11, 90, 103)


class _Page(FPDF):
    def __init__(self, foot: str):
        super().__init__(format="A4")
        self._foot = foot
        fonts = Path(current_app.static_folder) / "fonts"
        self.add_font("sans", "", fonts / "DejaVuSans.ttf")
        self.add_font("sans", "B", fonts / "DejaVuSans-Bold.ttf")
        self.add_font("mono", "", fonts / "DejaVuSansMono.ttf")
        self.set_margins(MARGIN, 13)
        self.set_auto_page_break(True, 15)
        self.set_lang("es-EC")

    def footer(self) -> None:
        self.set_y(-11)
        self.set_font("sans", size=7)
        self.set_text_color(*GREY)
        self.cell(0, 4, f"{self._foot} · página {self.page_no()} de {{nb}}", align="C")
        self.set_text_color(0)

    def line_of(self, text: str, *, size: float = 8.5, bold: bool = False, height: float = LINE) -> None:
        self.set_font("sans", "B" if bold else "", size)
        self.multi_cell(0, height, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")

    def section(self, title: str) -> None:
        self.ln(2)
        self.set_text_color(*PETROL)
        self.line_of(title, size=10, bold=True, height=5.5)
        self.set_text_color(0)
        self.set_draw_color(200)
        self.line(MARGIN, self.get_y(), self.w - MARGIN, self.get_y())
        self.ln(1.2)


def draw(acta: Acta, made: datetime) -> bytes:
    """The PDF's bytes. `made`: the instant printed as that of the impression."""
    page = _Page(f"Respaldos Quipux · Acta de la solicitud Nº {texts.number6(acta.solicitud.id)} · impresa el {texts.moment(made)}")
    page.set_title(f"{acta_text.TITLE} Nº {texts.number6(acta.solicitud.id)}")
    page.set_creation_date(made)
    page.add_page()
    page.line_of(acta_text.TITLE, size=14, bold=True, height=7)
    page.line_of(f"Solicitud Nº {texts.number6(acta.solicitud.id)}", size=9)
    page.ln(1.5)
    page.line_of(acta_text.opening(acta))
    page.section("1. Ciudadano")
    _pairs(page, acta_text.person(acta))
    page.section("2. Respaldo")
    _pairs(page, acta_text.archive(acta))
    page.section("3. Archivos entregados")
    _files(page, acta)
    page.section("4. Novedades")
    for line in acta_text.incidents(acta) or ["No se registraron novedades: todos los archivos encontrados se incluyeron."]:
        page.line_of(line, size=8, height=3.9)
    page.section("5. Constancia")
    page.line_of(acta_text.statement(acta))
    _signatures(page, acta)
    return bytes(page.output())


def _pairs(page: _Page, pairs: acta_text.Pairs) -> None:
    page.set_font("sans", size=8.5)
    with page.table(borders_layout=TableBordersLayout.NONE, col_widths=(46, 134), line_height=LINE, first_row_as_headings=False, align="LEFT") as table:
        for label, value in pairs:
            row = table.row()
            row.cell(label, style=FontFace(color=GREY))
            row.cell(value)


def _files(page: _Page, acta: Acta) -> None:
    page.set_font("sans", size=7)
    head = FontFace(emphasis="BOLD", fill_color=(238, 242, 241))
    with page.table(
        borders_layout=TableBordersLayout.HORIZONTAL_LINES, col_widths=(53, 27, 100), line_height=4.6, headings_style=head,
        text_align=("LEFT", "RIGHT", "LEFT"),
    ) as table:
        table.row(("Archivo", "Bytes", "SHA-256"))
        # The font is given by cell: the table's own one at its end is that of its heading.
        mono = FontFace(family="mono", size_pt=7)
        for name, part in acta_text.files(acta):
            table.row((name, texts.miles(part.bytes), part.sha256), style=mono)
    if note := acta_text.twins(acta):
        page.ln(1)
        page.line_of(note, size=7.5, height=3.7)


def _signatures(page: _Page, acta: Acta) -> None:
    """Both boxes together, never divided between two pages."""
    if page.get_y() + SIGN_ROOM > page.h - 15:
        page.add_page()
    top = page.get_y() + 24
    width = (page.w - 2 * MARGIN - 14) / 2
    for left, who, what in ((MARGIN, acta.gives, "Entregué conforme"), (MARGIN + width + 14, acta.receives, "Recibí conforme")):
        _signature(page, left, top, width, who, what)


def _signature(page: _Page, left: float, top: float, width: float, who: Signer, what: str) -> None:
    page.set_draw_color(0)
    page.line(left, top, left + width, top)
    page.set_xy(left, top + 1.5)
    for text, style in ((who.nombre, "B"), (f"C.C. {who.cedula}", ""), (who.papel, ""), (what, "")):
        page.set_font("sans", style, 8.5)
        page.set_x(left)
        page.multi_cell(width, LINE, text, new_x=XPos.LEFT, new_y=YPos.NEXT, align="L")
