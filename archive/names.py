"""Names inside the payload: readable by a person, accepted by Windows, macOS, FAT32 and Linux alike.

Pure and deterministic. Limits: 150 characters a path, 80 characters and 240 UTF-8 bytes a component (ext4 takes 255
bytes). Source: Microsoft "Naming Files, Paths, and Namespaces" for the forbidden characters and reserved names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from archive.digests import Digests, digest
from archive.model import Document, File

MAX_PATH = 150
MAX_COMPONENT = 80
MAX_BYTES = 240
MAX_STEM = 50  # of a document: leaves 21 characters for the name of an attachment behind "_anexo01_"
MAX_NUMBER = 30
EMPTY = "sin_nombre"

# "%": RFC 8493 wants it escaped in a manifest, the Library of Congress' own bagit.py does not undo that. Without it both
# read the same name.
_FORBIDDEN = frozenset('<>:"/\\|?*%')
_DEVICE = r"(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])\s*(?:\.|$)"
_RESERVED = re.compile(_DEVICE, re.IGNORECASE)
_SUFFIX = re.compile(r"(\.[A-Za-z0-9_-]{1,10}){1,2}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_PLAIN = re.compile(rf"(?!(?i:{_DEVICE}))[A-Za-z0-9 _.()-]*[A-Za-z0-9_()-]", re.ASCII)  # needs no cleaning
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # controls, bidi overrides, lone surrogates, private, unassigned


class _Clean(dict):
    """Table for str.translate that learns each character when it first meets it."""

    def __missing__(self, code: int) -> int | str | None:
        char = chr(code)
        kept = None if unicodedata.category(char) in _DROPPED else "-" if char in _FORBIDDEN else code
        self[code] = kept
        return kept


_CLEAN = _Clean()


def component(text: str, limit: int = MAX_COMPONENT, suffix: str = "") -> str:
    """`text` + `suffix` as one safe path component of at most `limit` characters; the cut is taken from `text`."""
    if len(text) + len(suffix) <= limit and _PLAIN.fullmatch(text):
        return text + suffix
    text = unicodedata.normalize("NFC", text).translate(_CLEAN)
    text = _cut(text, limit - len(suffix), MAX_BYTES - len(suffix.encode()))
    if not suffix:
        text = text.rstrip(". ")
    name = (text or EMPTY) + suffix
    return _cut(f"_{name}", limit, MAX_BYTES) if _RESERVED.match(name) else name


def _cut(text: str, characters: int, octets: int) -> str:
    """The longest head of `text` within both limits; never ends between a base letter and its mark."""
    end = min(len(text), max(characters, 1))
    while end > 1 and len(text[:end].encode()) > octets:
        end -= 1
    if end < len(text):
        while end > 1 and unicodedata.combining(text[end]):
            end -= 1
        return text[:end].rstrip(". _-")
    return text


def split_suffix(name: str) -> tuple[str, str]:
    """("informe.final", ".pdf"): the extension is a short plain one, or there is none."""
    stem, dot, last = name.rpartition(".")
    return (stem, dot + last) if stem and _is_suffix(dot + last) else (name, "")


@lru_cache  # thousands of files, a dozen extensions
def _is_suffix(text: str) -> bool:
    return bool(_SUFFIX.fullmatch(text))


def stem(document: Document) -> str:
    """`<fecha>_<número>_<asunto-corto>` of a document, at most MAX_STEM characters."""
    day = document.date[:10] if _DATE.match(document.date) else "sin-fecha"
    number = component(_squeeze(document.number), MAX_NUMBER)
    subject = _squeeze(document.subject)
    head = f"{day}_{number}_"
    return component(head + subject, MAX_STEM).rstrip("_") if subject else head.rstrip("_")


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def names_of(name: str, number: int, total: int) -> tuple[str, str | None]:
    """(file name in the split set, file name as a ZIP on its own) of data volume `number` of `total`.

    One volume alone is NAME.zip and has no twin; number `total` + 1 is the directory volume of several, NAME.zip too.
    Split names count .z01 … .z99, .z100, as Info-ZIP does; the others pad to the digits of `total`, two at least.
    """
    if total == 1 or number > total:
        return f"{name}.zip", None
    width = max(2, len(str(total)))
    return f"{name}.z{number:02d}", f"{name}_parte{number:0{width}d}de{total:0{width}d}.zip"


class Namer:
    """Gives every file of an archive its path, unique without regard to case or Unicode form.

    Keeps a digest of each path, not the path. (A collision costs a needless "_2", nothing else.)
    """

    def __init__(self) -> None:
        self._files, self._folders, self._stems = Digests(), Digests(), Digests()
        self._last = ""  # the folder of the last file, and its places: files come folder by folder
        self._places: dict[int, str] = {}

    def document(self, document: Document) -> list[str]:
        """Path of each file of `document`, in order. Without trays its files keep their own relative names."""
        if not document.trays:
            return [self.relative(file.name) for file in document.files]
        tray = "Enviados" if "enviado" in document.trays else "Recibidos"
        year = document.date[:4] if _DATE.match(document.date) else "sin-fecha"
        folder = f"data/{tray}/{year}"
        base = self._stem(folder, stem(document))
        paths, attachments = [], 0
        for file in document.files:
            attachments += file.kind == "anexo"
            paths.append(self._claim(folder, *_leaf(base, file, attachments)))
        return paths

    def relative(self, name: str) -> str:
        """`data/` + the same relative path, changed only where it is unsafe. Nothing climbs out of `data/`."""
        folder, _, last = name.rpartition("/")
        if last in ("", "."):
            folder, _, last = "/".join(_steps(name) or [EMPTY]).rpartition("/")
        last, suffix = split_suffix(last)
        return self._claim(self._folder_for(folder, len(suffix)), last, suffix)

    def _folder_for(self, relative: str, suffix: int) -> str:
        """Where a file goes whose suffix has that many characters. What a folder once got it always gets again."""
        if relative != self._last:
            self._last, self._places = relative, {}
        if suffix not in self._places:
            self._places[suffix] = self._descend(_steps(relative), suffix)
        return self._places[suffix]

    def _descend(self, names: list[str], suffix: int) -> str:
        room = MAX_PATH - suffix - 24  # what folders may take and still leave a name of 24 characters
        folder = "data"
        for part in names:
            name = component(part)
            if len(folder) + 1 + len(name) > room:
                break
            folder = self._folder(folder, name)
        return folder

    def _stem(self, folder: str, base: str) -> str:
        for candidate in _alternatives(base, "", MAX_STEM + 6):
            if self._stems.add(digest(_key(f"{folder}/{candidate}"))):
                return candidate
        raise AssertionError("endless")

    def _folder(self, parent: str, name: str) -> str:
        """A folder must not bear the name of a file: that tree could not be extracted."""
        for candidate in _alternatives(name, "", MAX_COMPONENT):
            key = digest(_key(f"{parent}/{candidate}"))
            if key not in self._files:
                self._folders.add(key)
                return f"{parent}/{candidate}"
        raise AssertionError("endless")

    def _claim(self, folder: str, base: str, suffix: str) -> str:
        limit = min(MAX_COMPONENT, MAX_PATH - len(folder) - 1)
        path = f"{folder}/{component(base, limit, suffix)}"
        if self._is_free(path):  # as nearly always
            return path
        for candidate in _alternatives(base, suffix, limit):
            if self._is_free(path := f"{folder}/{candidate}"):
                return path
        raise AssertionError("endless")

    def _is_free(self, path: str) -> bool:
        """Whether nothing has this path yet; a file has it from now on."""
        key = digest(_key(path))
        return key not in self._folders and self._files.add(key)


def _steps(relative: str) -> list[str]:
    """The names that a relative path is made of."""
    return [step for step in relative.split("/") if step not in ("", ".")]


def _leaf(base: str, file: File, attachment: int) -> tuple[str, str]:
    """(name without extension, extension) of one file of a document."""
    own, from_name = split_suffix(_squeeze(file.name))
    suffix = file.suffix.lower() if _SUFFIX.fullmatch(file.suffix) else from_name.lower()
    if file.kind == "anexo":
        return f"{base}_anexo{attachment:02d}_{own}", suffix
    if file.kind == "texto":
        return f"{base}_texto", ".html"
    if file.kind == "firma" and suffix not in (".p7m", ".p7s"):
        return f"{base}_firmado", suffix  # the extension follows the bytes: a "p7m" may be a PDF
    return base, suffix


def _alternatives(base: str, suffix: str, limit: int) -> Iterator[str]:
    """`base+suffix`, then `base_2+suffix`, `base_3+suffix` …, each within `limit`."""
    yield component(base, limit, suffix)
    number = 2
    while True:
        tail = f"_{number}{suffix}"
        yield component(base.rstrip(". ") or EMPTY, limit, tail)
        number += 1


def _key(path: str) -> str:
    return path.lower() if path.isascii() else unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
