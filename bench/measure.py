"""What every benchmark here shares: its options, rounds in alternation, medians and ratios, and the one JSON object it prints.

A figure of one run on a shared machine means little. So contenders take turns (A B C, A B C …), the median of the rounds
is what counts, and ratios are medians of the ratios round by round: they hold when the machine's speed drifts.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


def parser(description: str) -> argparse.ArgumentParser:
    """Options that every script has: --json, --small, --rounds."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--json", action="store_true", help="one JSON object with the figures on standard output, nothing else")
    options.add_argument("--small", action="store_true", help="a small corpus: the whole script in less than 60 s")
    options.add_argument("--rounds", type=int, default=5, help="rounds of each contender (default: 5)")
    return options


@dataclass(frozen=True, slots=True)
class Cost:
    """One run of a command. wall, cpu: seconds (cpu of the command and its children); rss: peak memory of all its processes
    together, bytes: what they share counts once, and ten looks a second may miss a short peak."""

    wall: float
    cpu: float
    rss: int


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str | None = None) -> Cost:
    """Run a command to its end, its output thrown away. Raises CalledProcessError when it fails."""
    probe = [sys.executable, "-c", _PROBE, *command]
    out = subprocess.run(probe, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout
    wall, cpu, rss, code = json.loads(out)
    if code:
        raise subprocess.CalledProcessError(code, list(command))
    return Cost(wall, cpu, rss)


# A process of its own, so that the peak memory is the command's and not that of an earlier one. ru_maxrss is that of the
# largest process alone; the sum of all is looked up while they run.
_PROBE = """
import json, os, pathlib, re, resource, subprocess, sys, threading, time

def tree(pid):
    yield pid
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            yield from tree(child)

def memory(pid):
    total = 0
    for one in tree(pid):
        try:
            total += int(re.search(r"^Pss: +([0-9]+)", pathlib.Path(f"/proc/{one}/smaps_rollup").read_text(), re.M)[1])
        except (OSError, TypeError):
            pass
    return total * 1024

def watch():
    while not done.wait(0.1):
        try:
            peaks.append(memory(child.pid))
        except OSError:
            pass

done, peaks = threading.Event(), [0]
start = time.monotonic()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
threading.Thread(target=watch).start()
_, status, used = os.wait4(child.pid, 0)
wall = time.monotonic() - start
done.set()
peak = max(used.ru_maxrss * 1024, *peaks)
print(json.dumps([wall, used.ru_utime + used.ru_stime, peak, os.waitstatus_to_exitcode(status)]))
"""


def alternate(contenders: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[Any]]:
    """Each contender's results, one a round, in turns; the order turns round every time."""
    results: dict[str, list[Any]] = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            results[name].append(contenders[name]())
    return results


def ratio(above: Iterable[float], below: Iterable[float]) -> float:
    """Median of the ratios round by round."""
    return median(a / b for a, b in zip(above, below, strict=True))


def percentile(values: Iterable[float], share: float) -> float:
    """The value that `share` (0 … 1) of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def peak() -> int:
    """Peak resident set of this process, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def clocked(task: Callable[[], Any]) -> float:
    """Seconds that `task` takes."""
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def finish(options: argparse.Namespace, figures: dict[str, Any], rows: Iterable[tuple[str, str, str]]) -> None:
    """Print the figures: one JSON object, or a table of (what, figure, target)."""
    if options.json:
        print(json.dumps(figures | {"small": options.small, "machine": platform.machine(), "python": platform.python_version()}))
        return
    table = [("", "medido", "meta"), *rows]
    widths = [max(len(row[i]) for row in table) for i in range(3)]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
