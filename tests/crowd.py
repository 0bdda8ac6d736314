"""Many rows of each list of the site, written straight into the tables: for lists too long to be made by hand."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from extensions import db
from models import CambioAIQ, Cargo, Cuenta, Implantacion, Institucion, Nombramiento, Usuario
from rules.processes import Etapa, Paso
from services import clock, people
from tests.blueprints import solicitud_cases as cases


def requests(count: int, name: str = "Ñaccha") -> None:
    cases.plant(count, persona_apellido=name, apellido_plegado=people.surname_key(name, "Ana"), busqueda=people.search_text("Ana", name))


def accounts(count: int, name: str = "Ñaccha") -> None:
    """Active accounts of the first institution."""
    place, first = cases.account().institucion_id, _next(Cuenta)
    db.session.add_all(
        Cuenta(
            quipux_codi=f"9{first + i:08d}", cedula=f"{first + i:010d}", nombre="Ana", apellido=f"{name} {i:03d}", puesto="Analista", activa=True,
            institucion_id=place, busqueda=people.search_text("Ana", name, f"{first + i:010d}"), apellido_plegado=people.surname_key(f"{name} {i:03d}", "Ana"),
        ) for i in range(count)
    )  # fmt: skip
    db.session.flush()


def institutions(count: int, name: str = "Ñandú") -> None:
    """Institutions in production; one of three is still an implantación in training."""
    author = cases.actor("sge@demo.gob.ec").usuario_id
    db.session.add_all(
        Institucion(nombre=f"{name} {i:03d}", sigla=f"{name[:3]}{i}", ruc=f"17{i:08d}001") if i % 3 else
        Implantacion(estado=Etapa.CAPACITACION, nombre=f"{name} {i:03d}", sigla=f"{name[:3]}{i}", responsable_id=author, creada_en=clock.now())
        for i in range(count)
    )  # fmt: skip
    db.session.flush()


def changes(count: int, name: str = "Ñandú") -> None:
    """Changes of AIQ, each of an institution of its own."""
    author, paths = cases.actor("sge@demo.gob.ec").usuario_id, list(Paso)
    for i in range(count):
        place = Institucion(nombre=f"{name} {i:03d}", sigla=f"{name[:3]}{i}")
        db.session.add(place)
        db.session.flush()
        db.session.add(CambioAIQ(
            estado=paths[i % len(paths)], institucion_id=place.id, entrante_id=author, preparado_por_id=author, creado_en=clock.now(), aiq_nombres="Ana",
            aiq_correo="ana@aiq.gob.ec",
        ))
    db.session.flush()


def offices(count: int, name: str = "Ñandú") -> None:
    """Offices of AIQ, principal, each of an institution and a person of its own."""
    first, now = _next(Usuario), clock.now()
    for i in range(count):
        place = Institucion(nombre=f"{name} {i:03d}", sigla=f"{name[:3]}{i}")
        person = Usuario(cedula=f"{first + i:010d}", correo=f"u{first + i}@aiq.gob.ec", nombre="Ana", apellido=f"{name} {i:03d}", creado=now)
        db.session.add_all([place, person])
        db.session.flush()
        ends = now - timedelta(days=i) if i % 4 == 0 else None
        db.session.add(Nombramiento(
            usuario_id=person.id, institucion_id=place.id, cargo=Cargo.AIQ_PRINCIPAL, desde=now - timedelta(days=100 + i // 3), hasta=ends,
            documento="Oficio",
        ))
    db.session.flush()


def _next(table) -> int:
    return (db.session.scalar(select(func.max(table.id))) or 0) + 1
