"""CAdES and other CMS signatures in a `.p7m` or `.p7s`: with the content inside, or apart from the file they sign."""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from archive.signatures.report import (
    APART, BROKEN, TOO_MUCH, UNSIGNED, UNVERIFIABLE, SignatureReport, Signer, sum_up,
)  # fmt: skip
from archive.signatures.trust import Judge, moments, nameless, stamp_is_bad

MAX_BYTES = 64 << 20  # parsed in memory, so there is a limit


def looks_like(head: bytes) -> bool:
    """DER or BER of a ContentInfo, its PEM, or its bare base64."""
    return head[:1] == b"\x30" or head.lstrip().startswith((b"-----BEGIN", b"MI"))


def report(stream: BinaryIO, judge: Judge, twin: BinaryIO | None) -> SignatureReport:
    """twin: the file that a signature apart from its content signs. Raises ValueError and others for rubbish."""
    if stream.seek(0, io.SEEK_END) > MAX_BYTES:
        return SignatureReport(UNVERIFIABLE, reason=TOO_MUCH)
    signed, loose = _signed_data(_der(stream))
    if signed is None:
        return SignatureReport(UNSIGNED)
    detached = not signed["encap_content_info"]["content"].native
    return sum_up(_signers(signed, judge, twin, detached=detached, whole=not loose), detached=detached)


def _signers(signed, judge: Judge, twin: BinaryIO | None, *, detached: bool, whole: bool) -> Iterator[Signer]:
    for info in signed["signer_infos"]:
        alone = signed.copy()
        alone["signer_infos"] = [info]
        try:
            if detached and twin is None:
                yield _unread(alone, judge, info, APART)
            else:
                yield _checked(alone, judge, info, twin if detached else None, whole=whole)
        except (MemoryError, ImportError):
            raise
        except Exception:  # this signer cannot be followed; the others perhaps can
            yield nameless(UNVERIFIABLE, BROKEN)


def _checked(alone, judge: Judge, info, twin: BinaryIO | None, *, whole: bool) -> Signer:
    import asyncio  # here, as in the package

    for when in moments(info):
        status = asyncio.run(_validate(alone, judge, when, twin))
        if not stamp_is_bad(status):
            break
    return judge.signer(status, when, whole=whole)


async def _validate(alone, judge: Judge, when, twin: BinaryIO | None):
    from pyhanko.sign.validation import async_validate_cms_signature, async_validate_detached_cms
    from pyhanko.sign.validation.settings import KeyUsageConstraints

    if twin is None:
        return await async_validate_cms_signature(
            alone, validation_context=judge.context(when), key_usage_settings=KeyUsageConstraints()
        )
    twin.seek(0)
    return await async_validate_detached_cms(
        twin, alone, signer_validation_context=judge.context(when), ts_validation_context=judge.context(when),
        key_usage_settings=KeyUsageConstraints(),
    )  # fmt: skip


def _unread(alone, judge: Judge, info, reason: str) -> Signer:
    from pyhanko.sign.general import extract_certificate_info

    return judge.named(extract_certificate_info(alone).signer_cert, moments(info)[0], UNVERIFIABLE, reason)


def _der(stream: BinaryIO) -> bytes:
    """The binary of a `.p7m`, which mail programs and portals also hand out as PEM or bare base64."""
    stream.seek(0)
    data = stream.read()
    if data[:1] == b"\x30":
        return data
    text = re.sub(rb"-----[^-]*-----|\s", b"", data)
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _signed_data(data: bytes):
    """(SignedData, whether bytes follow it), or (None, False) for something else."""
    from asn1crypto import cms

    try:
        info, loose = cms.ContentInfo.load(data, strict=True), False
    except ValueError:
        info, loose = cms.ContentInfo.load(data), True
    if info["content_type"].native != "signed_data":
        return None, False
    return info["content"], loose
