"""A transition of government: 20 000 requests in two weeks through the real rules, against first come, first served.

    python -m bench.calendar [--small] [--json] [--docs docs/]     # waiting times by size of institution; writes the plot
    python -m bench.calendar --database [--rows 1000000]           # what one proposal costs on a large database

Everything is drawn from a seed: institutions of realistic sizes (a few ministries with hundreds or thousands of requests, many
offices with a handful), requests of log-normal size, approved on the day they arrive, in the order of arrival. Waiting is
counted in working days from the approval to the last day of the run.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from bench import measure, transition_page
from rules import holidays
from rules.calendar import LIMIT_DAY, Calendar, propose
from rules.capacity import Capacity, DayLoad, Load, Period, whole_day

SEED = 20250524
START = date(2025, 5, 26)  # the Monday after a change of government
ARRIVE = 10  # working days
FACTOR = 1.5  # more hands during the transition
EXTRA = 5
RESERVE = 0.5
# Class → (institutions, requests of each: from, to). Together some 20 000 in 400 institutions.
SIZES = {"grande": (8, 700, 1700), "mediana": (42, 60, 200), "pequeña": (350, 1, 25)}
LABELS = {"grande": "8 ministerios (más de 500 solicitudes)", "mediana": "42 instituciones medianas (60 a 200)", "pequeña": "350 oficinas pequeñas (1 a 25)"}


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of the simulation."""

    day: date
    kind: str
    institution: tuple[str, int]
    load: Load


@dataclass(frozen=True, slots=True)
class Result:
    """Of one way to give dates. waits: class → waiting times in working days; seconds: for each decision; days: how many
    working days until the last run; fullest: the fullest day's share of its capacity."""

    waits: dict[str, list[int]]
    seconds: list[float]
    days: int
    fullest: float

    def figures(self) -> dict[str, Any]:
        rows = {
            kind: {
                "median": measure.percentile(w, 0.5), "p95": measure.percentile(w, 0.95), "max": max(w),
                "within_limit": round(sum(x <= LIMIT_DAY for x in w) / len(w), 4),
                "within_extended": round(sum(x <= LIMIT_DAY + EXTRA for x in w) / len(w), 4),
            }
            for kind, w in self.waits.items()
        }
        return {
            "waits": rows, "days": self.days, "fullest": round(self.fullest, 4),
            "decision_ms": {"median": round(measure.percentile(self.seconds, 0.5) * 1000, 3), "p99": round(measure.percentile(self.seconds, 0.99) * 1000, 3)},
        }


def calendar() -> Calendar:
    return Calendar(frozenset(f.fecha for year in (2025, 2026) for f in holidays.days_off(year)))


def asks(total: int, days: Calendar) -> list[Ask]:
    """The flood, in the order of arrival; `total` requests in all, in the proportions of SIZES."""
    rng = random.Random(SEED)
    arrivals = list(islice(days.after(START - timedelta(days=1)), ARRIVE))
    counts = [(kind, n, rng.randint(low, high)) for kind, (many, low, high) in SIZES.items() for n in range(many)]
    scale = total / sum(count for *_, count in counts)
    drawn = []
    for kind, n, count in counts:
        for _ in range(max(1, round(count * scale))):
            documents = int(min(rng.lognormvariate(6.2, 1.1), 40_000))
            size = int(documents * rng.lognormvariate(13.5, 0.5))
            drawn.append((rng.choice(arrivals), rng.random(), Ask(START, kind, (kind, n), Load(documents, size))))
    drawn.sort(key=lambda row: row[:2])
    return [Ask(day, ask.kind, ask.institution, ask.load) for day, _, ask in drawn]


