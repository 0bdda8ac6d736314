"""Uploaded PDFs: what is kept, and every disguise that is refused."""

from __future__ import annotations

import hashlib
import re
import resource
import zipfile
from datetime import UTC, datetime
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from extensions import db
from models import Adjunto
from services import pdf_inspection, uploads
from services.adapters import storage
from services.errors import Refused
from sources import demo_signing
from tests import making, pdfs

pytestmark = pytest.mark.usefixtures("ctx")


def accept(data: bytes, name: str = "oficio.pdf", **options) -> Adjunto:
    return uploads.accept(making.actor("aiq@demo.gob.ec"), pdfs.upload(data, name), institucion_id=None, field="oficio", **options)


def refusal(data: bytes, name: str = "oficio.pdf", **options) -> str:
    with pytest.raises(Refused) as refused:
        accept(data, name, **options)
    assert list(refused.value.fields) == ["oficio"]
    assert list(storage().list("adjuntos/")) == [], "a refused file must not stay in the storage"
    assert list(storage().scratch().iterdir()) == [], "nor among the temporary ones"
    return refused.value.fields["oficio"]


def test_a_good_pdf_is_kept_with_its_facts():
    data = pdfs.plain(pages=3)
    row = accept(data)
    db.session.commit()
    assert (row.bytes, row.paginas, row.nombre) == (len(data), 3, "oficio.pdf")
    assert row.sha256 == hashlib.sha256(data).hexdigest()
    assert row.firmas == {"veredicto": "sin firma", "firmantes": []}
    assert row.subido_por.correo == "aiq@demo.gob.ec"
    with uploads.open(row) as stream:
        assert stream.read() == data
    assert list(storage().scratch().iterdir()) == []


def test_who_signed_it_is_kept():
    signed = demo_signing.signed_pdf(pdfs.plain(), "MARÍA AUTORIDAD", "1710034065", datetime(2026, 11, 17, 15, tzinfo=UTC))
    row = accept(signed)
    assert row.firmas["veredicto"] == "no verificable", "no roots are configured: never more than that"
    assert [s["nombre"] for s in row.firmas["firmantes"]] == ["MARÍA AUTORIDAD"]


def test_a_signed_pdf_that_was_changed_is_kept_and_says_so():
    signed = demo_signing.signed_pdf(pdfs.plain(), "MARÍA AUTORIDAD", "1710034065", datetime(2026, 11, 17, 15, tzinfo=UTC))
    at = signed.index(b"/Producer") if b"/Producer" in signed else signed.index(b"/MediaBox")
    torn = signed[: at + 1] + signed[at + 1 : at + 2].swapcase() + signed[at + 2 :]
    assert accept(torn).firmas["veredicto"] == "alterada"


def test_the_configured_anchors_are_used(app, tmp_path):
    anchors = tmp_path / "anclas"
    anchors.mkdir()
    (anchors / "raiz.pem").write_bytes(demo_signing.root().public_bytes(Encoding.PEM))
    app.config["FIRMAS_ANCLAS"] = str(anchors)
    signed = demo_signing.signed_pdf(pdfs.plain(), "MARÍA AUTORIDAD", "1710034065", datetime(2026, 11, 17, 15, tzinfo=UTC))
    assert accept(signed).firmas["veredicto"] == "válida"


def test_the_same_bytes_twice_share_one_object():
    data = pdfs.plain()
    assert accept(data).clave == accept(data, "otro.pdf").clave
    assert len(list(storage().list("adjuntos/"))) == 1


@pytest.mark.parametrize("data", [
    b"<!doctype html><script>alert(1)</script>", b"MZ\x90\0" * 500, b"\xff\xd8\xff\xe0" * 300, b" " * 2000 + pdfs.plain(),
], ids=["html", "exe", "jpeg", "pdf after the first KiB"])
def test_a_disguised_file_is_not_a_pdf(data):
    assert "no es un PDF" in refusal(data)


def test_a_zip_bomb_is_not_a_pdf():
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("ceros", b"\0" * 5_000_000)
    assert "no es un PDF" in refusal(out.getvalue())


def test_too_many_bytes_are_refused_with_the_limit():
    assert "10,0 MB" in refusal(pdfs.plain() + b"\n" * uploads.MAX_BYTES)


