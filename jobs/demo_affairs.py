"""The AIQs' own affairs in the demo: implantaciones in each stage, a change of AIQ, and what an AIQ publishes and records.

Made through the services, each step by the person whose step it is and on its own day. An implantación that moved on (by
itself, as its plazo ended, or by a visitor's hand) is replaced by another institution's while there are some left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from sqlalchemy import exists, select

from extensions import db
from jobs.demo_hands import AIQ, OFFICER, OTHER_AIQ, actor, back, pdf
from models import Aviso, CambioAIQ, CapacitacionInterna, Cuenta, Escalamiento, Implantacion, Institucion, Procedimiento, Usuario
from rules.policy import Actor
from rules.processes import Etapa, Materia, Paso
from services import affairs, cambios, clock, demo, escalation, implantacion_solicitud, implantaciones, institutions, people, processes, signin
from services.aiq_offices import AiqData
from sources import demo_people

TRAINER = "Iván Peñaherrera Zúñiga, Subsecretaría de Gobierno Electrónico"
FULL = ((Materia.ENTRADA, 4.0), (Materia.SALIDA, 4.0), (Materia.ADMINISTRACION, 4.0))


@dataclass(frozen=True, slots=True)
class Newcomer:
    """An invented institution without Quipux and the AIQ its máxima autoridad designates."""

    nombre: str
    sigla: str
    ruc: str
    ciudad: str
    aiq: str
    cedula: str


NEWCOMERS = (
    Newcomer("Consejo de Saberes y Lenguas Andinas", "COSLA", "1763840770001", "Otavalo", "Sisa Pacari Maldonado Lema", "0527778203"),
    Newcomer("Servicio de Meteorología de Altura", "SMALT", "1864663220001", "Ambato", "Jorge Aníbal Chango Tipán", "0659882302"),
    Newcomer("Agencia de Caminos Vecinales", "ACAVE", "1066104440001", "Ibarra", "Verónica Elizabeth Ordóñez Ávila", "0508811684"),
    Newcomer("Instituto de Semillas Nativas", "ISENA", "1061942890001", "Cotacachi", "Mesías Rodrigo Farinango Sisa", "1816804999"),
    Newcomer("Dirección de Faros y Balizas", "DIFAB", "1069099230001", "Esmeraldas", "Tatiana Maribel Cárdenas Vásquez", "1711187052"),
    Newcomer("Fondo de Fomento Artesanal", "FOFAR", "1862660600001", "Latacunga", "Luis Gonzalo Tenelema Pilco", "0639106319"),
    Newcomer("Laboratorio de Suelos Andinos", "LASUA", "1061023220001", "Riobamba", "Elsa Piedad Morales Yumbo", "1035701745"),
    Newcomer("Comisión de Límites Cantonales", "COLIC", "1763745310001", "Quito", "Hugo Fernando Zúñiga Ayala", "1742614421"),
)


# --- implantaciones ----------------------------------------------------------------------------------------------------


def _free() -> Newcomer | None:
    """The first institution with which nothing was done yet."""
    used = {*db.session.scalars(select(Implantacion.sigla)), *db.session.scalars(select(Institucion.sigla))}
    return next((n for n in NEWCOMERS if n.sigla not in used), None)


def _no_implantation(etapa: Etapa) -> Callable[[], bool]:
    """True when none is in this (effective) stage and an institution is left for it."""

    def missing() -> bool:
        rows = db.session.scalars(select(Implantacion).where(Implantacion.estado.in_({etapa, Etapa.AMBIENTE})))
        return not any(institutions.effective(row) is etapa for row in rows) and _free() is not None

    return missing


def _registered(received: date) -> Implantacion:
    new, officer = _free(), actor(OFFICER)
    oficio = f"{new.sigla}-DE-{received.year}-0{received.timetuple().tm_yday:03d}-O"
    data = implantacion_solicitud.Data(
        nombre=new.nombre, ruc=new.ruc, sigla=new.sigla, telefono="02 395 1700", direccion=f"Calle Sucre y Rocafuerte, {new.ciudad}",
        aiq_nombres=new.aiq, aiq_cedula=new.cedula, aiq_cargo="Especialista de Gestión Documental", aiq_correo=f"aiq@{new.sigla.lower()}.demo.gob.ec",
        aiq_telefono="02 395 1701", aiq_extension="214", aiq_celular="0995550142", oficio_numero=oficio, oficio_recibido=received,
    )
    paper = pdf(
        f"{oficio}.pdf", f"Oficio Nro. {oficio}", "Asunto: Solicitud de uso del Sistema de Gestión Documental Quipux",
        f"{new.nombre} ({new.sigla}), RUC {new.ruc}, solicita el uso del sistema Quipux y designa como Administrador "
        f"Institucional Quipux a {new.aiq}, cédula {new.cedula}.",
    )
    return _kept(implantacion_solicitud.register(officer, data, paper))


def _trained(row: Implantacion, sessions=FULL) -> Implantacion:
    for materia, hours in sessions:
        implantaciones.train(actor(OFFICER), row, fecha=clock.today(), materia=materia, horas=hours, capacitador=TRAINER)
    return _kept(row)


def _opened(days: int) -> Implantacion:
    """An implantación whose ambiente was opened that many days ago, with its responsibilities accepted."""
    with back(days=days + 8, hour=9):
        row = _registered(clock.today() - timedelta(days=1))
    with back(days=days + 3, hour=16):
        _trained(row)
    with back(days=days, hour=9):
        implantaciones.open_environment(actor(OFFICER), row)
        _password(row.usuario)
    with back(days=days, hour=15):
        implantaciones.accept(_designated(row), row)
    return _kept(row)


def _fulfil(row: Implantacion, how_many: int) -> None:
    for task in processes.pending(row)[:how_many]:
        implantaciones.fulfil(_designated(row), row, task.id, "Realizado en el ambiente de capacitación.", None)
    _kept(row)


def _designated(row: Implantacion) -> Actor:
    return people.actor_of(row.usuario, clock.now())


def _password(usuario: Usuario) -> None:
    """The demo's password, so that a visitor may also sign in as the designated AIQ; the link that was mailed stays good."""
    usuario.clave_hash = usuario.clave_hash or _secret()


