"""What tests of runs and sweeps tell again and again: a request on its way from its draft to its archive."""

from __future__ import annotations

from datetime import date

from sqlalchemy import inspect, select

from extensions import db
from jobs import produce
from models import Correo, Cuenta, Ejecucion, Evento, Solicitud, Usuario
from rules.lifecycle import Clase
from rules.policy import Actor
from services import clock, decisions, people, petitions, runs, solicitudes
from sources import demo_people

AIQ, SECOND_AIQ, OFFICER, SECOND_OFFICER = "aiq@demo.gob.ec", "respaldo@demo.gob.ec", "sge@demo.gob.ec", "sge2@demo.gob.ec"
SGE = {OFFICER, SECOND_OFFICER}
# All the documents of the demo's people, up to the day before tests.conftest.NOW.
SINCE, UNTIL, DAY = date(2020, 1, 1), date(2026, 11, 17), date(2026, 11, 19)


def usuario(correo: str) -> Usuario:
    return db.session.scalar(select(Usuario).where(Usuario.correo == correo))


def actor(correo: str) -> Actor:
    return people.actor_of(usuario(correo), clock.now())


def cuenta(person: demo_people.Account) -> Cuenta:
    return db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == person.codi))


def sent(person: demo_people.Account = demo_people.LAWYER) -> Solicitud:
    """A request for `person`, filed by the AIQ with the person's own petition."""
    account = cuenta(person)
    petition = next(p for p in petitions.search(account.institucion, account.apellido.split()[0]) if p.remitente_cedula == account.cedula)
    draft = solicitudes.Draft(account.id, petition.id, SINCE, UNTIL)
    solicitud = solicitudes.save(actor(AIQ), Clase.INSTITUCIONAL, draft)
    db.session.commit()
    solicitudes.send(actor(AIQ), solicitud)
    db.session.commit()
    return solicitud


def scheduled(person: demo_people.Account = demo_people.LAWYER, day: date = DAY) -> Solicitud:
    """Approved for a later day."""
    solicitud = sent(person)
    decisions.approve(actor(OFFICER), solicitud, day)
    db.session.commit()
    return solicitud


def approved(person: demo_people.Account = demo_people.LAWYER) -> Solicitud:
    """Approved, and ordered for this moment."""
    solicitud = scheduled(person)
    decisions.run_now(actor(OFFICER), solicitud)
    db.session.commit()
    return solicitud


def produced(person: demo_people.Account = demo_people.LAWYER) -> Solicitud:
    """With its archive made."""
    solicitud = approved(person)
    produce.work()
    return again(solicitud)


def again(solicitud: Solicitud) -> Solicitud:
    """The request as the database has it now: the job ended the session it was read in."""
    return db.session.get(Solicitud, inspect(solicitud).identity[0], populate_existing=True)


def run_of(solicitud: Solicitud) -> Ejecucion:
    return runs.latest(again(solicitud))


def actions(solicitud: Solicitud) -> list[str]:
    """What the Recorrido tells, oldest first."""
    identity = inspect(solicitud).identity[0]
    return list(db.session.scalars(select(Evento.accion).where(Evento.solicitud_id == identity).order_by(Evento.orden)))


def last_data(solicitud: Solicitud, action: str) -> dict:
    """The data of the newest row of the Recorrido with this action."""
    identity = inspect(solicitud).identity[0]
    query = select(Evento.datos).where(Evento.solicitud_id == identity, Evento.accion == action).order_by(Evento.orden.desc())
    return db.session.scalars(query).first()


def mails(template: str, solicitud: Solicitud | None = None) -> list[str]:
    """Who was written to with this template, sorted."""
    query = select(Correo.para).where(Correo.plantilla == template)
    if solicitud is not None:
        query = query.where(Correo.solicitud_id == inspect(solicitud).identity[0])
    return sorted(db.session.scalars(query))
