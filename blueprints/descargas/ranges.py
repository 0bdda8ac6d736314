"""What a download manager asked for: the conditional and range headers of RFC 9110, §13 and §14.

Werkzeug's own range support wraps a stream and reads it from its beginning; here the range goes to the storage instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from werkzeug.http import is_resource_modified, parse_if_range_header
from werkzeug.wrappers import Request

# One range of bytes. Several ranges at once, or another unit, may be answered with the whole (RFC 9110, 14.2).
_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` 200, 206, 304, 412 or 416, and for the first two the bytes [start, end)."""

    status: int
    start: int = 0
    end: int = 0


def answer_to(request: Request, etag: str, modified: datetime, size: int) -> Answer:
    """What to send of a file of `size` bytes with this strong ETag (without quotes) and this date."""
    quoted = f'"{etag}"'
    if not is_resource_modified(request.environ, etag=quoted, last_modified=modified):
        return Answer(412 if request.headers.get("If-Match") else 304)
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    # Only GET knows ranges; If-Range with another version means: then the whole of the new one.
    if request.method != "GET" or asked is None or not any(asked.groups()) or not _same_version(request, etag, modified):
        return Answer(200, 0, size)
    first, last = asked.groups()
    if not first:
        return Answer(206, max(0, size - int(last)), size) if int(last) else Answer(416)
    start, end = int(first), min(int(last) + 1, size) if last else size
    if start >= size:
        return Answer(416)
    return Answer(206, start, end) if start < end else Answer(200, 0, size)


def _same_version(request: Request, etag: str, modified: datetime) -> bool:
    header = request.headers.get("If-Range")
    if not header:
        return True
    if header.lstrip().startswith("W/"):  # a weak validator never matches here
        return False
    asked = parse_if_range_header(header)
    if asked.date is not None:
        return asked.date == modified.replace(microsecond=0)
    return asked.etag == etag