@cache
def _secret() -> str:
    return signin.hashed(demo.PASSWORD)


def _training() -> None:
    with back(days=6, hour=11):
        row = _registered(clock.today() - timedelta(days=1))
    with back(days=4, hour=13):
        _trained(row, [(Materia.ENTRADA, 4.0)])
    with back(days=1, hour=13):
        _trained(row, [(Materia.SALIDA, 3.0)])


def _working() -> None:
    row = _opened(days=4)
    with back(days=3, hour=11):
        _fulfil(row, 3)
    with back(days=1, hour=10):
        _fulfil(row, 2)


def _suspended() -> None:
    row = _opened(days=10)
    with back(days=7, hour=10):
        _fulfil(row, 8)
    with back(days=2, hour=1):
        implantaciones.settle(row)


def _reviewed() -> None:
    row = _opened(days=6)
    with back(days=2, hour=12):
        _fulfil(row, len(processes.pending(row)))
    with back(days=1, hour=9):
        implantaciones.report(_designated(row), row)


# --- change of AIQ -----------------------------------------------------------------------------------------------------


def _place(codi: str) -> Institucion:
    return db.session.scalar(select(Institucion).where(Institucion.quipux_codi == codi))


def _candidates() -> Iterator[Cuenta]:
    """Active accounts of the IEPH whose holders have nothing to do with this site yet."""
    known = exists().where(Usuario.cedula == Cuenta.cedula)
    active = (Cuenta.institucion_id == _place(demo_people.IEPH).id, people.there(), Cuenta.correos != "")
    yield from db.session.scalars(select(Cuenta).where(*active, ~known).order_by(Cuenta.id))


def _no_change() -> bool:
    """True while the IEPH has neither changed its AIQ nor is about to, and its principal may begin."""
    place = _place(demo_people.IEPH)
    begun = db.session.scalar(select(CambioAIQ.id).where(CambioAIQ.institucion_id == place.id, CambioAIQ.estado != Paso.ANULADA).limit(1))
    return begun is None and place.id in actor(OTHER_AIQ).principal_of and next(_candidates(), None) is not None


