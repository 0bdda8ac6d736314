"""PAdES and older signatures inside a PDF.

pyHanko reads the document; where it cannot (bytes lost, a table broken, a password), `_raw` still compares the signed
digest with the bytes, so that an alteration is told even of a file that is no PDF any more.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import BinaryIO

from archive.signatures.report import ALTERED, BROKEN, CHANGED, LOCKED, LOOSE, UNVERIFIABLE, Signer
from archive.signatures.trust import Judge, moments, nameless, stamp_is_bad

BYTE_RANGE = b"/ByteRange"  # every signed PDF names one, outside compressed streams
_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})")
_BLOCK = 1 << 20
_MAX_CONTENTS = 8 << 20  # hex digits of one CMS
_MAX_RANGES = 40
# Digests that signatures of the last twenty years name.
_DIGESTS = frozenset({"sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"})


class ByteRangeProbe:
    """Tells, while a PDF streams by, whether it can have a signature at all."""

    def __init__(self) -> None:
        self.found, self._tail = False, b""

    def feed(self, block: bytes) -> None:
        if not self.found:
            self.found = BYTE_RANGE in block or BYTE_RANGE in self._tail + block[: len(BYTE_RANGE)]
            self._tail = (self._tail + block[-len(BYTE_RANGE) :])[-len(BYTE_RANGE) :]


def mentions_byte_range(stream: BinaryIO) -> bool:
    stream.seek(0)
    probe = ByteRangeProbe()
    while not probe.found and (block := stream.read(_BLOCK)):
        probe.feed(block)
    return probe.found


def signers(stream: BinaryIO, judge: Judge) -> list[Signer]:
    """Every signature of the PDF, those of mere time stamps excepted."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    locked = False
    try:
        reader = PdfFileReader(stream, strict=False)
        locked = reader.encrypted and _needs_password(reader)
        if not locked:
            return list(_each(reader, stream, judge))
    except (MemoryError, ImportError):
        raise
    except Exception:  # noqa: S110 -- whatever a hostile file does to the parser, its bytes can still be summed
        pass
    return list(_raw(stream, judge, LOCKED if locked else BROKEN))


def _needs_password(reader) -> bool:
    """Many are encrypted with an empty password, only to forbid printing: those open."""
    from pyhanko.pdf_utils.crypt import AuthStatus

    return reader.decrypt(b"").status == AuthStatus.FAILED


def _each(reader, stream: BinaryIO, judge: Judge) -> Iterator[Signer]:
    from pyhanko.sign.validation.status import SignatureCoverageLevel as Coverage

    everything = list(reader.embedded_signatures)
    covered = any(s.evaluate_signature_coverage() == Coverage.ENTIRE_FILE for s in everything)
    for signature in reader.embedded_regular_signatures:
        try:
            yield _one(signature, judge, covered=covered)
        except (MemoryError, ImportError):
            raise
        except Exception:  # this signature cannot be followed; the others perhaps can
            ranges = tuple(int(n) for n in signature.byte_range)
            yield _by_digest(stream, ranges, judge, signature.pkcs7_content, BROKEN)


def _one(signature, judge: Judge, *, covered: bool) -> Signer:
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.settings import KeyUsageConstraints
    from pyhanko.sign.validation.status import SignatureCoverageLevel as Coverage

    for when in moments(signature.signer_info, signature.self_reported_timestamp):
        status = validate_pdf_signature(
            signature, judge.context(when), judge.context(when), key_usage_settings=KeyUsageConstraints()
        )
        if not stamp_is_bad(status):
            break
    level = getattr(status.diff_result, "modification_level", ModificationLevel.OTHER)
    # Later signatures and archival data are lawful additions; loose bytes after the last one are not.
    whole = status.coverage == Coverage.ENTIRE_FILE or (
        status.coverage == Coverage.ENTIRE_REVISION
        and ModificationLevel.OTHER > level
        and (covered or level == ModificationLevel.LTA_UPDATES)
    )
    return judge.signer(status, when, whole=whole)


def _raw(stream: BinaryIO, judge: Judge, reason: str) -> Iterator[Signer]:
    """The signatures as they stand in the bytes, without any PDF structure. `reason`: why it cannot be better."""
    end, found = _ranges(stream)
    for position, ranges in enumerate(found, 1):
        _, first, second, length = ranges
        contents = _contents(stream, first, second)
        signer = _by_digest(stream, ranges, judge, contents, reason)
        if position == len(found) and signer.verdict == UNVERIFIABLE and _loose(stream, second + length, end):
            signer = Signer(signer.name, signer.date, signer.issuer, signer.certificate, ALTERED, LOOSE)
        yield signer


def _ranges(stream: BinaryIO) -> tuple[int, list[tuple[int, int, int, int]]]:
    """(size of the file, every byte range that begins at 0), each once, in order of appearance."""
    stream.seek(0)
    found, kept, at = [], b"", 0
    while block := stream.read(_BLOCK):
        at += len(block)
        data = kept + block
        for match in _RANGE.finditer(data):
            numbers = tuple(int(n) for n in match.groups())
            if numbers[0] == 0 and numbers[2] >= numbers[1] and numbers not in found and len(found) < _MAX_RANGES:
                found.append(numbers)
        kept = data[-128:]
    return at, found


def _contents(stream: BinaryIO, start: int, end: int) -> bytes:
    """The CMS between the two ranges, or b"" when there is none."""
    if not 2 < end - start <= _MAX_CONTENTS:
        return b""
    stream.seek(start)
    digits = stream.read(end - start).strip().removeprefix(b"<").removesuffix(b">")
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return b""


def _by_digest(stream: BinaryIO, ranges, judge: Judge, contents: bytes, reason: str) -> Signer:
    """Altered when the bytes are not those of the signed digest; otherwise nothing can be said, for `reason`."""
    from asn1crypto import cms

    try:
        signed = cms.ContentInfo.load(contents)["content"]
        info = signed["signer_infos"][0]
        attributes = {a["type"].native: a["values"][0].native for a in info["signed_attrs"]}
        same = _digest(stream, ranges, info["digest_algorithm"]["algorithm"].native) == attributes["message_digest"]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return nameless(UNVERIFIABLE, reason)
    verdict = (UNVERIFIABLE, reason) if same else (ALTERED, CHANGED)
    try:
        from pyhanko.sign.general import extract_certificate_info

        return judge.named(extract_certificate_info(signed).signer_cert, moments(info)[0], *verdict)
    except Exception:  # the verdict stands without the name
        return nameless(*verdict)


def _digest(stream: BinaryIO, ranges, algorithm: str) -> bytes:
    """Raises KeyError for an algorithm that is not known. A range beyond the end of the file gives some other digest."""
    if algorithm not in _DIGESTS:
        raise KeyError(algorithm)
    summed = hashlib.new(algorithm)
    for start, length in zip(ranges[::2], ranges[1::2], strict=True):
        stream.seek(start)
        while length > 0 and (block := stream.read(min(_BLOCK, length))):
            summed.update(block)
            length -= len(block)
    return summed.digest()


def _loose(stream: BinaryIO, start: int, end: int) -> bool:
    """Whether bytes follow the last signature that are no revision of a PDF."""
    stream.seek(min(start, end))
    kept, any_ = b"", False
    while block := stream.read(_BLOCK):
        any_ = any_ or bool(block.strip())
        if b"startxref" in kept + block:
            return False
        kept = block[-16:]
    return any_
