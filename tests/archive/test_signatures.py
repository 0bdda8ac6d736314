"""Signature verdicts on files really signed here: PAdES in PDFs, CAdES in `.p7m`."""

import asyncio
import csv
import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import keys, x509
from cryptography import x509 as cx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fpdf import FPDF
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko_certvalidator.registry import SimpleCertificateStore

from archive import plan, reader, volume
from archive.model import File
from archive.signatures import check
from tests.archive.conftest import MIB, document, header

NOW = datetime.now(UTC)


def certificate(name, key, issuer=None, issuer_key=None, days=(-30, 365)):
    subject = cx.Name([cx.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        cx.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject).public_key(key.public_key())
        .serial_number(cx.random_serial_number()).not_valid_before(NOW + timedelta(days[0])).not_valid_after(NOW + timedelta(days[1]))
        .add_extension(cx.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(cx.KeyUsage(issuer is not None, issuer is not None, False, False, False, issuer is None, issuer is None, False, False), critical=True)
    )  # fmt: skip
    return builder.sign(issuer_key or key, hashes.SHA256())


def signer_of(cert, key, *others) -> signers.SimpleSigner:
    store = SimpleCertificateStore()
    load = lambda c: x509.Certificate.load(c.public_bytes(serialization.Encoding.DER))  # noqa: E731
    store.register_multiple(load(o) for o in others)
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return signers.SimpleSigner(load(cert), keys.PrivateKeyInfo.load(der), store)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A root (its PEM in a folder of anchors), a signer in force and one whose certificate is over."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate("Entidad de Prueba", root_key, days=(-900, 900))
    good = certificate("María Ñuñez", key, root.subject, root_key)
    over = certificate("José Vencido", key, root.subject, root_key, days=(-800, -400))
    anchors = tmp_path_factory.mktemp("anchors")
    (anchors / "raiz.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    return {"good": signer_of(good, key, root), "over": signer_of(over, key, root), "anchors": anchors}


def plain_pdf(pages=1, padding=0) -> bytes:
    pdf = FPDF()
    for number in range(pages):
        pdf.add_page()
        pdf.set_font("Helvetica", size=12)
        pdf.cell(text=f"Oficio de prueba {number}")
    if padding:
        import random

        from PIL import Image

        side = int((padding / 3) ** 0.5) + 1
        pdf.image(Image.frombytes("RGB", (side, side), random.Random(1).randbytes(side * side * 3)))
    return bytes(pdf.output())


def sign_pdf(data: bytes, signer, field="Firma1") -> bytes:
    out = io.BytesIO()
    signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(data)),
        signers.PdfSignatureMetadata(field_name=field, subfilter=fields.SigSeedSubFilter.PADES),
        signer=signer, output=out,
    )  # fmt: skip
    return out.getvalue()


def sign_p7m(content: bytes, signer) -> bytes:
    attributes = PdfCMSSignedAttributes(signing_time=NOW)
    made = asyncio.run(
        signer.async_sign_general_data(content, "sha256", detached=False, use_cades=True, signed_attr_settings=attributes)
    )
    return made.dump()


@pytest.fixture(scope="module")
def signed(people):
    return sign_pdf(plain_pdf(), people["good"])


def test_an_unsigned_pdf_and_other_files(people):
    assert check(io.BytesIO(plain_pdf())).verdict == "sin firma"
    for content in (b"", b"hola", b"PK\3\4", b"%PDF-1.7\n"):
        assert check(io.BytesIO(content)).verdict == "sin firma"


def test_a_valid_signature_names_its_signer(people, signed, tmp_path):
    (tmp_path / "x.pdf").write_bytes(signed)
    report = check(tmp_path / "x.pdf", anchors=people["anchors"])
    (who,) = report.signers
    assert report.verdict == "válida"
    assert (who.name, who.issuer) == ("María Ñuñez", "Entidad de Prueba")
    assert who.certificate.startswith("Vigente") and who.date[:4] == str(NOW.year)


def test_without_anchors_it_cannot_be_verified(signed, monkeypatch):
    monkeypatch.delenv("FIRMAS_ANCLAS", raising=False)
    assert check(io.BytesIO(signed)).verdict == "no verificable"


def test_the_environment_names_the_anchors(people, signed, monkeypatch):
    monkeypatch.setenv("FIRMAS_ANCLAS", str(people["anchors"]))
    assert check(io.BytesIO(signed)).verdict == "válida"


def test_an_unknown_root_is_not_verifiable(people, signed, tmp_path):
    stranger = ec.generate_private_key(ec.SECP256R1())
    pem = certificate("Otra Entidad", stranger).public_bytes(serialization.Encoding.PEM)
    (tmp_path / "otra.pem").write_bytes(pem)
    assert check(io.BytesIO(signed), anchors=tmp_path).verdict == "no verificable"


