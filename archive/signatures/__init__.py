"""Electronic signatures of a file: who, when, by whose certificate, and whether the bytes are still those signed.

PAdES in PDFs and CAdES in `.p7m` and `.p7s`, checked offline by pyHanko. Four verdicts: válida, alterada, sin firma, no
verificable. An unknown root, or no roots at all, is "no verificable", never "alterada". Revocation is not consulted.

`check` is for a run: the parsers work in a helper process with limits on memory and time (`guard`), so that no file can
end a run, stall it or fill the machine. `look` is the same in this process, for those who are in such a process already.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from pathlib import Path
from typing import BinaryIO

from archive.signatures import cms, guard, pdf, trust
from archive.signatures.pdf import BYTE_RANGE, ByteRangeProbe
from archive.signatures.report import (
    ALTERED, BROKEN, TOO_MUCH, UNSIGNED, UNVERIFIABLE, VALID, SignatureReport, Signer, sum_up,
)  # fmt: skip

__all__ = [
    "ALTERED", "BYTE_RANGE", "UNSIGNED", "UNVERIFIABLE", "VALID", "ByteRangeProbe", "SignatureReport", "Signer", "check", "look",
]  # fmt: skip

# pyHanko logs every unknown root with a traceback; for us that is a verdict like any other, and it is in the report.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)
_HEAD = 1024  # readers accept %PDF anywhere in the first 1 024 bytes


def check(
    source: Path | str | BinaryIO, *, anchors: Path | None = None, moment: str = "", twin: BinaryIO | None = None
) -> SignatureReport:
    """Checks the file at a path, or in a seekable stream, in the helper process. Never raises for what a file holds.

    anchors: folder of PEM or DER roots; None: the environment's FIRMAS_ANCLAS, and without it no root is trusted.
    moment: ISO instant for signatures that carry no time of their own.
    twin: the file that a signature apart from its content signs, seekable (`report.detached` asks for it).
    """
    return _quietly(source, lambda stream: guard.ask(stream, twin, trust.folder(anchors), moment))


def look(
    source: Path | str | BinaryIO, *, anchors: Path | None = None, moment: str = "", twin: BinaryIO | None = None
) -> SignatureReport:
    """`check` in this process: nothing bounds the time and the memory that a hostile file asks for."""
    return _quietly(source, lambda stream: _outside_loops(lambda: _look(stream, trust.folder(anchors), moment, twin)))


def _quietly(source: Path | str | BinaryIO, task: Callable[[BinaryIO], SignatureReport]) -> SignatureReport:
    """What needs no parser is answered here: most files are no candidates at all."""
    try:
        named = isinstance(source, (str, Path))
        with closing(open(source, "rb")) if named else nullcontext(source) as stream:
            return task(stream) if _may_be_signed(stream) else SignatureReport(UNSIGNED)
    except ImportError:  # a broken installation must not pass for unverifiable files
        raise
    except MemoryError:
        return SignatureReport(UNVERIFIABLE, reason=TOO_MUCH)
    except Exception:  # whatever a hostile file does to the parsers: it is this file's verdict, not the run's end
        return SignatureReport(UNVERIFIABLE, reason=BROKEN)


def _may_be_signed(stream: BinaryIO) -> bool:
    stream.seek(0)
    head = stream.read(_HEAD)
    return pdf.mentions_byte_range(stream) if _is_pdf(head) else cms.looks_like(head)


def _is_pdf(head: bytes) -> bool:
    """A `.p7m` has the PDF it signs inside, near its head: that does not make it one."""
    return head.startswith(b"%PDF") or (b"%PDF" in head and not cms.looks_like(head))


def _look(stream: BinaryIO, anchors: str, moment: str, twin: BinaryIO | None) -> SignatureReport:
    judge = trust.Judge(trust.roots(anchors), trust.instant(moment))
    stream.seek(0)
    if _is_pdf(stream.read(_HEAD)):
        return sum_up(pdf.signers(stream, judge))
    return cms.report(stream, judge, twin)


def _outside_loops(task: Callable[[], SignatureReport]) -> SignatureReport:
    """pyHanko runs an event loop of its own, which Python refuses in a thread where one is running already. The verdict must
    not depend on who asks (the bytes of an archive hold it), so there it is asked in another thread."""
    import asyncio  # here: most archives are made without it, and it takes as long to load as half of all the rest

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return task()
    with ThreadPoolExecutor(1) as other:
        return other.submit(task).result()
