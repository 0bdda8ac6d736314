"""Bytes for the demo: real PDF letters, scanned pages and small office files. Same arguments, same bytes."""

import hashlib
import textwrap
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from random import Random

import pypdfium2
import xlsxwriter
from fpdf import FPDF
from PIL import Image, ImageChops

# Nothing inside a file may depend on the day it was made.
_EPOCH = datetime(2021, 1, 1, tzinfo=UTC)
_ZIP_EPOCH = (2021, 1, 1, 0, 0, 0)

PARAGRAPHS = (
    "En atención al requerimiento recibido, me permito informar que la documentación solicitada fue revisada, "
    "ordenada y foliada conforme a la Regla Técnica Nacional para la Organización y Mantenimiento de los Archivos "
    "Públicos.",
    "Con los antecedentes expuestos, solicito comedidamente se disponga a quien corresponda la atención de este "
    "trámite, de manera que se cumpla el cronograma aprobado por la máxima autoridad para el presente año.",
    "Adjunto al presente encontrará el inventario documental, el informe técnico y las actas suscritas por los "
    "servidores que participaron en la diligencia, para su revisión y observaciones de ser el caso.",
    "Cabe señalar que la biblioteca pública de la comunidad recibió la visita de los niños y niñas de las "
    "escuelas cercanas, quienes leyeron cuentos en kichwa y en español junto a sus maestras.",
    "Las tablas de retención y el cuadro general de clasificación se encuentran en proceso de validación; una vez "
    "que se cuente con el pronunciamiento respectivo se procederá con la baja de los documentos cuyo plazo ha "
    "concluido.",
    "Por lo expuesto, se recomienda continuar con el proceso de digitalización de los fondos, priorizando "
    "aquellos que presentan deterioro por humedad, y mantener las condiciones ambientales del repositorio.",
)


def letter_pdf(heading: str, lines: Sequence[str], paragraphs: Sequence[str], scans: Sequence[bytes] = ()) -> bytes:
    """A letter: institution, lines of data (number, date, De, Para, Asunto), paragraphs; then one page per JPEG."""
    pdf = FPDF()
    pdf.set_creation_date(_EPOCH)
    pdf.set_author(_latin(heading))
    pdf.set_lang("es-EC")
    pdf.set_margins(22, 22)
    pdf.set_auto_page_break(True, 20)
    pdf.add_page()
    pdf.set_font("Helvetica", "B", 12)
    if heading:
        _write(pdf, heading)
        pdf.ln(4)
    pdf.set_font("Helvetica", size=10)
    for line in lines:
        _write(pdf, line)
    pdf.ln(4)
    for paragraph in paragraphs:
        _write(pdf, paragraph)
        pdf.ln(2)
    for scan in scans:
        pdf.add_page()
        pdf.image(BytesIO(scan), x=0, y=0, w=pdf.w, h=pdf.h)
    return bytes(pdf.output())


def _write(pdf: FPDF, text: str) -> None:
    for line in _wrapped(text):
        pdf.cell(0, 5.5, line, new_x="LMARGIN", new_y="NEXT")


@cache
def _wrapped(text: str) -> tuple[str, ...]:
    """Lines of at most 95 characters, by counting: fpdf2's own line breaking took three quarters of a build."""
    return tuple(line for part in _latin(text).split("\n") for line in (textwrap.wrap(part, 95) or [""]))


def _latin(text: str) -> str:
    """The core fonts know Latin-1 only; Quipux's ′ (its replacement of an apostrophe) goes back to what it was."""
    return text.replace("′", "'").encode("latin-1", "replace").decode("latin-1")


