"""Is this PDF safe to keep? Looked at in a process of its own, with limits on memory and time.

A hostile PDF attacks whoever parses it: an object stream of 2 MB may unfold to 2 GB, a malformed table may crash a library
written in C. Here that ends the child, never the site. Only documents pass: no cipher, no scripts, no embedded files, no
programs to launch. `python -m services.pdf_inspection PATH [ANCHORS]` writes one JSON object to stdout.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HEAD = 1024  # readers accept the signature %PDF anywhere in the first 1 024 bytes
MAX_PAGES = 500
MAX_SIDE = 5000  # points (1/72 inch): 1,76 m. Larger pages exist only to exhaust whoever draws them
MAX_OBJECTS = 200_000
MEMORY = 1 << 30  # bytes of address space of the child
SECONDS = 10  # below the 15 s that a writer waits for the database: the caller's transaction is open meanwhile

# What a PDF may not carry, by key and by value (ISO 32000-1, 7.7.3, 7.11.4, 12.6.4, 12.7.8).
FORBIDDEN_KEYS = frozenset({"/JS", "/JavaScript", "/EmbeddedFiles", "/EF", "/XFA", "/RichMediaContent"})
FORBIDDEN_VALUES = frozenset({"/JavaScript", "/Launch", "/EmbeddedFile", "/ImportData", "/SubmitForm", "/RichMedia", "/GoToE"})
# The same in the bytes outside compressed streams: what hides from one parser is seen by another. Only names too long to
# appear by chance among compressed bytes.
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_IN_BYTES = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|ImportData)(?![A-Za-z0-9])")


@dataclass(frozen=True, slots=True)
class Inspection:
    """problem: "" when the file may be kept, else one of: not_pdf unreadable encrypted pages side active complex.
    signatures: archive.signatures' report ({"veredicto", "firmantes"})."""

    problem: str = ""
    pages: int = 0
    signatures: dict = field(default_factory=dict)


def inspect(path: Path, anchors: str = "") -> Inspection:
    """Looks at the file in a child process. Never raises for what the file contains."""
    command = [sys.executable, "-m", "services.pdf_inspection", str(path), *([anchors] if anchors else [])]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, timeout=SECONDS, check=True)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return Inspection("complex")
    return Inspection(**json.loads(done.stdout))


def main(arguments: list[str]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    found = look(Path(arguments[0]), Path(arguments[1]) if len(arguments) > 1 else None)
    json.dump({"problem": found.problem, "pages": found.pages, "signatures": found.signatures}, sys.stdout)


def look(path: Path, anchors: Path | None = None) -> Inspection:
    """The inspection itself, in this process. Raises MemoryError; a crash of a parser is the caller's to expect."""
    with path.open("rb") as stream:
        if b"%PDF" not in stream.read(HEAD):
            return Inspection("not_pdf")
    problem, pages = _pages(path)
    problem = problem or _contents(path)
    if problem:
        return Inspection(problem, pages)
    from archive import signatures

    return Inspection("", pages, signatures.look(path, anchors=anchors).as_dict())


def _pages(path: Path) -> tuple[str, int]:
    """What the library that draws pages thinks of it: (problem, number of pages). Nothing is drawn."""
    import pypdfium2
    from pypdfium2 import raw

    try:
        pdf = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        return ("encrypted" if error.err_code in {raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY} else "unreadable"), 0
    try:
        pages = len(pdf)
        if raw.FPDF_GetSecurityHandlerRevision(pdf) != -1:
            return "encrypted", pages
        if not 1 <= pages <= MAX_PAGES:
            return "pages", pages
        if any(max(pdf.get_page_size(number)) > MAX_SIDE for number in range(pages)):
            return "side", pages
        if raw.FPDFDoc_GetJavaScriptActionCount(pdf) > 0 or raw.FPDFDoc_GetAttachmentCount(pdf) > 0:
            return "active", pages
        return "", pages
    except pypdfium2.PdfiumError:
        return "unreadable", 0
    finally:
        pdf.close()


def _contents(path: Path) -> str:
    """The problem found among its objects, compressed ones included, or ""."""
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader

    data = _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), path.read_bytes())
    if _IN_BYTES.search(data):
        return "active"
    with path.open("rb") as stream:
        try:
            reader = PdfFileReader(stream, strict=False)
            if reader.encrypted:
                return "encrypted"
            return _walk(reader)
        except MemoryError:
            return "complex"
        except (PdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, OSError, RecursionError):
            # What one library draws and the other cannot follow is not a document we can vouch for.
            return "unreadable"


def _walk(reader) -> str:
    from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject

    waiting, seen, count = [reader.trailer], set(), 0
    while waiting:
        thing = waiting.pop()
        count += 1
        if count > MAX_OBJECTS:
            return "complex"
        if isinstance(thing, IndirectObject):
            if thing.reference not in seen:
                seen.add(thing.reference)
                waiting.append(thing.get_object())
        elif isinstance(thing, ArrayObject):
            waiting.extend(_raw(thing, range(len(thing))))
        elif isinstance(thing, DictionaryObject) or thing is reader.trailer:
            if FORBIDDEN_KEYS & set(thing.keys()):
                return "active"
            waiting.extend(_raw(thing, list(thing.keys())))
        elif isinstance(thing, str) and thing in FORBIDDEN_VALUES:
            return "active"
    return ""


def _raw(thing, keys) -> Iterator:
    """Members as they stand: a reference is followed once, by `_walk`."""
    return (thing.raw_get(key) for key in keys)


if __name__ == "__main__":
    main(sys.argv[1:])
