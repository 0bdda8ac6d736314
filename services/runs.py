"""The production of an archive as the database sees it: progress, finish, failure, an officer's orders. Which worker gets which run:
services.turns. Its volumes: services.leases.

The row is the truth and the queue a nudge: a worker carries `intento` as its fencing token, and every write of one that was overtaken
is refused (`Fenced`). decisions 9, 15, 16; archive.md §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Iterable

from flask import current_app
from sqlalchemy import and_, select, update

from extensions import db
from models import UNFINISHED, Ejecucion, EjecucionEstado, Parte, ParteTipo, Solicitud
from rules import deadlines
from rules.glossary import DETENCION
from rules.lifecycle import Action, IllegalMove
from rules.policy import Actor
from services import after, clock, complements, notices, production
from services.errors import Conflict, Refused
from services.mover import move

MAX_FAILURES = 3


class Fenced(Exception):
    """Another worker, or an officer, has taken this run: stop at once and write nothing more."""


class CountsBroken(Exception):
    """What was found is not what the volumes hold and what was left out: a part is missing, or a document was lost or counted twice.
    Never published (archive.md §5)."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A run taken by this worker; `intento` must still be the row's at every write."""

    ejecucion_id: int
    solicitud_id: int
    intento: int


def nudge() -> None:
    """Wake a worker once this transaction is committed; it finds by itself what is due."""
    after.nudge("jobs.produce.work")


def lease_end(at: datetime) -> datetime:
    return at + timedelta(seconds=current_app.config["LEASE_SECONDS"])


# --- while it runs -----------------------------------------------------------------------------------------------------


def write(claim: Claim, **columns: Any) -> None:
    """Write columns of the run while it is still ours. Raises Fenced. The caller commits."""
    count = db.session.execute(
        update(Ejecucion)
        .where(Ejecucion.id == claim.ejecucion_id, Ejecucion.intento == claim.intento, Ejecucion.estado == EjecucionEstado.EN_CURSO)
        .values(**columns),
        execution_options={"synchronize_session": False},
    ).rowcount
    if count != 1:
        db.session.rollback()
        raise Fenced(f"run {claim.ejecucion_id} attempt {claim.intento}")


def heartbeat(claim: Claim, **progress: Any) -> None:
    """Renew the lease and show the progress. Raises Fenced. Commits."""
    at = clock.now()
    write(claim, latido=at, arrendada_hasta=lease_end(at), **progress)
    db.session.commit()


def planned(
    claim: Claim, plan_key: str, *, counts: dict[str, int], parts: Iterable[Parte], asked: dict[int, str] | None = None
) -> None:
    """Keep the plan: its counts and one row per volume to be made. asked: of a complement, see services.complements.
    Raises Fenced. Commits."""
    write(claim, plan_clave=plan_key, plan_en=clock.now(), etapa="empaquetar", **counts)
    db.session.add_all(parts)
    if asked is not None:
        complements.asked(claim.ejecucion_id, asked)
    else:
        db.session.execute(
            update(Solicitud)
            .where(Solicitud.id == claim.solicitud_id)
            .values(estimado_documentos=counts["encontrados"], estimado_bytes=counts["bytes_total"])
        )
    db.session.commit()


def finish(claim: Claim) -> Solicitud:
    """All volumes are published: the request is Atendida, valid for 4 días calendario, and everybody is told. A complement
    joins the archive it completes.

    Raises Fenced (also when a complement recovered nothing), CountsBroken (then nothing is published). Commits."""
    run = db.session.get(Ejecucion, claim.ejecucion_id, populate_existing=True)
    if missing := [p.numero for p in run.partes if not p.sha256]:
        raise CountsBroken(f"parts not published: {missing}")
    # Every volume counted, while it was made, the documents that begin in it: each document of the plan begins in one.
    made, con_novedad = sum(p.documentos for p in data_parts(run)), len({n.documento_codi for n in run.novedades})
    if run.encontrados != made + run.excluidos or con_novedad > made:
        raise CountsBroken(f"{run.encontrados} found, {made} in the volumes ({con_novedad} con novedad), {run.excluidos} excluded")
    incluidos = made - con_novedad
    if run.complemento and not complements.recover(run):
        detain(claim, "faltantes")
    at = clock.now()
    write(claim, estado=EjecucionEstado.PUBLICADA, etapa="publicar", terminada_en=at, con_novedad=con_novedad, incluidos=incluidos,
          arrendada_hasta=None, documentos_hechos=run.encontrados - run.excluidos, bytes_hechos=run.bytes_total)
    db.session.refresh(run)
    solicitud = complements.publish(run, at) if run.complemento else _deliver(run, at)
    db.session.commit()
    return solicitud


def _deliver(run: Ejecucion, at: datetime) -> Solicitud:
    until = deadlines.vigente_hasta(at)
    data = {
        "partes": len(data_parts(run)), "bytes": sum(p.bytes for p in data_parts(run)), "encontrados": run.encontrados,
        "incluidos": run.incluidos, "con_novedad": run.con_novedad, "excluidos": run.excluidos, "vigente_hasta": until.isoformat(),
        "sha256": {p.nombre: p.sha256 for p in run.partes},
    }
    solicitud = move(run.solicitud, Action.FINISH, None, data=data, generada_en=at, vigente_hasta=until)
    notices.tell("lista", solicitud, ejecucion=run)
    if run.con_novedad:
        notices.tell_sge("novedades", solicitud, ejecucion=run)
    return solicitud


def data_parts(run: Ejecucion) -> list[Parte]:
    """Data volumes only: what counts, what is "completa", what reminders look at (decisions 19)."""
    return [p for p in run.partes if p.tipo is ParteTipo.DATOS]


