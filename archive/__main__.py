"""The archive without the rest of the house.

`python -m archive build SRC OUT --name NAME --part-size BYTES --json [--independent]` packs a plain folder; OUT receives only
the finished files. `python -m archive verify DIR|ZIP [--json]` checks a finished set where it is. stdout: one JSON object with
--json, nothing without. stderr: messages in Spanish. Exit code: 0, 1 with novedades, damage or parts that are missing, 2 bad usage.
(decisions.md 25)
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path

from archive import checking, plan, several, volume, whole
from archive.ahead import Ahead
from archive.assign import check_part_size
from archive.errors import ArchiveError
from archive.folder import Folder
from archive.model import CAUSES, Header
from archive.names import component
from archive.tuning import tune

_FAT32 = (1 << 32) - 1  # bytes of the largest file there
_REASONS = {errno.ENOSPC: "no hay espacio en el disco", errno.EACCES: "permiso denegado", errno.ENOENT: "no existe",
            errno.EROFS: "el disco es de solo lectura"}  # fmt: skip
_NAME = re.compile(r"[^./\\-][^/\\]*")


class _BadUsage(Exception):
    """Shown on stderr, exit 2."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line. Returns the exit code."""
    options = _parser().parse_args(arguments)
    tune()
    try:
        return options.command(options)
    except (_BadUsage, ArchiveError) as error:
        print(f"archive: {error}", file=sys.stderr)
    except OSError as error:
        print(f"archive: {_reason(error)}", file=sys.stderr)
    return 2


def _reason(error: OSError) -> str:
    place = f": {_shown(os.fsdecode(error.filename))}" if error.filename else ""
    return f"{_REASONS.get(error.errno, 'no se pudo leer o escribir')}{place} ({error.strerror})"


def _verify_command(options: argparse.Namespace) -> int:
    started = time.monotonic()
    if not options.set.exists():
        raise _BadUsage(f"no existe: {_shown(str(options.set))}")
    parts = checking.parts(options.set)
    if not parts:
        raise _BadUsage(f"no hay partes de un respaldo en {_shown(str(options.set))}")
    told = checking.complete(options.set, checking.check(parts))
    for part in told:
        print(f"{part.name}: {part.problem or f'correcta, SHA-256 {part.sha256}'}", file=sys.stderr)
    if options.json:
        rows = [{"name": p.name, "bytes": p.bytes, "sha256": p.sha256, "entries": p.entries, "problem": p.problem} for p in told]
        print(json.dumps({"volumes": rows, "seconds": round(time.monotonic() - started, 3)}, ensure_ascii=False))
    return 1 if any(part.problem for part in told) else 0


def _build_command(options: argparse.Namespace) -> int:
    started = time.monotonic()
    made, results = _build(options)
    for result in results:
        if result.bytes > options.part_size:
            print(f"{result.name}: contiene un archivo más grande que la parte ({result.bytes} bytes)", file=sys.stderr)
        if result.bytes > _FAT32:
            print(f"{result.name}: no cabe en una memoria FAT32", file=sys.stderr)
    novedades = [n for result in results for n in result.novedades]
    for novedad in novedades:
        print(f"{_shown(novedad.number)}: {CAUSES[novedad.cause]}", file=sys.stderr)
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


def _build(options: argparse.Namespace) -> tuple[plan.Plan, list[volume.VolumeResult]]:
    folder, out = _checked(options)
    created = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=out, prefix=".") as work, Ahead(folder, Path(work)) as source:
            made = _planned(folder, source, options, Path(work))
            results = _volumes(made, source, options, Path(work))
            _publish(results, Path(work), out, independent=options.independent)
    except BaseException:
        if created and not any(out.iterdir()):
            out.rmdir()
        raise
    return made, results


def _checked(options: argparse.Namespace) -> tuple[Folder, Path]:
    if not options.src.is_dir():
        raise _BadUsage(f"no es una carpeta: {_shown(str(options.src))}")
    if not os.access(options.src, os.R_OK | os.X_OK):
        raise _BadUsage(f"no se puede leer la carpeta: {_shown(str(options.src))}")
    check_part_size(options.part_size)
    if not _NAME.fullmatch(options.name) or component(options.name) != options.name:
        raise _BadUsage(f"el nombre no sirve para archivos: {_shown(options.name)}")
    if options.out.exists() and not options.out.is_dir():
        raise _BadUsage(f"no es una carpeta: {options.out}")
    if options.out.resolve().is_relative_to(options.src.resolve()):
        raise _BadUsage("la carpeta de salida está dentro de la que se empaqueta")
    taken = re.compile(re.escape(options.name) + r"(\.zip|\.z\d+|_parte\d+de\d+\.zip)", re.IGNORECASE)
    if options.out.is_dir() and any(taken.fullmatch(p.name) for p in options.out.iterdir()):
        raise _BadUsage(f"ya hay partes de {options.name} en {options.out}")
    return Folder(options.src), options.out


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


def _publish(results: list[volume.VolumeResult], work: Path, out: Path, *, independent: bool) -> None:
    for result in results:
        os.replace(work / str(result.number), out / result.name)
        if independent and result.independent_name:
            os.link(out / result.name, out / result.independent_name)


def _summary(made: plan.Plan, results: list[volume.VolumeResult], seconds: float) -> dict:
    keys = ("number", "name", "independent_name", "kind", "bytes", "sha256")
    return {
        "volumes": [{key: getattr(result, key) for key in keys} for result in results],
        "entries": results[-1].entries,
        "documents": made.summary.documents,
        "bytes_in": made.summary.bytes,
        "seconds": round(seconds, 3),
    }


def _shown(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


if __name__ == "__main__":
    sys.exit(main())
