"""How much memory a person with 500 000 documents takes: their selection, and the plan that is made of them.

Each is read in a process of its own, whose peak is its own: VmHWM starts anew with the process, unlike the peak that a parent
hands down."""

from __future__ import annotations

import multiprocessing
import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path
from time import perf_counter

from archive import plan as plans
from archive.model import Document, Header
from jobs.material import documents
from sources import Quipux

PART = 1_000_000_000  # in parts of 100 MB the index of 500 000 documents, which each of them carries, would leave no room


def measured(settings: dict, codi: str, desde: date, hasta: date) -> dict:
    """Documents, seconds and what the peak stands above the start (bytes), of the selection and of the plan."""
    figures = {}
    for name in ("seleccion", "plan"):
        # Not forked: the child would begin with the parent's memory.
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            number, seconds, grown = pool.submit(_alone, name, settings, codi, desde, hasta).result()
        figures |= {f"enorme_{name}_documentos": number, f"enorme_{name}_s": seconds, f"enorme_{name}_memoria": grown}
    return figures


def _alone(name: str, settings: dict, codi: str, desde: date, hasta: date) -> tuple[int, float, int]:
    source = Quipux.from_config(settings)
    source.count("1", desde, hasta)  # the libraries and the connection are there
    before, start = _resident("VmRSS"), perf_counter()
    number = {"seleccion": _selected, "plan": _planned}[name](source, codi, desde, hasta)
    return number, perf_counter() - start, _resident("VmHWM") - before


def _selected(source: Quipux, codi: str, desde: date, hasta: date) -> int:
    return sum(1 for _ in source.selected(codi, desde, hasta))


def _planned(source: Quipux, codi: str, desde: date, hasta: date) -> int:
    """As jobs.planning does it."""
    head = Header(
        name="RESPALDO_000001", group="000001", complement="", request="000001", person="Marta Vega", cedula="1700000035", post="", area="",
        institution="Ministerio 1", since=desde.isoformat(), until=hasta.isoformat(), made="2026-11-18T10:00:00-05:00", petition="", excluded=0,
    )  # fmt: skip
    read: Iterator[Document] = documents(source.documents(codi, desde, hasta), {"enviado": 0, "recibido": 0})
    with tempfile.TemporaryDirectory() as folder:
        return plans.make(head, read, Path(folder) / "plan.gz", part_size=PART).found


def _resident(name: str) -> int:
    return int(re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024
