"""Implantación of an institution, stage by stage (seed 002). Only for the Administración Pública Central.

The caller commits, except in the sweeps. A plazo that is over is enforced when read: `effective` says *suspendida* before
anybody has written it, and no action of the ambiente is accepted from then on; `settle` writes it and sends the mails."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import FileStorage

from extensions import db
from models import Actividad, Cargo, Implantacion, Institucion, Nombramiento, Plantilla, Sesion, Usuario
from rules.policy import Actor
from rules.processes import IMPLANTATION_DAYS, Etapa, Step
from services import clock, institutions, notices, plazos, processes, scope, signin, uploads
from services.errors import Conflict, Refused
from services.institutions import effective
from services.people import in_force
from services.processes import step

log = logging.getLogger(__name__)
MAX_RESUME_DAYS = 30
OVER = frozenset({Etapa.PRODUCCION, Etapa.ANULADA})


def settle(row: Implantacion) -> bool:
    """Suspend the process if its plazo is over, and tell the AIQ and the officer in charge. True when it was done now."""
    if effective(row) is row.estado:
        return False
    step(row, Step.SUSPEND, None, data={"vence": row.plazo_vence.isoformat()}, vencida_en=clock.now())
    tell("suspendida", row, row.usuario, row.responsable)
    return True


def settle_all() -> tuple[int, int]:
    """Suspend everything whose plazo is over; (done, failed). Commits each."""
    late = select(Implantacion.id).where(
        Implantacion.estado == Etapa.AMBIENTE, Implantacion.plazo_congelado.is_(None), Implantacion.plazo_vence <= clock.now()
    )
    return _each(late, settle)


def remind_all() -> tuple[int, int]:
    """Remind of the plazos that end in two days or in one; (done, failed). Commits each."""
    running = select(Implantacion.id).where(
        Implantacion.estado == Etapa.AMBIENTE, Implantacion.plazo_congelado.is_(None), Implantacion.plazo_vence > clock.now()
    )
    return _each(running, _remind)


def _remind(row: Implantacion) -> bool:
    days = plazos.reminder_due(row)
    if days is None or row.usuario is None:
        return False
    # By the end of the plazo, not by the version of the row: each reminder goes out once.
    return tell("recordatorio", row, row.usuario, occasion=f"{days}:{row.plazo_vence.date()}", dias=days)


def _each(query, task) -> tuple[int, int]:
    done = failed = 0
    for row_id in list(db.session.scalars(query)):
        try:
            done += bool(task(db.session.get(Implantacion, row_id)))
            db.session.commit()
        except Exception:
            log.exception("implantacion %s", row_id)
            db.session.rollback()
            failed += 1
    return done, failed


def tell(occurrence: str, row: Implantacion, *people: Usuario | None, occasion: str = "", **context) -> bool:
    """Mail `implantacion_<occurrence>` to these people, once for this version of the row. True when any is new."""
    key = f"implantacion_{occurrence}:{row.id}:{occasion or row.version}"
    tasks = [a for a in row.actividades if a.lista == "ambiente"]
    told = [
        notices.compose(f"{key}:{person.id}", f"implantacion_{occurrence}", person.correo, i=row, person=person, tareas=tasks, **context)
        for person in dict.fromkeys(p for p in people if p is not None)
    ]
    return any(told)


def _expect(row: Implantacion, *stages: Etapa) -> None:
    """Before anything else is written. Raises Conflict."""
    if effective(row) in stages:
        return
    if effective(row) is Etapa.SUSPENDIDA:
        raise Conflict("El plazo terminó y el proceso está suspendido. Solo la Subsecretaría de Gobierno Electrónico puede reanudarlo.")
    raise Conflict("El proceso cambió de estado mientras usted lo revisaba. Actualice la página.")


def train(actor: Actor, row: Implantacion, **session) -> Sesion:
    """Record one session (see processes.train). Raises Refused, Conflict."""
    _expect(row, Etapa.CAPACITACION)
    return processes.train(actor, row, **session)


def open_environment(actor: Actor, row: Implantacion) -> None:
    """Give the designated AIQ an access, mail the plantilla and start the plazo of 7 días calendario. Raises Refused, Conflict."""
    _expect(row, Etapa.CAPACITACION)
    usuario = _designated(row)
    row.usuario_id = usuario.id
    processes.open_environment(actor, row, IMPLANTATION_DAYS)
    db.session.refresh(row)
    tell("ambiente", row, usuario, link=signin.password_link(usuario) if usuario.clave_hash is None else "")


def _designated(row: Implantacion) -> Usuario:
    """The person with the AIQ's cédula, made now when there is none. Raises Refused when the mailbox is somebody else's."""
    usuario = db.session.scalar(select(Usuario).where(or_(Usuario.cedula == row.aiq_cedula, func.lower(Usuario.correo) == row.aiq_correo.lower())))
    if usuario is None:
        usuario = Usuario(cedula=row.aiq_cedula, correo=row.aiq_correo, nombre=row.aiq_nombres, creado=clock.now())
        db.session.add(usuario)
        db.session.flush()
    elif usuario.cedula != row.aiq_cedula:
        raise Refused("El correo del AIQ designado pertenece a otra persona registrada en el sitio: corrija los datos.")
    elif not usuario.habilitado:
        raise Refused("El acceso del AIQ designado está deshabilitado: debe habilitarse antes de continuar.")
    return usuario


def accept(actor: Actor, row: Implantacion) -> None:
    """The designated AIQ accepts the nine responsibilities of the seed; nothing happens the second time. Raises Conflict."""
    if row.responsabilidades_en is None:
        _expect(row, Etapa.AMBIENTE)
        step(row, Step.TASK, actor, data={"responsabilidades": 9}, responsabilidades_en=clock.now())


def fulfil(actor: Actor, row: Implantacion, actividad_id: int, note: str, evidence: FileStorage | None) -> Actividad:
    """One activity of the checklist, of the ambiente or, afterwards, of the parametrización. Raises Refused, Conflict."""
    lists = {Etapa.AMBIENTE: ("ambiente", Step.TASK), Etapa.PRODUCCION: ("produccion", Step.PARAMETRISE)}
    _expect(row, *lists)
    kind, move = lists[row.estado]
    task = next((a for a in row.actividades if a.id == actividad_id and a.lista == kind), None)
    if task is None:
        raise Refused("La actividad no corresponde a la lista vigente. Actualice la página.")
    if row.responsabilidades_en is None:
        raise Refused("Acepte primero las responsabilidades del AIQ.")
    kept = None
    if uploads.given(evidence) and len(note) <= processes.MAX_TEXT:
        kept = uploads.accept(actor, evidence, institucion_id=None, field="evidencia")
    processes.fulfil(actor, row, task, note=note, evidence=kept, move=move)
    return task


def report(actor: Actor, row: Implantacion) -> None:
    """*Informar cumplimiento*: to review, the clock stands still. Raises Refused, Conflict."""
    _expect(row, Etapa.AMBIENTE)
    processes.report(actor, row)
    tell("informada", row, row.responsable)


def resume(actor: Actor, row: Implantacion, days: int | None, reason: str) -> None:
    """*Reanudar* a suspended process with a plazo of `days` días calendario from today. Raises Refused, Conflict."""
    settle(row)
    _expect(row, Etapa.SUSPENDIDA)
    found = {}
    if days is None or not 1 <= days <= MAX_RESUME_DAYS:
        found["dias"] = f"Escriba el nuevo plazo, de 1 a {MAX_RESUME_DAYS} días calendario."
    if problem := _reason_problem(reason):
        found["motivo"] = problem
    if found:
        raise Refused(found)
    step(row, Step.RESUME, actor, comment=reason, data={"dias": days}, **plazos.started(days))
    tell("reanudada", row, row.usuario, motivo=reason)


def extend(actor: Actor, row: Implantacion, days: int | None, reason: str) -> None:
    """*Ampliar plazo* before it ends; afterwards the process is suspended and is resumed. Raises Refused, Conflict."""
    _expect(row, Etapa.AMBIENTE)
    processes.extend(actor, row, days, reason)
    tell("ampliada", row, row.usuario, motivo=reason.strip())


def observe(actor: Actor, row: Implantacion, text: str, ids: list[int]) -> None:
    """Send the report back; the activities `ids` are to be done again. Raises Refused, Conflict."""
    _expect(row, Etapa.REVISION)
    if len(text) > processes.MAX_TEXT:
        raise Refused({"observaciones": f"Las observaciones no pueden superar los {processes.MAX_TEXT} caracteres."})
    processes.observe(actor, row, text, [a for a in row.actividades if a.lista == "ambiente" and a.id in ids])
    tell("observada", row, row.usuario)


def produce(actor: Actor, row: Implantacion, institucion_id: int | None) -> None:
    """Approve: link `institucion_id` (None: a new institution), name its AIQ principal from now on, give the second
    checklist, welcome the AIQ. Raises Refused, Conflict."""
    _expect(row, Etapa.REVISION)
    at = clock.now()
    place = institutions.link(row, institucion_id)
    has_principal = select(Nombramiento.id).where(
        Nombramiento.institucion_id == place.id, Nombramiento.cargo == Cargo.AIQ_PRINCIPAL, in_force(at)
    )
    if db.session.scalar(has_principal):
        raise Refused({"institucion": "Esta institución ya tiene un AIQ principal: se reemplaza con el Cambio de AIQ."})
    sent = processes.template("produccion")
    processes.copy_checklist(row, sent, "produccion")
    step(row, Step.PRODUCE, actor, data={"institucion": place.id}, institucion_id=place.id, produccion_en=at)
    db.session.add(Nombramiento(
        usuario_id=row.usuario_id, institucion_id=place.id, cargo=Cargo.AIQ_PRINCIPAL, desde=at, documento=f"Oficio {row.oficio_numero}",
    ))
    try:
        db.session.flush()
    except IntegrityError:  # uq_nombramiento_principal_vigente: another officer was faster
        db.session.rollback()
        raise Conflict("La institución ya tiene un AIQ principal vigente.") from None
    tell("produccion", row, row.usuario, link=signin.password_link(row.usuario), lugar=place)


def cancel(actor: Actor, row: Implantacion, reason: str) -> None:
    """*Anular* the process, with a reason. Raises Refused, Conflict."""
    settle(row)
    _expect(row, Etapa.SOLICITUD, Etapa.CAPACITACION, Etapa.AMBIENTE, Etapa.SUSPENDIDA)
    if problem := _reason_problem(reason):
        raise Refused({"motivo": problem})
    step(row, Step.CANCEL, actor, comment=reason)
    tell("anulada", row, row.usuario, motivo=reason)


def _reason_problem(reason: str) -> str | None:
    if not reason:
        return "Escriba el motivo."
    return f"El motivo no puede superar los {processes.MAX_TEXT} caracteres." if len(reason) > processes.MAX_TEXT else None


def own(actor: Actor) -> Implantacion | None:
    """*Mi implantación*: the newest process in which the actor is the designated AIQ."""
    return db.session.scalar(scope.designated_implantations(actor).limit(1))


@dataclass(frozen=True, slots=True)
class Todo:
    """What the designated AIQ still has to do: `left` activities in this stage; in the ambiente, none left means to report."""

    row: Implantacion
    etapa: Etapa
    left: int


def todo(actor: Actor) -> Todo | None:
    """What waits for the actor in *Mi implantación*; None when nothing does."""
    row = own(actor)
    etapa = effective(row) if row else None
    if etapa not in (Etapa.AMBIENTE, Etapa.SUSPENDIDA, Etapa.PRODUCCION):
        return None
    left = len(processes.pending(row, "produccion" if etapa is Etapa.PRODUCCION else "ambiente"))
    return Todo(row, etapa, left) if left or etapa is not Etapa.PRODUCCION else None


def in_institution(institucion: Institucion) -> list[Implantacion]:
    """The processes that ended in this institution, newest first."""
    return list(db.session.scalars(select(Implantacion).where(Implantacion.institucion_id == institucion.id).order_by(Implantacion.id.desc())))


def template_versions(kind: str) -> list[Plantilla]:
    """Published versions of a checklist, the one in force first; none before the first process needs it."""
    return list(db.session.scalars(select(Plantilla).where(Plantilla.tipo == kind).order_by(Plantilla.version.desc())))
