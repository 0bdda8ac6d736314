"""A small Quipux-like source in memory, and the real tools that readers of our archives use."""

from __future__ import annotations

import io
import os
import random
import shutil
import signal
import subprocess
from pathlib import Path

import bagit
import pytest
from hypothesis import Phase, settings

from archive import directory, plan, volume
from archive.model import Document, File, FileProblem, Header, Step
from archive.names import names_of

MIB = 1 << 20
# How many times the usual number of examples a property is tried with, at random. Usually the same few each time: a test
# that fails once in a hundred runs helps nobody, a long search is started on purpose.
FUZZ = int(os.environ.get("FUZZ", "1"))
# Only a long search takes the time to make a failing example small.
PHASES = tuple(Phase) if FUZZ > 1 else (Phase.explicit, Phase.generate)
settings.register_profile("archive", deadline=None, derandomize=FUZZ == 1, database=None, print_blob=True, phases=PHASES)
settings.load_profile("archive")
JOIN_SECONDS = 30  # a missing volume makes `zip -s 0` ask for ever


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes seconds, not milliseconds")


def examples(count: int) -> settings:
    """Decorates a property: `count` examples, FUZZ times as many in a long search."""
    return settings(max_examples=count * FUZZ)


class Memory:
    """A source of bytes by ref. `problems`: ref → exceptions to raise, one for each opening."""

    def __init__(self, contents: dict[str, bytes]):
        self.contents = contents
        self.problems: dict[str, list[Exception]] = {}
        self.opened: list[str] = []

    def open(self, ref):
        self.opened.append(ref)
        if self.problems.get(ref):
            raise self.problems[ref].pop(0)
        if ref not in self.contents:
            raise FileProblem("ausente")
        return io.BytesIO(self.contents[ref])


def header(**changes) -> Header:
    values = dict(
        name="RESPALDO_000123", group="000123", request="000123", person="María Ñuñez Peña", cedula="1712345678",
        post="Analista", area="Dirección Jurídica", institution="Ministerio de Prueba", since="2020-01-01",
        until="2024-12-31", made="2026-11-21T10:00:00-05:00",
    )  # fmt: skip
    return Header(**values | changes)


def document(number: int, source: Memory, sizes=(1000,), *, kinds=None, seed=None, trays=("enviado",), **changes) -> Document:
    """A document with files of `sizes`: the first its main file, the rest attachments."""
    rng = random.Random(number if seed is None else seed)
    files = []
    for position, size in enumerate(sizes):
        ref = f"{number}/{position}"
        source.contents[ref] = rng.randbytes(size)
        kind = kinds[position] if kinds else ("anexo" if position else "principal")
        suffix = ".pdf" if kind == "principal" else ".docx"
        files.append(File(ref, kind, f"Informe técnico nº {position}{suffix}", size, suffix))
    values = dict(
        id=f"{20200000000000000000 + number}", number=f"MP-DJ-2020-{number:04d}-O", kind="Oficio",
        date=f"20{20 + number % 5}-03-{number % 28 + 1:02d}T09:30:00-05:00", subject=f"Petición de información {number}",
        trays=trays, sender=("Ana Ruiz",), to=("Juan Peña", "=cmd()"), cc=(), signed=number % 2 == 0,
        history=(Step("2020-03-01T10:00:00-05:00", "Ana Ruiz", "Juan Peña", "Envío", "Sírvase atender; <b>urgente</b>"),),
        files=tuple(files),
    )  # fmt: skip
    return Document(**values | changes)


class Set:
    """A whole archive made in a folder: plan, volumes under their split names, results."""

    def __init__(self, folder: Path, documents, source, *, part_size=MIB, order=None, **header_changes):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.source = folder, source
        self.summary = plan.make(header(**header_changes), documents, folder / "plan.gz", part_size=part_size)
        self.plan = plan.open(folder / "plan.gz")
        self.results = {}
        for number in order or range(1, self.plan.parts + 1):
            path = folder / f"work{number}"
            self.results[number] = volume.build(self.plan, number, source, path, earlier=self.open)
            path.rename(self.path(number))
        if self.plan.parts > 1:
            self.directory = directory.build(self.plan, self.open, folder / f"{self.plan.header.name}.zip")

    def path(self, number: int) -> Path:
        return self.folder / names_of(self.plan.header.name, number, self.plan.parts)[0]

    def open(self, number: int):
        return self.path(number).open("rb")

    @property
    def volumes(self) -> list[Path]:
        return [self.path(n) for n in sorted(self.results)]

    @property
    def zip(self) -> Path:
        return self.folder / f"{self.plan.header.name}.zip"


def tool(name: str) -> str:
    """The tool's path. Missing: the test is skipped, or fails where REQUIRE_TOOLS=1 promises it."""
    found = shutil.which(name)
    if not found:
        (pytest.fail if os.environ.get("REQUIRE_TOOLS") == "1" else pytest.skip)(f"{name} is not installed")
    return found


def run(name: str, *arguments, cwd=None, env=None, timeout=JOIN_SECONDS) -> str:
    done = subprocess.run(
        [tool(name), *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, cwd=cwd,
        env=os.environ | (env or {}),
    )  # fmt: skip
    output = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, f"{name} {arguments}: {output}"
    return output


def join(archive: Path, out: Path) -> Path:
    """`zip -s 0 NAME.zip --out OUT`, exactly as the official instruction says."""
    run("zip", "-s", "0", archive.name, "--out", out, cwd=archive.parent)
    return out


def extract(archive: Path, into: Path) -> Path:
    run("unzip", "-q", archive, "-d", into)
    return into


def validate_bag(folder: Path) -> bagit.Bag:
    bag = bagit.Bag(str(folder))
    bag.validate()
    return bag


@pytest.fixture
def ctrl_c():
    """SIGINT is heard by this process and by those it starts: where the suite is a shell's background job, all of them ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def source() -> Memory:
    return Memory({})
