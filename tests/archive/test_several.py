"""Two volumes at a time, the last alone."""

import threading
import time

import pytest

from archive import several


def test_the_last_is_begun_when_all_others_are_done_and_never_more_than_two_at_once():
    lock, running, most, done = threading.Lock(), 0, 0, []

    def one(number, _stop):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        if number == 7:
            assert sorted(done) == [1, 2, 3, 4, 5, 6]
        time.sleep(0.002 * (number % 3))
        with lock:
            running -= 1
            done.append(number)
        return number * 10

    assert several.build(7, one) == [10, 20, 30, 40, 50, 60, 70] and most == 2
    assert several.build(1, lambda number, _stop: number) == [1]


def test_one_failure_stops_the_other_and_nothing_more_is_begun():
    begun = []

    def one(number, stop):
        begun.append(number)
        if number == 2:
            raise OSError("disk")
        while not stop() and number == 3:
            time.sleep(0.001)
        return number

    with pytest.raises(OSError, match="disk"):
        several.build(50, one)
    assert set(begun) <= {1, 2, 3, 4}
