"""Change of an institution's principal AIQ, steps 1 to 4 of seed 004; the hour itself is services.relevo. The caller commits.

The outgoing AIQ or the backup prepares; the SGE registers the oficio on its reception (the máxima autoridad never signs in);
the designated AIQ works through the plantilla de seguimiento."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Callable, Iterable, Mapping

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import FileStorage

from extensions import db
from models import Actividad, CambioAIQ, Cargo, Institucion, Nombramiento, Usuario
from rules import deadlines, texts
from rules.policy import Actor
from rules.processes import CHANGE_DAYS, Paso, Step
from services import aiq_offices, clock, notices, people, plazos, processes, schedule, scope, uploads
from services.aiq_offices import SUPPORT, AiqData
from services.errors import Conflict, NotFound, Refused
from services.mover import begin

log = logging.getLogger(__name__)
CLOSED = frozenset({Paso.REGISTRADA, Paso.ANULADA})
AUTHORITY, DELEGATE = "autoridad", "delegado"
_YEAR = timedelta(days=366)
_NOT_YET = "El cambio registrado aún no llega a su hora efectiva."
_OPEN_ALREADY = "La institución ya tiene un cambio de AIQ en curso: concluya o anule ese proceso antes de iniciar otro."


@dataclass(frozen=True, slots=True)
class Request:
    """The oficio as the SGE received it. motivo: why the notice of 7 días laborables is not asked for; empty otherwise."""

    solicitante: str = ""
    solicitante_nombre: str = ""
    oficio_numero: str = ""
    oficio_recibido: date | None = None
    fecha_efectiva: date | None = None
    motivo: str = ""


def startable(actor: Actor, institucion_id: int) -> Institucion:
    """The institution, when the actor may start a change there: its AIQs, or an officer of the SGE when it has no active AIQ.
    Raises NotFound, Conflict."""
    institucion = scope.institucion(actor, institucion_id)
    if institucion_id not in actor.aiq_of and people.aiqs_of(institucion_id, clock.now()):
        raise Conflict("La institución tiene un AIQ activo: el AIQ saliente o el AIQ backup prepara el cambio.")
    return institucion


def under_way() -> ColumnElement[bool]:
    """Changes after which no other may start yet: open ones, and those whose hour has not come."""
    registered = and_(CambioAIQ.estado == Paso.REGISTRADA, CambioAIQ.hora_efectiva > clock.now())
    return or_(CambioAIQ.estado.not_in(CLOSED), registered)


def obstacles(ids: Iterable[int]) -> dict[int, str]:
    """Of these institutions those where no change may start now, each with the reason in Spanish."""
    rows = db.session.execute(select(CambioAIQ.institucion_id, CambioAIQ.estado).where(CambioAIQ.institucion_id.in_(ids), under_way()))
    return {place: _NOT_YET if estado in CLOSED else _OPEN_ALREADY for place, estado in rows}


def obstacle(institucion_id: int) -> str | None:
    """Why no change may start now, in Spanish; None when one may."""
    return obstacles([institucion_id]).get(institucion_id)


def start(actor: Actor, institucion: Institucion, data: AiqData) -> CambioAIQ:
    """Step 1, Preparación: the new AIQ's data and access to this site. Raises Refused, Conflict."""
    data = data.clean()
    if problem := obstacle(institucion.id):
        raise Conflict(problem)
    usuario = _designate(data, institucion)
    outgoing = principal(institucion.id)
    cambio = CambioAIQ(
        institucion_id=institucion.id, entrante_id=usuario.id, saliente_id=outgoing.usuario_id if outgoing else None,
        preparado_por_id=actor.usuario_id, creado_en=clock.now(), **data.columns(),
    )
    try:
        with db.session.begin_nested():
            begin(cambio, actor, data={"entrante": usuario.id})
    except IntegrityError:  # someone else began in the same instant: the index uq_cambio_aiq_uno_abierto
        raise Conflict(_OPEN_ALREADY) from None
    _welcome(cambio)
    return cambio


