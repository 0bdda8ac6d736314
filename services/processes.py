"""What an implantación and a change of AIQ have in common: training, checklist, report, review. Seeds 002 and 004.

The caller commits. Each function moves through services.mover.advance, one row of the Recorrido each."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from extensions import db
from models import Actividad, Adjunto, CambioAIQ, Implantacion, Plantilla, Sesion
from rules import texts
from rules.lifecycle import IllegalMove
from rules.policy import Actor
from rules.processes import MATERIA, Etapa, Materia, Paso, Step, training_problem
from services import clock, plazos
from services.errors import Conflict, NotFound, Refused
from services.mover import advance

Process = Implantacion | CambioAIQ
MAX_HOURS = 12
MAX_TEXT = 2000
MAX_EXTENSION = 30

# What an AIQ parametrises; the SGE may publish other versions.
FIRST_TEMPLATE: dict[str, list[tuple[str, str]]] = {
    "ambiente": [
        ("Registrar los datos de la institución", "Nombre, siglas, RUC y logotipo."),
        ("Crear las áreas de la institución", "Con su jerarquía y sus siglas."),
        ("Registrar los usuarios internos y los jefes de área", "Un jefe activo por área."),
        ("Asignar permisos", "Jefes, asistentes, bandeja de entrada y administración."),
        ("Configurar la numeración de documentos", "Por tipo de documento y área."),
        ("Definir plantillas de documentos", "Oficio, memorando y circular."),
        ("Crear listas de envío", "Las que la institución usa con frecuencia."),
        ("Crear, firmar y enviar un documento de prueba", "Con firma electrónica."),
        ("Registrar un documento externo", "Ingreso por ventanilla."),
        ("Reasignar, archivar y buscar documentos", ""),
        ("Registrar una solicitud de respaldo de prueba", "Administración, Respaldo de Documentos."),
    ],
    "produccion": [
        ("Parametrizar la institución en producción", "Datos, áreas y numeración."),
        ("Registrar los usuarios internos en producción", ""),
        ("Difundir el procedimiento interno de uso", "Elaborado y aprobado por la institución."),
    ],
}


def template(kind: str) -> Plantilla:
    """The version of a checklist in force; the first one is made when there is none."""
    row = db.session.scalar(select(Plantilla).where(Plantilla.tipo == kind).order_by(Plantilla.version.desc()).limit(1))
    if row is None:
        items = [{"titulo": title, "detalle": detail} for title, detail in FIRST_TEMPLATE[kind]]
        row = Plantilla(tipo=kind, version=1, actividades=items, publicada_en=clock.now())
        db.session.add(row)
        db.session.flush()
    return row


def publish_template(actor: Actor, kind: str, items: list[tuple[str, str]]) -> Plantilla:
    """A new version for the processes that open from now on; those under way keep theirs. Raises Refused."""
    items = [(" ".join(title.split()), detail.strip()) for title, detail in items if title.strip()]
    if not items:
        raise Refused({"actividades": "Escriba al menos una actividad."})
    if len(items) > 60 or any(len(t) > 200 or len(d) > MAX_TEXT for t, d in items):
        raise Refused({"actividades": "Use como máximo 60 actividades, de 200 caracteres cada una."})
    current = template(kind)
    row = Plantilla(tipo=kind, version=current.version + 1, actividades=[{"titulo": t, "detalle": d} for t, d in items],
                    publicada_en=clock.now(), publicada_por_id=actor.usuario_id)
    db.session.add(row)
    db.session.flush()
    return row


def hours(process: Process) -> dict[Materia, float]:
    """Hours of training so far, by subject."""
    total = {materia: 0.0 for materia in Materia}
    for session in process.sesiones:
        total[session.materia] += session.horas
    return total


def train(actor: Actor, process: Process, *, fecha: date | None, materia: str, horas: float | None, capacitador: str) -> Sesion:
    """Record one training session. Raises Refused, Conflict."""
    problems: dict[str, str] = {}
    if fecha is None:
        problems["fecha"] = "Ingrese la fecha de la sesión."
    elif fecha > clock.today():
        problems["fecha"] = "La fecha de la sesión no puede ser posterior a hoy."
    if materia not in set(Materia):
        problems["materia"] = "Elija la materia."
    if horas is None or not 0.5 <= horas <= MAX_HOURS or (horas * 2) % 1:
        problems["horas"] = f"Ingrese las horas, de media en media, entre 0,5 y {MAX_HOURS}."
    if not capacitador.strip() or len(capacitador) > 200:
        problems["capacitador"] = "Ingrese quién dictó la capacitación (máximo 200 caracteres)."
    if problems:
        raise Refused(problems)
    # Sent twice, or noted by two officers: the same hours would count twice towards the twelve.
    if any((s.fecha, s.materia, s.horas, s.capacitador) == (fecha, materia, horas, capacitador.strip()) for s in process.sesiones):
        raise Refused({"fecha": "Ya consta esta misma sesión: fecha, materia, horas y capacitador."})
    session = Sesion(**owner(process), fecha=fecha, materia=Materia(materia), horas=horas, capacitador=capacitador.strip(),
                     registrada_por_id=actor.usuario_id)
    db.session.add(session)
    data = {"fecha": fecha.isoformat(), "materia": materia, "horas": horas}
    step(process, Step.TRAIN, actor, comment=_said(session), data=data)
    db.session.expire(process, ["sesiones"])
    return session


def withdrawable(process: Process, sesion_id: int) -> Sesion:
    """A session of this process that may still be withdrawn: until the training is over, since the environment was opened because of
    its twelve hours. Raises NotFound, Conflict."""
    session = db.session.get(Sesion, sesion_id) if 0 < sesion_id < 2**31 else None
    if session is None or any(getattr(session, column) != value for column, value in owner(process).items()):
        raise NotFound
    if session.retirada_en is not None:
        raise Conflict("Esta sesión ya fue retirada: consta en el Recorrido.")
    if process.estado not in {Etapa.CAPACITACION, Paso.CAPACITACION}:
        raise Conflict("La capacitación ya concluyó: sus sesiones no se retiran.")
    return session


def untrain(actor: Actor, process: Process, session: Sesion, reason: str) -> None:
    """Withdraw a session that was entered by mistake, with a reason: its hours count no more. Raises Refused, Conflict."""
    if not reason.strip() or len(reason) > MAX_TEXT:
        raise Refused({"motivo": "Escriba el motivo del retiro." if not reason.strip() else f"El motivo no puede superar los {MAX_TEXT} caracteres."})
    data = {"sesion": session.id, "fecha": session.fecha.isoformat(), "materia": str(session.materia), "horas": session.horas}
    step(process, Step.UNTRAIN, actor, comment=f"{_said(session)}, {texts.day(session.fecha)}. Motivo: {reason.strip()}", data=data)
    session.retirada_en = clock.now()
    db.session.flush()
    db.session.expire(process, ["sesiones"])


def _said(session: Sesion) -> str:
    hours = f"{session.horas:g}".replace(".", ",")
    return f"{MATERIA[session.materia]}: {hours} h, {session.capacitador}"


def open_environment(actor: Actor, process: Process, days: int) -> None:
    """The SGE created the access to the training environment and sends the plantilla: the plazo starts now.
    Raises Refused while the training is incomplete, Conflict."""
    if problem := training_problem(hours(process)):
        raise Refused(problem)
    sent = template("ambiente")
    copy_checklist(process, sent, "ambiente")
    step(process, Step.OPEN, actor, data={"plantilla": sent.version, "dias": days}, plantilla_id=sent.id, **plazos.started(days))


def copy_checklist(process: Process, source: Plantilla, kind: str) -> None:
    """Give the process its own lines of the checklist: a later version does not change them."""
    for number, item in enumerate(source.actividades, start=1):
        db.session.add(Actividad(**owner(process), lista=kind, orden=number, titulo=item["titulo"], detalle=item["detalle"]))
    db.session.flush()
    db.session.expire(process, ["actividades"])


def fulfil(actor: Actor, process: Process, task: Actividad, *, note: str = "", evidence: Adjunto | None = None, move: Step = Step.TASK) -> None:
    """Mark one line as done, with a note or a document as evidence. Raises Refused, Conflict."""
    if not note.strip() and evidence is None:
        raise Refused({"nota": "Escriba una nota o adjunte la evidencia de la actividad."})
    if len(note) > MAX_TEXT:
        raise Refused({"nota": f"La nota no puede superar los {MAX_TEXT} caracteres."})
    task.nota, task.hecha_en, task.hecha_por_id = note.strip(), clock.now(), actor.usuario_id
    task.evidencia_id = evidence.id if evidence else task.evidencia_id
    step(process, move, actor, comment=task.titulo, data={"actividad": task.orden, "lista": task.lista})


def pending(process: Process, kind: str = "ambiente") -> list[Actividad]:
    """Lines of the checklist still to be done."""
    return [a for a in process.actividades if a.lista == kind and a.hecha_en is None]


def report(actor: Actor, process: Process) -> None:
    """*Informar cumplimiento*: all done; the clock stands still while the SGE reviews. Raises Refused, Conflict."""
    if left := pending(process):
        raise Refused(f"Faltan {len(left)} actividades de la plantilla de seguimiento." if len(left) > 1 else
                      "Falta 1 actividad de la plantilla de seguimiento.")
    step(process, Step.REPORT, actor, **plazos.frozen())


def observe(actor: Actor, process: Process, text: str, tasks: list[Actividad]) -> None:
    """Send the report back with observations; the lines named are to be done again and the clock runs on. Raises Refused, Conflict."""
    if not text.strip():
        raise Refused({"observaciones": "Escriba las observaciones."})
    for task in tasks:
        task.hecha_en = task.hecha_por_id = None
    step(process, Step.OBSERVE, actor, comment=text.strip()[:MAX_TEXT], data={"actividades": [t.orden for t in tasks]},
         observaciones=text.strip()[:MAX_TEXT], **plazos.thawed(process))


def extend(actor: Actor, process: Process, days: int | None, reason: str) -> None:
    """*Ampliar plazo*: more días calendario for a running plazo, with a reason. Raises Refused, Conflict."""
    problems = {}
    if days is None or not 1 <= days <= MAX_EXTENSION:
        problems["dias"] = f"Escriba los días calendario adicionales, de 1 a {MAX_EXTENSION}."
    if not reason.strip() or len(reason) > MAX_TEXT:
        problems["motivo"] = "Escriba el motivo de la ampliación." if not reason.strip() else f"El motivo no puede superar los {MAX_TEXT} caracteres."
    if problems:
        raise Refused(problems)
    step(process, Step.EXTEND, actor, comment=reason.strip(), data={"dias": days}, **plazos.extended(process, days))


def step(process: Process, move: Step, actor: Actor | None, **rest: Any) -> None:
    """Advance, turning a lost race or a wrong moment into words. Raises Conflict."""
    try:
        advance(process, move, actor, **rest)
    except IllegalMove:
        raise Conflict("El proceso cambió de estado mientras usted lo revisaba. Actualice la página.") from None


def owner(process: Process) -> dict[str, int]:
    """The column that ties a row to its process."""
    return {"implantacion_id": process.id} if isinstance(process, Implantacion) else {"cambio_id": process.id}
