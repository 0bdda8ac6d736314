"""The archive against zip and cp: `python -m bench.archive`. Targets stand in the last column.

Contenders take turns. `escritor` writes the volumes of a plan that it makes first (per-file SHA-256, BagIt, viewer data), without
the volumes' own sums and without reading back; `completo` is `python -m archive build` as it is, with both; `firmas` also
checks signatures; `piso` is no archive, but what nobody gets below (`bench.archive_floor`). The folders lie in memory (--work, /dev/shm where there is one): every contender's reads come from the
page cache and no disk's speed enters. Before each run memory is taken and given back, so that no contender pays alone for
pages that a virtual machine's host has to bring first.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench import archive_corpus, measure

PART = 100 << 20
GB = 1e9
_WORK = "/dev/shm" if os.path.isdir("/dev/shm") else tempfile.gettempdir()
_WRITER = [sys.executable, "-m", "bench.archive_writer"]
_ARCHIVE = [sys.executable, "-m", "archive"]


class Bench:
    """One corpus and the contenders that pack it into `out`, which is empty before each run."""

    def __init__(self, src: Path, out: Path, *, warm: int) -> None:
        self.src, self.out, self._warm = src, out, warm
        self.sizes: dict[str, int] = {}

    def contenders(self, names: list[str]) -> dict[str, Callable[[], measure.Cost]]:
        return {name: lambda name=name: self._run(name) for name in names}

    def _run(self, name: str) -> measure.Cost:
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        subprocess.run([sys.executable, "-c", f"bytearray({self._warm})"], check=True)
        cost = measure.run(self._command(name), cwd=str(self.src) if name.startswith("zip") else None)
        self.sizes[name] = sum(p.stat().st_size for p in self.out.rglob("*") if p.is_file())
        shutil.rmtree(self.out)
        return cost

    def _command(self, name: str) -> list[str]:
        build = [*_ARCHIVE, "build", str(self.src), str(self.out / "o"), "--name", "X", "--part-size", str(PART)]
        return {
            "zip": ["zip", "-q", "-r", "-s", "100m", str(self.out / "a.zip"), "."],
            "zip0": ["zip", "-q", "-0", "-r", "-s", "100m", str(self.out / "a.zip"), "."],
            "zip6": ["zip", "-q", "-6", "-r", str(self.out / "a.zip"), "."],
            "cp": ["cp", "-r", str(self.src), str(self.out / "x")],
            "piso": [sys.executable, "-m", "bench.archive_floor", str(self.src), str(self.out)],
            "escritor": [*_WRITER, str(self.src), str(self.out), str(PART)],
            "completo": [*build, "--no-signatures"],
            "firmas": build,
        }[name]


def compare(bench: Bench, names: list[str], rounds: int) -> dict:
    """{name: medians}, and the ratios of each contender to each of ours, wall and CPU."""
    runs = measure.alternate(bench.contenders(names), rounds)
    figures: dict = {
        name: {
            "wall": median(c.wall for c in costs), "cpu": median(c.cpu for c in costs), "rss": max(c.rss for c in costs),
            "bytes": bench.sizes[name], "rounds": len(costs),
        }
        for name, costs in runs.items()
    }  # fmt: skip
    ours = [name for name in names if name in ("escritor", "completo", "firmas")]
    for own in ours:
        figures[own]["ratios"] = {
            peer: {
                "wall": measure.ratio((c.wall for c in runs[peer]), (c.wall for c in runs[own])),
                "cpu": measure.ratio((c.cpu for c in runs[peer]), (c.cpu for c in runs[own])),
            }
            for peer in names
            if peer != own
        }
    return figures


def memory(src: Path, out: Path, part: int) -> dict:
    """Peak memory of a whole build that lets go of each volume when it is finished, and its wall time."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    cost = measure.run([*_WRITER, str(src), str(out), str(part), "--tested", "--drop"])
    octets = sum(p.stat().st_size for p in src.rglob("*") if p.is_file())
    shutil.rmtree(out)
    return {"rss": cost.rss, "wall": cost.wall, "bytes": octets}


def checking(src: Path, out: Path, rounds: int) -> dict:
    """Speed of `python -m archive verify` over a finished set."""
    shutil.rmtree(out, ignore_errors=True)
    build = [*_ARCHIVE, "build", str(src), str(out), "--name", "X", "--part-size", str(PART), "--no-signatures"]
    subprocess.run(build, check=True, stderr=subprocess.DEVNULL)
    octets = sum(p.stat().st_size for p in out.iterdir())
    costs = [measure.run([*_ARCHIVE, "verify", str(out)]) for _ in range(rounds)]
    shutil.rmtree(out)
    return {"gb_s": octets / GB / median(c.wall for c in costs), "rss": max(c.rss for c in costs)}


