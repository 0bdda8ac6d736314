"""`python -m archive build` from its options to the published parts; what it says of them is `__main__`'s."""

from __future__ import annotations

import argparse
import os
import re
from contextlib import ExitStack
from pathlib import Path

from archive import plan, several, volume, whole
from archive.ahead import Ahead
from archive.assign import check_part_size
from archive.errors import ArchiveError
from archive.folder import Folder
from archive.interrupts import Interrupts
from archive.model import Header
from archive.names import component
from archive.output import Output
from archive.process import held_back

_NAME = re.compile(r"[^./\\-][^/\\]*")


class BadUsage(ArchiveError):
    """The options cannot be meant so."""


def build(options: argparse.Namespace, interrupts: Interrupts) -> tuple[plan.Plan, list[volume.VolumeResult]]:
    """Packs SRC and publishes the parts in OUT: all, or none. Raises ArchiveError, SourceDown, OSError; Interrupted, which after the
    first part has its name comes too late."""
    _check(options)
    folder, output = Folder(options.src), Output(options.out, options.name)
    try:
        work = output.begin()
        with ExitStack() as stack:
            with held_back():
                source = stack.enter_context(Ahead(folder, work))
            made = _planned(folder, source, options, work)
            results = _volumes(made, source, options, work)
        output.publish(output.ready(results, independent=options.independent), interrupts.no_more)
    finally:
        interrupts.deaf = True
        output.end()
    return made, results


def shown(text: str) -> str:
    """A path or a number as it can be printed."""
    return text.encode("utf-8", "replace").decode()


def _check(options: argparse.Namespace) -> None:
    if not options.src.is_dir():
        raise BadUsage(f"no es una carpeta: {shown(str(options.src))}")
    if not os.access(options.src, os.R_OK | os.X_OK):
        raise BadUsage(f"no se puede leer la carpeta: {shown(str(options.src))}")
    check_part_size(options.part_size)
    if not _NAME.fullmatch(options.name) or component(options.name) != options.name:
        raise BadUsage(f"el nombre no sirve para archivos: {shown(options.name)}")
    if options.out.exists() and not options.out.is_dir():
        raise BadUsage(f"no es una carpeta: {shown(str(options.out))}")
    if options.out.resolve().is_relative_to(options.src.resolve()):
        raise BadUsage("la carpeta de salida está dentro de la que se empaqueta")


def _planned(folder: Folder, source: Ahead, options: argparse.Namespace, work: Path) -> plan.Plan:
    def header() -> Header:
        return Header(
            name=options.name, group=options.name, request="", person="", cedula="", post="", area="", institution="",
            since="", until="", made=folder.newest(),
        )  # fmt: skip

    plan.make(header, source.passing(folder.documents()), work / "plan", part_size=options.part_size)
    source.settle()
    return plan.open(work / "plan")


def _volumes(made: plan.Plan, source: Ahead, options: argparse.Namespace, work: Path) -> list[volume.VolumeResult]:
    def data(number: int, out: Path, earlier: volume.Earlier, turn: several.Turn) -> volume.VolumeResult:
        signatures = not options.no_signatures
        return volume.build(
            made, number, source, out, earlier=earlier, should_stop=turn.should_stop, signatures=signatures, threads=turn.threads
        )

    return whole.build(made, work, data)
