"""Text as a person typed it, without the signs that nobody types: kept, PostgreSQL would refuse one of them (NUL), and others would turn
or hide what stands beside them on a page, in a mail and in an acta (Unicode UAX #9; CVE-2021-42574)."""

from __future__ import annotations

import re

# Control signs but for tab and line ends, marks and overrides of direction, the mark of byte order. Joiners stay: languages and emoji use them.
_SIGNS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def written(text: str | None) -> str:
    """With its blanks and line ends as they are."""
    return _SIGNS.sub("", text or "")


def clean(text: str | None) -> str:
    """Without blanks around it."""
    return written(text).strip()


def line(text: str | None) -> str:
    """In one line, single spaces."""
    return " ".join(written(text).split())


def lines(text: str | None) -> str:
    """Without blanks around it; browsers send CR LF, and a line break is one character in every count."""
    return written(text).replace("\r\n", "\n").strip()
