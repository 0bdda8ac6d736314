"""Production of archives: claim a run, plan it, make its volumes, publish them, finish. May be killed at any moment.

The unit of commit is a published volume; whoever takes the run over goes on with the unfinished ones (archive.md §6).
"""

from __future__ import annotations

import logging
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path

from flask import Flask, current_app
from sqlalchemy import select

from archive import directory, plan as plans, volume
from archive.errors import Stopped
from archive.model import SourceDown
from archive.names import names_of
from extensions import db
from jobs import stopping
from jobs.material import Breaker, Material, TooManyProblems, documents, header
from models import Ejecucion, Parte, ParteTipo
from services import clock, runs, solicitudes
from services.adapters import quipux, storage
from services.errors import Refused
from services.runs import Claim, Fenced
from sources import SourceUnavailable
from storage import StorageError

log = logging.getLogger(__name__)

PAUSE = 5.0  # seconds between two looks at a source that does not answer
WORKER = "RESPALDOS_WORKER"  # process number of the worker whose horse this is (jobs.worker)
BEAT = 1.0  # seconds between two writes of progress: at most one a second (decisions 15)


def work() -> int:
    """Take one run after another until none is due; returns how many were worked on. The queue calls this, with no ids:
    what is due is in the database."""
    done = 0
    while not stopping.requested():
        claim = runs.claim(worker_name())
        if claim is None:
            break
        run_one(claim)
        done += 1
    return done


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.environ.get(WORKER) or os.getpid()}"


def run_one(claim: Claim) -> None:
    """Carry one claimed run as far as it goes. Raises nothing: every end is written in the database."""
    log.info("run %s of request %s, attempt %s", claim.ejecucion_id, claim.solicitud_id, claim.intento)
    try:
        with Pulse(claim) as pulse:
            _produce(claim, pulse)
    except Fenced as fenced:
        log.warning("left the run: %s", fenced)
    except Stopped:
        # Stopped because it was overtaken: handing back is refused, which is right.
        with suppress(Fenced):
            runs.hand_back(claim)
    except Exception:
        log.exception("run %s failed", claim.ejecucion_id)
        db.session.rollback()
        with suppress(Fenced):
            runs.failed(claim)
    finally:
        db.session.remove()


def _produce(claim: Claim, pulse: Pulse) -> None:
    with _scratch(claim) as folder:
        plan = _plan(claim, pulse, folder)
        breaker = Breaker(plan.summary.documents, plan.summary.con_novedad, off=_run(claim).continuar)
        db.session.commit()
        if breaker.tripped:
            runs.detain(claim, "novedades")
        for number in range(1, plan.parts + 1):
            _make(claim, pulse, number, lambda out, n=number: _data_volume(claim, pulse, plan, n, out, breaker), folder)
        if plan.parts > 1:
            _make(claim, pulse, plan.parts + 1, lambda out: directory.build(plan, _opener(claim), out), folder)
        pulse.stage("publicar")
        runs.finish(claim)


def _run(claim: Claim) -> Ejecucion:
    return db.session.get(Ejecucion, claim.ejecucion_id, populate_existing=True)


# --- plan --------------------------------------------------------------------------------------------------------------


def _plan(claim: Claim, pulse: Pulse, folder: Path) -> plans.Plan:
    """The stored plan, or a new one when there is none yet."""
    local = folder / "plan.gz"
    key = _run(claim).plan_clave
    db.session.commit()
    if key:
        _patiently(claim, pulse, lambda: _fetch(key, local))
        return plans.open(local)
    pulse.stage("recolectar")
    counts = _patiently(claim, pulse, lambda: _draw_up(claim, local))
    key = f"{_folder(claim)}/plan.gz"
    kept = folder / "plan-copia.gz"
    os.link(local, kept)
    _patiently(claim, pulse, lambda: storage().put(key, kept))
    plan = plans.open(local)
    runs.planned(claim, key, counts=counts, parts=list(_parts(claim, plan)))
    return plan


def _fetch(key: str, local: Path) -> None:
    with storage().open(key) as source, open(local, "wb") as out:
        while chunk := source.read(1 << 20):
            out.write(chunk)


def _draw_up(claim: Claim, local: Path) -> dict[str, int]:
    """Check that the person is still eligible, select the documents and write the plan. Returns the run's counts."""
    solicitud = _run(claim).solicitud
    try:
        solicitudes.eligible_now(solicitud)
    except Refused:
        runs.detain(claim, "elegible")
    codi, desde, hasta, reserved = solicitud.cuenta.quipux_codi, solicitud.desde, solicitud.hasta, solicitud.incluir_reservados
    excluded = 0 if reserved else quipux().count(codi, desde, hasta).reservados
    head = header(solicitud, excluded=excluded, made=clock.now())
    db.session.commit()
    trays = {"enviado": 0, "recibido": 0}
    selection = documents(quipux().documents(codi, desde, hasta, include_reserved=reserved), trays)
    summary = plans.make(head, selection, local, part_size=current_app.config["PART_SIZE"])
    return {
        "encontrados": summary.found, "excluidos": summary.excluded, "con_novedad": summary.con_novedad, "bytes_total": summary.bytes,
        "recibidos": trays["recibido"], "enviados": trays["enviado"], "documentos_hechos": 0, "bytes_hechos": 0,
    }


def _parts(claim: Claim, plan: plans.Plan):
    """One row per volume to be made; with several data volumes, the directory too."""
    for v in plan.summary.volumes:
        name, independent = names_of(plan.header.name, v.number, plan.parts)
        yield Parte(ejecucion_id=claim.ejecucion_id, numero=v.number, tipo=ParteTipo.DATOS, nombre=name,
                    nombre_independiente=independent or "", bytes_planeados=v.bytes, documentos=v.documents)
    if plan.parts > 1:
        name, _ = names_of(plan.header.name, plan.parts + 1, plan.parts)
        yield Parte(ejecucion_id=claim.ejecucion_id, numero=plan.parts + 1, tipo=ParteTipo.DIRECTORIO, nombre=name)


