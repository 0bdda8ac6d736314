"""Two volumes at a time, each in a process of its own, the last alone."""

import os
import time

import pytest

from archive import several


def test_the_last_is_begun_when_all_others_are_done_and_never_more_than_two_at_once(tmp_path):
    def one(number, _stop, threads):
        running = tmp_path / f"running-{number}"
        running.touch()
        most = len(list(tmp_path.glob("running-*")))
        done = len(list(tmp_path.glob("done-*")))
        time.sleep(0.01 * (number % 3))
        running.rename(tmp_path / f"done-{number}")
        return number, most, done, threads, os.getpid()

    told = several.build(7, one)
    assert [number for number, *_ in told] == [1, 2, 3, 4, 5, 6, 7]
    assert max(most for _, most, *_ in told) <= 2
    number, most, done, threads, process = told[-1]
    assert (most, done, threads, process) == (1, 6, None, os.getpid())
    others = {process for *_, process in told[:-1]}
    if (os.cpu_count() or 1) > 1:
        assert len(others) == 2 and os.getpid() not in others
        assert {threads for *_, threads, _ in told[:-1]} == {0}


def test_one_volume_alone_needs_no_other_process():
    assert several.build(1, lambda number, _stop, threads: (number, threads, os.getpid())) == [(1, None, os.getpid())]


def test_one_failure_stops_the_other_and_nothing_more_is_begun(tmp_path):
    def one(number, stop, _threads):
        (tmp_path / str(number)).touch()
        if number == 2:
            raise OSError("disk")
        limit = time.monotonic() + 20
        while not stop() and number in (1, 3) and time.monotonic() < limit:
            time.sleep(0.001)
        (tmp_path / f"left-{number}-{stop()}").touch()
        return number

    with pytest.raises(OSError, match="disk"):
        several.build(50, one)
    begun = {int(p.name) for p in tmp_path.iterdir() if p.name.isdigit()}
    assert begun <= {1, 2, 3}
    assert list(tmp_path.glob("left-1-True"))