def test_one_changed_byte_is_an_alteration(people, signed):
    at = signed.index(b"/MediaBox") + 12
    torn = bytearray(signed)
    torn[at] ^= 1
    assert check(io.BytesIO(torn), anchors=people["anchors"]).verdict == "alterada"


@pytest.mark.parametrize("tail", [b"x", b"\n% unos bytes de mas\n" * 200])
def test_appended_bytes_are_an_alteration(people, signed, tail):
    assert check(io.BytesIO(signed + tail), anchors=people["anchors"]).verdict == "alterada"


def test_a_later_change_of_a_page_is_an_alteration(people, signed):
    writer = IncrementalPdfFileWriter(io.BytesIO(signed))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    from pyhanko.pdf_utils import generic

    page[generic.pdf_name("/Rotate")] = generic.NumberObject(90)
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    assert check(out, anchors=people["anchors"]).verdict == "alterada"


def test_two_signatures_one_after_the_other_are_both_valid(people, signed):
    twice = sign_pdf(signed, people["good"], "Firma2")
    report = check(io.BytesIO(twice), anchors=people["anchors"])
    assert report.verdict == "válida" and len(report.signers) == 2


def test_a_certificate_that_was_over_when_it_signed(people):
    report = check(io.BytesIO(sign_p7m(b"contenido", people["over"])), anchors=people["anchors"])
    assert report.verdict == "no verificable"
    assert report.signers[0].certificate.startswith("No vigente")


def test_p7m(people):
    data = sign_p7m(b"contenido del oficio", people["good"])
    anchors = people["anchors"]
    report = check(io.BytesIO(data), anchors=anchors)
    assert (report.verdict, report.signers[0].name) == ("válida", "María Ñuñez")
    import base64

    assert check(io.BytesIO(base64.encodebytes(data)), anchors=anchors).verdict == "válida"
    assert check(io.BytesIO(data.replace(b"oficio", b"OFICIO")), anchors=anchors).verdict == "alterada"
    assert check(io.BytesIO(data + b"mas"), anchors=anchors).verdict == "alterada"
    assert check(io.BytesIO(data)).verdict == "no verificable"


@pytest.mark.parametrize("content", [b"%PDF-1.4\n/ByteRange [0 1 2 3]", b"0" * 5000, b"\x30\x82\xff\xff" + b"\0" * 99, b"MIIB" * 50])
def test_rubbish_never_raises(content):
    assert check(io.BytesIO(content)).verdict != "válida"


def test_a_file_that_is_not_there_never_raises(tmp_path):
    assert check(tmp_path / "absent").verdict == "no verificable"


def test_every_prefix_of_a_signed_file_gets_some_verdict(people, signed):
    for length in range(0, len(signed), len(signed) // 25):
        assert check(io.BytesIO(signed[:length])).verdict in ("no verificable", "sin firma", "alterada")


@pytest.mark.parametrize("padding", [0, 6 * MIB])
def test_a_volume_tells_of_its_signatures(people, source, tmp_path, padding):
    """In memory, and (large) read back from the volume that is being written."""
    source.contents["pdf"] = sign_pdf(plain_pdf(padding=padding), people["good"])
    source.contents["p7m"] = sign_p7m(b"contenido", people["good"])
    files = [File(r, k, f"x.{r}", len(source.contents[r]), f".{r}") for r, k in (("pdf", "principal"), ("p7m", "firma"))]
    documents = [document(1, source, (), files=tuple(files)), document(2, source)]
    plan.make(header(), documents, tmp_path / "p", part_size=64 * MIB)
    volume.build(plan.open(tmp_path / "p"), 1, source, tmp_path / "v.zip", anchors=people["anchors"])
    text = zipfile.ZipFile(tmp_path / "v.zip").read("FIRMAS.csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))
    assert [(r["Veredicto"], r["Firmante"], r["Revocación"]) for r in rows] == [("válida", "María Ñuñez", "No consultada")] * 2
    with open(tmp_path / "v.zip", "rb") as stream:
        first, second = reader.details(stream, "parte01")
    assert first["archivos"][0]["firma"]["veredicto"] == "válida"
    assert second["archivos"][0]["firma"]["veredicto"] == "sin firma"


def test_checking_can_be_switched_off(people, source, tmp_path, signed):
    source.contents["pdf"] = signed
    made = document(1, source, (), files=(File("pdf", "principal", "x.pdf", len(signed), ".pdf"),))
    plan.make(header(), [made], tmp_path / "p", part_size=MIB)
    volume.build(plan.open(tmp_path / "p"), 1, source, tmp_path / "v.zip", signatures=False)
    with open(tmp_path / "v.zip", "rb") as stream:
        (told,) = reader.details(stream, "parte01")
    assert "firma" not in told["archivos"][0]


def test_the_verdict_does_not_depend_on_who_asks(signed):
    """Inside a running event loop (a browser test, a notebook) the same file has the same verdict."""

    async def asked():
        return check(io.BytesIO(signed))

    assert asyncio.run(asked()) == check(io.BytesIO(signed))
    assert asyncio.run(asked()).signers