def edit(actor: Actor, cambio: CambioAIQ, data: AiqData, *, version: int | None = None) -> None:
    """Correct the data; another cédula names another person. The AIQ until the request is in, the SGE until the training ends.
    Raises Refused, Conflict."""
    data = data.clean()
    if not actor.sge and cambio.estado is not Paso.PREPARACION:
        raise Conflict("La solicitud ya se registró: pida la corrección a la Mesa de Servicios.")
    usuario = _designate(data, cambio.institucion)
    other = usuario.id != cambio.entrante_id
    processes.step(cambio, Step.EDIT, actor, version=version, data={"entrante": usuario.id}, entrante_id=usuario.id, **data.columns())
    if other:
        _welcome(cambio)


def principal(institucion_id: int) -> Nombramiento | None:
    """The principal's office that has no end yet."""
    return db.session.scalar(select(Nombramiento).where(
        Nombramiento.institucion_id == institucion_id, Nombramiento.cargo == Cargo.AIQ_PRINCIPAL, Nombramiento.hasta.is_(None)))


def earliest(received: date) -> date:
    """First date on which the change may take effect: the 7th día laborable after the oficio's reception (decisions 10)."""
    return deadlines.earliest_effective(received, is_working=schedule.working_calendar().is_working)


def request(actor: Actor, cambio: CambioAIQ, asked: Request, files: Mapping[str, FileStorage | None], *, version: int | None = None) -> None:
    """Step 2, Solicitud: the SGE registers the oficio and its PDFs ("oficio", "delegacion"). Raises Refused, Conflict."""
    if cambio.estado is not Paso.PREPARACION:
        raise Conflict("La solicitud de este cambio ya se registró.")
    problems = _request_problems(asked)
    given = {name: file for name, file in files.items() if uploads.given(file)}
    if "oficio" not in given:
        problems["oficio"] = "Adjunte el oficio de solicitud en PDF."
    if asked.solicitante == DELEGATE and "delegacion" not in given:
        problems["delegacion"] = "Si firma un delegado, es obligatorio adjuntar el documento de la delegación debidamente firmado."
    if problems:
        raise Refused(problems)
    columns = {"oficio_id": uploads.accept(actor, given["oficio"], institucion_id=cambio.institucion_id, field="oficio").id}
    if asked.solicitante == DELEGATE:
        columns["delegacion_id"] = uploads.accept(actor, given["delegacion"], institucion_id=cambio.institucion_id, field="delegacion").id
    first = earliest(asked.oficio_recibido)
    early = asked.fecha_efectiva < first
    data = {"recibido": asked.oficio_recibido.isoformat(), "efectiva": asked.fecha_efectiva.isoformat(), "primera": first.isoformat()}
    processes.step(
        cambio, Step.REQUEST, actor, version=version, comment=f"Plazo de anticipación: {asked.motivo.strip()}" if early else "", data=data,
        solicitante=asked.solicitante, solicitante_nombre=asked.solicitante_nombre.strip(), oficio_numero=asked.oficio_numero.strip(),
        oficio_recibido=asked.oficio_recibido, fecha_efectiva=asked.fecha_efectiva, anticipacion_motivo=asked.motivo.strip() if early else "",
        **columns,
    )
    tell("cambio_solicitud", cambio, concerned(cambio))


