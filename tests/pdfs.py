"""PDFs for tests: a good one, and one for each way in which an upload may be hostile."""

from __future__ import annotations

import io
import zlib

from fpdf import FPDF
from werkzeug.datastructures import FileStorage


def plain(text: str = "Oficio de prueba", pages: int = 1) -> bytes:
    pdf = FPDF()
    for _ in range(pages):
        pdf.add_page()
        pdf.set_font("helvetica")
        pdf.cell(text=text)
    return bytes(pdf.output())


def ciphered(*, opens_freely: bool) -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_encryption(owner_password="clave", user_password=None if opens_freely else "otra")
    return bytes(pdf.output())


def made_of(catalog: str = "", page: str = "/MediaBox [0 0 595 842]", objects: tuple[bytes, ...] = ()) -> bytes:
    """A one-page PDF written by hand: `catalog` and `page` are added to those dictionaries, `objects` are numbered from 4."""
    bodies = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R {page} >>".encode(),
        *objects,
    ]
    out, places = io.BytesIO(b"%PDF-1.7\n"), []
    out.seek(0, io.SEEK_END)
    for number, body in enumerate(bodies, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, start))
    return out.getvalue()


def with_object_stream(inside: bytes, *, declared: int = 0) -> bytes:
    """A PDF whose catalog is compressed: `inside` is the deflated object stream (one object, number 1, at offset 0)."""
    out, places = io.BytesIO(b"%PDF-1.7\n"), {}
    out.seek(0, io.SEEK_END)
    for number, body in (
        (2, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"),
        (3, b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"),
        (4, b"<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(inside), inside)),
    ):
        places[number] = out.tell()
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    rows = [(0, 0, 65535), (2, 4, 0), (1, places[2], 0), (1, places[3], 0), (1, places[4], 0), (1, start, 0)]
    table = b"".join(kind.to_bytes(1) + place.to_bytes(4) + extra.to_bytes(2) for kind, place, extra in rows)
    out.write(b"5 0 obj\n<< /Type /XRef /Size 6 /W [1 4 2] /Root 1 0 R /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (len(table), table))
    out.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()


def compressed_catalog(extra: str) -> bytes:
    """`extra` in the catalog, inside a compressed object stream: a search in the bytes cannot see it."""
    return with_object_stream(zlib.compress(f"1 0 << /Type /Catalog /Pages 2 0 R {extra} >>".encode()))


def bomb(megabytes: int = 4000) -> bytes:
    """An object stream of about 1 KB a MiB that unfolds to `megabytes` MiB of blanks around a catalog."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = deflater.compress(b"1 0 << /Type /Catalog /Pages 2 0 R >>") + deflater.flush(zlib.Z_FULL_FLUSH)
    # After a full flush nothing before it is referred to: the same compressed block may be repeated.
    block = deflater.compress(b" " * (1 << 20)) + deflater.flush(zlib.Z_FULL_FLUSH)
    return with_object_stream(b"\x78\x9c" + head + block * megabytes + deflater.flush(zlib.Z_FINISH) + b"\0\0\0\0")


def upload(data: bytes, name: str = "oficio.pdf") -> FileStorage:
    """As a form brings it."""
    return FileStorage(io.BytesIO(data), filename=name, content_type="application/pdf")
