"""Making real changes of AIQ for tests, step by step, each by the person whose step it is."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from extensions import db
from models import CambioAIQ, Institucion
from rules.processes import Materia
from services import cambios, clock, processes, relevo
from services.aiq_offices import AiqData
from sources import demo_people
from tests import making, pdfs
from tests.conftest import NOW

SGE, PRINCIPAL, BACKUP, SERVANT = "sge@demo.gob.ec", "aiq@demo.gob.ec", "respaldo@demo.gob.ec", "servidor@demo.gob.ec"
FIRST = date(2026, 11, 27)  # the 7th día laborable after Wednesday 18 November


def data_of(person, **changes) -> AiqData:
    return AiqData(**{"nombres": person.nombre, "cedula": person.cedula, "cargo": person.cargo, "correo": person.correo,
                      "telefono": "02 399 8000", "extension": "221", "celular": "0991234567"} | changes)


def place() -> Institucion:
    return db.session.scalar(select(Institucion).where(Institucion.quipux_codi == demo_people.SNBAP))


def started(correo: str = PRINCIPAL, person=demo_people.SERVANT) -> CambioAIQ:
    row = cambios.start(making.actor(correo), place(), data_of(person))
    db.session.commit()
    return row


def asked(**changes) -> cambios.Request:
    return cambios.Request(**{"solicitante": "autoridad", "solicitante_nombre": "Mónica Espín, Directora Ejecutiva", "oficio_numero": "SNBAP-DE-2026-0877-O",
                              "oficio_recibido": NOW.date(), "fecha_efectiva": FIRST} | changes)


def requested(row: CambioAIQ, files=None, **changes) -> CambioAIQ:
    cambios.request(making.actor(SGE), row, asked(**changes), {"oficio": pdfs.upload(pdfs.plain())} if files is None else files)
    db.session.commit()
    return row


def trained(row: CambioAIQ) -> CambioAIQ:
    for materia, hours in ((Materia.ENTRADA, 4), (Materia.SALIDA, 4), (Materia.ADMINISTRACION, 4)):
        processes.train(making.actor(SGE), row, fecha=clock.today(), materia=materia, horas=hours, capacitador="SGE")
    cambios.open_environment(making.actor(SGE), row)
    db.session.commit()
    return row


def fulfilled(row: CambioAIQ, correo: str = SERVANT) -> CambioAIQ:
    for line in processes.pending(row):
        cambios.task(making.actor(correo), row, line.orden, note="Hecho en el ambiente de capacitación", file=None)
    cambios.accept(making.actor(correo), row)
    cambios.report(making.actor(correo), row)
    db.session.commit()
    return row


def ready(**changes) -> CambioAIQ:
    return fulfilled(trained(requested(started(), **changes)))


def registered(**changes) -> CambioAIQ:
    row = ready(**changes)
    relevo.register(making.actor(SGE), row)
    db.session.commit()
    return row
