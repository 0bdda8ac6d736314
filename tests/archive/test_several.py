"""Volumes two at a time, each in a process of its own; whoever needs the others' results waits for them."""

import os
import signal
import time

import pytest

from archive import several
from archive.errors import ArchiveError, Stopped


def test_two_at_once_in_order_and_each_can_wait_for_those_before_it(tmp_path):
    def one(number, turn):
        running = tmp_path / f"running-{number}"
        running.touch()
        most = len(list(tmp_path.glob("running-*")))
        if number == 7:
            turn.after(6)
        done = len(list(tmp_path.glob("done-*")))
        time.sleep(0.01 * (number % 3))
        running.rename(tmp_path / f"done-{number}")
        return number, most, done, turn.threads, os.getpid()

    told = several.each(range(1, 8), one)
    assert [number for number, *_ in told] == [1, 2, 3, 4, 5, 6, 7]
    assert max(most for _, most, *_ in told) <= 2
    assert told[-1][2] == 6
    if (os.cpu_count() or 1) > 1:
        processes = {process for *_, process in told}
        assert len(processes) == 2 and os.getpid() not in processes
        assert [threads for *_, threads, _ in told] == [0] * 6 + [None]


def test_one_volume_alone_needs_no_other_process():
    def one(number, turn):
        turn.after(0)
        return number, turn.threads, turn.should_stop(), os.getpid()

    assert several.each([1], one) == [(1, None, False, os.getpid())]


def test_one_failure_stops_the_other_and_nothing_more_is_begun(tmp_path):
    def one(number, turn):
        (tmp_path / str(number)).touch()
        if number == 2:
            raise OSError("disk")
        limit = time.monotonic() + 20
        while not turn.should_stop() and number in (1, 3) and time.monotonic() < limit:
            time.sleep(0.001)
        (tmp_path / f"left-{number}-{turn.should_stop()}").touch()
        return number

    with pytest.raises(OSError, match="disk"):
        several.each(range(1, 51), one)
    begun = {int(p.name) for p in tmp_path.iterdir() if p.name.isdigit()}
    assert begun <= {1, 2, 3}
    assert list(tmp_path.glob("left-1-True"))


def test_whoever_waits_for_one_that_fails_waits_no_longer(tmp_path):
    def one(number, turn):
        if number == 1:
            limit = time.monotonic() + 20
            while not (tmp_path / "waits").exists() and time.monotonic() < limit and (os.cpu_count() or 1) > 1:
                time.sleep(0.001)
            raise OSError("disk")
        (tmp_path / "waits").touch()
        try:
            turn.after(1)
        except Stopped:
            (tmp_path / "stopped").touch()
            raise

    with pytest.raises(OSError, match="disk"):
        several.each([1, 2], one)
    assert (os.cpu_count() or 1) < 2 or (tmp_path / "stopped").exists()


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="with one processor there is one process")
def test_a_process_that_is_killed_is_an_error_in_words():
    def one(number, turn):
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(20)

    started = time.monotonic()
    with pytest.raises(ArchiveError, match="memoria"):
        several.each([1, 2], one)
    assert time.monotonic() - started < 15


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="with one processor there is one process")
@pytest.mark.usefixtures("ctrl_c")
def test_whoever_is_interrupted_waits_for_nobody(tmp_path):
    def one(number, turn):
        (tmp_path / str(number)).touch()
        if number == 2:
            while not (tmp_path / "1").exists():
                time.sleep(0.001)
            os.kill(os.getppid(), signal.SIGINT)
        time.sleep(20)

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        several.each([1, 2], one)
    assert time.monotonic() - started < 15
