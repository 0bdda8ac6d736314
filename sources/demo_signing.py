"""Electronic signatures for the demo: real CMS bytes under an invented root, so that a checker has work to do.

Keys come from a fixed text and ECDSA is deterministic (RFC 6979): the same document always gets the same signature.
They protect nothing.
"""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from functools import cache

from asn1crypto import algos, cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

_FROM, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC)
# Bytes kept free in a PDF for its signature; ours need about 1 400.
_ROOM = 4096


def _key(seed: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(hashlib.sha256(seed.encode()).digest()), ec.SECP256R1())


def _name(common: str, serial: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "EC"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Entidad de Certificación de Demostración"),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, serial),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


_ROOT_NAME = _name("AC Raíz de Demostración (sin validez)", "0")


def _certificate(common: str, serial: str, number: int, *, authority: bool) -> x509.Certificate:
    seed = "root" if authority else serial
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
    )
    return (
        x509.CertificateBuilder(
            issuer_name=_ROOT_NAME,
            subject_name=_name(common, serial),
            public_key=_key(seed).public_key(),
            serial_number=number,
            not_valid_before=_FROM,
            not_valid_after=_UNTIL,
        )
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not authority,
                content_commitment=not authority,
                key_cert_sign=authority,
                crl_sign=authority,
                **usage,
            ),
            critical=True,
        )
        .sign(_key("root"), SHA256(), ecdsa_deterministic=True)
    )


@cache
def root() -> x509.Certificate:
    """The demo's trust anchor: what FIRMAS_ANCLAS needs, as PEM, for these signatures to be verifiable."""
    return _certificate("AC Raíz de Demostración (sin validez)", "0", 1, authority=True)


@cache
def _signer(name: str, cedula: str) -> x509.Certificate:
    return _certificate(name, cedula, int(cedula), authority=False)


def p7m(data: bytes, name: str, cedula: str, when: datetime) -> bytes:
    """PKCS#7 with the signed bytes inside, as the old desktop signer wrote beside each file."""
    return _cms(data, name, cedula, when, attached=True)


def _cms(data: bytes, name: str, cedula: str, when: datetime, *, attached: bool) -> bytes:
    certificates = [asn1_x509.Certificate.load(c.public_bytes(Encoding.DER)) for c in (_signer(name, cedula), root())]
    sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["data"]},
            {"type": "signing_time", "values": [cms.Time({"utc_time": when.astimezone(UTC)})]},
            {"type": "message_digest", "values": [hashlib.sha256(data).digest()]},
        ]
    )
    signature = _key(cedula).sign(attributes.dump(), ec.ECDSA(SHA256(), deterministic_signing=True))
    signer = {
        "version": "v1",
        "sid": {
            "issuer_and_serial_number": {
                "issuer": certificates[0].issuer,
                "serial_number": certificates[0].serial_number,
            }
        },
        "digest_algorithm": sha256,
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signature": signature,
    }
    content = {"content_type": "data", "content": data} if attached else {"content_type": "data"}
    signed = {
        "version": "v1",
        "digest_algorithms": [sha256],
        "encap_content_info": content,
        "certificates": certificates,
        "signer_infos": [signer],
    }
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump()


def signed_pdf(pdf: bytes, name: str, cedula: str, when: datetime) -> bytes:
    """The PDF with a signature inside (FirmaEC's way): one incremental update, the original bytes untouched.

    `pdf` is a file with one classic cross-reference table, as fpdf2 writes it.
    """
    patterns = (rb"/Size (\d+)", rb"/Root (\d+) 0 R", rb"startxref\s+(\d+)")
    size, root, last = (int(re.findall(pattern, pdf)[-1]) for pattern in patterns)
    catalog = re.search(rb"\n%d 0 obj\n<<(.*?)>>\nendobj" % root, pdf, re.DOTALL)[1]
    local = (when.astimezone(UTC) - timedelta(hours=5)).strftime("D:%Y%m%d%H%M%S-05'00'").encode()
    blank = b"0" * (2 * _ROOM)
    objects = {
        root: b"<<%s/AcroForm <</Fields [%d 0 R] /SigFlags 3>>\n>>" % (catalog, size),
        size: b"<</Type /Annot /Subtype /Widget /FT /Sig /T (FirmaEC) /F 132 /Rect [0 0 0 0] /V %d 0 R>>" % (size + 1),
        size + 1: b"<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached /M (%s)\n"
        b"/ByteRange [0000000000 0000000000 0000000000 0000000000]\n/Contents <%s>>>" % (local, blank),
    }
    out = bytearray(pdf if pdf.endswith(b"\n") else pdf + b"\n")
    offsets = {}
    for number, body in objects.items():
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n%d 1\n%010d 00000 n \n%d 2\n%010d 00000 n \n%010d 00000 n \n" % (
        root, offsets[root], size, offsets[size], offsets[size + 1],
    )  # fmt: skip
    out += b"trailer\n<</Size %d /Root %d 0 R /Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (size + 2, root, last, table)
    hole = out.index(b"<" + blank, len(pdf))
    after = hole + len(blank) + 2
    place = out.index(b"/ByteRange", len(pdf))
    span = b"/ByteRange [%010d %010d %010d %010d]" % (0, hole, after, len(out) - after)
    out[place : place + len(span)] = span
    signature = _cms(bytes(out[:hole] + out[after:]), name, cedula, when, attached=False)
    out[hole + 1 : after - 1] = signature.hex().encode().ljust(len(blank), b"0")
    return bytes(out)
