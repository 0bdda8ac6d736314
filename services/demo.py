"""The demo's own rows: who signs in, with what office, and the feriados. Its Quipux is made by sources.demo.

Refused outside the demo and the tests (config.py): these people are invented and their password is public."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from extensions import db
from models import AnioFeriados, Cargo, Cuenta, Nombramiento, Usuario
from services import clock, mirror, schedule, signin
from services.adapters import quipux
from sources import demo_people as people

PASSWORD = "Respaldo-2026"
SINCE = datetime(2020, 1, 1, 5, tzinfo=UTC)

# correo, cargo, Quipux account (None: staff of the SGE, who are not in Quipux), cédula and names of those.
ACCOUNTS = [
    ("aiq@demo.gob.ec", Cargo.AIQ_PRINCIPAL, people.AIQ_PRINCIPAL),
    ("respaldo@demo.gob.ec", Cargo.AIQ_BACKUP, people.AIQ_BACKUP),
    ("aiq@otra.gob.ec", Cargo.AIQ_PRINCIPAL, people.AIQ_OTHER),
    ("servidor@demo.gob.ec", None, people.SERVANT),
]
STAFF = [
    ("sge@demo.gob.ec", Cargo.SGE_ADMIN, "1710034065", "Iván", "Peñaherrera Zúñiga"),
    ("sge2@demo.gob.ec", Cargo.SGE_OPERADOR, "1713175071", "Gabriela Ximena", "Tamayo Jácome"),
]


def seed_base() -> None:
    """People, offices and feriados; idempotent. Commits."""
    mirror.refresh(quipux())
    if db.session.scalar(select(Usuario.id).limit(1)) is None:
        secret = signin.hashed(PASSWORD)
        for correo, cargo, account in ACCOUNTS:
            cuenta = db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == account.codi))
            _person(correo, cuenta.cedula, cuenta.nombre, cuenta.apellido, secret, cargo, cuenta.institucion_id)
        for correo, cargo, cedula, nombre, apellido in STAFF:
            _person(correo, cedula, nombre, apellido, secret, cargo, None)
    year = clock.today().year
    for each in (year - 1, year, year + 1):
        if not schedule.has_feriados(each):
            schedule.seed_year(each)
        # The next one is left for an officer to look at: that is what the demo shows.
        if each <= year and db.session.get(AnioFeriados, each) is None:
            db.session.add(AnioFeriados(anio=each, confirmado_en=clock.now()))
    db.session.commit()


def _person(correo, cedula, nombre, apellido, secret, cargo, institucion_id) -> None:
    usuario = Usuario(cedula=cedula, correo=correo, nombre=nombre, apellido=apellido, clave_hash=secret, creado=SINCE)
    if cargo:
        usuario.nombramientos.append(Nombramiento(cargo=cargo, institucion_id=institucion_id, desde=SINCE))
    db.session.add(usuario)
