"""A document as a volume tells of it: one plain dict, read by the viewer, by the lists and by later volumes.

It is what `visor/parteNN.js` holds, and therefore the journal of a finished volume. Keys are Spanish because the
viewer's script and the citizen's browser see them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive.errors import CountsBroken
from archive.model import NOTICES

if TYPE_CHECKING:
    from archive.planned import PlannedDocument, PlannedFile


@dataclass(slots=True)
class Outcome:
    """What became of one file in a volume: its hash and size, or the cause why not."""

    sha256: str = ""
    bytes: int = 0
    cause: str = ""
    signature: dict | None = None


def of(planned: PlannedDocument, number: int, outcomes: dict[str, Outcome]) -> dict:
    """Detail of `planned` for volume `number`. outcomes: by payload path, for the files of this volume.

    Files of other volumes are named with their part and without a path; the viewer joins them when it meets them.
    """
    id, visible_number, kind, date, subject, trays, sender, to, cc, reference, signed, history, _ = planned.document
    files, fate = [], "incluido"
    for file in planned.files:
        row = _file(file, number, outcomes)
        files.append(row)
        if "causa" in row and row["causa"] not in NOTICES:
            fate = "novedad"
    return {
        "id": id, "destino": fate, "parte": planned.part,
        "numero": visible_number, "tipo": kind, "fecha": date, "asunto": subject, "bandejas": trays,
        "de": sender, "para": to, "cc": cc, "referencia": reference, "firmado": signed,
        "archivos": files,
        "recorrido": [
            {"fecha": s.date, "de": s.sender, "para": s.recipient, "accion": s.action, "comentario": s.comment}
            for s in history
        ] if history else [],
    }  # fmt: skip


def _file(planned: PlannedFile, number: int, outcomes: dict[str, Outcome]) -> dict:
    file, path, part = planned
    name = file.name if file.name.isascii() else file.name.encode("utf-8", "replace").decode()
    row = {"clase": file.kind, "nombre": name, "descripcion": file.description, "fecha": file.date}
    done = outcomes.get(path) if part == number else None
    if done is None:
        return row | ({"causa": problem} if (problem := planned.problem) else {"parte": part, "bytes": file.size})
    row["parte"] = number
    if done.cause:
        return row | {"causa": done.cause, "tardia": True}
    row["ruta"], row["bytes"], row["sha256"] = path, done.bytes, done.sha256
    if file.problem:
        row["aviso"] = file.problem
    if done.signature:
        row["firma"] = done.signature
    return row


def merged(details: Iterable[dict]) -> Iterator[dict]:
    """Each document once: one that runs over several volumes comes in a row from each of them."""
    held: dict | None = None
    for detail in details:
        if held and held["id"] == detail["id"]:
            held = _join(held, detail)
            continue
        if held:
            yield held
        held = detail
    if held:
        yield held


def _join(first: dict, second: dict) -> dict:
    """Both tell of the same files in the same order; the one that holds a file knows best."""
    files = [b if "ruta" in b or "causa" in b else a for a, b in zip(first["archivos"], second["archivos"], strict=True)]
    return first | {"archivos": files, "destino": fate((first["destino"], second["destino"]))}


def fate(told: Iterable[str]) -> str:
    """Of a document, by what the volumes tell that it runs over."""
    return "novedad" if "novedad" in told else "incluido"


@dataclass(slots=True)
class Counts:
    """encontrados = incluidos + con novedad + excluidos: the invariant of every archive."""

    found: int
    included: int = 0
    con_novedad: int = 0
    excluded: int = 0

    def add(self, fate: str) -> None:
        if fate == "novedad":
            self.con_novedad += 1
        else:
            self.included += 1

    def check(self) -> Counts:
        """Itself. Raises CountsBroken when a document got lost or was counted twice."""
        if self.found != self.included + self.con_novedad + self.excluded:
            raise CountsBroken(
                f"encontrados {self.found} ≠ incluidos {self.included} + con novedad {self.con_novedad}"
                f" + excluidos {self.excluded}"
            )
        return self
