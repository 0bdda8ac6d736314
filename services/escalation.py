"""Escalation to the Mesa de Servicios: what first-level support could not solve, by mail and on record (seeds 002 and 004).

Only an AIQ in the base of AIQs escalates (a Nombramiento in force); everybody else is told what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from extensions import db
from models import CambioAIQ, Correo, CorreoEstado, Escalamiento, Implantacion, Institucion, Nombramiento, Usuario
from rules.glossary import CARGO
from rules.policy import Actor, Permission, may
from rules.processes import Etapa, Paso, training_problem
from rules.responsibilities import SUPPORT
from rules.texts import moment
from services import clock, notices, processes, scope
from services.affairs import LISTED, MAX_TEXT, place
from services.errors import Refused
from services.people import SGE, aiqs_of, in_force

# The same text again within this time is a second click, not a second difficulty.
TWICE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Sent:
    """An escalation and how its mail went."""

    row: Escalamiento
    institucion: Institucion
    mail: CorreoEstado


def sent(actor: Actor) -> list[Sent]:
    """Escalations the actor may see, the latest first."""
    rows = db.session.execute(
        scope.escalamientos(actor)
        .join(Institucion, Institucion.id == Escalamiento.institucion_id)
        .options(joinedload(Escalamiento.usuario))
        .add_columns(Institucion)
        .order_by(Escalamiento.id.desc())
        .limit(LISTED)
    ).all()
    keys = [_key(row) for row, _ in rows]
    mails = dict(db.session.execute(select(Correo.clave, Correo.estado).where(Correo.clave.in_(keys))).all())
    return [Sent(row, institucion, mails[_key(row)]) for row, institucion in rows]


def _key(row: Escalamiento) -> str:
    return f"escalamiento:{row.id}"


def escalate(actor: Actor, *, institucion: str, asunto: str, detalle: str, primer_nivel: str) -> Escalamiento:
    """Record the difficulty and mail it to the Mesa de Servicios, with copy and replies to the AIQ. The caller commits.
    Raises Refused: also for a person who is no registered AIQ, with what is missing."""
    if not may(actor, Permission.ESCALATE):
        raise Refused(" ".join(missing(actor)))
    problems = {
        field: message if not text.strip() else f"Use como máximo {limit} caracteres; escribió {len(text)}."
        for field, text, limit, message in (
            ("asunto", asunto, 200, "Escriba el asunto."),
            ("detalle", detalle, MAX_TEXT, "Describa el inconveniente o la dificultad."),
            ("primer_nivel", primer_nivel, MAX_TEXT, "Escriba qué hizo en primer nivel: la Mesa de Servicios lo necesita para continuar."),
        )
        if not text.strip() or len(text) > limit
    }
    try:
        institucion_id = place(actor, institucion)
    except Refused as refused:
        problems |= refused.fields
    if problems:
        raise Refused(problems)
    if _repeated(actor, institucion_id, asunto, detalle):
        raise Refused("Usted ya envió este mismo escalamiento hace unos minutos: consta en la lista.")
    row = Escalamiento(institucion_id=institucion_id, usuario_id=actor.usuario_id, asunto=asunto, detalle=detalle,
                       primer_nivel=primer_nivel, en=clock.now())
    db.session.add(row)
    db.session.flush()
    _mail(actor, row)
    return row


def _repeated(actor: Actor, institucion_id: int, asunto: str, detalle: str) -> bool:
    return db.session.scalar(
        select(Escalamiento.id).where(
            Escalamiento.institucion_id == institucion_id, Escalamiento.usuario_id == actor.usuario_id,
            Escalamiento.asunto == asunto, Escalamiento.detalle == detalle, Escalamiento.en > clock.now() - TWICE,
        ).limit(1)
    ) is not None


def _mail(actor: Actor, row: Escalamiento) -> None:
    office = db.session.scalar(
        select(Nombramiento).where(
            Nombramiento.usuario_id == actor.usuario_id, Nombramiento.institucion_id == row.institucion_id,
            Nombramiento.cargo.not_in(SGE), in_force(clock.now()),
        ).order_by(Nombramiento.desde).limit(1)
    )
    person = db.session.get(Usuario, actor.usuario_id)
    notices.compose(
        _key(row), "escalamiento", SUPPORT, cc=person.correo, reply_to=person.correo,
        escalamiento=row, persona=person, cargo=CARGO[office.cargo], institucion=scope.institucion(actor, row.institucion_id),
    )


def missing(actor: Actor) -> list[str]:
    """Sentences that say why the actor may not escalate, and what to do; empty for a registered AIQ."""
    if may(actor, Permission.ESCALATE):
        return []
    if actor.sge:
        return ["Quien escala a la Mesa de Servicios es el AIQ registrado de una institución: la SGE recibe los escalamientos."]
    if change := db.session.scalar(scope.designated_changes(actor).limit(1)):
        return [_NOT_YET, *_missing_in_change(change)]
    if implantation := db.session.scalar(scope.designated_implantations(actor).limit(1)):
        return [_NOT_YET, *_missing_in_implantation(implantation)]
    return _ask_the_aiq(actor)


_NOT_YET = "Usted está designado como AIQ y todavía no consta en la base de AIQ."


def _missing_in_change(change: CambioAIQ) -> list[str]:
    if change.estado is Paso.REGISTRADA:
        return [f"Su registro rige desde el {moment(change.hora_efectiva)}."]
    found = ["Falta completar la solicitud de cambio de AIQ."] if change.estado is Paso.PREPARACION else []
    if change.estado is not Paso.INFORMADA:
        found += _missing_work(change, entered=change.estado is Paso.AMBIENTE)
    return [*found, "Falta el registro en la base de AIQ, que realiza la SGE."]


def _missing_in_implantation(implantation: Implantacion) -> list[str]:
    found = ["La implantación está suspendida: la SGE debe reanudarla."] if implantation.estado is Etapa.SUSPENDIDA else []
    if implantation.estado is not Etapa.REVISION:
        found += _missing_work(implantation, entered=implantation.estado in {Etapa.AMBIENTE, Etapa.SUSPENDIDA})
    return [*found, "Falta la aprobación de la SGE y la creación de su cuenta de producción."]


def _missing_work(process: CambioAIQ | Implantacion, *, entered: bool) -> list[str]:
    """Training and checklist, as they stand. `entered`: the ambiente de capacitación was opened."""
    training = training_problem(processes.hours(process))
    found = [f"Capacitación: {training[0].lower()}{training[1:]}"] if training else []
    if not entered:
        return [*found, "Falta la etapa del ambiente de capacitación."]
    left = len(processes.pending(process))
    if left:
        found.append(f"Faltan {left} actividades de la plantilla de seguimiento." if left > 1 else "Falta 1 actividad de la plantilla de seguimiento.")
    return [*found, "Falta informar el cumplimiento de la plantilla de seguimiento."]


def _ask_the_aiq(actor: Actor) -> list[str]:
    """A servant escalates through his or her AIQ, who is first-level support."""
    found = ["Solo el AIQ registrado de la institución escala a la Mesa de Servicios. Usted no tiene ese nombramiento."]
    for institucion in db.session.scalars(scope.own_institutions(actor).with_only_columns(Institucion)):
        for person in aiqs_of(institucion.id, clock.now())[:2]:
            found.append(f"Comunique el inconveniente a {person.nombre_completo}, AIQ de {institucion.sigla or institucion.nombre}: {person.correo}.")
    return found
