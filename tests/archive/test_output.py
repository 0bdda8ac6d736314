"""What OUT receives, by the real command: all of a set under its names or nothing, whatever ends the run and whoever else writes there."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.archive.conftest import MIB

ROOT = Path(__file__).parents[2]
FILES = 7
COMMAND = ("-m", "archive")
LAST = str(FILES + 1)  # in the work folder: the directory volume
MOMENTS = ("en-uso", "plan", "2", LAST)  # names there, each of which appears as the run goes on

# The command, on a system that refuses what the first argument names: always, or only the so many-th time.
REFUSING = """
import errno, os, signal, sys
from archive.__main__ import main
called, number, real = 0, int(sys.argv[2]), getattr(os, sys.argv[1])
def refused(*arguments, **options):
    global called
    called += 1
    if number and called != number:
        return real(*arguments, **options)
    if sys.argv[3] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    raise OSError(int(sys.argv[3]), "refused")
setattr(os, sys.argv[1], refused)
sys.exit(main(sys.argv[4:]))
"""

pytestmark = pytest.mark.usefixtures("ctrl_c")
two_processors = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="with one processor there is one process")


@pytest.fixture(scope="module")
def src(tmp_path_factory) -> Path:
    src = tmp_path_factory.mktemp("src")
    for number in range(FILES):
        (src / f"{number:02d}.pdf").write_bytes(os.urandom(700_000))
    return src


def options(src: Path, out: Path, name: str = "R") -> list[str]:
    return ["build", str(src), str(out), "--name", name, "--part-size", str(MIB), "--independent", "--json"]


def begun(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def ended(run: subprocess.Popen) -> tuple[int, str, str]:
    stdout, stderr = run.communicate(timeout=60)
    assert "Traceback" not in stderr, stderr
    return run.returncode, stdout, stderr


def whole(out: Path, stdout: str, name: str = "R") -> None:
    """OUT has all parts of the set as they were told, and of this name nothing else."""
    volumes = json.loads(stdout)["volumes"]
    parts = {part: v["sha256"] for v in volumes for part in (v["name"], v["independent_name"]) if part}
    assert len(parts) == 2 * FILES + 1
    assert {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in out.glob(f"{name}*")} == parts


def stopped_at(moment: str, src: Path, out: Path, name: str = "R", before: str = "por-publicar") -> subprocess.Popen:
    """A build, all of whose processes stand still when its work folder holds what is named `moment`, and not yet `before`."""

    def seen(_) -> bool:
        return any(out.glob(f".*/{moment}")) and not any(out.glob(f".*/{before}"))

    return stopped(options(src, out, name), seen, lambda: shutil.rmtree(out))


def stopped(arguments: list[str], seen: Callable[[int], object], missed: Callable[[], None]) -> subprocess.Popen:
    for _ in range(20):
        run = begun(*COMMAND, *arguments)
        while not seen(run.pid) and run.poll() is None:
            pass
        if run.returncode is None:
            os.killpg(run.pid, signal.SIGSTOP)
            while any(state(pid) not in "TZ" for pid in (run.pid, *children(run.pid))):  # one that is being made stops when it is made
                time.sleep(0.001)
            if seen(run.pid):
                return run
            run.kill()
        run.communicate()
        missed()
    pytest.fail(f"it always goes by unseen: {arguments}")


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def again(src: Path, out: Path) -> None:
    """Another run does its work, and OUT holds nothing else."""
    code, stdout, stderr = ended(begun(*COMMAND, *options(src, out)))
    assert (code, stderr) == (0, "")
    whole(out, stdout)
    assert all(part.name.startswith("R") for part in out.iterdir())
    assert ended(begun(*COMMAND, "verify", str(out)))[0] == 0


# --- ended from outside


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(("signum", "everybody"), [(signal.SIGTERM, False), (signal.SIGTERM, True), (signal.SIGINT, True)])
def test_a_run_that_is_asked_to_end_leaves_nothing(src, tmp_path, moment, signum, everybody):
    run = stopped_at(moment, src, tmp_path / "out")
    (os.killpg if everybody else os.kill)(run.pid, signum)
    os.killpg(run.pid, signal.SIGCONT)
    code, stdout, stderr = ended(run)
    assert (code, stdout, stderr) == (128 + signum, "", "archive: se interrumpió antes de terminar\n")
    assert not (tmp_path / "out").exists()
    again(src, tmp_path / "out")


@two_processors
def test_checking_can_be_interrupted_too(src, tmp_path):
    again(src, tmp_path)
    run = stopped(["verify", str(tmp_path), "--json"], children, lambda: None)
    os.killpg(run.pid, signal.SIGINT)
    os.killpg(run.pid, signal.SIGCONT)
    assert ended(run) == (128 + signal.SIGINT, "", "archive: se interrumpió antes de terminar\n")


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_a_killed_run_left_is_swept_by_the_next(src, tmp_path, moment):
    run = stopped_at(moment, src, tmp_path / "out")
    run.kill()
    os.killpg(run.pid, signal.SIGCONT)
    assert ended(run)[0] == -signal.SIGKILL
    assert [path.name[0] for path in (tmp_path / "out").iterdir()] == ["."]
    again(src, tmp_path / "out")


@two_processors
@pytest.mark.parametrize("moment", ["2", "4"])
def test_a_lost_process_is_told_in_a_sentence(src, tmp_path, moment):
    """As when memory is short: the kernel kills one."""
    run = stopped_at(moment, src, tmp_path / "out", before=LAST)
    os.kill(children(run.pid)[0], signal.SIGKILL)
    os.killpg(run.pid, signal.SIGCONT)
    code, stdout, stderr = ended(run)
    assert (code, stdout, stderr) == (2, "", "archive: un proceso terminó antes de tiempo; puede que falte memoria\n")
    assert not (tmp_path / "out").exists()
    again(src, tmp_path / "out")


@pytest.mark.parametrize("number", [1, 4, 2 * FILES + 1])
def test_a_run_killed_while_it_publishes_has_published_nothing(src, tmp_path, number):
    out = tmp_path / "out"
    assert ended(begun("-c", REFUSING, "rename", str(number), "killed", *options(src, out)))[0] == -signal.SIGKILL
    assert len(list(out.glob("R*"))) == number - 1
    again(src, out)


def test_what_somebody_put_in_the_place_of_a_part_stays(src, tmp_path):
    out = tmp_path / "out"
    assert ended(begun("-c", REFUSING, "rename", "4", "killed", *options(src, out)))[0] == -signal.SIGKILL
    (out / "R.z01").unlink()
    (out / "R.z01").write_bytes(b"mine")
    code, _, stderr = ended(begun(*COMMAND, *options(src, out)))
    assert code == 2 and "ya hay partes de R" in stderr
    assert [path.name for path in out.iterdir()] == ["R.z01"] and (out / "R.z01").read_bytes() == b"mine"


# --- a disk that refuses


@pytest.mark.parametrize("refusal", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_where_there_are_no_links_the_other_names_are_copies(src, tmp_path, refusal):
    out = tmp_path / "out"
    code, stdout, stderr = ended(begun("-c", REFUSING, "link", "0", str(refusal), *options(src, out)))
    assert (code, stderr) == (0, "")
    whole(out, stdout)
    assert all(path.stat().st_nlink == 1 and path.name.startswith("R") for path in out.iterdir())


def test_a_disk_that_fails_while_publishing_keeps_nothing(src, tmp_path):
    out = tmp_path / "out"
    code, _, stderr = ended(begun("-c", REFUSING, "rename", "4", str(errno.ENOSPC), *options(src, out)))
    assert code == 2 and "no hay espacio en el disco" in stderr and not out.exists()
    again(src, out)


# --- two in the same folder


def test_two_runs_of_one_name_do_not_mix(src, tmp_path):
    out = tmp_path / "out"
    slow = stopped_at("2", src, out)
    fast = ended(begun(*COMMAND, *options(src, out)))
    os.killpg(slow.pid, signal.SIGCONT)
    code, stdout, stderr = ended(slow)
    assert fast[0] == 0 and (code, stdout) == (2, "") and stderr == f"archive: ya hay partes de R en {out}\n"
    whole(out, fast[1])
    assert all(part.name.startswith("R") for part in out.iterdir())


def test_a_living_run_is_not_swept(src, tmp_path):
    out = tmp_path / "out"
    slow = stopped_at("2", src, out, "OTRO")
    (work,) = out.iterdir()
    fast = ended(begun(*COMMAND, *options(src, out)))
    assert fast[0] == 0 and work.exists()
    os.killpg(slow.pid, signal.SIGCONT)
    code, stdout, _ = ended(slow)
    assert code == 0
    whole(out, fast[1])
    whole(out, stdout, "OTRO")


def test_only_what_a_run_left_is_swept(src, tmp_path):
    out = tmp_path / "out"
    mine = out / ".respaldo-en-curso-anterior"
    mine.mkdir(parents=True)
    (mine / "carta.txt").write_text("mine")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "en-uso").write_text("elsewhere")
    (out / ".respaldo-en-curso-enlace").symlink_to(tmp_path / "there")
    assert ended(begun(*COMMAND, *options(src, out)))[0] == 0
    assert (mine / "carta.txt").exists() and (tmp_path / "there" / "en-uso").exists()
