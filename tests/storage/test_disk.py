"""What only a directory can get wrong: links, other file systems, a full disk, two writers."""

import os
import resource
import threading
from pathlib import Path

import pytest

from storage import StorageError
from storage.disk import DiskStorage


@pytest.fixture
def elsewhere(tmp_path):
    """A folder on another file system than the storage."""
    folder = Path("/dev/shm")
    if not folder.is_dir() or folder.stat().st_dev == tmp_path.stat().st_dev or not os.access(folder, os.W_OK):
        pytest.skip("no second file system to write to")
    path = folder / f"respaldos-prueba-{os.getpid()}"
    yield path
    path.unlink(missing_ok=True)


def test_moving_within_the_file_system_does_not_copy(disk, volume):
    path = volume(b"x")
    inode = path.stat().st_ino
    disk.put("a", path)
    assert (disk.root / "a").stat().st_ino == inode


def test_a_volume_of_another_file_system_is_copied(disk, elsewhere):
    elsewhere.write_bytes(b"otro disco")
    disk.put("a", elsewhere)
    assert disk.open("a").read() == b"otro disco"
    assert not elsewhere.exists()


def test_a_full_disk_publishes_nothing_and_keeps_the_volume(disk, elsewhere):
    elsewhere.write_bytes(b"x" * 100_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))  # the nearest to a full disk without being root
    try:
        with pytest.raises(StorageError, match="put a"):
            disk.put("a", elsewhere)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert elsewhere.stat().st_size == 100_000
    assert disk.stat("a") is None
    assert list(disk.scratch().iterdir()) == []


def test_a_part_is_never_a_folder_of_another(disk, volume):
    disk.put("a", volume(b"x"))
    path = volume(b"y")
    with pytest.raises(StorageError):
        disk.put("a/b", path)
    assert path.exists()
    disk.put("c/d", volume(b"z"))
    with pytest.raises(StorageError):
        disk.put("c", path)
    disk.delete("c")
    assert disk.open("c/d").read() == b"z"
    assert path.exists()
    assert list(disk.scratch().iterdir()) == []


def test_the_same_file_published_twice_leaves_nothing_behind(disk, volume):
    """After a crash between the rename and the removal, path and part are the same file."""
    path = volume(b"x")
    disk.put("a", path)
    os.link(disk.root / "a", path)
    disk.put("a", path)
    assert disk.open("a").read() == b"x"
    assert not path.exists()
    assert list(disk.scratch().iterdir()) == []


def test_links_do_not_lead_out(disk, tmp_path, volume):
    outside = tmp_path / "fuera"
    outside.mkdir()
    (outside / "secreto").write_bytes(b"s")
    (disk.root / "enlace").symlink_to(outside)
    (disk.root / "directo").symlink_to(outside / "secreto")
    for key in ("enlace/secreto", "directo"):
        for use in (disk.open, disk.stat, disk.delete, lambda key: disk.put(key, volume(b"x"))):
            with pytest.raises(ValueError, match="leads out"):
                use(key)
    assert list(disk.list()) == []
    assert (outside / "secreto").read_bytes() == b"s"


def test_empty_folders_go_with_their_last_part(disk, volume):
    disk.put("solicitudes/1/a", volume(b"x"))
    disk.put("solicitudes/1/b", volume(b"x"))
    disk.delete("solicitudes/1/a")
    assert (disk.root / "solicitudes/1").is_dir()
    disk.delete("solicitudes/1/b")
    assert not (disk.root / "solicitudes").exists()
    assert disk.root.is_dir()


def test_putting_and_deleting_in_one_folder_at_once(disk, volume):
    errors = []

    def turn(name: str) -> None:
        try:
            for _ in range(60):
                disk.put(f"f/{name}", volume(b"x"))
                disk.delete(f"f/{name}")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=turn, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert list(disk.list()) == []


def test_it_streams_itself_and_knows_its_space(disk):
    assert disk.url("a", "a.zip") is None
    assert disk.free() > 0
    assert disk.scratch().stat().st_dev == disk.root.stat().st_dev


def test_a_root_that_cannot_be_made(tmp_path):
    (tmp_path / "archivo").write_text("x")
    with pytest.raises(StorageError):
        DiskStorage(tmp_path / "archivo" / "partes")