def _request_problems(asked: Request) -> dict[str, str]:
    today, problems = clock.today(), {}
    if asked.solicitante not in {AUTHORITY, DELEGATE}:
        problems["solicitante"] = "Elija quién firma la solicitud."
    for field, text in (("solicitante_nombre", "Ingrese los nombres y el cargo de quien firma."), ("oficio_numero", "Ingrese el número del oficio.")):
        value = getattr(asked, field).strip()
        if not value or len(value) > (200 if field == "solicitante_nombre" else 60):
            problems[field] = text if not value else "El texto es demasiado largo."
    if asked.oficio_recibido is None or asked.oficio_recibido > today:
        problems["oficio_recibido"] = "Ingrese la fecha de recepción del oficio, no posterior a hoy."
    if asked.fecha_efectiva is None or asked.fecha_efectiva > today + _YEAR:
        problems["fecha_efectiva"] = "Ingrese la fecha efectiva, dentro de un año como máximo."
    elif "oficio_recibido" not in problems and asked.fecha_efectiva < (first := earliest(asked.oficio_recibido)) and not asked.motivo.strip():
        problems["fecha_efectiva"] = (
            f"La solicitud requiere {deadlines.NOTICE_DAYS} días laborables de anticipación: "
            f"la primera fecha posible es el {texts.long_day(first)}.")
    if len(asked.motivo) > processes.MAX_TEXT:
        problems["motivo"] = f"El motivo no puede superar los {processes.MAX_TEXT} caracteres."
    return problems


def open_environment(actor: Actor, cambio: CambioAIQ) -> None:
    """Step 4, Ambiente: access and plantilla are sent; 5 días calendario. Raises Refused, Conflict."""
    processes.open_environment(actor, cambio, CHANGE_DAYS)
    tell("cambio_ambiente", cambio, [cambio.entrante])


def task(actor: Actor, cambio: CambioAIQ, orden: int, *, note: str, file: FileStorage | None) -> None:
    """The designated AIQ fulfils one line of the plantilla. Raises NotFound, Refused, Conflict."""
    line = _line(cambio, orden)
    if cambio.estado is not Paso.AMBIENTE:
        raise Conflict("Las actividades se registran solo mientras el ambiente de capacitación está abierto.")
    settle(cambio)
    evidence = uploads.accept(actor, file, institucion_id=cambio.institucion_id, field="evidencia") if uploads.given(file) else line.evidencia
    processes.fulfil(actor, cambio, line, note=note, evidence=evidence)


def accept(actor: Actor, cambio: CambioAIQ) -> None:
    """The designated AIQ accepts the nine responsibilities; nothing happens the second time. Raises Conflict."""
    if cambio.responsabilidades_en is None:
        processes.step(cambio, Step.TASK, actor, data={"responsabilidades": 9}, responsabilidades_en=clock.now())


def report(actor: Actor, cambio: CambioAIQ) -> None:
    """*Informar cumplimiento*: also a mail to the support mailbox with copy to the new AIQ (decisions 32). Raises Refused, Conflict."""
    settle(cambio)
    if cambio.responsabilidades_en is None:
        raise Refused("Lea y acepte primero las responsabilidades del AIQ.")
    processes.report(actor, cambio)
    notices.compose(f"cambio_cumplimiento:{cambio.id}:{cambio.version}", "cambio_cumplimiento", SUPPORT, cc=actor.correo,
                    reply_to=actor.correo, cambio=cambio, person=None)


def observe(actor: Actor, cambio: CambioAIQ, text: str, ordenes: Iterable[int]) -> None:
    """The SGE sends the report back; the lines named are to be done again. Raises Refused, Conflict."""
    processes.observe(actor, cambio, text, [_line(cambio, orden) for orden in ordenes])
    tell("cambio_observado", cambio, [cambio.entrante], occasion=str(cambio.version))


def extend(actor: Actor, cambio: CambioAIQ, days: int | None, reason: str) -> None:
    """*Ampliar plazo*, also of one that is over: a change is never suspended (seed 004). Raises Refused, Conflict."""
    processes.extend(actor, cambio, days, reason)
    tell("cambio_ampliado", cambio, [cambio.entrante], occasion=str(cambio.version), motivo=reason.strip())


