"""JSON, fast. A lone surrogate (a file name that is no UTF-8) is what the fast library refuses and the standard one can carry."""

from __future__ import annotations

import json

import orjson

_ascii = json.JSONEncoder(separators=(",", ":")).encode
_unicode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def dumps(value) -> bytes:
    """`value` as compact UTF-8; a lone surrogate as its escape, which `loads` gives back."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return _ascii(value).encode("ascii")


def shown(value) -> bytes:
    """`value` as compact UTF-8, for a browser; a lone surrogate becomes "?"."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return _unicode(value).encode("utf-8", "replace")


def loads(text: bytes):
    """What `dumps` was given. Raises ValueError."""
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)
