"""Making real requests for tests: filed by the AIQ, approved by the SGE, produced by the worker's own code."""

from __future__ import annotations

import random
import shutil
from datetime import date
from pathlib import Path

from sqlalchemy import select

from extensions import db
from jobs import produce
from models import Cuenta, Solicitud, Usuario
from rules.lifecycle import Clase
from rules.policy import Actor
from services import clock, decisions, people, petitions, solicitudes
from sources import demo_people

YEARS = (date(2020, 1, 1), date(2026, 11, 17))


def actor(correo: str) -> Actor:
    return people.actor_of(db.session.scalar(select(Usuario).where(Usuario.correo == correo)), clock.now())


def cuenta(person) -> Cuenta:
    return db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == person.codi))


def sent(person=demo_people.MAIN) -> Solicitud:
    """A request for `person`, filed and sent by the institution's AIQ."""
    aiq, account = actor("aiq@demo.gob.ec"), cuenta(person)
    petition = next(p for p in petitions.search(account.institucion, account.apellido.split()[0]) if p.remitente_cedula == account.cedula)
    solicitud = solicitudes.save(aiq, Clase.INSTITUCIONAL, solicitudes.Draft(account.id, petition.id, *YEARS))
    db.session.commit()
    solicitudes.send(aiq, solicitud)
    db.session.commit()
    return solicitud


def sent_personal(person=demo_people.SERVANT, correo: str = "servidor@demo.gob.ec") -> Solicitud:
    """A personal request of an active servant for his or her own documents."""
    owner = actor(correo)
    solicitud = solicitudes.save(owner, Clase.PERSONAL, solicitudes.Draft(cuenta(person).id, "", *YEARS))
    db.session.commit()
    solicitudes.send(owner, solicitud)
    db.session.commit()
    return solicitud


def approve(solicitud: Solicitud) -> Solicitud:
    """Approved by the SGE for this moment."""
    sge = actor("sge@demo.gob.ec")
    decisions.approve(sge, solicitud, date(2026, 11, 19))
    db.session.commit()
    decisions.run_now(sge, solicitud)
    db.session.commit()
    return solicitud


def approved(person=demo_people.MAIN) -> Solicitud:
    return approve(sent(person))


def produced(solicitud: Solicitud) -> int:
    """Run it to its end; returns its number."""
    number = solicitud.id
    produce.work()
    return number


def heavy(quipux: Path, target: Path) -> dict[str, object]:
    """Settings under which MAIN's archive has several parts: a copy of the small bodega with bytes that do not shrink after
    the end of its PDFs, and the smallest part size that an installation may set."""
    bodega = shutil.copytree(quipux / "bodega", target / "bodega")
    noise = random.Random(1).randbytes(250_000)
    for path in sorted(bodega.rglob("*.pdf"), key=lambda p: p.as_posix()):
        with path.open("ab") as out:
            out.write(noise)
    return {"PART_SIZE": 1 << 20, "BODEGA_DIR": str(bodega)}
