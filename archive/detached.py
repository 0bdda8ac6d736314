"""Signatures kept apart from the file they sign: `oficio.pdf.p7s` beside `oficio.pdf`.

Such a file alone says who signed, not what. When a document's files are all in the volume, the one it signs is looked for
among them and its bytes decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from archive import signatures
from archive.detail import Outcome

if TYPE_CHECKING:
    from archive.plan import PlannedFile

SUFFIXES = (".p7m", ".p7s")

Opener = Callable[[str], AbstractContextManager[BinaryIO]]


def settle(
    files: Sequence[PlannedFile], outcomes: dict[str, Outcome], opener: Opener, *, anchors: Path | None, moment: str
) -> None:
    """Replaces, in `outcomes`, the verdict of each signature that stands apart from the file it signs, if that is here.

    files: of one document. outcomes: by payload path, those written in this volume. opener: opens a file written there by
    its path, seekable, as a context. The file that was signed is named under "firmado".
    """
    if not any(outcome.signature and outcome.signature.get("separada") for outcome in outcomes.values()):
        return
    here = [f for f in files if f.path in outcomes and not outcomes[f.path].cause]
    for file in here:
        outcome = outcomes[file.path]
        if not (outcome.signature or {}).get("separada"):
            continue
        signed = twin(file, here)
        if signed is None:
            continue
        with opener(file.path) as stream, opener(signed.path) as content:
            report = signatures.check(stream, anchors=anchors, moment=moment, twin=content)
        outcome.signature = report.as_dict() | {"firmado": signed.file.name}


def twin(file: PlannedFile, others: list[PlannedFile]) -> PlannedFile | None:
    """The file that `file` signs: the one of the same name without ".p7m"; else, for a signed copy, the main file."""
    rest = [f for f in others if f is not file and not f.file.name.casefold().endswith(SUFFIXES)]
    name = _bare(file.file.name)
    for same in (lambda n: n == name, lambda n: n.rpartition(".")[0] == name):
        found = [f for f in rest if same(f.file.name.casefold())]
        if found:
            return found[0]
    if file.file.kind == "firma":
        return next((f for f in rest if f.file.kind == "principal"), None)
    return None


def _bare(name: str) -> str:
    name = name.casefold()
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name