# --- volumes -----------------------------------------------------------------------------------------------------------


def _make(claim: Claim, pulse: Pulse, number: int, build: Callable[[Path], volume.VolumeResult], folder: Path) -> None:
    """Make, keep and publish one volume, unless it is already published."""
    part = db.session.scalar(select(Parte).where(Parte.ejecucion_id == claim.ejecucion_id, Parte.numero == number))
    published, documents_here, bytes_here = part.sha256, part.documentos, part.bytes_planeados
    db.session.commit()
    if not published:
        out = folder / f"parte{number}"
        result = _patiently(claim, pulse, lambda: build(out))
        # The attempt is in the key: a worker that was overtaken can never replace the bytes of the one that goes on.
        key = f"{_folder(claim)}/{claim.intento}/{result.name}"
        pulse.stage("publicar")
        _patiently(claim, pulse, lambda: storage().put(key, out))
        runs.publish(claim, number, key=key, result=result)
        pulse.stage("empaquetar")
    if part.tipo is ParteTipo.DATOS:
        pulse.volume_done(documents_here, bytes_here)


def _data_volume(claim: Claim, pulse: Pulse, plan: plans.Plan, number: int, out: Path, breaker: Breaker) -> volume.VolumeResult:
    c = current_app.config
    try:
        return volume.build(
            plan, number, Material(quipux(), breaker), out, earlier=_opener(claim), progress=pulse.volume_progress,
            should_stop=pulse.should_stop, signatures=c["FIRMAS"], anchors=Path(c["FIRMAS_ANCLAS"]) if c["FIRMAS_ANCLAS"] else None,
        )
    except TooManyProblems:
        runs.detain(claim, "novedades")
        raise AssertionError("detain always raises") from None


def _opener(claim: Claim):
    def opener(number: int):
        key = db.session.scalar(select(Parte.clave).where(Parte.ejecucion_id == claim.ejecucion_id, Parte.numero == number))
        db.session.commit()
        return storage().open(key)

    return opener


def _folder(claim: Claim) -> str:
    return f"solicitudes/{claim.solicitud_id:06d}/{claim.ejecucion_id}"


@contextmanager
def _scratch(claim: Claim):
    """A folder for what is under construction; gone at the end. What a killed worker left is swept later."""
    with tempfile.TemporaryDirectory(dir=storage().scratch(), prefix=f"run-{claim.ejecucion_id}-{claim.intento}-") as folder:
        yield Path(folder)


def _patiently(claim: Claim, pulse: Pulse, task: Callable):
    """Do `task`, waiting for Quipux or the disk as long as it takes: neither is the run's fault (decisions 16)."""
    waited = bool(_run(claim).espera)  # also what an earlier worker was waiting for
    db.session.commit()
    while True:
        try:
            result = task()
        except (SourceUnavailable, SourceDown) as problem:
            what, why = "fuente", problem
        except FileNotFoundError:  # something of ours is missing: waiting does not bring it back
            raise
        except (StorageError, OSError) as problem:  # the storage, or the local disk on which volumes are built
            what, why = "almacen", problem
        else:
            if waited:
                runs.answered(claim)
            return result
        log.warning("waiting for %s: %s", what, why)
        db.session.rollback()
        pulse.silent()
        runs.wait(claim, what)
        waited = True
        if stopping.sleep(PAUSE) or pulse.should_stop():
            raise Stopped


# --- sign of life ------------------------------------------------------------------------------------------------------


class Pulse:
    """A thread that renews the lease and writes the progress, at most once a second; `fenced` when the run is not ours
    any more. A long read or upload therefore never loses the lease."""

    def __init__(self, claim: Claim):
        self.claim = claim
        self.fenced = False
        self._app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)
        self._stage = ""
        self._base = (0, 0)
        self._now = (0, 0)
        self._written: dict = {}
        self._answering = False

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(self, kind, *_rest) -> None:
        self._over.set()
        self._thread.join()

    def stage(self, name: str) -> None:
        self._stage = name

    def volume_progress(self, documents: int, octets: int) -> None:
        """Documents and payload bytes done of the volume under construction."""
        self._now = (documents, octets)
        self._answering = octets > 0

    def silent(self) -> None:
        """What is read from does not answer: the run goes on saying so until bytes flow again."""
        self._now, self._answering = (0, 0), False

    def volume_done(self, documents: int, octets: int) -> None:
        self._base = (self._base[0] + documents, self._base[1] + octets)
        self._now = (0, 0)

    def should_stop(self) -> bool:
        """Between documents: asked to stop, or overtaken."""
        return self.fenced or stopping.requested()

    def _beat(self) -> None:
        quiet = self._app.config["LEASE_SECONDS"] / 4
        last = 0.0
        while not self._over.wait(BEAT):
            state = self._state()
            if state == self._written and time.monotonic() - last < quiet:
                continue
            with self._app.app_context():
                try:
                    runs.heartbeat(self.claim, **state)
                except Fenced:
                    self.fenced = True
                    return
                except Exception:  # the database may be away for a moment: the next beat tries again
                    log.exception("heartbeat of run %s", self.claim.ejecucion_id)
                    continue
            self._written, last = state, time.monotonic()

    def _state(self) -> dict:
        (d0, b0), (d1, b1) = self._base, self._now
        state: dict = {"documentos_hechos": d0 + d1, "bytes_hechos": b0 + b1}
        if self._answering:
            state |= {"espera": "", "espera_desde": None}
        return state | ({"etapa": self._stage} if self._stage else {})
