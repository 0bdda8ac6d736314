"""What `storage.Storage` promises, held against both storages."""

import hashlib
import io
import random
import time
import zipfile

import pytest

from storage import StorageError, from_config
from storage.disk import DiskStorage
from storage.s3 import S3Storage

MIB = 1 << 20
KEY = "solicitudes/000123/1/Señalización parte01.zip"
BAD_KEYS = ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "./a", "a/./b", "a\\b", "a\nb", "a\0b", ".tmp/x"]


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def test_put_moves_and_tells(storage, volume):
    path = volume(b"x" * 1000)
    stat = storage.put(KEY, path)
    assert (stat.key, stat.bytes) == (KEY, 1000)
    assert abs(stat.modified - time.time()) < 60
    assert not path.exists()
    assert storage.stat(KEY) == stat
    assert storage.open(KEY).read() == b"x" * 1000


def test_an_empty_file_is_a_file(storage, volume):
    assert storage.put("vacio", volume(b"")).bytes == 0
    assert storage.open("vacio").read() == b""
    assert list(storage.read("vacio", 0, 0)) == []
    assert [stat.key for stat in storage.list()] == ["vacio"]


def test_many_pieces_arrive_whole(storage, volume):
    data = noise(40 * MIB + 17)  # three pieces for S3
    assert storage.put(KEY, volume(data)).bytes == len(data)
    assert b"".join(storage.read(KEY, 0, len(data))) == data


def test_putting_again_replaces(storage, volume):
    storage.put(KEY, volume(b"primero"))
    assert storage.put(KEY, volume(b"segundo!")).bytes == 8
    assert storage.open(KEY).read() == b"segundo!"
    assert len(list(storage.list())) == 1


@pytest.mark.parametrize(
    ("start", "length"), [(0, 1), (0, 3 * MIB), (MIB - 1, 2), (5, 2 * MIB + 5), (3 * MIB - 1, 1), (7, 0)]
)
def test_ranges_are_exact_and_in_chunks(storage, volume, start, length):
    data = noise(3 * MIB)
    storage.put(KEY, volume(data))
    chunks = list(storage.read(KEY, start, length))
    assert b"".join(chunks) == data[start : start + length]
    assert all(0 < len(chunk) <= MIB for chunk in chunks)


def test_a_range_beyond_the_end_is_an_error_and_not_a_short_answer(storage, volume):
    storage.put(KEY, volume(b"x" * 10))
    for start, length in ((5, 6), (10, 1), (99, 1)):
        with pytest.raises(StorageError):
            list(storage.read(KEY, start, length))
    with pytest.raises(ValueError):
        storage.read(KEY, -1, 5)
    with pytest.raises(ValueError):
        storage.read(KEY, 0, -5)


def test_a_download_that_stops_half_way_can_be_closed(storage, volume):
    storage.put(KEY, volume(noise(3 * MIB)))
    chunks = storage.read(KEY, 0, 3 * MIB)
    next(chunks)
    chunks.close()
    assert list(chunks) == []
    storage.read(KEY, 0, MIB).close()


def test_a_zip_is_read_through_the_reader(storage, volume):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for i in range(5):
            archive.writestr(f"documento{i}.pdf", noise(600_000 + i))
    storage.put(KEY, volume(buffer.getvalue()))
    with storage.open(KEY) as file, zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert archive.read("documento3.pdf") == noise(600_003)
        assert file.seek(0, io.SEEK_END) == len(buffer.getvalue())
        assert file.read(1) == b""
        file.seek(-4, io.SEEK_CUR)
        assert file.read() == buffer.getvalue()[-4:]


def test_what_is_missing_is_said_before_the_first_byte(storage, volume):
    storage.put("a/b", volume(b"x"))
    for key in ("nada", "a", "a/b/c"):
        assert storage.stat(key) is None
        for length in (0, 1):
            with pytest.raises(FileNotFoundError):
                storage.read(key, 0, length)
        with pytest.raises(FileNotFoundError):
            storage.open(key)


def test_deleting_removes_once_and_for_all(storage, volume):
    storage.put(KEY, volume(b"x"))
    storage.put("solicitudes/000124/1/otra", volume(b"y"))
    storage.delete(KEY)
    storage.delete(KEY)
    storage.delete("nunca/estuvo")
    assert storage.stat(KEY) is None
    assert [stat.key for stat in storage.list()] == ["solicitudes/000124/1/otra"]
    storage.put(KEY, volume(b"z"))
    assert storage.open(KEY).read() == b"z"


def test_listing_by_prefix(storage, volume):
    def listed(prefix=""):
        return sorted(stat.key for stat in storage.list(prefix))

    keys = ["a.zip", "a/1/x", "a/1/y", "a/10/x", "a/2/x", "b"]
    for key in reversed(keys):
        storage.put(key, volume(key.encode()))
    assert listed() == keys
    assert listed("a/1") == ["a/1/x", "a/1/y", "a/10/x"]
    assert listed("a/1/") == ["a/1/x", "a/1/y"]
    assert listed("no/esta") == []
    assert {stat.bytes for stat in storage.list("a/1/")} == {5}


def test_scratch_is_a_local_folder_that_no_list_shows(storage, volume):
    (storage.scratch() / "a_medias").write_bytes(b"x")
    assert storage.scratch().is_dir()
    assert list(storage.list()) == []


def test_a_volume_built_in_scratch_is_published(storage):
    path = storage.scratch() / "parte01.zip"
    path.write_bytes(b"volumen")
    storage.put(KEY, path)
    assert storage.open(KEY).read() == b"volumen"
    assert list(storage.scratch().iterdir()) == []


@pytest.mark.parametrize("key", BAD_KEYS)
def test_keys_that_are_no_keys_are_refused_by_every_verb(storage, volume, key):
    path = volume(b"x")
    for use in (
        lambda: storage.put(key, path),
        lambda: storage.open(key),
        lambda: storage.read(key, 0, 1),
        lambda: storage.stat(key),
        lambda: storage.delete(key),
        lambda: storage.url(key, "x") or storage.stat(key),
    ):
        with pytest.raises(ValueError, match="not a storage key"):
            use()
    assert path.exists()


def test_putting_a_file_that_is_not_there(storage, tmp_path):
    with pytest.raises(StorageError):
        storage.put(KEY, tmp_path / "no_existe")
    assert storage.stat(KEY) is None


def test_the_setting_chooses(tmp_path):
    assert isinstance(from_config({"STORAGE_URL": tmp_path / "x"}), DiskStorage)
    chosen = from_config({"STORAGE_URL": "s3://cubo/base/", "SCRATCH_DIR": tmp_path / "y"})
    assert isinstance(chosen, S3Storage)
    assert chosen.bucket == "cubo"
    with pytest.raises(ValueError):
        from_config({"STORAGE_URL": "s3:///base", "SCRATCH_DIR": tmp_path / "y"})


def test_only_the_very_content_is_confirmed(storage, volume):
    data = noise(1000)
    storage.put(KEY, volume(data))
    digest = hashlib.sha256(data).hexdigest()
    assert storage.confirm(KEY, 1000, digest)
    assert not storage.confirm(KEY, 999, digest) and not storage.confirm("no/hay", 1000, digest)


def test_a_directory_is_read_again(tmp_path, volume):
    kept = DiskStorage(tmp_path / "kept")
    data = noise(1000)
    kept.put(KEY, volume(data))
    (kept.root / KEY).write_bytes(data[:-1] + b"x")
    assert not kept.confirm(KEY, 1000, hashlib.sha256(data).hexdigest())
