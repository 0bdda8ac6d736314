"""Tiny files packed ahead of the plan: a help that changes no byte, and whose loss costs nothing but time."""

import os
import select
import signal
import subprocess
import sys
import time

import pytest

from archive import plan, volume
from archive.ahead import TINY, Ahead
from archive.folder import Folder
from archive.packing import pack
from tests.archive.conftest import MIB, header

pytestmark = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two processors")
FILES = 120


class Told(Folder):
    """A folder that says, to whoever holds the other end, when a file was read by another process than the test's."""

    def __init__(self, root):
        super().__init__(root)
        self.heard, self._say = os.pipe()
        self._own = os.getpid()
        self.read_here: list[str] = []

    def read(self, ref: str, limit: int) -> bytes:
        if os.getpid() == self._own:
            self.read_here.append(ref)
            return super().read(ref, limit)
        try:
            return super().read(ref, limit)
        finally:
            os.write(self._say, b".")

    def wait(self, times: int) -> None:
        while times:
            assert select.select([self.heard], [], [], 20)[0], "the helper reads no more"
            times -= len(os.read(self.heard, times))


@pytest.fixture
def folder(tmp_path) -> Told:
    root = tmp_path / "src"
    root.mkdir()
    for number in range(FILES):
        (root / f"{number:03d}.txt").write_bytes(b"oficio n. %d\n" % number * (number + 1))
    (root / "grande.bin").write_bytes(os.urandom(TINY))
    return Told(root)


def built(folder, source, work) -> bytes:
    made = plan.open(work / "plan")
    volume.build(made, 1, source, work / "volume", threads=0)
    return (work / "volume").read_bytes()


def planned(folder, work, *passing) -> None:
    plan.make(header(), *passing or (folder.documents(),), work / "plan", part_size=2 * MIB)


def test_what_is_packed_ahead_is_not_read_again_and_gives_the_same_bytes(folder, tmp_path):
    planned(folder, tmp_path)
    expected = built(folder, folder, tmp_path)
    folder.read_here.clear()
    with Ahead(folder, tmp_path) as ahead:
        planned(folder, tmp_path, ahead.passing(folder.documents()))
        folder.wait(FILES)
        ahead.settle()
        assert built(folder, ahead, tmp_path) == expected
    assert folder.read_here == ["grande.bin"]


def test_each_file_is_ready_once_and_only_from_the_start_of_a_batch(folder, tmp_path):
    with Ahead(folder, tmp_path) as ahead:
        list(ahead.passing(folder.documents()))
        folder.wait(FILES)
        assert ahead.ready("000.txt") is None  # before it is settled nobody knows
        ahead.settle()
        assert ahead.ready("001.txt") is None and ahead.ready("nada") is None
        assert ahead.ready("000.txt") == pack(folder.read("000.txt", TINY))
        assert ahead.ready("001.txt") == pack(folder.read("001.txt", TINY))
        assert ahead.ready("001.txt") is None


def test_a_file_that_cannot_be_read_is_left_to_the_volume(folder, tmp_path):
    documents = list(folder.documents())
    os.unlink(os.path.join(folder.root, "003.txt"))
    with open(os.path.join(folder.root, "004.txt"), "ab") as grown:
        grown.write(b"more")
    planned(folder, tmp_path, documents)
    with Ahead(folder, tmp_path) as ahead:
        list(ahead.passing(documents))
        folder.wait(FILES + 2)  # what fails is tried twice
        ahead.settle()
        made = plan.open(tmp_path / "plan")
        result = volume.build(made, 1, ahead, tmp_path / "volume", threads=0)
    assert [(n.file, n.cause) for n in result.novedades] == [("003.txt", "ausente"), ("004.txt", "cambio")]
    assert folder.read_here == ["003.txt", "003.txt", "004.txt", "004.txt", "grande.bin"]


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_a_helper_that_is_killed_is_done_without(folder, tmp_path, signum):
    planned(folder, tmp_path)
    expected = built(folder, folder, tmp_path)
    with Ahead(folder, tmp_path) as ahead:
        os.kill(ahead._helper.pid, signum)
        ahead._helper.join()
        planned(folder, tmp_path, ahead.passing(folder.documents()))
        ahead.settle()
        assert ahead.ready("000.txt") is None
        assert built(folder, ahead, tmp_path) == expected


def test_a_source_that_is_down_is_for_the_volume_to_tell(folder, tmp_path, capfd):
    class Down(Told):
        def read(self, ref, limit):
            os.write(self._say, b".")
            raise ConnectionResetError

    down = Down(folder.root)
    with Ahead(down, tmp_path) as ahead:
        list(ahead.passing(down.documents()))
        down.wait(1)
        ahead.settle()
        assert ahead.ready("000.txt") is None
    assert capfd.readouterr().err == ""


ENDLESS = """
import itertools, sys
from pathlib import Path
from archive.ahead import Ahead
from archive.folder import Folder
folder = Folder(Path(sys.argv[1]))
with Ahead(folder, Path(sys.argv[2])) as ahead:
    print(ahead._helper.pid, flush=True)
    documents = list(folder.documents())
    for _ in ahead.passing(itertools.cycle(documents)):
        pass
"""


def test_the_helper_dies_with_the_process_it_helps(folder, tmp_path):
    with subprocess.Popen([sys.executable, "-c", ENDLESS, folder.root, str(tmp_path)], stdout=subprocess.PIPE) as run:
        helper = int(run.stdout.readline())
        os.kill(helper, 0)
        run.kill()
    for _ in range(1000):
        try:
            os.kill(helper, 0)
        except ProcessLookupError:
            return
        if _state(helper) == "Z":  # dead; whoever inherited it has not looked yet
            return
        time.sleep(0.01)
    pytest.fail("the helper lives on")


def _state(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