def simulate(flood: list[Ask], days: Calendar, decide: Callable[[Ask, dict[date, DayLoad]], tuple[tuple[date, Load], ...]], full: Callable[[date], Load]) -> Result:
    """Each request is decided upon on its day and takes its place; nothing announced is ever moved."""
    booked: dict[date, DayLoad] = {}
    waits: dict[str, list[int]] = {kind: [] for kind in SIZES}
    seconds = []
    for ask in flood:
        begun = time.perf_counter()
        parts = decide(ask, booked)
        seconds.append(time.perf_counter() - begun)
        for day, load in parts:
            booked.setdefault(day, DayLoad()).add(ask.institution, load)
        waits[ask.kind].append(days.working_between(ask.day, parts[-1][0]))
    fullest = max(load.total.share_of(full(day)) for day, load in booked.items())
    return Result(waits, seconds, days.working_between(START - timedelta(days=1), max(booked)), fullest)


def ways(days: Calendar, capacity: Capacity) -> dict[str, tuple[Callable, Callable]]:
    """Name → (how a date is found, the limit of a day)."""
    end = START + timedelta(days=365)
    plain, fair = (Period("Transición", START, end, EXTRA, FACTOR, reserve) for reserve in (0, RESERVE))

    def by_rules(period: Period) -> Callable:
        return lambda ask, booked: propose(ask.day, ask.load.documents, ask.load.bytes, ask.institution, booked, days, capacity, [period]).spread

    def in_order(ask: Ask, booked: dict[date, DayLoad]) -> tuple[tuple[date, Load], ...]:
        """First come, first served: the first day with room, whoever asks."""
        for day in days.after(ask.day):
            if (booked.get(day, DayLoad()).total + ask.load).within(whole_day(day, capacity, [plain])):
                return ((day, ask.load),)
        raise AssertionError("days have no end")

    def limit(day: date) -> Load:
        return whole_day(day, capacity, [plain])

    return {"orden": (in_order, limit), "cuota": (by_rules(plain), limit), "reserva": (by_rules(fair), limit)}


def run(small: bool) -> tuple[dict[str, Result], list[Ask], Capacity]:
    """The three ways over the same flood."""
    total = 2_000 if small else 20_000
    capacity = Capacity(400_000 * total // 20_000, 400_000_000_000 * total // 20_000, 0.25)
    days = calendar()
    flood = asks(total, days)
    return {name: simulate(flood, days, *way) for name, way in ways(days, capacity).items()}, flood, capacity


def main() -> None:
    options = _options()
    if options.database:
        from bench import calendar_database

        calendar_database.main(options)
        return
    results, flood, capacity = run(options.small)
    figures: dict[str, Any] = {
        "requests": len(flood), "institutions": len({a.institution for a in flood}), "documents": sum(a.load.documents for a in flood),
        "bytes": sum(a.load.bytes for a in flood), "capacity": {"documents": capacity.documents, "bytes": capacity.bytes, "factor": FACTOR, "quota": capacity.quota},
        **{name: result.figures() for name, result in results.items()},
    }
    if options.docs:
        transition_page.write(Path(options.docs), figures, {name: result.waits for name, result in results.items()}, LABELS)
    rows = [
        (f"{name}, {kind}: mediana / p95 / máximo (días laborables)", f"{w['median']} / {w['p95']} / {w['max']}", f"≤ {LIMIT_DAY} en plazo: {w['within_limit']:.0%}")
        for name in results for kind, w in figures[name]["waits"].items()
    ]
    rows += [(f"{name}: una decisión, mediana / p99", f"{figures[name]['decision_ms']['median']} / {figures[name]['decision_ms']['p99']} ms", "< 5 ms") for name in results]
    measure.finish(options, figures, rows)


def _options() -> argparse.Namespace:
    parser = measure.parser(__doc__.splitlines()[0])
    parser.add_argument("--docs", metavar="FOLDER", help="write transicion.svg and transicion.md there")
    parser.add_argument("--database", action="store_true", help="measure one proposal on a large database instead")
    parser.add_argument("--rows", type=int, default=1_000_000, help="requests in it (default: 1 000 000; --small: 50 000)")
    parser.add_argument("--folder", help="where its corpus is kept; made there when it is missing (default: a temporary one)")
    parser.add_argument("--fill", action="store_true", help="only make the corpus of --folder")
    return parser.parse_args()


if __name__ == "__main__":
    main()