def first_volume(src: Path, out: Path) -> dict:
    """Seconds to the first finished volume, and to the last, as the writer itself tells them."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    told = subprocess.run([*_WRITER, str(src), str(out), str(PART), "--tested"], check=True, capture_output=True).stdout
    shutil.rmtree(out)
    return json.loads(told)


GROUPS = ("mixed", "slow", "tiny", "verify", "first", "memory", "single")


def main() -> None:
    options = _options()
    work = Path(options.work)
    octets, files, tiny_files = (40_000_000, 400, 2_000) if options.small else (2_100_000_000, 5_200, 50_000)
    corpus, out = work / f"archive-corpus{'-small' * options.small}", work / f"archive-out-{os.getpid()}"
    warm = 100 << 20 if options.small else 3 << 30
    wanted = options.only.split(",") if options.only else list(GROUPS)
    figures: dict = {}
    try:
        if {"mixed", "slow", "verify", "first", "memory"} & set(wanted):
            src = archive_corpus.mixed(corpus / "mixed", octets=octets, files=files)
            bench = Bench(src, out, warm=warm)
            if "mixed" in wanted:
                figures["mixed"] = compare(bench, ["cp", "piso", "escritor", "zip0", "completo", "firmas"], options.rounds)
            if "slow" in wanted:
                figures["slow"] = compare(bench, ["zip", "escritor", "completo"], options.rounds)
            if "verify" in wanted:
                figures["verify"] = checking(src, out, options.rounds)
            if "first" in wanted:
                figures["first"] = first_volume(src, out)
        if "tiny" in wanted:
            src = archive_corpus.tiny(corpus / "tiny", files=tiny_files)
            figures["tiny"] = compare(Bench(src, out, warm=warm), ["zip6", "escritor", "completo"], options.rounds)
        if "single" in wanted:
            src = archive_corpus.single(corpus / "single", octets=30_000_000 if options.small else 3 << 30)
            figures["single"] = memory(src, out, (1 << 31) - 1)
        if "memory" in wanted:
            figures["memory"] = memory(archive_corpus.linked(corpus / "linked", of=corpus / "mixed", times=10), out, PART)
    finally:
        shutil.rmtree(out, ignore_errors=True)
        if not options.keep:
            shutil.rmtree(corpus, ignore_errors=True)
    measure.finish(options, figures, rows(figures))


def _options():
    parser = measure.parser("El archivo frente a zip y cp.")
    parser.add_argument("--work", default=_WORK, help="folder for corpus and results, best in memory (default: %(default)s)")
    parser.add_argument("--only", default="", help=f"of {','.join(GROUPS)}, separated by commas (default: all)")
    parser.add_argument("--keep", action="store_true", help="leave the corpus for the next call")
    return parser.parse_args()


TARGETS = {
    ("mixed", "escritor", "zip0"): 2.4, ("mixed", "escritor", "cp"): 0.68, ("mixed", "completo", "zip0"): 1.7,
    ("mixed", "completo", "cp"): 0.48, ("slow", "escritor", "zip"): 20, ("slow", "completo", "zip"): 15,
    ("tiny", "escritor", "zip6"): 1.3,
}  # fmt: skip


def rows(figures: dict):
    """The table: (what, figure, target)."""
    for group in ("mixed", "slow", "tiny"):
        for name, f in figures.get(group, {}).items():
            yield f"{group} {name}", f"{f['wall']:.2f} s, CPU {f['cpu']:.2f} s, {f['rss'] / 1e6:.0f} MB, {f['bytes']} bytes", ""
            for peer, r in f.get("ratios", {}).items():
                target = TARGETS.get((group, name, peer))
                yield f"  {peer} / {name}", f"{r['wall']:.2f} × (CPU {r['cpu']:.2f} ×)", f"{target} ×" if target else ""
    if "slow" in figures:
        yield "tamaño / zip", f"{figures['slow']['completo']['bytes'] / figures['slow']['zip']['bytes']:.4f}", "1.015"
    if "verify" in figures:
        yield "verify", f"{figures['verify']['gb_s']:.2f} GB/s", "0.8 GB/s"
    if "first" in figures:
        yield "primera parte lista", f"{figures['first']['first']:.2f} s de {figures['first']['all']:.2f} s", ""
    for group in ("memory", "single"):
        if group in figures:
            f = figures[group]
            yield f"memoria {group}", f"{f['rss'] / 2**20:.0f} MiB ({f['bytes'] / GB:.1f} GB en {f['wall']:.1f} s)", "128 MiB"


if __name__ == "__main__":
    main()
