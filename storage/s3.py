"""Parts in an S3-compatible bucket, for installations whose web and worker share no disk.

Credentials and region as boto3 reads them (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION…). The bucket must not
keep versions (a deleted part has to be gone) and should end unfinished multipart uploads by a lifecycle rule: a worker
that is killed cannot abort its own.
"""

from __future__ import annotations

import hashlib
import io
import os
from base64 import b64encode
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Iterator
from urllib.parse import quote, urlsplit

import boto3.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from storage import Stat, StorageError
from storage.keys import CHUNK, check_key

PIECE = 16 << 20  # bytes per uploaded piece, held in memory
_MOST_PIECES = 10_000  # the limit of S3


@contextmanager
def _reported(what: str) -> Iterator[None]:
    """Every failure as StorageError, except a missing key: FileNotFoundError."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("NoSuchKey", "404"):
            raise FileNotFoundError(what) from error
        raise StorageError(f"{what}: {code}") from error
    except (BotoCoreError, OSError) as error:
        raise StorageError(f"{what}: {error}") from error


class S3Storage:
    """See `storage.Storage`. url: s3://bucket/prefix; endpoint: None for Amazon; scratch: where volumes are built.

    Raises ValueError for a URL without a bucket.
    """

    def __init__(self, url: str, *, endpoint: str | None, scratch: Path) -> None:
        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.netloc:
            raise ValueError(f"not an s3://bucket/prefix address: {url!r}")
        self.bucket = parts.netloc
        self._base = f"{parts.path.strip('/')}/".lstrip("/")
        self._endpoint = endpoint
        self._scratch = scratch
        self._clients: dict[int, Any] = {}

    def put(self, key: str, path: Path) -> Stat:
        name = self._name(key)
        try:
            with _reported(f"put {key}"), path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                self._upload(name, file, size)
        except FileNotFoundError as error:
            raise StorageError(f"put {key}: there is no such bucket or file") from error
        stat = self.stat(key)
        if stat is None or stat.bytes != size:
            raise StorageError(f"put {key}: uploaded, but the bucket does not show it")
        with suppress(OSError):  # published all the same: a left-over in scratch is not a failure
            path.unlink()
        return stat

    def open(self, key: str) -> BinaryIO:
        with _reported(f"open {key}"):
            head = self._client.head_object(Bucket=self.bucket, Key=self._name(key))
        raw = _Reader(self._client, self.bucket, self._name(key), head["ContentLength"], head["ETag"])
        return io.BufferedReader(raw, CHUNK)

    def read(self, key: str, start: int, length: int) -> Iterator[bytes]:
        if start < 0 or length < 0:
            raise ValueError("a range below zero")
        if not length:  # S3 has no empty range
            if self.stat(key) is None:
                raise FileNotFoundError(key)
            return iter(())
        with _reported(f"read {key}"):
            answer = self._client.get_object(
                Bucket=self.bucket, Key=self._name(key), Range=f"bytes={start}-{start + length - 1}"
            )
        chunks = _chunks(answer["Body"], key, length)
        # Run up to the first yield: from there on closing the iterator, even unused, closes the connection.
        next(chunks)
        return chunks

    def stat(self, key: str) -> Stat | None:
        try:
            with _reported(f"stat {key}"):
                head = self._client.head_object(Bucket=self.bucket, Key=self._name(key))
        except FileNotFoundError:
            return None
        return Stat(key, head["ContentLength"], head["LastModified"].timestamp())

    def confirm(self, key: str, size: int, sha256: str) -> bool:
        found = self.stat(key)
        return found is not None and found.bytes == size

    def delete(self, key: str) -> None:
        with suppress(FileNotFoundError), _reported(f"delete {key}"):
            self._client.delete_object(Bucket=self.bucket, Key=self._name(key))

    def list(self, prefix: str = "") -> Iterator[Stat]:
        with _reported(f"list {prefix!r}"):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=self._base + prefix):
                for item in page.get("Contents", ()):
                    key = item["Key"].removeprefix(self._base)
                    yield Stat(key, item["Size"], item["LastModified"].timestamp())

    def url(self, key: str, filename: str, seconds: int = 60) -> str:
        with _reported(f"sign {key}"):
            return self._client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self.bucket,
                    "Key": self._name(key),
                    "ResponseContentDisposition": _attachment(filename),
                    "ResponseContentType": "application/octet-stream",
                    "ResponseCacheControl": "private, no-store",
                },
                ExpiresIn=seconds,
            )

    def scratch(self) -> Path:
        with _reported("the scratch directory"):
            self._scratch.mkdir(parents=True, exist_ok=True)
        return self._scratch

    def free(self) -> None:
        return None

    @property
    def _client(self) -> Any:
        # One per process: the connections of a client must not be shared with a forked work horse.
        pid = os.getpid()
        if pid not in self._clients:
            with _reported("the S3 client"):
                self._clients = {pid: _client(self._endpoint)}
        return self._clients[pid]

    def _name(self, key: str) -> str:
        return self._base + check_key(key)

    def _upload(self, name: str, file: BinaryIO, size: int) -> None:
        """Piece by piece; each is checked by the server against our SHA-256, and its answer by us. All or nothing."""
        where = {"Bucket": self.bucket, "Key": name}
        begun = self._client.create_multipart_upload(
            **where, ChecksumAlgorithm="SHA256", ContentType="application/octet-stream"
        )
        where["UploadId"] = begun["UploadId"]
        try:
            pieces, digests = [], []
            for number, body in enumerate(_pieces(file, size), start=1):
                sha256 = hashlib.sha256(body)
                sent = b64encode(sha256.digest()).decode()
                answer = self._client.upload_part(**where, PartNumber=number, Body=body, ChecksumSHA256=sent)
                _agree(answer, sent, hashlib.md5(body, usedforsecurity=False).hexdigest())
                pieces.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": sent})
                digests.append(sha256.digest())
            answer = self._client.complete_multipart_upload(**where, MultipartUpload={"Parts": pieces})
        except BaseException:  # also the worker's own stop signal: never leave pieces behind that are paid for
            with suppress(ClientError, BotoCoreError):
                self._client.abort_multipart_upload(**where)
            raise
        whole = b64encode(hashlib.sha256(b"".join(digests)).digest()).decode()
        if answer.get("ChecksumSHA256", whole).partition("-")[0] != whole:
            self._client.delete_object(Bucket=self.bucket, Key=name)
            raise StorageError(f"the bucket put {name} together in another way")


class _Reader(io.RawIOBase):
    """Seekable reading by ranges. Replaced meanwhile: StorageError, never a mixture of two objects."""

    def __init__(self, client: Any, bucket: str, name: str, size: int, etag: str) -> None:
        self._client, self._where, self._size = client, {"Bucket": bucket, "Key": name, "IfMatch": etag}, size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if at < 0:
            raise ValueError("a position below zero")
        self._at = at
        return at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        with _reported(f"read {self._where['Key']}"):
            answer = self._client.get_object(**self._where, Range=f"bytes={self._at}-{self._at + wanted - 1}")
            with answer["Body"] as body:
                data = body.read()
        if len(data) != wanted:
            raise StorageError(f"read {self._where['Key']}: {len(data)} bytes instead of {wanted}")
        buffer[:wanted] = data
        self._at += wanted
        return wanted


def _client(endpoint: str | None) -> Any:
    session = boto3.session.Session()
    return session.client(
        "s3",
        endpoint_url=endpoint,
        region_name=session.region_name or os.environ.get("AWS_REGION") or "us-east-1",
        config=Config(
            signature_version="s3v4",
            # Servers of one's own seldom have a DNS name per bucket.
            s3={"addressing_style": "path" if endpoint else "auto"},
            retries={"max_attempts": 5, "mode": "standard"},
            connect_timeout=5,
            read_timeout=60,
            request_checksum_calculation="when_required",
        ),
    )


def _pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The file in at most 10 000 pieces; an empty file is one empty piece."""
    length = max(PIECE, -(-size // _MOST_PIECES))
    body = file.read(length)
    yield body
    while body := file.read(length):
        yield body


def _agree(answer: dict[str, Any], sha256: str, md5: str) -> None:
    """Raises StorageError when the server's own sum of a piece is another one. Old servers only give the MD5."""
    given = answer.get("ChecksumSHA256")
    if given != sha256 if given else answer["ETag"].strip('"') != md5:
        raise StorageError("the bucket received other bytes than were sent")


def _chunks(body: Any, key: str, length: int) -> Iterator[bytes]:
    with body, _reported(f"read {key}"):
        yield b""
        for chunk in body.iter_chunks(CHUNK):
            length -= len(chunk)
            yield chunk
        if length:
            raise StorageError(f"read {key}: it ends {length} bytes before the range does")


def _attachment(filename: str) -> str:
    """A Content-Disposition that every client can read and no name can break out of."""
    name = "".join(c for c in filename if c.isprintable())
    plain = name.encode("ascii", "replace").decode().replace("\\", "_").replace('"', "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
