"""What only a bucket can get wrong: signed addresses, half uploads, a server that is not there."""

import io
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from storage import StorageError
from storage.s3 import PIECE, S3Storage, _agree
from tests.storage.conftest import BUCKET

KEY = "solicitudes/000123/1/parte01.zip"


def get(url: str, **headers: str):
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20)


def uploads(s3: S3Storage) -> list[str]:
    return [each["Key"] for each in s3._client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])]


def test_the_signed_address_serves_an_attachment(s3, volume):
    s3.put(KEY, volume(b"0123456789"))
    answer = get(s3.url(KEY, 'Señal "1"\r\nX: y.zip'), Range="bytes=2-4")
    assert answer.status == 206
    assert answer.read() == b"234"
    assert answer.headers["Content-Range"] == "bytes 2-4/10"
    disposition = answer.headers["Content-Disposition"]
    plain, encoded = 'filename="Se?al _1_X: y.zip"', "filename*=UTF-8''Se%C3%B1al%20%221%22X%3A%20y.zip"
    assert disposition == f"attachment; {plain}; {encoded}"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Content-Type"] == "application/octet-stream"


def test_the_address_works_for_its_object_only_and_not_without_signature(s3, volume):
    s3.put(KEY, volume(b"uno"))
    s3.put("otra", volume(b"dos"))
    signed = s3.url(KEY, "x.zip")
    for url in (
        signed.replace("parte01.zip", "parte02.zip"),
        signed.replace("X-Amz-Signature=", "X-Amz-Signature=00"),
        signed.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
        signed.partition("?")[0],
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(url)
        assert refused.value.code == 403


def test_the_address_expires(s3, volume):
    s3.put(KEY, volume(b"uno"))
    url = s3.url(KEY, "x.zip", seconds=1)
    assert get(url).read() == b"uno"
    time.sleep(2.1)
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(url)
    assert refused.value.code == 403


def test_a_piece_that_arrives_changed_publishes_nothing(s3, volume):
    """A proxy that changes a byte: the server's own check refuses it and the upload is aborted."""
    path = volume(b"a" * (PIECE + 5))

    def spoil(params, **_):
        if params["query_string"]["partNumber"] == 2:
            params["body"] = io.BytesIO(b"bbbbb")

    s3._client.meta.events.register("before-call.s3.UploadPart", spoil)
    with pytest.raises(StorageError, match="BadDigest"):
        s3.put(KEY, path)
    assert path.exists()
    assert s3.stat(KEY) is None
    assert uploads(s3) == []


@pytest.mark.parametrize("answer", [{"ETag": '"m"', "ChecksumSHA256": "otra"}, {"ETag": '"otra"'}])
def test_a_server_that_reports_another_sum_is_not_believed(answer):
    with pytest.raises(StorageError, match="other bytes"):
        _agree(answer, "s", "m")
    _agree({"ETag": '"m"'}, "s", "m")  # a server without SHA-256
    _agree({"ETag": '"encrypted"', "ChecksumSHA256": "s"}, "s", "m")


def test_an_interrupted_upload_is_aborted(s3, volume):
    """The worker's stop signal arrives as an exception in the middle of the upload."""
    path = volume(b"a" * (PIECE + 5))

    def stop(params, **_):
        if params["query_string"]["partNumber"] == 2:
            raise KeyboardInterrupt

    s3._client.meta.events.register("before-call.s3.UploadPart", stop)
    with pytest.raises(KeyboardInterrupt):
        s3.put(KEY, path)
    assert path.exists()
    assert s3.stat(KEY) is None
    assert uploads(s3) == []


def test_a_reader_never_mixes_two_objects(s3, volume):
    s3.put(KEY, volume(b"a" * (3 << 20)))
    reader = s3.open(KEY)
    assert reader.read(10) == b"a" * 10
    s3.put(KEY, volume(b"b" * (3 << 20)))
    reader.seek(2 << 20)
    with pytest.raises(StorageError, match="PreconditionFailed"):
        reader.read(10)


def test_prefixes_do_not_see_each_other(s3, s3_endpoint, volume, tmp_path):
    s3.put(KEY, volume(b"x"))
    bare = S3Storage(f"s3://{BUCKET}", endpoint=s3_endpoint, scratch=tmp_path)
    other = S3Storage(f"s3://{BUCKET}/otra", endpoint=s3_endpoint, scratch=tmp_path)
    assert list(other.list()) == []
    assert [stat.key for stat in bare.list(s3._base)] == [s3._base + KEY]


def test_a_listing_of_several_pages(s3):
    for i in range(1005):
        s3._client.put_object(Bucket=BUCKET, Key=f"{s3._base}{i:04d}", Body=b"x")
    assert [stat.key for stat in s3.list()] == [f"{i:04d}" for i in range(1005)]


@pytest.mark.parametrize("problem", ["bucket", "password", "server"])
def test_a_storage_that_does_not_answer_is_an_error_with_the_volume_kept(
    s3_endpoint, volume, tmp_path, monkeypatch, problem
):
    bucket = "no-existe" if problem == "bucket" else BUCKET
    endpoint = "http://127.0.0.1:9" if problem == "server" else s3_endpoint
    if problem == "password":
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "otra")
    storage = S3Storage(f"s3://{bucket}/x", endpoint=endpoint, scratch=tmp_path)
    path: Path = volume(b"x")
    with pytest.raises(StorageError):
        storage.put(KEY, path)
    assert path.exists()
    with pytest.raises(StorageError):
        list(storage.list())
    with pytest.raises((StorageError, FileNotFoundError)):
        storage.read(KEY, 0, 1)
