"""The archive without the rest of the house.

`python -m archive build SRC OUT --name NAME --part-size BYTES --json [--independent]` packs a plain folder; OUT receives all
the finished files, or none. `python -m archive verify DIR|ZIP [--json]` checks a finished set where it is. stdout: one JSON object with
--json, nothing without. stderr: messages in Spanish. Exit code: 0, 1 with novedades, damage or parts that are missing, 2 bad usage or
not possible (disk, memory, source), 130 after Ctrl-C, 143 after SIGTERM, 129 when the terminal was closed. (decisions.md 25)
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
import time
from pathlib import Path

from archive import checking, command, plan, volume
from archive.command import BadUsage, shown
from archive.errors import ArchiveError
from archive.interrupts import Interrupted, Interrupts
from archive.model import CAUSES, SourceDown
from archive.tuning import tune

_FAT32 = (1 << 32) - 1  # bytes of the largest file there
_REASONS = {errno.ENOSPC: "no hay espacio en el disco", errno.EACCES: "permiso denegado", errno.ENOENT: "no existe",
            errno.EROFS: "el disco es de solo lectura"}  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line. Returns the exit code."""
    options = _parser().parse_args(arguments)
    tune()
    with Interrupts() as interrupts:
        try:
            try:
                return options.command(options, interrupts)
            finally:
                interrupts.deaf = True
        except Interrupted:
            said = ""
        except (ArchiveError, SourceDown) as error:
            said = str(error)
        except OSError as error:
            said = _reason(error)
        if interrupts.signum:  # it may have ended a process that helps before it was heard here
            print("archive: se interrumpió antes de terminar", file=sys.stderr)
            return 128 + interrupts.signum
        print(f"archive: {said}", file=sys.stderr)
        return 2


def _reason(error: OSError) -> str:
    place = f": {shown(os.fsdecode(error.filename))}" if error.filename else ""
    return f"{_REASONS.get(error.errno, 'no se pudo leer o escribir')}{place} ({error.strerror})"


def _verify_command(options: argparse.Namespace, interrupts: Interrupts) -> int:
    started = time.monotonic()
    if not options.set.exists():
        raise BadUsage(f"no existe: {shown(str(options.set))}")
    parts = checking.parts(options.set)
    if not parts:
        raise BadUsage(f"no hay partes de un respaldo en {shown(str(options.set))}")
    told = checking.complete(options.set, checking.check(parts))
    for part in told:
        print(f"{part.name}: {part.problem or f'correcta, SHA-256 {part.sha256}'}", file=sys.stderr)
    if options.json:
        rows = [{"name": p.name, "bytes": p.bytes, "sha256": p.sha256, "entries": p.entries, "problem": p.problem} for p in told]
        print(json.dumps({"volumes": rows, "seconds": round(time.monotonic() - started, 3)}, ensure_ascii=False))
    return 1 if any(part.problem for part in told) else 0


def _build_command(options: argparse.Namespace, interrupts: Interrupts) -> int:
    started = time.monotonic()
    made, results = command.build(options, interrupts)
    for result in results:
        if result.bytes > options.part_size:
            print(f"{result.name}: contiene un archivo más grande que la parte ({result.bytes} bytes)", file=sys.stderr)
        if result.bytes > _FAT32:
            print(f"{result.name}: no cabe en una memoria FAT32", file=sys.stderr)
    novedades = [n for result in results for n in result.novedades]
    for novedad in novedades:
        print(f"{shown(novedad.number)}: {CAUSES[novedad.cause]}", file=sys.stderr)
    if options.json:
        print(json.dumps(_summary(made, results, time.monotonic() - started), ensure_ascii=False))
    else:
        for result in results:
            print(f"{result.name}: {result.bytes} bytes", file=sys.stderr)
    return 1 if novedades else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m archive", description="Empaqueta una carpeta como un respaldo")
    commands = parser.add_subparsers(required=True, metavar="build | verify")
    verify = commands.add_parser("verify", help="comprueba las partes terminadas de DIR, o el conjunto de ZIP, y nombra las que faltan")
    verify.add_argument("set", metavar="DIR|ZIP", type=Path, help="carpeta con las partes, o una de ellas")
    verify.add_argument("--json", action="store_true", help="escribe un resumen JSON en la salida estándar")
    verify.set_defaults(command=_verify_command)
    build = commands.add_parser("build", help="empaqueta SRC en OUT")
    build.set_defaults(command=_build_command)
    build.add_argument("src", metavar="SRC", type=Path, help="carpeta que se empaqueta")
    build.add_argument("out", metavar="OUT", type=Path, help="carpeta que recibe las partes")
    build.add_argument("--name", required=True, help="nombre de las partes, sin extensión")
    build.add_argument("--part-size", type=int, default=1 << 30, metavar="BYTES", help="bytes de una parte: 1 MiB a 2 GiB - 1")
    build.add_argument("--json", action="store_true", help="escribe un resumen JSON en la salida estándar")
    build.add_argument("--independent", action="store_true", help="añade los nombres NAME_parteKKdeNN.zip")
    build.add_argument("--no-signatures", action="store_true", help="no verifica firmas electrónicas")
    return parser


def _summary(made: plan.Plan, results: list[volume.VolumeResult], seconds: float) -> dict:
    keys = ("number", "name", "independent_name", "kind", "bytes", "sha256")
    return {
        "volumes": [{key: getattr(result, key) for key in keys} for result in results],
        "entries": results[-1].entries,
        "documents": made.summary.documents,
        "bytes_in": made.summary.bytes,
        "seconds": round(seconds, 3),
    }


if __name__ == "__main__":
    sys.exit(main())