def cancel(actor: Actor, cambio: CambioAIQ, reason: str) -> None:
    """Abandon the change. Its AIQs until the request is in; afterwards the SGE. Raises Refused, Conflict."""
    if not reason.strip():
        raise Refused({"motivo": "Escriba el motivo."})
    if not actor.sge and cambio.estado is not Paso.PREPARACION:
        raise Conflict("La solicitud ya se registró: solo la SGE puede anular el cambio.")
    people_told = concerned(cambio)
    processes.step(cambio, Step.CANCEL, actor, comment=reason.strip()[:processes.MAX_TEXT])
    tell("cambio_anulado", cambio, people_told, motivo=reason.strip()[:processes.MAX_TEXT])


def settle(cambio: CambioAIQ) -> bool:
    """Write down that the plazo is over, once: *vencida* and an alert, no suspension (seed 004). True when it was new."""
    if cambio.estado is not Paso.AMBIENTE or cambio.vencida_en is not None or not plazos.is_over(cambio):
        return False
    processes.step(cambio, Step.OVERDUE, None, vencida_en=cambio.plazo_vence)
    tell("cambio_vencido", cambio, [*concerned(cambio), *people.sge_staff(clock.now())])
    return True


def settle_all() -> tuple[int, int]:
    """For the sweep `deadlines`: every plazo that ended since. Returns (done, failed). Commits each."""
    return _each(settle)


def remind_all() -> tuple[int, int]:
    """Reminders 2 days and 1 day before the end, once each. Returns (mails, failed). Commits each."""
    return _each(remind)


def remind(cambio: CambioAIQ) -> int:
    """The reminder that is due now, if any: number of new mails."""
    days = plazos.reminder_due(cambio)
    if days is None:
        return 0
    return tell("cambio_recordatorio", cambio, [cambio.entrante], occasion=f"{days}:{cambio.plazo_vence.date()}", dias=days)


def _each(task: Callable[[CambioAIQ], int]) -> tuple[int, int]:
    """Do it for every change in the ambiente, each in a transaction of its own: one that fails does not stop the others."""
    done = failed = 0
    for cambio_id in db.session.scalars(select(CambioAIQ.id).where(CambioAIQ.estado == Paso.AMBIENTE).order_by(CambioAIQ.id)).all():
        try:
            done += int(task(db.session.get(CambioAIQ, cambio_id)))
            db.session.commit()
        except Exception:
            log.exception("sweep failed for change %s", cambio_id)
            db.session.rollback()
            failed += 1
    return done, failed


def concerned(cambio: CambioAIQ) -> list[Usuario]:
    """Outgoing, incoming and the institution's other AIQs."""
    return [p for p in (cambio.saliente, cambio.entrante) if p] + people.aiqs_of(cambio.institucion_id, clock.now())


def tell(template: str, cambio: CambioAIQ, to: Iterable[Usuario], *, occasion: str = "", **context) -> int:
    """One mail to each person, each once. Returns how many are new."""
    return sum(
        notices.compose(f"{template}:{cambio.id}:{occasion}:{person.id}", template, person.correo, cambio=cambio, person=person,
                        institucion=cambio.institucion, **context)
        for person in {p.id: p for p in to if p.habilitado}.values()
    )


def _designate(data: AiqData, institucion: Institucion) -> Usuario:
    problems = aiq_offices.data_problems(data)
    outgoing = principal(institucion.id)
    if "cedula" not in problems and outgoing and outgoing.usuario.cedula == data.cedula:
        problems["cedula"] = "Esta persona ya es el AIQ principal de la institución."
    if problems:
        raise Refused(problems)
    return aiq_offices.person_for(data, institucion)


def _welcome(cambio: CambioAIQ) -> None:
    tell("cambio_acceso", cambio, [cambio.entrante], link=aiq_offices.first_link(cambio.entrante))


def _line(cambio: CambioAIQ, orden: int) -> Actividad:
    found = next((line for line in cambio.actividades if line.lista == "ambiente" and line.orden == orden), None)
    if found is None:
        raise NotFound
    return found