def _change() -> None:
    place, account, officer = _place(demo_people.IEPH), next(_candidates()), actor(OFFICER)
    data = AiqData(
        nombres=f"{account.nombre} {account.apellido}", cedula=account.cedula, cargo=account.puesto or "Analista", correo=account.correos.split(",")[0],
        telefono="03 294 2200", extension="118", celular="0985550176",
    )
    with back(days=8, hour=10):
        cambio = _kept(cambios.start(actor(OTHER_AIQ), place, data))
    with back(days=7, hour=9):
        received = clock.today()
        oficio = f"IEPH-DG-{received.year}-0412-O"
        asked = cambios.Request(
            solicitante=cambios.AUTHORITY, solicitante_nombre="Rodrigo Sebastián Paredes Lema, Director General", oficio_numero=oficio,
            oficio_recibido=received, fecha_efectiva=cambios.earliest(received),
        )
        paper = pdf(
            f"{oficio}.pdf", f"Oficio Nro. {oficio}", "Asunto: Cambio de Administrador Institucional Quipux",
            f"El {place.nombre} solicita el cambio de su AIQ principal y designa a {data.nombres}, cédula {data.cedula}.",
        )
        cambios.request(officer, cambio, asked, {"oficio": paper})
    for days, (materia, hours) in zip((6, 5, 4), FULL, strict=True):
        with back(days=days, hour=15):
            processes.train(officer, cambio, fecha=clock.today(), materia=materia, horas=hours, capacitador=TRAINER)
    with back(days=2, hour=9):
        cambios.open_environment(officer, cambio)
        _password(cambio.entrante)
    with back(days=1, hour=16):
        incoming = people.actor_of(cambio.entrante, clock.now())
        cambios.accept(incoming, cambio)
        for task in processes.pending(cambio)[:4]:
            cambios.task(incoming, cambio, task.orden, note="Realizado en el ambiente de capacitación.", file=None)


# --- what is published and recorded ------------------------------------------------------------------------------------


def _no_notice() -> bool:
    """Also a notice withdrawn counts: what a visitor took off does not come back."""
    query = select(Aviso.id).where(Aviso.institucion_id.is_(None), Aviso.hasta >= clock.today())
    return db.session.scalar(query.limit(1)) is None


def _notice() -> None:
    with back(days=1, hour=8):
        affairs.publish_notice(
            actor(OFFICER), publico=affairs.ALL_AIQS, titulo="Solicite los respaldos de fin de año con anticipación", desde=clock.today(),
            hasta=clock.today() + timedelta(days=30),
            texto="En los periodos de inicio y fin de año la ejecución de los respaldos puede tomar más días. Solicite con anticipación los "
            "respaldos de los servidores que se desvinculan.",
        )


def _none_of(kind) -> Callable[[], bool]:
    """True when the SNBAP has no row of this kind."""
    return lambda: db.session.scalar(select(kind.id).where(kind.institucion_id == _place(demo_people.SNBAP).id).limit(1)) is None


def _procedure() -> None:
    for days, text in ((190, "Los respaldos se solicitan con el oficio del exservidor."),
                       (20, "Los respaldos se solicitan con el oficio del exservidor y se entregan dentro de su vigencia de 5 días.")):
        with back(days=days, hour=10):
            titulo = "Procedimiento para el uso del Sistema Quipux y la entrega de respaldos"
            affairs.publish_procedure(
                actor(AIQ), pdf("procedimiento-quipux.pdf", titulo, text), institucion=str(_place(demo_people.SNBAP).id), titulo=titulo,
                aprobado_por="Mónica Alexandra Espín Terán, Directora Ejecutiva", aprobado_en=clock.today() - timedelta(days=2),
            )


def _internal_training() -> None:
    with back(days=9, hour=12):
        affairs.record_training(
            actor(AIQ), institucion=str(_place(demo_people.SNBAP).id), fecha=clock.today(), tema="Bandeja de salida y firma electrónica", horas=2.5,
            participantes="Luis Alberto Tituaña Anrango\nNancy Germania Chicaiza Pilco\nMarco Vinicio Toapanta Ávila\nTamia Nina Cachimuel Sisa",
        )


def _escalated() -> None:
    with back(days=3, hour=11):
        escalation.escalate(
            actor(AIQ), institucion=str(_place(demo_people.SNBAP).id), asunto="Un usuario no puede firmar documentos desde ayer",
            detalle="Al firmar un oficio, Quipux indica que el certificado no es válido, aunque está vigente hasta 2027.",
            primer_nivel="Se verificó la vigencia del certificado, se probó en otro equipo y se actualizó el programa de firma.",
        )


def _kept(row):
    db.session.commit()
    return row


SCENES: list[tuple[Callable[[], bool], Callable[[], None]]] = [
    (_no_implantation(Etapa.CAPACITACION), _training),
    (_no_implantation(Etapa.AMBIENTE), _working),
    (_no_implantation(Etapa.SUSPENDIDA), _suspended),
    (_no_implantation(Etapa.REVISION), _reviewed),
    (_no_change, _change),
    (_no_notice, _notice),
    (_none_of(Procedimiento), _procedure),
    (_none_of(CapacitacionInterna), _internal_training),
    (_none_of(Escalamiento), _escalated),
]
