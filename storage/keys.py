"""What both storages agree on: which keys exist at all, and the size of a chunk."""

from __future__ import annotations

CHUNK = 1 << 20  # bytes handed out at a time
SCRATCH = ".tmp"  # first component no key may have: volumes under construction live there on disk


def check_key(key: str) -> str:
    """`key` itself. Raises ValueError unless it is a plain relative POSIX path outside the scratch folder."""
    parts = key.split("/")
    if parts[0] == SCRATCH or any(part in ("", ".", "..") for part in parts) or "\\" in key or not key.isprintable():
        raise ValueError(f"not a storage key: {key!r}")
    return key