def test_nothing_and_an_empty_file():
    with pytest.raises(Refused, match="Adjunte el documento"):
        uploads.accept(making.actor("aiq@demo.gob.ec"), None, institucion_id=None, field="oficio")
    assert "Adjunte el documento" in refusal(b"", name="")
    assert "vacío" in refusal(b"")


@pytest.mark.parametrize("data", [pdfs.ciphered(opens_freely=True), pdfs.ciphered(opens_freely=False)], ids=["free", "password"])
def test_a_ciphered_pdf_is_refused(data):
    assert "cifrado" in refusal(data)


SCRIPT = "/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"
ACTIVE = {
    "script on opening": pdfs.made_of(SCRIPT),
    "script with escaped names": pdfs.made_of("/OpenAction << /S /J#61vaScript /J#53 (app.alert(1)) >>"),
    "script in a compressed catalog": pdfs.compressed_catalog(SCRIPT),
    "escaped script in a compressed catalog": pdfs.compressed_catalog("/OpenAction << /S /Jav#61Script /#4AS (x) >>"),
    "only /JS, in a page": pdfs.made_of("", "/MediaBox [0 0 99 99] /AA << /O << /S /X /JS (x) >> >>"),
    "program to launch": pdfs.made_of("/OpenAction << /S /Launch /F (cmd.exe) >>"),
    "embedded file": pdfs.made_of("/Names << /EmbeddedFiles << /Names [(a) 4 0 R] >> >>", objects=(b"<< /Type /Filespec /F (a.exe) >>",)),
    "embedded file, compressed": pdfs.compressed_catalog("/AF [<< /Type /Filespec /F (a) /EF << /F 2 0 R >> >>]"),
    "form with XFA": pdfs.compressed_catalog("/AcroForm << /Fields [] /XFA (x) >>"),
}


@pytest.mark.parametrize("data", ACTIVE.values(), ids=ACTIVE.keys())
def test_a_pdf_that_does_things_is_refused(data):
    assert "programas" in refusal(data)


def test_the_same_frame_without_the_script_passes():
    assert accept(pdfs.made_of()).paginas == 1
    assert accept(pdfs.compressed_catalog("")).paginas == 1


def test_a_decompression_bomb_ends_the_child_only():
    assert "demasiado complejo" in refusal(pdfs.bomb())
    kibibytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert kibibytes * 1024 < pdf_inspection.MEMORY, "the child took all the memory it wanted"


def test_absurd_pages_and_too_many():
    assert "dimensiones" in refusal(pdfs.made_of("", "/MediaBox [0 0 200000 200000]"))
    assert "500 páginas" in refusal(pdfs.plain(pages=501))


@pytest.mark.parametrize("data", [pdfs.plain()[:400], b"%PDF-1.7\n" + b"\xfe" * 3000], ids=["cut", "noise"])
def test_a_broken_pdf_is_refused(data):
    assert "no se puede leer" in refusal(data)


def test_a_slow_inspection_is_given_up(monkeypatch):
    monkeypatch.setattr(pdf_inspection, "SECONDS", 0.01)
    assert "demasiado complejo" in refusal(pdfs.plain())


@pytest.mark.parametrize(("given", "kept"), [
    ("../../etc/passwd", "passwd.pdf"),
    ("C:\\Users\\ana\\Oficio Nº 1.PDF", "Oficio Nº 1.pdf"),
    ("oficio.pdf.exe", "oficio.pdf.exe.pdf"),
    ("a\x00b\r\nSet-Cookie: x.pdf", "ab Set-Cookie- x.pdf"),
    ("\u202efdp.exe", "fdp.exe.pdf"),
    ("<img src=x onerror=alert(1)>.pdf", "-img src=x onerror=alert(1)-.pdf"),
    ("CON.pdf", "_CON.pdf"),
    (".pdf", "sin_nombre.pdf"),
    ("ñ" * 400 + ".pdf", None),
])
def test_a_hostile_name_is_made_harmless(given, kept):
    name = uploads.clean_name(given)
    assert name.endswith(".pdf") and len(name) <= 120 and not re.search(r'[/\\\x00-\x1f<>:"|?*\u202e]', name)
    assert kept is None or name == kept
