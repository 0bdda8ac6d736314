"""Signed files for the tests, made here: a small certification authority, PDFs and CMS signed by its people."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime, timedelta

from asn1crypto import keys, x509
from cryptography import x509 as cx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from fpdf import FPDF
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

NOW = datetime.now(UTC).replace(microsecond=0)


class Authority:
    """A root and whom it certifies."""

    def __init__(self, name: str = "Entidad de Prueba", days=(-900, 900)) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.root = _certificate(name, self.key, days=days)

    @property
    def pem(self) -> bytes:
        return self.root.public_bytes(serialization.Encoding.PEM)

    def signer(self, name: str, days=(-30, 365), *, stamping=False) -> signers.SimpleSigner:
        """Somebody certified from `days[0]` to `days[1]`, counted from today."""
        key = rsa.generate_private_key(65537, 2048) if stamping else ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(name, key, self.root.subject, self.key, days, stamping=stamping)
        store = SimpleCertificateStore()
        store.register(_loaded(self.root))
        der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return signers.SimpleSigner(_loaded(certificate), keys.PrivateKeyInfo.load(der), store)

    def stamper(self, at: datetime) -> DummyTimeStamper:
        """A time stamping authority whose clock shows `at`."""
        own = self.signer("Sellado de Tiempo", (-900, 900), stamping=True)
        return DummyTimeStamper(own.signing_cert, own.signing_key, own.cert_registry, fixed_dt=at)


def _loaded(certificate) -> x509.Certificate:
    return x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def _certificate(name, key, issuer=None, issuer_key=None, days=(-30, 365), *, stamping=False):
    subject = cx.Name([cx.NameAttribute(NameOID.COMMON_NAME, name)])
    ca = issuer is None
    builder = (
        cx.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject).public_key(key.public_key())
        .serial_number(cx.random_serial_number()).not_valid_before(NOW + timedelta(days[0])).not_valid_after(NOW + timedelta(days[1]))
        .add_extension(cx.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(cx.KeyUsage(not ca, not ca, False, False, False, ca, ca, False, False), critical=True)
    )  # fmt: skip
    if stamping:
        builder = builder.add_extension(cx.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return builder.sign(issuer_key or key, hashes.SHA256())


def plain_pdf(pages=1, padding=0, password="") -> bytes:
    """padding: bytes of noise on the last page. password: to open it."""
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
    if password:
        pdf.set_encryption(owner_password="dueño", user_password=password)
    return bytes(pdf.output())


def sign_pdf(data: bytes, signer, field="Firma1", password="", **more) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    if password:
        writer.encrypt(password)
    out = io.BytesIO()
    meta = {k: more.pop(k) for k in ("md_algorithm",) if k in more}
    signers.sign_pdf(
        writer, signers.PdfSignatureMetadata(field_name=field, subfilter=fields.SigSeedSubFilter.PADES, **meta),
        signer=signer, output=out, **more,
    )  # fmt: skip
    return out.getvalue()


def sign_cms(content: bytes, signer, *, detached=False, when=NOW, digest="sha256") -> bytes:
    """CAdES: with the content inside (.p7m), or apart from it (.p7s)."""
    made = asyncio.run(
        signer.async_sign_general_data(
            content, digest, detached=detached, use_cades=True, signed_attr_settings=PdfCMSSignedAttributes(signing_time=when)
        )
    )
    return made.dump()