# --- when it cannot go on ----------------------------------------------------------------------------------------------


def hand_back(claim: Claim) -> None:
    """SIGTERM: the run is free for the next worker, and it is nobody's failure. Commits."""
    write(claim, estado=EjecucionEstado.PENDIENTE, arrendada_hasta=None, trabajador="")
    nudge()
    db.session.commit()


def wait(claim: Claim, what: str) -> None:
    """The source (or the storage) does not answer: say so and keep the lease. After RUN_WAIT_HOURS the run stops.
    Raises Fenced, also when it was stopped here. Commits."""
    run = db.session.get(Ejecucion, claim.ejecucion_id, populate_existing=True)
    since = run.espera_desde or clock.now()
    if clock.now() - since > timedelta(hours=current_app.config["RUN_WAIT_HOURS"]):
        detain(claim, what)
    heartbeat(claim, espera=what, espera_desde=since)


def answered(claim: Claim) -> None:
    """What was waited for is there again. Raises Fenced. Commits."""
    heartbeat(claim, espera="", espera_desde=None)


def failed(claim: Claim) -> None:
    """An error of this program or of the machine: the third without progress stops the run, else another attempt follows.
    Raises Fenced when it was stopped. Commits."""
    run = db.session.get(Ejecucion, claim.ejecucion_id, populate_existing=True)
    if run.fallos + 1 >= MAX_FAILURES:
        detain(claim, "fallos")
    write(claim, estado=EjecucionEstado.PENDIENTE, fallos=run.fallos + 1, arrendada_hasta=None)
    nudge()
    db.session.commit()


def detain(claim: Claim, cause: str) -> None:
    """Stop the run for the SGE to look at. Always raises Fenced: the worker has nothing more to do. Commits."""
    write(claim, latido=clock.now())
    halt(db.session.get(Ejecucion, claim.ejecucion_id, populate_existing=True), cause)
    db.session.commit()
    raise Fenced(f"detained: {cause}")


def halt(run: Ejecucion, cause: str) -> None:
    """Stop a run, whoever works on it, and tell the SGE. A complement ends with it: the archive it should complete stays
    as it is. The caller commits."""
    if run.complemento:
        complements.give_up(run, cause)
        return
    _freeze(run, cause)
    move(run.solicitud, Action.FAIL, None, comment=DETENCION[cause], data={"causa": cause})
    notices.tell_sge("detenida", run.solicitud, occasion=str(run.intento), causa=DETENCION[cause])


def _freeze(run: Ejecucion, cause: str) -> None:
    """Detenida: everybody who works on it is fenced off, finished volumes stay."""
    run.estado, run.detencion = EjecucionEstado.DETENIDA, cause
    _fence(run)


def abandon(solicitud: Solicitud) -> None:
    """The request ends, and so does what is being made for it, waits or was stopped: nobody publishes any more of it. The caller
    commits."""
    run = live(solicitud)
    if run is None:
        return
    if run.complemento:
        complements.give_up(run, "vigencia")
        return
    run.estado, run.terminada_en = EjecucionEstado.CANCELADA, clock.now()
    _fence(run)


def _fence(run: Ejecucion) -> None:
    """Nobody who works on this run, or is making a volume of it, may write any more."""
    run.arrendada_hasta, run.espera, run.espera_desde, run.intento = None, "", None, run.intento + 1
    db.session.flush()
    production.fence_parts([run.id])


def stop(actor: Actor, solicitud: Solicitud, reason: str) -> None:
    """An officer stops a run: detenida, the worker is fenced off, finished volumes stay."""
    if not reason.strip():
        raise Refused({"motivo": "Escriba el motivo de la detención."})
    run = live(solicitud)
    if run is not None:
        _freeze(run, "orden")
    _officer(solicitud, Action.STOP, actor, comment=reason.strip())


def retry(actor: Actor, solicitud: Solicitud, *, keep_going: bool = False, reason: str = "") -> None:
    """*Reintentar*: back to Aprobada for this moment with the same plan; finished volumes are kept. `keep_going`:
    *Continuar con novedades*, with a reason, after too many unreadable files (decisions 16)."""
    if keep_going and not reason.strip():
        raise Refused({"motivo": "Escriba el motivo para continuar con novedades."})
    run = live(solicitud)
    if run is not None:
        run.estado, run.fallos, run.detencion, run.continuar = EjecucionEstado.PENDIENTE, 0, "", run.continuar or keep_going
        for part in run.partes:
            part.fallos = 0
        db.session.flush()
    at = clock.now()
    _officer(solicitud, Action.RETRY, actor, comment=reason.strip(), data={"continuar": keep_going}, fecha_tentativa=clock.today(), ejecutar_desde=at)
    nudge()


def _officer(solicitud: Solicitud, action: Action, actor: Actor, **rest: Any) -> None:
    try:
        move(solicitud, action, actor, **rest)
    except IllegalMove:
        raise Conflict("La ejecución cambió de estado mientras usted la revisaba. Actualice la página.") from None


def live(solicitud: Solicitud) -> Ejecucion | None:
    """The request's run (also of a complement) that is waiting, running or stopped; None when there is none."""
    return db.session.scalar(select(Ejecucion).where(Ejecucion.solicitud_id == solicitud.id, Ejecucion.estado.in_(UNFINISHED)))


def latest(solicitud: Solicitud) -> Ejecucion | None:
    """The request's last run of the whole archive, whatever became of it."""
    return db.session.scalar(
        select(Ejecucion)
        .where(and_(Ejecucion.solicitud_id == solicitud.id, Ejecucion.complemento == ""))
        .order_by(Ejecucion.id.desc())
        .limit(1)
    )
