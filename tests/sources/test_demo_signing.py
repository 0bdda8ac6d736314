"""The demo's signatures are sound: an independent checker (pyHanko) accepts them and sees changes."""

import asyncio
import io
from datetime import UTC, datetime

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.generic_cms import async_validate_cms_signature
from pyhanko_certvalidator import ValidationContext

from sources import demo_files, demo_signing

WHEN = datetime(2025, 3, 6, 20, 40, tzinfo=UTC)
SIGNER = ("María Fernanda Ñauñay Quishpe", "1710034065", WHEN)


@pytest.fixture
def letter() -> bytes:
    return demo_files.letter_pdf("Institución Ñ", ["No. SNBAP-DGDA-2025-0001-O"], demo_files.PARAGRAPHS[:2])


@pytest.fixture
def trust() -> ValidationContext:
    return ValidationContext(trust_roots=list(load_certs_from_pemder_data(demo_signing.root().public_bytes(Encoding.PEM))))


def test_a_signed_pdf_is_valid_and_trusted(letter, trust):
    signed = demo_signing.signed_pdf(letter, *SIGNER)
    assert signed.startswith(letter)
    (found,) = PdfFileReader(io.BytesIO(signed)).embedded_signatures
    status = validate_pdf_signature(found, trust)
    assert status.bottom_line
    assert status.signer_reported_dt == WHEN
    assert "Ñauñay" in status.signing_cert.subject.human_friendly


def test_a_changed_pdf_is_not_valid(letter, trust):
    signed = bytearray(demo_signing.signed_pdf(letter, *SIGNER))
    signed[len(letter) // 2] ^= 1
    (found,) = PdfFileReader(io.BytesIO(bytes(signed)), strict=False).embedded_signatures
    assert not validate_pdf_signature(found, trust).intact


def test_a_p7m_holds_its_document(letter, trust):
    data = cms.ContentInfo.load(demo_signing.p7m(letter, *SIGNER))["content"]
    assert data["encap_content_info"]["content"].native == letter
    status = asyncio.run(async_validate_cms_signature(data, validation_context=trust))
    assert status.valid and status.intact and status.trusted


def test_signing_twice_gives_the_same_bytes(letter):
    assert demo_signing.signed_pdf(letter, *SIGNER) == demo_signing.signed_pdf(letter, *SIGNER)
