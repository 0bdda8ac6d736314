"""The hour of a change of AIQ: step 5 of seed 004. One transaction ends the old office and begins the new one, so that
everything of the institution changes hands at that instant: rights are evaluated at each request (decisions 1, 4)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from extensions import db
from models import CambioAIQ, Cargo, Nombramiento
from rules import deadlines, texts
from rules.policy import Actor
from rules.processes import Paso, Step
from services import aiq_offices, cambios, clock, processes
from services.errors import Conflict, Refused


def missing(cambio: CambioAIQ) -> list[str]:
    """What still stands between this change and its registration, in Spanish; empty when it may be registered."""
    steps = {
        Paso.PREPARACION: ["registrar la solicitud", "completar la capacitación", "cumplir las actividades e informarlas"],
        Paso.CAPACITACION: ["completar la capacitación", "cumplir las actividades e informarlas"],
        Paso.AMBIENTE: ["cumplir las actividades e informarlas"],
    }
    return steps.get(cambio.estado, [])


def hour(cambio: CambioAIQ) -> datetime:
    """The later of 00:00 (Guayaquil) of the requested date and now (decisions 4)."""
    return max(deadlines.midnight(cambio.fecha_efectiva), clock.now())


def register(actor: Actor, cambio: CambioAIQ, *, version: int | None = None) -> datetime:
    """Registro: returns the effective hour. Raises Refused (steps missing, account lost), Conflict."""
    if left := missing(cambio):
        raise Refused("Antes del registro falta " + ", ".join(left) + ".")
    if cambio.estado is not Paso.INFORMADA:
        raise Conflict("Este cambio ya se registró o se anuló.")
    if aiq_offices.active_account(cambio.entrante.cedula, cambio.institucion_id) is None:
        raise Refused("El nuevo AIQ ya no tiene una cuenta activa de Quipux en la institución.")
    at, effective, told = clock.now(), hour(cambio), cambios.concerned(cambio)
    outgoing = cambios.principal(cambio.institucion_id)
    if outgoing and outgoing.usuario_id == cambio.entrante_id:
        raise Refused("El nuevo AIQ ya es el AIQ principal de la institución.")
    try:
        with db.session.begin_nested():
            _hand_over(cambio, outgoing, effective)
    except IntegrityError:
        raise Conflict("La institución cambió de AIQ mientras usted registraba este cambio. Actualice la página.") from None
    processes.step(
        cambio, Step.REGISTER, actor, version=version, data={"hora_efectiva": effective.isoformat()}, registrado_en=at, hora_efectiva=effective,
        saliente_id=outgoing.usuario_id if outgoing else None,
    )
    cambios.tell("cambio_registrado", cambio, told, adelantada=False)
    return effective


def advance_hour(actor: Actor, cambio: CambioAIQ, to: datetime | None, reason: str, *, at_once: bool = False) -> None:
    """Bring the hour forward, never to the past: both offices move together. at_once: to this very moment, whatever `to` says.
    Raises Refused, Conflict."""
    at = clock.now()  # read once: a moment read before this one would already be in the past
    to = at if at_once else to
    if cambio.estado is not Paso.REGISTRADA or cambio.hora_efectiva <= at:
        raise Conflict("La hora efectiva ya pasó o el cambio no está registrado.")
    problems = {} if reason.strip() else {"motivo": "Escriba el motivo."}
    if to is None or to >= cambio.hora_efectiva:
        problems["hora"] = f"Ingrese una fecha y hora anterior a la registrada: {texts.moment(cambio.hora_efectiva)}."
    elif to < at:
        problems["hora"] = "La hora efectiva no puede estar en el pasado."
    if problems:
        raise Refused(problems)
    before = cambio.hora_efectiva
    offices = db.session.scalars(select(Nombramiento).where(Nombramiento.institucion_id == cambio.institucion_id)).all()
    for office in offices:
        if office.hasta == before:
            office.hasta = to
        if office.desde == before and office.usuario_id == cambio.entrante_id:
            office.desde = to
    db.session.flush()
    processes.step(cambio, Step.ADVANCE, actor, comment=reason.strip()[:processes.MAX_TEXT],
                   data={"antes": before.isoformat(), "hora_efectiva": to.isoformat()}, hora_efectiva=to)
    cambios.tell("cambio_registrado", cambio, cambios.concerned(cambio), occasion=str(cambio.version), adelantada=True)


def _hand_over(cambio: CambioAIQ, outgoing: Nombramiento | None, effective: datetime) -> None:
    """The old office ends and the new one begins at the same instant."""
    if outgoing:
        outgoing.hasta = effective
        db.session.flush()  # the index allows one principal without an end: the old end is written first
    held = aiq_offices.in_office(cambio.institucion_id)
    for office in held:
        if office.usuario_id == cambio.entrante_id and office.cargo is Cargo.AIQ_BACKUP and office.hasta is None:
            office.hasta = effective
    db.session.add(Nombramiento(
        usuario_id=cambio.entrante_id, institucion_id=cambio.institucion_id, cargo=Cargo.AIQ_PRINCIPAL, desde=effective,
        documento=f"Oficio {cambio.oficio_numero}"[:200],
    ))
    db.session.flush()
