"""*Reintentar faltantes*: a second, small archive with the files that could not be read for the first (decisions 20).

The request stays Atendida and what was delivered is never touched. A complement is a run of its own, with plan, volumes and
storage keys of its own; `Novedad.recuperada_por_id` of the whole archive says what it brought. Its fate here; its making is
that of every run (docs/adr/0011).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from extensions import db
from models import WORKED_ON, Ejecucion, EjecucionEstado, Novedad, Parte, ParteTipo, Solicitud
from rules import deadlines, texts
from rules.glossary import DETENCION
from rules.lifecycle import Action, Estado, IllegalMove, effective
from rules.policy import Actor, Permission, may
from services import after, clock, notices
from services.errors import Conflict, Refused
from services.mover import move


@dataclass(frozen=True, slots=True)
class Account:
    """What became of every document of the request, complements included; nothing is counted twice:
    found = included + recovered + con_novedad + excluded.

    included: whole in the archive. recovered: whole together with its complements, of which there are so many.
    con_novedad: something is still missing. files: how many files are."""

    found: int
    included: int
    recovered: int
    con_novedad: int
    excluded: int
    files: int
    complements: int = 0

    @property
    def included_words(self) -> str:
        """ "997 + 2 en el complemento": where the documents are that are whole."""
        where = "en el complemento" if self.complements == 1 else "en los complementos"
        return f"{texts.miles(self.included)} + {texts.miles(self.recovered)} {where}" if self.recovered else texts.miles(self.included)

    @property
    def holds(self) -> bool:
        return self.found == self.included + self.recovered + self.con_novedad + self.excluded


def account(main: Ejecucion) -> Account:
    """Of the archive of this run (not of a complement) as it stands now."""
    still = (Novedad.ejecucion_id == main.id, Novedad.recuperada_por_id.is_(None))
    documents, files = db.session.execute(select(func.count(Novedad.documento_codi.distinct()), func.count()).where(*still)).one()
    return Account(main.encontrados, main.incluidos, main.con_novedad - documents, documents, main.excluidos, files, len(published(main)))


def main_of(solicitud: Solicitud) -> Ejecucion | None:
    """The run whose archive was delivered; None before."""
    query = select(Ejecucion).where(
        Ejecucion.solicitud_id == solicitud.id, Ejecucion.complemento == "", Ejecucion.estado == EjecucionEstado.PUBLICADA
    )
    return db.session.scalar(query.order_by(Ejecucion.id.desc()).limit(1))


def published(main: Ejecucion) -> list[Ejecucion]:
    """The complements that were made for this archive, in order."""
    query = select(Ejecucion).where(
        Ejecucion.solicitud_id == main.solicitud_id, Ejecucion.complemento != "", Ejecucion.id > main.id,
        Ejecucion.estado == EjecucionEstado.PUBLICADA,
    )
    return list(db.session.scalars(query.order_by(Ejecucion.id)))


def live(solicitud: Solicitud) -> Ejecucion | None:
    """The complement that is being made; None when there is none."""
    query = select(Ejecucion).where(Ejecucion.solicitud_id == solicitud.id, Ejecucion.complemento != "", Ejecucion.estado.in_(WORKED_ON))
    return db.session.scalar(query)


def last_failure(main: Ejecucion) -> Ejecucion | None:
    """The last complement, when it could not be made."""
    query = select(Ejecucion).where(Ejecucion.solicitud_id == main.solicitud_id, Ejecucion.complemento != "", Ejecucion.id > main.id)
    run = db.session.scalar(query.order_by(Ejecucion.id.desc()).limit(1))
    return run if run is not None and run.estado is EjecucionEstado.CANCELADA else None


def may_order(actor: Actor, solicitud: Solicitud, estado: Estado, main: Ejecucion | None) -> bool:
    """Something is missing, the archive is in force, nobody is looking for it already; SGE officers only."""
    if estado is not Estado.ATENDIDA or main is None or not main.con_novedad or not may(actor, Permission.SOLICITUD_RUN, solicitud):
        return False
    return live(solicitud) is None and account(main).files > 0


def order(actor: Actor, solicitud: Solicitud) -> Ejecucion:
    """An officer has the missing files looked for again. Raises Conflict (nothing missing, not in force, or one is being
    made already). The caller commits."""
    main = main_of(solicitud)
    estado = effective(solicitud.estado, solicitud.vigente_hasta, clock.now())
    if not may_order(actor, solicitud, estado, main):
        raise Conflict("El respaldo no tiene archivos faltantes, ya no está vigente o su complemento ya se está preparando. Actualice la página.")
    run = Ejecucion(
        solicitud_id=solicitud.id, complemento=f"C{len(published(main)) + 1}", estado=EjecucionEstado.PENDIENTE, creada_en=clock.now()
    )
    try:
        with db.session.begin_nested():  # uq_ejecucion_una_viva: of two officers, one orders
            db.session.add(run)
        wanted = account(main)
        data = {"complemento": run.complemento, "documentos": wanted.con_novedad, "archivos": wanted.files}
        move(solicitud, Action.RETRY_MISSING, actor, data=data)
    except (IntegrityError, IllegalMove):
        raise Conflict("Otro funcionario de la SGE ya ordenó buscar los faltantes. Actualice la página.") from None
    after.nudge("jobs.produce.work")
    return run


# --- of the run --------------------------------------------------------------------------------------------------------


def missing(main: Ejecucion) -> dict[str, list[Novedad]]:
    """What is still missing: id of the document → its files."""
    query = select(Novedad).where(Novedad.ejecucion_id == main.id, Novedad.recuperada_por_id.is_(None)).order_by(Novedad.id)
    found: dict[str, list[Novedad]] = {}
    for row in db.session.scalars(query):
        found.setdefault(row.documento_codi, []).append(row)
    return found


def asked(ejecucion_id: int, places: dict[int, str]) -> None:
    """The complement's plan looks for these: id of the novedad → the place of the file in the complement's payload.
    The caller commits."""
    for row in db.session.scalars(select(Novedad).where(Novedad.id.in_(places))):
        row.pedida_por_id, row.ruta_pedida = ejecucion_id, places[row.id]
    db.session.flush()


def recover(run: Ejecucion) -> int:
    """Mark the files that the complement has brought; how many they are. The caller commits."""
    lost = {n.ruta for n in run.novedades}
    rows = [n for n in db.session.scalars(select(Novedad).where(Novedad.pedida_por_id == run.id)) if n.ruta_pedida not in lost]
    for row in rows:
        row.recuperada_por_id = run.id
    db.session.flush()
    return len(rows)


def publish(run: Ejecucion, at: datetime) -> Solicitud:
    """The complement belongs to the archive from now on: valid for 4 días calendario again, and everybody is told.
    The caller commits."""
    main = main_of(run.solicitud)
    now = account(main)
    # An extension already granted may reach further than four days: nobody loses by a complement.
    until = max(deadlines.vigente_hasta(at), run.solicitud.vigente_hasta)
    parts = [p for p in run.partes if p.tipo is ParteTipo.DATOS]
    recovered = db.session.scalar(select(func.count()).where(Novedad.recuperada_por_id == run.id))
    data = {
        "complemento": run.complemento, "partes": len(parts), "bytes": sum(p.bytes for p in parts), "recuperados": recovered,
        "con_novedad": now.con_novedad, "vigente_hasta": until.isoformat(), "sha256": {p.nombre: p.sha256 for p in run.partes},
    }
    solicitud = move(run.solicitud, Action.COMPLEMENT, None, data=data, vigente_hasta=until)
    notices.tell("complemento", solicitud, occasion=str(run.id), ejecucion=run, cuenta=now, recuperados=recovered)
    return solicitud


def give_up(run: Ejecucion, cause: str) -> None:
    """It cannot be made: the archive stays as it was delivered, the SGE is told, and another may be ordered. What it left in
    the storage is nobody's any more: the sweep clears it. The caller commits."""
    _drop(run, cause)
    solicitud = run.solicitud
    move(solicitud, Action.COMPLEMENT_FAIL, None, comment=DETENCION[cause], data={"complemento": run.complemento, "causa": cause})
    notices.tell_sge("complemento_fallido", solicitud, occasion=str(run.id), causa=DETENCION[cause], ejecucion=run)


