"""However a file comes to the writer, and by however many threads, the volume has the same bytes and tells the truth."""

import io
import os
import random
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from archive import directory, plan, verify, volume
from archive.errors import Damaged, Stopped
from archive.folder import Folder
from archive.payload import Wishes
from archive.model import FileProblem, SourceDown
from archive.pipeline import in_order
from tests.archive.conftest import MIB, document, extract, header, validate_bag


class Together:
    """A Memory that several threads may read at once, in an order of their own."""

    def __init__(self, memory, *, delay=None):
        self.memory, self.delay = memory, delay or (lambda: None)
        self.open = memory.open

    def read(self, ref, limit):
        self.delay()
        return self.memory.open(ref).read(limit)


class OnlyStreams:
    def __init__(self, source):
        self.open = source.open


@pytest.fixture
def documents(source):
    rng = random.Random(4)
    made = [document(n, source, [rng.choice((0, 1, 70, 5000, 60_000, 400_000)) for _ in range(rng.randrange(4))]) for n in range(40)]
    made += [document(90, source, (9 * MIB, 300, 5 * MIB)), document(91, source, (4 * MIB, 4 * MIB - 1))]
    source.contents["90/2"] = b"palabras " * (5 * MIB // 9) + b"x" * (5 * MIB % 9)
    source.contents["3/0"] = source.contents.get("3/0", b"")
    return made


def built(made_plan, source, folder, **options):
    folder.mkdir()

    def earlier(number):
        return open(folder / str(number), "rb")

    numbers = range(1, made_plan.parts + 1)
    results = [volume.build(made_plan, n, source, folder / str(n), earlier=earlier, **options) for n in numbers]
    results.append(directory.build(made_plan, earlier, folder / "directory"))
    return [r.sha256 for r in results]


def test_lanes_and_threads_change_no_byte(tmp_path, source, documents):
    plan.make(header(), documents, tmp_path / "p", part_size=12 * MIB)
    made_plan = plan.open(tmp_path / "p")
    assert made_plan.parts > 2
    shuffle = random.Random(1)
    pause = threading.Event()
    late = Together(source, delay=lambda: pause.wait(shuffle.random() / 500))
    expected = built(made_plan, source, tmp_path / "slow", threads=1)
    assert built(made_plan, source, tmp_path / "slow3", threads=3) == expected
    assert built(made_plan, Together(source), tmp_path / "one", threads=1) == expected
    assert built(made_plan, late, tmp_path / "many", threads=3) == expected


def test_a_folder_is_the_same_archive_by_either_lane(tmp_path, source, documents):
    for ref, content in source.contents.items():
        (tmp_path / "src" / ref).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "src" / ref).write_bytes(content)
    folder = Folder(tmp_path / "src")
    plan.make(header(), folder.documents(), tmp_path / "p", part_size=12 * MIB)
    made_plan = plan.open(tmp_path / "p")
    assert built(made_plan, folder, tmp_path / "fast") == built(made_plan, OnlyStreams(folder), tmp_path / "slow")


def test_the_published_sum_is_that_of_the_file(tmp_path, source, documents):
    plan.make(header(), documents, tmp_path / "p", part_size=100 * MIB)
    result = volume.build(plan.open(tmp_path / "p"), 1, Together(source), tmp_path / "v")
    assert verify.check(tmp_path / "v").sha256 == result.sha256  # small, large, stored and deflated alike
    validate_bag(extract(tmp_path / "v", tmp_path / "x"))


@pytest.mark.parametrize("size", [200_000, 6 * MIB])
def test_a_file_that_is_rewritten_while_it_is_read_never_gives_a_wrong_sum(tmp_path, source, size):
    """Every opening finds other bytes of the same length: whichever are written, manifest and CRC are those of the written."""
    plan.make(header(), [document(1, source, (size,))], tmp_path / "p", part_size=64 * MIB)
    source.open = lambda ref: io.BytesIO(os.urandom(size))
    for number, changing in enumerate((OnlyStreams(source), Together(source))):
        volume.build(plan.open(tmp_path / "p"), 1, changing, tmp_path / f"v{number}")
        validate_bag(extract(tmp_path / f"v{number}", tmp_path / f"x{number}"))


def test_troubles_are_the_same_in_the_parallel_lane(tmp_path, source, documents):
    plan.make(header(), documents, tmp_path / "p", part_size=100 * MIB)
    made_plan = plan.open(tmp_path / "p")
    ref = next(r for r in source.contents if len(source.contents[r]) == 60_000)
    good = source.contents[ref]
    for change, cause in ((good + b"x", "cambio"), (good[:-1], "cambio"), (None, "ausente")):
        source.contents.pop(ref, None)
        if change is not None:
            source.contents[ref] = change
        source.opened.clear()
        result = volume.build(made_plan, 1, Together(source), tmp_path / "v")
        assert [n.cause for n in result.novedades] == [cause] and source.opened.count(ref) == 2
    source.contents[ref] = good
    source.problems[ref] = [ConnectionResetError()]
    with pytest.raises(SourceDown):
        volume.build(made_plan, 1, Together(source), tmp_path / "w")
    with pytest.raises(Stopped):
        volume.build(made_plan, 1, Together(source), tmp_path / "w", should_stop=lambda: True)
    assert not (tmp_path / "w").exists()
    assert not [t for t in threading.enumerate() if t.name.startswith(("archive", "volume-hash"))]


