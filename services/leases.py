"""The volumes of a run and who is making them: several workers share a large one (archive.md §6, docs/adr/0019).

A worker takes a volume by compare-and-set and carries `Parte.intento` as its fencing token, as the run's leader does with
the run (services.runs): two workers never make one volume, and who was overtaken or stopped publishes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, exists, func, or_, select, update

from archive.model import NOTICES
from extensions import db
from models import WORKED_ON, Ejecucion, EjecucionEstado, Novedad, Parte, ParteTipo
from services import after, clock, production, runs
from services.runs import MAX_FAILURES, Claim, Fenced, lease_end


@dataclass(frozen=True, slots=True)
class Hold:
    """A volume taken by this worker; `intento` must still be the row's at every write."""

    parte_id: int
    ejecucion_id: int
    numero: int
    intento: int


def take(ejecucion_id: int, worker: str, *, leader: bool) -> Hold | None:
    """The next volume of the run that nobody is making; None when there is none now. The last data volume comes after the
    others, whose lists it carries; the directory is the leader's. A volume lost by its maker three times stops the run.
    Commits. Raises Fenced when it stopped it."""
    at = clock.now()
    for part in _open(ejecucion_id, leader):
        fallos = part.fallos + (part.arrendada_hasta is not None)
        if fallos >= MAX_FAILURES:
            _halt(part)
        if _grasp(part, worker, at, fallos):
            db.session.commit()
            return Hold(part.id, ejecucion_id, part.numero, part.intento + 1)
    db.session.rollback()
    return None


def _open(ejecucion_id: int, leader: bool) -> list[Any]:
    query = select(Parte.id, Parte.ejecucion_id, Parte.numero, Parte.tipo, Parte.intento, Parte.fallos, Parte.arrendada_hasta)
    rows = db.session.execute(query.where(Parte.ejecucion_id == ejecucion_id, Parte.sha256 == "").order_by(Parte.numero)).all()
    at, last = clock.now(), _last_data(ejecucion_id)
    data = [row.numero for row in rows if row.tipo is ParteTipo.DATOS]
    if data and data != [last]:
        ready = {number for number in data if number != last}
    else:
        ready = {last} if data else {row.numero for row in rows if leader}
    return [row for row in rows if row.numero in ready and (row.arrendada_hasta is None or row.arrendada_hasta < at)]


def _last_data(ejecucion_id: int) -> int:
    return db.session.scalar(select(func.max(Parte.numero)).where(Parte.ejecucion_id == ejecucion_id, Parte.tipo == ParteTipo.DATOS)) or 0


def _grasp(part: Any, worker: str, at: datetime, fallos: int) -> bool:
    """Compare-and-set on the token, while nobody holds the lease and the run goes on."""
    going = exists().where(Ejecucion.id == part.ejecucion_id, Ejecucion.estado == EjecucionEstado.EN_CURSO)
    taken = db.session.execute(
        update(Parte)
        .where(Parte.id == part.id, Parte.intento == part.intento, Parte.sha256 == "", _free(at), going)
        .values(intento=Parte.intento + 1, fallos=fallos, arrendada_hasta=lease_end(at), trabajador=worker[:120], documentos_hechos=0,
                bytes_hechos=0, fallidos=0, racha=0),
        execution_options={"synchronize_session": False},
    ).rowcount
    return taken == 1


def _free(at: datetime):
    return or_(Parte.arrendada_hasta.is_(None), Parte.arrendada_hasta < at)


def _halt(part: Any) -> None:
    # Locked: of two workers that find it, one tells the SGE.
    run = db.session.get(Ejecucion, part.ejecucion_id, populate_existing=True, with_for_update=True)
    if run.estado in WORKED_ON:
        runs.halt(run, "fallos")
    db.session.commit()
    raise Fenced(f"volume {part.numero} of run {part.ejecucion_id} failed {MAX_FAILURES} times")


# --- while it is made --------------------------------------------------------------------------------------------------


def write(hold: Hold, **columns: Any) -> None:
    """Write columns of the volume while it is still ours and its run goes on. Raises Fenced. The caller commits."""
    going = exists().where(Ejecucion.id == hold.ejecucion_id, Ejecucion.estado.in_(WORKED_ON))
    count = db.session.execute(
        update(Parte).where(Parte.id == hold.parte_id, Parte.intento == hold.intento, Parte.sha256 == "", going).values(**columns),
        execution_options={"synchronize_session": False},
    ).rowcount
    if count != 1:
        db.session.rollback()
        raise Fenced(f"volume {hold.numero} of run {hold.ejecucion_id}, attempt {hold.intento}")


def beat(claim: Claim | None, hold: Hold | None, progress: dict[str, int], **columns: Any) -> None:
    """One sign of life of one worker, one transaction: renews its lease of the volume and, of the leader, that of the run,
    whose figures are the sum over all workers. Raises Fenced. Commits."""
    if hold is not None:
        write(hold, arrendada_hasta=lease_end(clock.now()), **progress)
    if claim is not None:
        documents, octets = totals(claim.ejecucion_id)
        runs.heartbeat(claim, documentos_hechos=documents, bytes_hechos=octets, **columns)
    db.session.commit()


