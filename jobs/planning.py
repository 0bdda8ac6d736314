"""The plan of a run: made once by its leader and kept in the storage, read by every worker (archive.md §6)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from flask import current_app

from archive import plan as plans
from archive.model import Document
from archive.names import names_of
from extensions import db
from jobs import missing
from jobs.keeping import folder_of, keep
from jobs.material import documents, header
from jobs.patience import patiently
from jobs.pulse import Pulse
from models import Ejecucion, Parte, ParteTipo, Solicitud
from services import acting, clock, complements, leases, runs
from services.adapters import quipux, storage
from services.asking import Heard
from services.errors import Refused
from services.runs import Claim


@dataclass(slots=True)
class Selection:
    """What goes into a plan. trays: counted while `documents` is read. places, asked: of a complement, see jobs.missing."""

    documents: Iterator[Document]
    excluded: int = 0
    trays: dict[str, int] = field(default_factory=lambda: {"enviado": 0, "recibido": 0})
    places: Callable[[Document], list[str]] | None = None
    asked: dict[int, str] | None = None


def of(pulse: Pulse, folder: Path) -> plans.Plan:
    """The leader's: the stored plan, or a new one when there is none yet. Raises services.runs.Fenced when it may not go on."""
    claim = pulse.claim
    if stored := stored_plan(pulse, claim.ejecucion_id, folder):
        return stored
    local = folder / "plan.gz"
    pulse.stage("recolectar")
    counts, asked = patiently(pulse, lambda: _draw_up(claim, local))
    plan = plans.open(local)
    if asked is not None and not plan.summary.files:
        runs.detain(claim, "faltantes")
    # The attempt is in the key: a leader that was overtaken can never replace the plan of the one that goes on.
    key = f"{folder_of(claim.solicitud_id, claim.ejecucion_id)}/{claim.intento}/plan.gz"
    kept = folder / "plan-copia.gz"

    def put() -> None:
        if not kept.exists():
            os.link(local, kept)
        with local.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        keep(key, kept, size=local.stat().st_size, sha256=digest)

    patiently(pulse, put)
    runs.planned(claim, key, counts=counts, parts=list(_parts(claim, plan)), asked=asked)
    leases.call_helpers(claim.ejecucion_id)
    db.session.commit()
    return plan


def stored_plan(pulse: Pulse, ejecucion_id: int, folder: Path) -> plans.Plan | None:
    """The plan as it is in the storage; None before it is made."""
    key = db.session.get(Ejecucion, ejecucion_id, populate_existing=True).plan_clave
    db.session.commit()
    if not key:
        return None
    local = folder / "plan.gz"
    patiently(pulse, lambda: fetch(key, local))
    return plans.open(local)


def fetch(key: str, local: Path) -> None:
    """Copy an object of the storage."""
    with storage().open(key) as source, open(local, "wb") as out:
        while chunk := source.read(1 << 20):
            out.write(chunk)


def _draw_up(claim: Claim, local: Path) -> tuple[dict[str, int], dict[int, str] | None]:
    """Check that the person is still eligible, select the documents and write the plan. Returns the run's counts, and what a
    complement looks for."""
    run = db.session.get(Ejecucion, claim.ejecucion_id, populate_existing=True)
    solicitud = run.solicitud
    codi, heard = solicitud.cuenta.quipux_codi, Heard()
    db.session.commit()  # whoever waits for Quipux must not hold our database meanwhile
    heard.account(codi)
    try:
        acting.eligible_now(solicitud, heard)
    except Refused:
        runs.detain(claim, "elegible")
    selection = _missing(run, local.parent) if run.complemento else _whole(solicitud)
    head = header(solicitud, excluded=selection.excluded, made=clock.now(), complement=run.complemento)
    db.session.commit()
    summary = plans.make(head, selection.documents, local, part_size=current_app.config["PART_SIZE"], places=selection.places)
    counts = {
        "encontrados": summary.found, "excluidos": summary.excluded, "con_novedad": summary.con_novedad, "bytes_total": summary.bytes,
        "recibidos": selection.trays["recibido"], "enviados": selection.trays["enviado"], "documentos_hechos": 0, "bytes_hechos": 0,
    }
    return counts, selection.asked


def _whole(solicitud: Solicitud) -> Selection:
    codi, desde, hasta, reserved = solicitud.cuenta.quipux_codi, solicitud.desde, solicitud.hasta, solicitud.incluir_reservados
    db.session.commit()
    selection = Selection(iter(()), 0 if reserved else quipux().count(codi, desde, hasta).reservados)
    selection.documents = documents(quipux().documents(codi, desde, hasta, include_reserved=reserved), selection.trays)
    return selection


def _missing(run: Ejecucion, folder: Path) -> Selection:
    """Of the documents that are still con novedad, as Quipux has them now, the files that are missing."""
    solicitud, main = run.solicitud, complements.main_of(run.solicitud)
    local = folder / "plan-principal.gz"
    fetch(main.plan_clave, local)
    search = missing.Search(plans.open(local), complements.missing(main), run.complemento)
    codi, desde, hasta = solicitud.cuenta.quipux_codi, solicitud.desde, solicitud.hasta
    selection = Selection(iter(()), places=search.places, asked=search.asked)
    live = quipux().documents(codi, desde, hasta, include_reserved=solicitud.incluir_reservados, only=search.ids)
    selection.documents = search.narrowed(documents(live, selection.trays))
    return selection


def _parts(claim: Claim, plan: plans.Plan) -> Iterator[Parte]:
    """One row per volume to be made; with several data volumes, the directory too."""
    for v in plan.summary.volumes:
        name, independent = names_of(plan.header.name, v.number, plan.parts)
        yield Parte(ejecucion_id=claim.ejecucion_id, numero=v.number, tipo=ParteTipo.DATOS, nombre=name,
                    nombre_independiente=independent or "", bytes_planeados=v.bytes, documentos=v.documents)
    if plan.parts > 1:
        name, _ = names_of(plan.header.name, plan.parts + 1, plan.parts)
        yield Parte(ejecucion_id=claim.ejecucion_id, numero=plan.parts + 1, tipo=ParteTipo.DIRECTORIO, nombre=name)
