"""Electronic signatures of a file: who, when, by whose certificate, and whether the bytes are still those signed.

PAdES in PDFs and CAdES in `.p7m`, checked offline by pyHanko. Four verdicts: válida, alterada, sin firma, no verificable.
An unknown root, or no roots at all, is "no verificable", never "alterada". Revocation is not consulted. Nothing here
raises for what a file contains: checking never fails a run.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import BinaryIO

VALID, ALTERED, UNSIGNED, UNVERIFIABLE = "válida", "alterada", "sin firma", "no verificable"
BYTE_RANGE = b"/ByteRange"  # every signed PDF names one, outside compressed streams
# pyHanko logs every unknown root with a traceback; for us that is a verdict like any other, and it is in the report.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)
_MAX_P7M = 256 << 20  # parsed in memory, so there is a limit
_MAX_SIGNERS = 20
_BLOCK = 1 << 20
_MAX_TAIL = 16 << 20
_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})")


@dataclass(frozen=True, slots=True)
class Signer:
    """date: ISO instant of the time stamp, else the signer's own, else empty. certificate: a sentence about its validity."""

    name: str
    date: str
    issuer: str
    certificate: str
    verdict: str


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """The worst verdict of all signers, and each of them."""

    verdict: str
    signers: list[Signer] = field(default_factory=list)

    def as_dict(self) -> dict:
        """As the viewer's data hold it."""
        rows = [
            {"nombre": s.name, "fecha": s.date, "emisor": s.issuer, "certificado": s.certificate} for s in self.signers
        ]
        return {"veredicto": self.verdict, "firmantes": rows}


class ByteRangeProbe:
    """Tells, while a PDF streams by, whether it can have a signature at all."""

    def __init__(self) -> None:
        self.found, self._tail = False, b""

    def feed(self, block: bytes) -> None:
        if not self.found:
            self.found = BYTE_RANGE in block or BYTE_RANGE in self._tail + block[: len(BYTE_RANGE)]
            self._tail = block[-len(BYTE_RANGE) :]


def check(source: Path | str | BinaryIO, *, anchors: Path | None = None, moment: str = "") -> SignatureReport:
    """Checks the file at a path, or in a seekable stream. Never raises.

    anchors: folder of PEM or DER roots; None: the environment's FIRMAS_ANCLAS, and without it no root is trusted.
    moment: ISO instant for signatures that carry no time of their own.
    """
    try:
        if not isinstance(source, (str, Path)):
            return _outside_loops(lambda: _check(source, anchors, moment))
        with open(source, "rb") as stream:
            return _outside_loops(lambda: _check(stream, anchors, moment))
    except ImportError:  # a broken installation must not pass for unverifiable files
        raise
    except Exception:  # whatever a hostile file does to the parsers: it is this file's verdict, not the run's end
        return SignatureReport(UNVERIFIABLE)