def totals(ejecucion_id: int, *, but: Hold | None = None) -> tuple[int, int]:
    """(documents, payload bytes) done by all workers: whole volumes that are published, and those under construction."""
    done = Parte.sha256 != ""
    query = select(
        func.coalesce(func.sum(case((done, Parte.documentos), else_=Parte.documentos_hechos)), 0),
        func.coalesce(func.sum(case((done, Parte.bytes_planeados), else_=Parte.bytes_hechos)), 0),
    ).where(Parte.ejecucion_id == ejecucion_id, Parte.tipo == ParteTipo.DATOS)
    if but is not None:
        query = query.where(Parte.id != but.parte_id)
    documents, octets = db.session.execute(query).one()
    return int(documents), int(octets)


def failures(ejecucion_id: int, *, but: Hold | None = None) -> int:
    """Files that could not be read while the volumes were made, those of earlier workers and of others included."""
    query = select(func.coalesce(func.sum(Parte.fallidos), 0)).where(Parte.ejecucion_id == ejecucion_id)
    if but is not None:
        query = query.where(Parte.id != but.parte_id)
    return int(db.session.scalar(query))


def streak_before(hold: Hold) -> int:
    """Unreadable files in a row at the end of the volume before this one, when that is published."""
    before = and_(Parte.ejecucion_id == hold.ejecucion_id, Parte.numero == hold.numero - 1, Parte.sha256 != "")
    return db.session.scalar(select(Parte.racha).where(before)) or 0


# --- its end -----------------------------------------------------------------------------------------------------------


def publish(hold: Hold, *, key: str, result: Any, failed: int = 0, streak: int = 0) -> None:
    """The volume is in the storage and was read back: write it down, with its novedades. Progress forgives failures.
    `result`: an archive.volume.VolumeResult; `failed`, `streak`: its unreadable files, and those in a row at its end.
    Raises Fenced. Commits."""
    write(
        hold, clave=key, bytes=result.bytes, sha256=result.sha256, entradas=result.entries, documentos=result.documents,
        nombre=result.name, nombre_independiente=result.independent_name or "", publicada_en=clock.now(), arrendada_hasta=None,
        fallos=0, fallidos=failed, racha=streak,
    )
    db.session.execute(update(Ejecucion).where(Ejecucion.id == hold.ejecucion_id).values(fallos=0), execution_options={"synchronize_session": False})
    for n in result.novedades:
        if n.cause not in NOTICES:
            db.session.add(
                Novedad(ejecucion_id=hold.ejecucion_id, parte_numero=hold.numero, documento_codi=n.document_id, numero=n.number[:60],
                        asunto=n.subject[:400], archivo=n.file[:250], causa=n.cause, ruta=n.path)
            )
    db.session.commit()
    db.session.expire_all()


def release(hold: Hold) -> None:
    """Give the volume back, unfinished; nobody's failure. Raises Fenced. Commits."""
    write(hold, arrendada_hasta=None, trabajador="", documentos_hechos=0, bytes_hechos=0, fallidos=0, racha=0)
    db.session.commit()


def failed(hold: Hold) -> None:
    """An error while the volume was made: the third stops the run, else it goes back. Raises Fenced. Commits."""
    part = db.session.get(Parte, hold.parte_id, populate_existing=True)
    fallos = part.fallos + 1
    write(hold, arrendada_hasta=None, trabajador="", fallos=fallos, documentos_hechos=0, bytes_hechos=0, fallidos=0, racha=0)
    if fallos >= MAX_FAILURES:
        _halt(part)
    db.session.commit()


def detain(hold: Hold, cause: str) -> None:
    """A helper found that the run must stop for the SGE to look at. Always raises Fenced. Commits."""
    write(hold, fallidos=Parte.fallidos)
    runs.halt(db.session.get(Ejecucion, hold.ejecucion_id, populate_existing=True), cause)
    db.session.commit()
    raise Fenced(f"detained: {cause}")


def complete(ejecucion_id: int) -> bool:
    """Every volume is published."""
    return not db.session.scalar(select(func.count()).where(Parte.ejecucion_id == ejecucion_id, Parte.sha256 == ""))


# --- helping -----------------------------------------------------------------------------------------------------------


def wanting() -> list[int]:
    """Ids of runs with a volume that nobody is making while their leader is at work, the oldest first. A run that waits for
    Quipux or the storage wants no help, and none is given while the production is paused."""
    if production.paused():
        return []
    at = clock.now()
    query = (
        select(Parte.ejecucion_id)
        .join(Ejecucion, Ejecucion.id == Parte.ejecucion_id)
        .where(Ejecucion.estado == EjecucionEstado.EN_CURSO, Ejecucion.arrendada_hasta >= at, Ejecucion.espera == "")
        .where(Parte.tipo == ParteTipo.DATOS, Parte.sha256 == "", _free(at))
        .group_by(Parte.ejecucion_id)
        .having(func.count() > 1)  # of one alone the leader takes care: mostly the last volume, which waits for the others
        .order_by(Parte.ejecucion_id)
    )
    return list(db.session.scalars(query))


def call_helpers(ejecucion_id: int) -> None:
    """Wake idle workers, once this transaction is committed, for the volumes that the leader cannot make at the same time."""
    volumes = db.session.scalar(
        select(func.count()).where(Parte.ejecucion_id == ejecucion_id, Parte.tipo == ParteTipo.DATOS, Parte.sha256 == "")
    )
    if volumes > 2:
        for _ in range(min(volumes - 2, after.idle_workers())):
            runs.nudge()