def stop(actor: Actor, solicitud: Solicitud, reason: str) -> None:
    """An officer stops the complement that is being made: who works on it is fenced off, the archive stays as it was
    delivered, and another may be ordered. Raises Refused (no reason), Conflict (none is being made). The caller commits."""
    if not reason.strip():
        raise Refused({"motivo": "Escriba el motivo de la detención."})
    run = live(solicitud)
    if run is None:
        raise Conflict("El complemento ya no se está preparando. Actualice la página.")
    _drop(run, "orden")
    try:
        move(solicitud, Action.COMPLEMENT_STOP, actor, comment=reason.strip(), data={"complemento": run.complemento})
    except IllegalMove:
        raise Conflict("La solicitud cambió de estado mientras usted la revisaba. Actualice la página.") from None


def _drop(run: Ejecucion, cause: str) -> None:
    run.estado, run.detencion, run.terminada_en = EjecucionEstado.CANCELADA, cause, clock.now()
    run.arrendada_hasta, run.espera, run.espera_desde, run.plan_clave = None, "", None, ""
    run.intento += 1
    db.session.flush()
    db.session.execute(
        update(Parte)
        .where(Parte.ejecucion_id == run.id)
        .values(intento=Parte.intento + 1, arrendada_hasta=None, trabajador="", clave="", sha256=""),
        execution_options={"synchronize_session": False},
    )
    db.session.execute(
        update(Novedad).where(Novedad.recuperada_por_id == run.id).values(recuperada_por_id=None), execution_options={"synchronize_session": False}
    )
    db.session.refresh(run)