def _outside_loops(task: Callable[[], SignatureReport]) -> SignatureReport:
    """pyHanko runs an event loop of its own, which Python refuses in a thread where one is running already. The verdict must
    not depend on who asks (the bytes of an archive hold it), so there it is asked in another thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return task()
    with ThreadPoolExecutor(1) as other:
        return other.submit(task).result()


def _check(stream: BinaryIO, anchors: Path | None, moment: str) -> SignatureReport:
    stream.seek(0)
    head = stream.read(1024)
    checker = _Checker(_roots(anchors), moment)
    if b"%PDF" in head:
        if not _mentions_byte_range(stream):
            return SignatureReport(UNSIGNED)
        try:
            return _sum_up(checker.pdf(stream))
        except ImportError:
            raise
        except Exception:  # not a PDF any more: bytes lost or added at its end are an alteration that can be told
            return SignatureReport(ALTERED if _ends_elsewhere(stream) else UNVERIFIABLE)
    if not _looks_like_cms(head):
        return SignatureReport(UNSIGNED)
    return _sum_up(checker.cms(stream))


def _mentions_byte_range(stream: BinaryIO) -> bool:
    stream.seek(0)
    probe = ByteRangeProbe()
    while not probe.found and (block := stream.read(_BLOCK)):
        probe.feed(block)
    return probe.found


def _ends_elsewhere(stream: BinaryIO) -> bool:
    """Whether the file is shorter than its last signature says, or has a tail that is no revision of a PDF."""
    stream.seek(0)
    data, last = b"", None
    at = 0
    while block := stream.read(_BLOCK):
        data = data[-256:] + block
        at += len(block)
        for found in _RANGE.finditer(data):
            last = found
    if not last:
        return False
    end = int(last[3]) + int(last[4])
    if end >= at:
        return end > at
    stream.seek(end)
    return b"startxref" not in stream.read(_MAX_TAIL)


def _looks_like_cms(head: bytes) -> bool:
    """DER or BER of a ContentInfo, its PEM, or its bare base64."""
    return head[:1] == b"\x30" or head.lstrip().startswith((b"-----BEGIN", b"MI"))


def _sum_up(signers: Iterable[Signer]) -> SignatureReport:
    signers = list(signers)[:_MAX_SIGNERS]
    for verdict in (ALTERED, UNVERIFIABLE, VALID):
        if any(s.verdict == verdict for s in signers):
            return SignatureReport(verdict, signers)
    return SignatureReport(UNSIGNED)


def _roots(anchors: Path | None) -> tuple:
    folder = anchors or os.environ.get("FIRMAS_ANCLAS")
    return _load_roots(str(folder), Path(folder).stat().st_mtime_ns) if folder else ()


@cache
def _load_roots(folder: str, _changed: int) -> tuple:
    from asn1crypto import pem, x509

    certificates = []
    for path in sorted(Path(folder).iterdir()):
        if path.suffix.lower() not in (".pem", ".crt", ".cer", ".der"):
            continue
        data = path.read_bytes()
        found = [der for _, _, der in pem.unarmor(data, multiple=True)] if pem.detect(data) else [data]
        certificates += [x509.Certificate.load(der) for der in found]
    return tuple(certificates)


class _Checker:
    """One file's check. pyHanko is imported here: a run without signed files never pays for it."""

    def __init__(self, roots: tuple, moment: str) -> None:
        self._roots, self._moment = roots, _instant(moment)

    def pdf(self, stream: BinaryIO) -> Iterator[Signer]:
        from pyhanko.pdf_utils.reader import PdfFileReader
        from pyhanko.sign.diff_analysis import ModificationLevel
        from pyhanko.sign.validation import validate_pdf_signature
        from pyhanko.sign.validation.settings import KeyUsageConstraints
        from pyhanko.sign.validation.status import SignatureCoverageLevel as Coverage

        reader = PdfFileReader(stream, strict=False)
        everything = list(reader.embedded_signatures)
        covered = any(s.evaluate_signature_coverage() == Coverage.ENTIRE_FILE for s in everything)
        for signature in reader.embedded_regular_signatures:
            when = self._when(signature.signer_info, signature.self_reported_timestamp)
            status = validate_pdf_signature(
                signature, self._context(when), self._context(when), key_usage_settings=KeyUsageConstraints()
            )
            level = getattr(status.diff_result, "modification_level", ModificationLevel.OTHER)
            # Later signatures and archival data are lawful additions; loose bytes after the last one are not.
            whole = status.coverage == Coverage.ENTIRE_FILE or (
                status.coverage == Coverage.ENTIRE_REVISION
                and ModificationLevel.OTHER > level
                and (covered or level == ModificationLevel.LTA_UPDATES)
            )
            yield self._signer(status, when, whole=whole)

    def cms(self, stream: BinaryIO) -> Iterator[Signer]:
        from pyhanko.sign.validation import async_validate_cms_signature
        from pyhanko.sign.validation.settings import KeyUsageConstraints

        data = _der(stream)
        signed, loose = _signed_data(data)
        if signed is None:
            return
        content = signed["encap_content_info"]["content"].native
        for info in signed["signer_infos"]:
            alone = signed.copy()
            alone["signer_infos"] = [info]
            when = self._when(info, _reported(info))
            if content is None:  # detached: the bytes that were signed are not here
                yield self._unverifiable(alone, when)
                continue
            status = asyncio.run(
                async_validate_cms_signature(
                    alone, validation_context=self._context(when), key_usage_settings=KeyUsageConstraints()
                )
            )
            yield self._signer(status, when, whole=not loose)

    def _when(self, info, reported: datetime | None) -> datetime | None:
        """Instant to judge the certificate at: the time stamp's, else the signer's, else the plan's. (decisions.md 23)"""
        for attribute in info["unsigned_attrs"] or ():
            if attribute["type"].native == "signature_time_stamp_token":
                token = attribute["values"][0]["content"]["encap_content_info"]["content"].parsed
                return token["gen_time"].native
        if reported is not None:
            return reported if reported.tzinfo else reported.replace(tzinfo=UTC)
        return None

    def _context(self, when: datetime | None):
        from pyhanko_certvalidator import ValidationContext

        moment = when or self._moment
        return ValidationContext(
            trust_roots=list(self._roots), moment=moment, best_signature_time=moment, allow_fetching=False
        )

    def _signer(self, status, when: datetime | None, *, whole: bool) -> Signer:
        if not (status.intact and status.valid and whole):
            verdict = ALTERED
        else:
            verdict = VALID if status.trusted else UNVERIFIABLE
        return self._named(status.signing_cert, when, verdict)

    def _unverifiable(self, signed, when: datetime | None) -> Signer:
        from pyhanko.sign.general import extract_certificate_info

        return self._named(extract_certificate_info(signed).signer_cert, when, UNVERIFIABLE)

    def _named(self, certificate, when: datetime | None, verdict: str) -> Signer:
        validity = certificate["tbs_certificate"]["validity"]
        start, end = validity["not_before"].native, validity["not_after"].native
        moment = when or self._moment
        then = "Vigente" if start <= moment <= end else "No vigente"
        text = f"{then} en el momento de la firma (de {start:%Y-%m-%d} a {end:%Y-%m-%d})"
        date = when.isoformat(timespec="seconds") if when else ""
        return Signer(_common_name(certificate.subject), date, _common_name(certificate.issuer), text, verdict)


def _common_name(name) -> str:
    native = name.native
    text = native.get("common_name") or native.get("organization_name") or name.human_friendly
    text = " ".join(text) if isinstance(text, list) else text
    return " ".join(str(text).split())[:200]


def _reported(info) -> datetime | None:
    from pyhanko.sign.validation.generic_cms import extract_self_reported_ts

    return extract_self_reported_ts(info)


def _instant(moment: str) -> datetime:
    """`moment` as an instant; without one, far enough back that no certificate passes by accident."""
    found = datetime.fromisoformat(moment) if moment else datetime(1970, 1, 1, tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _der(stream: BinaryIO) -> bytes:
    """The binary of a `.p7m`, which mail programs and portals also hand out as PEM or bare base64."""
    stream.seek(0, io.SEEK_END)
    if stream.tell() > _MAX_P7M:
        raise ValueError("too large to parse in memory")
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
