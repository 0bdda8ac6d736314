"""What an AIQ does beside the backups (seed 002): notices, internal procedures, internal trainings. The caller commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload
from werkzeug.datastructures import FileStorage

from extensions import db
from models import Aviso, CambioAIQ, CapacitacionInterna, Implantacion, Institucion, Procedimiento
from rules.identity import fold
from rules.policy import Actor
from services import clock, scope, uploads
from services.errors import Conflict, Refused

LONGEST_NOTICE = timedelta(days=366)
MAX_TEXT = 2000
MAX_PARTICIPANTS = 5000
MAX_HOURS = 40
LISTED = 200
TWICE = timedelta(minutes=10)  # the same text again within this time is a second click
ALL_AIQS = "sge"  # the audience of the SGE's notices, beside the ids of institutions


def places(actor: Actor) -> list[Institucion]:
    """Institutions of which the actor is AIQ."""
    return list(db.session.scalars(scope.aiq_institutions(actor).order_by(Institucion.nombre)))


def place(actor: Actor, text: str) -> int:
    """The institution a form names, among the actor's; the only one, when the form names none. Raises Refused."""
    known = {str(i): i for i in actor.aiq_of}
    if not text and len(known) == 1:
        return next(iter(known.values()))
    if text not in known:
        raise Refused({"institucion": "Elija la institución."})
    return known[text]


# --- Avisos ------------------------------------------------------------------------------------------------------------


def notices_for(actor: Actor, today: date) -> list[Aviso]:
    """Notices in force for the home page, newest first: the SGE's to all AIQs, and the own institution's."""
    reader = Aviso.institucion_id.in_(scope.own_institutions(actor))
    if actor.aiq_of or actor.sge:
        reader = reader | Aviso.institucion_id.is_(None)
    in_force = (Aviso.desde <= today) & (Aviso.hasta >= today) & Aviso.retirado_en.is_(None)
    return list(db.session.scalars(select(Aviso).options(joinedload(Aviso.autor)).where(reader, in_force).order_by(Aviso.desde.desc(), Aviso.id.desc())))


def notices(actor: Actor) -> list[Aviso]:
    """Every notice the actor answers for, newest first."""
    return list(db.session.scalars(scope.avisos(actor).options(joinedload(Aviso.autor)).order_by(Aviso.id.desc()).limit(LISTED)))


def standing(aviso: Aviso, today: date) -> str:
    """programado, vigente, concluido or retirado (rules.glossary AVISO_BADGE)."""
    if aviso.retirado_en:
        return "retirado"
    return "programado" if today < aviso.desde else "vigente" if today <= aviso.hasta else "concluido"


def publish_notice(actor: Actor, *, publico: str, titulo: str, texto: str, desde: date | None, hasta: date | None) -> Aviso:
    """A notice to all AIQs (publico = ALL_AIQS, the SGE's) or to one institution's users. Raises Refused."""
    problems: dict[str, str] = {}
    institucion_id = None
    if not (actor.sge and publico == ALL_AIQS):
        try:
            institucion_id = place(actor, publico)
        except Refused:
            problems["publico"] = "Elija a quién se dirige el aviso."
    _text(problems, "titulo", titulo, 150, "Escriba el título del aviso.")
    _text(problems, "texto", texto, MAX_TEXT, "Escriba el texto del aviso.")
    _dates(problems, desde, hasta)
    if problems:
        raise Refused(problems)
    said = {"institucion_id": institucion_id, "titulo": titulo, "texto": texto, "desde": desde, "hasta": hasta, "autor_id": actor.usuario_id}
    _once(select(Aviso.id).filter_by(**said, retirado_en=None).where(Aviso.creado_en > clock.now() - TWICE), "Usted ya publicó este mismo aviso")
    row = Aviso(**said, creado_en=clock.now())
    db.session.add(row)
    db.session.flush()
    return row


def _dates(problems: dict[str, str], desde: date | None, hasta: date | None) -> None:
    if desde is None:
        problems["desde"] = "Ingrese desde qué fecha se muestra."
    elif desde < clock.today():
        problems["desde"] = "La fecha no puede ser anterior a hoy."
    if hasta is None:
        problems["hasta"] = "Ingrese hasta qué fecha se muestra."
    elif desde and hasta < desde:
        problems["hasta"] = "La fecha final no puede ser anterior a la inicial."
    elif desde and hasta - desde > LONGEST_NOTICE:
        problems["hasta"] = "Un aviso se muestra un año como máximo."


def withdraw(aviso: Aviso) -> None:
    """Take a notice off the home page now; the row stays. Raises Conflict when it was withdrawn before."""
    if aviso.retirado_en:
        raise Conflict("El aviso ya fue retirado.")
    aviso.retirado_en = clock.now()


# --- Procedimientos internos -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Procedure:
    """One procedure of an institution: its newest version, in force, and the earlier ones."""

    current: Procedimiento
    earlier: list[Procedimiento]
    institucion: Institucion


def procedures(actor: Actor) -> list[Procedure]:
    """Procedures the actor may read, by institution and title."""
    rows = db.session.execute(
        scope.procedimientos(actor)
        .join(Institucion, Institucion.id == Procedimiento.institucion_id)
        .options(joinedload(Procedimiento.adjunto), joinedload(Procedimiento.publicado_por))
        .add_columns(Institucion)
        .order_by(Institucion.nombre, Procedimiento.titulo, Procedimiento.version.desc())
    )
    groups: dict[tuple[int, str], tuple[Institucion, list[Procedimiento]]] = {}
    for row, institucion in rows:
        groups.setdefault((institucion.id, row.titulo), (institucion, []))[1].append(row)
    return [Procedure(versions[0], versions[1:], institucion) for institucion, versions in groups.values()]


