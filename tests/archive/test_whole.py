"""All volumes and the directory on one machine: who is begun when, and that nothing is left of what failed."""

import os
import time

import pytest

from archive import directory, plan, volume, whole
from tests.archive.conftest import MIB, Set, document, header

TWO = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor makes one after the other")


@pytest.fixture
def made(tmp_path, source):
    plan.make(header(), [document(n, source, (400_000,)) for n in range(8)], tmp_path / "plan", part_size=MIB)
    return plan.open(tmp_path / "plan")


def test_the_volumes_are_those_that_are_made_one_by_one(tmp_path, source, made):
    def data(number, out, earlier, turn):
        return volume.build(made, number, source, out, earlier=earlier, threads=turn.threads)

    told = whole.build(made, tmp_path, data)
    alone = Set(tmp_path / "alone", [planned.document for planned in made.documents()], source)
    assert made.parts > 2 and [r.number for r in told] == list(range(1, made.parts + 2)) and told[-1].kind == "directorio"
    assert [(tmp_path / str(r.number)).read_bytes() for r in told] == [p.read_bytes() for p in (*alone.volumes, alone.zip)]


@TWO
def test_the_directory_is_begun_while_the_last_volume_is_made_and_that_one_has_help(tmp_path, source, made, monkeypatch):
    real = directory.build

    def begun(plan, opener, out):
        opener(1).close()
        (tmp_path / "begun").touch()
        return real(plan, opener, out)

    def data(number, out, earlier, turn):
        limit = time.monotonic() + 20
        while number == made.parts and not (tmp_path / "begun").exists() and time.monotonic() < limit:
            time.sleep(0.001)
        volume.build(made, number, source, out, earlier=earlier, threads=turn.threads)
        return turn.threads, (tmp_path / "begun").exists()

    monkeypatch.setattr(directory, "build", begun)
    *_, last, told = whole.build(made, tmp_path, data)
    assert last == (None, True) and told.documents == 8


def test_of_a_volume_that_fails_nobody_waits_for_ever(tmp_path, source, made):
    def data(number, out, earlier, turn):
        if number == made.parts:
            raise OSError("disk")
        return volume.build(made, number, source, out, earlier=earlier, threads=turn.threads)

    with pytest.raises(OSError, match="disk"):
        whole.build(made, tmp_path, data)
    assert not (tmp_path / str(made.parts + 1)).exists()