def test_the_read_back_holds_every_byte_against_what_was_written(tmp_path, source, documents):
    plan.make(header(), documents, tmp_path / "p", part_size=100 * MIB)
    wishes = Wishes(lambda *done: None, lambda: False)
    out = tmp_path / "v"
    with ThreadPoolExecutor(2) as pool:
        maker, closed = volume.write(plan.open(tmp_path / "p"), 1, source, out, pool, wishes, earlier=None)
        entries = maker.writer.entries
        verify.read_back(out, entries, closed, pool)
        places = [0, closed.tail_at - 1, closed.tail_at, closed.bytes - 1, *(e.offset + 4 for e in entries[::7])]
        places += [e.offset + e.packed // 2 + 60 for e in entries if e.packed > 1000 and e.method == 0][::3]
        with open(out, "r+b", buffering=0) as stream:
            for at in places:
                byte = os.pread(stream.fileno(), 1, at)
                os.pwrite(stream.fileno(), bytes([byte[0] ^ 1]), at)  # a deflated content's last byte may not use its higher bits
                with pytest.raises(Damaged):
                    verify.read_back(out, entries, closed, pool)
                os.pwrite(stream.fileno(), byte, at)
            verify.read_back(out, entries, closed, pool)
            stream.truncate(closed.bytes - 1)
        with pytest.raises(Damaged, match="tamaño"):
            verify.read_back(out, entries, closed, pool)


def test_a_disk_that_loses_what_was_written_is_found_before_anything_is_published(tmp_path, source, monkeypatch):
    plan.make(header(), [document(n, source, (50_000,)) for n in range(4)], tmp_path / "p", part_size=MIB)
    true_write, writes = os.pwritev, []

    def torn(descriptor, pieces, at):
        done = true_write(descriptor, pieces, at)
        writes.append(at)
        if len(writes) == 13:
            true_write(descriptor, [b"\0" * 512], at + 200)
        return done

    monkeypatch.setattr("archive.writer.os.pwritev", torn)
    with pytest.raises(Damaged):
        volume.build(plan.open(tmp_path / "p"), 1, source, tmp_path / "v")
    assert len(writes) > 13 and not (tmp_path / "v").exists()


def test_a_disk_that_takes_a_write_in_pieces_gets_all_of_it(tmp_path, source, monkeypatch):
    plan.make(header(), [document(n, source, (50_000, 5 << 20)) for n in range(3)], tmp_path / "p", part_size=64 * MIB)
    whole = volume.build(plan.open(tmp_path / "p"), 1, source, tmp_path / "whole").sha256
    true_write = os.pwritev
    monkeypatch.setattr("archive.writer.os.pwritev", lambda fd, pieces, at: true_write(fd, [pieces[0][: len(pieces[0]) // 2 + 1]], at))
    assert volume.build(plan.open(tmp_path / "p"), 1, source, tmp_path / "pieces").sha256 == whole


def test_a_folder_never_follows_what_became_a_link(tmp_path):
    (tmp_path / "src/a/b").mkdir(parents=True)
    (tmp_path / "src/a/b/f").write_text("dentro")
    (tmp_path / "otro").mkdir()
    (tmp_path / "otro/f").write_text("secreto")
    folder = Folder(tmp_path / "src")
    assert folder.read("a/b/f", 100) == b"dentro"
    (tmp_path / "src/a/b").rename(tmp_path / "old")
    (tmp_path / "src/a/b").symlink_to(tmp_path / "otro")
    with pytest.raises(FileProblem, match="enlace"):
        Folder(tmp_path / "src").read("a/b/f", 100)
    assert folder.read("a/b/f", 100) == b"dentro"  # the folder it holds is still the one it walked
    (tmp_path / "src/g").symlink_to(tmp_path / "otro/f")
    os.mkfifo(tmp_path / "src/tubo")
    for name, cause in (("g", "enlace"), ("tubo", "especial")):
        with pytest.raises(FileProblem, match=cause):
            folder.read(name, 100)
    shutil.rmtree(tmp_path / "src/a")


def test_results_come_in_order_and_no_more_is_held_than_allowed():
    held, most, lock = 0, 0, threading.Lock()

    def task(number):
        nonlocal held, most
        with lock:
            held += 10
            most = max(most, held)
        return number

    def tasks():
        for number in range(50):
            yield 10, lambda number=number: task(number)

    came = []
    with ThreadPoolExecutor(4) as pool:
        for number in in_order(pool, tasks(), 35):
            came.append(number)
            held -= 10
    assert came == list(range(50)) and most <= 40


def test_an_error_is_raised_when_its_turn_comes_and_the_rest_is_not_begun():
    begun = []

    def task(number):
        begun.append(number)
        if number == 3:
            raise ValueError("3")
        return number

    came = []
    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="3"):
        for number in in_order(pool, ((1, lambda n=n: task(n)) for n in range(1000)), 5):
            came.append(number)
    assert came == [0, 1, 2] and len(begun) < 20
