"""Where finished parts live: a directory or an S3-compatible bucket, behind one small interface.

Keys are relative POSIX paths made by us ("solicitudes/000123/1/parte01.zip"); a key never comes from a request.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Iterator, Protocol


class StorageError(Exception):
    """The storage did not do what it was asked (full, unreachable, refused). Nothing was published."""


@dataclass(frozen=True, slots=True)
class Stat:
    key: str
    bytes: int
    modified: float  # epoch seconds


class Storage(Protocol):
    def put(self, key: str, path: Path) -> Stat:
        """Publish the file at `path` under `key`, atomically and durably; `path` is gone afterwards (moved).
        Putting the same key again replaces it. Raises StorageError; then `path` is still there."""

    def open(self, key: str) -> BinaryIO:
        """A seekable binary reader. Raises FileNotFoundError, StorageError."""

    def read(self, key: str, start: int, length: int) -> Iterator[bytes]:
        """Bytes [start, start+length) in chunks of at most 1 MiB. Raises FileNotFoundError, StorageError."""

    def stat(self, key: str) -> Stat | None: ...

    def confirm(self, key: str, size: int, sha256: str) -> bool:
        """Whether what is kept under `key` is this very content: a directory reads it all again; a bucket is asked for the
        size, for its server has compared every piece with its SHA-256 at the upload. Raises StorageError."""

    def delete(self, key: str) -> None:
        """Remove; a missing key is not an error. Raises StorageError when it cannot be removed."""

    def list(self, prefix: str = "") -> Iterator[Stat]: ...

    def url(self, key: str, filename: str, seconds: int = 60) -> str | None:
        """A temporary address that serves the bytes as an attachment `filename`, or None when the app streams."""

    def scratch(self) -> Path:
        """A local directory for volumes under construction (disk: same file system as the parts)."""

    def free(self) -> int | None:
        """Free bytes, None when the storage does not say."""


def from_config(config) -> Storage:
    """`STORAGE_URL`: a directory path, or s3://bucket/prefix with `S3_ENDPOINT_URL`, AWS_* as boto3 reads them.
    `SCRATCH_DIR`: where volumes are built when the storage is a bucket."""
    url = str(config["STORAGE_URL"])
    if url.startswith("s3://"):
        from storage.s3 import S3Storage

        return S3Storage(url, endpoint=config.get("S3_ENDPOINT_URL") or None, scratch=Path(config["SCRATCH_DIR"]))
    from storage.disk import DiskStorage

    return DiskStorage(Path(url))