def publish_procedure(
    actor: Actor, file: FileStorage | None, *, institucion: str, titulo: str, aprobado_por: str, aprobado_en: date | None
) -> Procedimiento:
    """A new procedure, or the next version of the one with this title (accents and case aside). Raises Refused, Conflict."""
    problems: dict[str, str] = {}
    institucion_id = _place(problems, actor, institucion)
    _text(problems, "titulo", titulo, 200, "Escriba el título del procedimiento.")
    _text(problems, "aprobado_por", aprobado_por, 200, "Escriba quién lo aprobó: nombre y cargo.")
    _past(problems, "aprobado_en", aprobado_en, "Ingrese la fecha de aprobación.", "La fecha de aprobación no puede ser posterior a hoy.")
    if not uploads.given(file):
        problems["documento"] = "Adjunte el procedimiento en PDF."
    if problems:
        raise Refused(problems)
    attachment = uploads.accept(actor, file, institucion_id=institucion_id, field="documento")
    titulo, version = _next_version(institucion_id, titulo)
    row = Procedimiento(
        institucion_id=institucion_id, titulo=titulo, version=version, adjunto_id=attachment.id, aprobado_por=aprobado_por,
        aprobado_en=aprobado_en, publicado_por_id=actor.usuario_id, publicado_en=clock.now(),
    )
    db.session.add(row)
    try:
        db.session.flush()
    except IntegrityError:
        raise Conflict("Otra persona publicó una versión del mismo procedimiento en este momento. Actualice la página.") from None
    return row


def _next_version(institucion_id: int, titulo: str) -> tuple[str, int]:
    """(title as the first version wrote it, number of the next version)."""
    rows = db.session.execute(
        select(Procedimiento.titulo, func.max(Procedimiento.version)).where(Procedimiento.institucion_id == institucion_id).group_by(Procedimiento.titulo)
    )
    known = {fold(name): (name, last + 1) for name, last in rows}
    return known.get(fold(titulo), (titulo, 1))


# --- Capacitaciones internas -------------------------------------------------------------------------------------------


def trainings(actor: Actor) -> list[CapacitacionInterna]:
    """Trainings the actor's institutions recorded, the latest first."""
    query = scope.capacitaciones_internas(actor).options(joinedload(CapacitacionInterna.registrada_por))
    return list(db.session.scalars(query.order_by(CapacitacionInterna.fecha.desc(), CapacitacionInterna.id.desc()).limit(LISTED)))


def participants(row: CapacitacionInterna) -> list[str]:
    """Names of who took part, one a line of what was written."""
    return [name.strip() for name in row.participantes.splitlines() if name.strip()]


def record_training(
    actor: Actor, *, institucion: str, fecha: date | None, tema: str, horas: float | None, participantes: str
) -> CapacitacionInterna:
    """Whom the AIQ trained, when and in what. Raises Refused."""
    problems: dict[str, str] = {}
    institucion_id = _place(problems, actor, institucion)
    _past(problems, "fecha", fecha, "Ingrese la fecha de la capacitación.", "La fecha no puede ser posterior a hoy.")
    _text(problems, "tema", tema, 200, "Escriba el tema.")
    if horas is None or not 0.5 <= horas <= MAX_HOURS or (horas * 2) % 1:
        problems["horas"] = f"Ingrese las horas, de media en media, entre 0,5 y {MAX_HOURS}."
    _text(problems, "participantes", participantes, MAX_PARTICIPANTS, "Escriba los participantes, uno por línea.")
    if problems:
        raise Refused(problems)
    said = {"institucion_id": institucion_id, "fecha": fecha, "tema": tema, "horas": horas, "participantes": participantes,
            "registrada_por_id": actor.usuario_id}
    recent = CapacitacionInterna.registrada_en > clock.now() - TWICE
    _once(select(CapacitacionInterna.id).filter_by(**said).where(recent), "Usted ya registró esta misma capacitación")
    row = CapacitacionInterna(**said, registrada_en=clock.now())
    db.session.add(row)
    db.session.flush()
    return row


# --- Responsabilidades -------------------------------------------------------------------------------------------------


def accepted_on(actor: Actor) -> datetime | None:
    """When the actor accepted the nine responsibilities, in the latest process that made him or her AIQ; None: not here."""
    found = [
        db.session.scalar(select(func.max(kind.responsabilidades_en)).where(column == actor.usuario_id))
        for kind, column in ((Implantacion, Implantacion.usuario_id), (CambioAIQ, CambioAIQ.entrante_id))
    ]
    return max((at for at in found if at), default=None)


# --- Shared checks -----------------------------------------------------------------------------------------------------


def _place(problems: dict[str, str], actor: Actor, text: str) -> int:
    try:
        return place(actor, text)
    except Refused as refused:
        problems.update(refused.fields)
        return 0


def _once(same: Select, told: str) -> None:
    """Raises Refused when there is one already."""
    if db.session.scalar(same.limit(1)) is not None:
        raise Refused(f"{told} hace unos minutos: consta en la lista.")


def _text(problems: dict[str, str], field: str, text: str, limit: int, missing: str) -> None:
    if not text.strip():
        problems[field] = missing
    elif len(text) > limit:
        problems[field] = f"Use como máximo {limit} caracteres; escribió {len(text)}."


def _past(problems: dict[str, str], field: str, day: date | None, missing: str, late: str) -> None:
    if day is None:
        problems[field] = missing
    elif day > clock.today():
        problems[field] = late
