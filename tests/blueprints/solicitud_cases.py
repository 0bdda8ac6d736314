"""Requests in every estado, made through the services, for the tests of list and detail. Returns ids: each test opens its
own session."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, timedelta

from sqlalchemy import select

from extensions import db
from models import Cuenta, Ejecucion, EjecucionEstado, Novedad, Parte, ParteTipo, Solicitud, Usuario
from rules import deadlines
from rules.lifecycle import Action, Clase, Estado, Motivo
from services import clock, decisions, mover, people, petitions, runs, solicitudes
from sources import demo_people

SINCE, UNTIL = date(2020, 1, 1), date(2026, 11, 17)


@contextmanager
def context(app):
    """A context of its own for preparing data; committed at the end, and its session closed."""
    with app.app_context():
        yield
        db.session.commit()
        db.session.remove()


def actor(correo: str):
    return people.actor_of(db.session.scalar(select(Usuario).where(Usuario.correo == correo)), clock.now())


def account(person=demo_people.MAIN) -> Cuenta:
    return db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == person.codi))


def draft(person=demo_people.MAIN, correo="aiq@demo.gob.ec") -> Solicitud:
    cuenta = account(person)
    found = petitions.search(cuenta.institucion, cuenta.apellido.split()[0])
    petition = next(p for p in found if p.remitente_cedula == cuenta.cedula)
    return solicitudes.save(actor(correo), Clase.INSTITUCIONAL, solicitudes.Draft(cuenta.id, petition.id, SINCE, UNTIL, "Para un trámite."))


def make(app, estado: Estado, **options) -> int:
    """A request of MAIN in that estado; its number. `silent`, `espera`, `bytes_hechos`, `etapa` shape the run."""
    with context(app):
        return _make(estado, **options).id


def _make(estado: Estado, person=demo_people.MAIN, **options) -> Solicitud:
    solicitud = draft(person)
    if estado is Estado.BORRADOR:
        return solicitud
    solicitudes.send(actor("aiq@demo.gob.ec"), solicitud)
    if estado is Estado.ENVIADA:
        return solicitud
    decisions.approve(actor("sge@demo.gob.ec"), solicitud, date(2026, 11, 20), comment="Corresponde al ciudadano")
    if estado is Estado.APROBADA:
        return solicitud
    mover.move(solicitud, Action.START, None)
    run = _run(solicitud, **options)
    if estado is Estado.EN_EJECUCION:
        return solicitud
    if estado is Estado.DETENIDA:
        run.estado, run.detencion = EjecucionEstado.DETENIDA, options.get("detencion", "fallos")
        return mover.move(solicitud, Action.FAIL, None, comment="Tres intentos fallidos seguidos sin avance.", data={"causa": "fallos"})
    return _finish(solicitud, run) if estado is Estado.ATENDIDA else decisions.expire(_finish(solicitud, run))


def produced(solicitud: Solicitud) -> Solicitud:
    """An approved request, run and Atendida."""
    mover.move(solicitud, Action.START, None)
    return _finish(solicitud, _run(solicitud))


def _run(solicitud: Solicitud, **options) -> Ejecucion:
    now = clock.now()
    shape = {
        "latido": now, "plan_en": now - timedelta(minutes=10), "etapa": "empaquetar", "encontrados": 101, "excluidos": 1, "recibidos": 60,
        "enviados": 40, "bytes_total": 2_000_000_000, "bytes_hechos": 1_080_000_000, "documentos_hechos": 54,
    }
    shape |= {k: v for k, v in options.items() if k in {*shape, "espera"}}
    run = Ejecucion(solicitud_id=solicitud.id, estado=EjecucionEstado.EN_CURSO, creada_en=now, iniciada_en=now - timedelta(minutes=11), intento=1, **shape)
    db.session.add(run)
    db.session.flush()
    return run


def _finish(solicitud: Solicitud, run: Ejecucion) -> Solicitud:
    shape = {"ejecucion_id": run.id, "tipo": ParteTipo.DATOS, "publicada_en": clock.now()}
    first, documents = 60, run.encontrados - run.excluidos
    db.session.add_all([
        Parte(numero=1, nombre=f"{solicitud.nombre_archivo}.z01", bytes=1_400_000_000, sha256="a" * 64, documentos=first, **shape),
        Parte(numero=2, nombre=f"{solicitud.nombre_archivo}.zip", bytes=700_000_000, sha256="b" * 64, documentos=documents - first, **shape),
        Novedad(ejecucion_id=run.id, documento_codi="2" * 20, numero="SNBAP-2021-0007-M", asunto="Informe de bodega", archivo="informe.pdf", causa="ausente"),
    ])
    db.session.flush()
    db.session.expire(run)
    runs.finish(runs.Claim(run.id, solicitud.id, run.intento))
    return solicitud


def plant(count: int, **columns) -> list[int]:
    """Rows written straight into the table, for lists too long to be made by hand; the caller commits. Callables get the index."""
    cuenta, author, now = account(), actor("aiq@demo.gob.ec").usuario_id, clock.now()
    rows = []
    for i in range(count):
        shape = {
            "clase": Clase.INSTITUCIONAL, "estado": Estado.ENVIADA, "institucion_id": cuenta.institucion_id, "cuenta_id": cuenta.id,
            "creada_por_id": author, "editada_por_id": author, "fecha_solicitud": now - timedelta(hours=i // 3), "editada_en": now,
            "persona_cedula": cuenta.cedula, "persona_nombre": cuenta.nombre, "persona_apellido": cuenta.apellido, "desde": SINCE, "hasta": UNTIL,
            "busqueda": people.search_text(cuenta.nombre, cuenta.apellido, cuenta.cedula),
            "apellido_plegado": people.surname_key(cuenta.apellido, cuenta.nombre),
        }
        shape |= {k: v(i) if callable(v) else v for k, v in columns.items()}
        if shape["estado"] is Estado.ELIMINADA:
            shape.setdefault("motivo", Motivo.OTRO)
        rows.append(Solicitud(**shape))
    db.session.add_all(rows)
    db.session.flush()
    return [row.id for row in rows]


def expires_in(days: int):
    """A `vigente_hasta` that many whole local days from now."""
    return deadlines.midnight(clock.today() + timedelta(days=days + 1))