@cache
def scan_jpeg(number: int, width: int = 1240) -> bytes:
    """A letter as a scanner gives it: grainy paper, grey. A4 proportions, `width` in pixels."""
    paragraphs = [PARAGRAPHS[(number + row) % len(PARAGRAPHS)] for row in range(9)]
    with pypdfium2.PdfDocument(letter_pdf(f"Fondo documental - foja {number:03d}", (), paragraphs)) as sheet:
        page = sheet[0]
        ink = page.render(scale=width / page.get_width(), grayscale=True).to_pil().convert("L")
    grain = Image.frombytes("L", ink.size, Random(f"scan {number}").randbytes(ink.width * ink.height))
    # Paper between 200 and 255: the grain is what makes a scan heavy, as in life.
    paper = grain.point([200 + value * 55 // 255 for value in range(256)])
    out = BytesIO()
    ImageChops.multiply(paper, ink).save(out, "JPEG", quality=72, dpi=(150, 150))
    return out.getvalue()


def photo_jpeg(number: int, width: int = 640) -> bytes:
    """A small colour picture: bands of páramo and sky."""
    rng = Random(f"photo {number}")
    small = Image.frombytes("RGB", (16, 12), rng.randbytes(16 * 12 * 3))
    out = BytesIO()
    small.resize((width, width * 3 // 4), Image.Resampling.BICUBIC).save(out, "JPEG", quality=88)
    return out.getvalue()


def _zip(entries: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in entries.items():
            bundle.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


_WORD = "http://schemas.openxmlformats.org"


def docx(title: str, paragraphs: Sequence[str]) -> bytes:
    """The smallest document that Word and LibreOffice open."""
    body = "".join(f"<w:p><w:r><w:t>{_xml(text)}</w:t></w:r></w:p>" for text in (title, *paragraphs))
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    return _zip(
        {
            "[Content_Types].xml": (
                f'{head}<Types xmlns="{_WORD}/package/2006/content-types"><Default Extension="rels" '
                'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                f'<Override PartName="/word/document.xml" ContentType="{kind}"/></Types>'
            ).encode(),
            "_rels/.rels": (
                f'{head}<Relationships xmlns="{_WORD}/package/2006/relationships"><Relationship Id="rId1" '
                f'Type="{_WORD}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
                "</Relationships>"
            ).encode(),
            "word/document.xml": (
                f'{head}<w:document xmlns:w="{_WORD}/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>'
            ).encode(),
        }
    )


def xlsx(title: str, rows: int) -> bytes:
    """A workbook with an inventory of `rows` lines."""
    rng = Random(title)
    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": title, "created": _EPOCH.replace(tzinfo=None)})
    sheet = book.add_worksheet("Inventario")
    sheet.write_row(0, 0, ("Nº", "Serie documental", "Año", "Fojas"))
    for number in range(1, rows + 1):
        sheet.write_row(number, 0, (number, f"{title} {number}", rng.randint(1990, 2025), rng.randint(1, 400)))
    book.close()
    return out.getvalue()


def text(title: str, lines: int) -> bytes:
    """Plain text, UTF-8, Windows line ends."""
    body = (f"{number:04d}  {PARAGRAPHS[number % len(PARAGRAPHS)]}" for number in range(lines))
    return "\r\n".join((title, "", *body)).encode()


def xml(title: str, items: int) -> bytes:
    """An electronic voucher in the manner of the tax office's."""
    body = "".join(f"<detalle><codigo>{n:05d}</codigo><cantidad>{n % 7 + 1}</cantidad></detalle>" for n in range(items))
    digest = hashlib.sha256(title.encode()).hexdigest()
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<comprobante id="{digest[:20]}"><descripcion>{_xml(title)}'
        f"</descripcion><detalles>{body}</detalles></comprobante>\n"
    ).encode()


def _xml(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def attachment(extension: str, title: str, weight: int) -> bytes:
    """A file of that kind; `weight` 1 (a few KB) to 10 (some hundred KB)."""
    paragraphs = [PARAGRAPHS[n % len(PARAGRAPHS)] for n in range(weight * 6)]
    match extension:
        case "pdf":
            return letter_pdf("Anexo", [title], paragraphs)
        case "docx":
            return docx(title, paragraphs)
        case "xlsx":
            return xlsx(title, 25 * weight)
        case "jpg":
            return photo_jpeg(len(title) * 31 + weight, 320 + 160 * weight)
        case "txt":
            return text(title, 20 * weight)
        case "xml":
            return xml(title, 30 * weight)
        case "zip":
            return _zip({"leame.txt": text(title, 4), "fotografía ñ.jpg": photo_jpeg(weight, 480)})
    raise ValueError(f"the demo makes no .{extension} file")
