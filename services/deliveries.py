"""The handing over to the citizen: the duty of the AIQ (seed 000, "Notas importantes"), what the acta says, and its record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from archive.model import CAUSES
from extensions import db
from models import Ejecucion, Entrega, Evento, Novedad, Solicitud, Usuario
from rules import deadlines, texts
from rules.identity import cedula_problem
from rules.lifecycle import Action, IllegalMove
from rules.policy import Actor
from services import clock, complements, downloads
from services.errors import Conflict, NotFound, Refused
from services.mover import move
from services.people import aiqs_of

MEDIA = ("Memoria USB", "Disco externo", "CD o DVD", "Medio electrónico institucional", "Otro medio")
LONGEST = {"recibe_nombre": 200, "recibe_cedula": 20, "observacion": 1000}


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form says of a hand-over. `fecha` None: missing or not a date."""

    fecha: date | None
    recibe_nombre: str
    recibe_cedula: str
    medio: str
    observacion: str = ""


@dataclass(frozen=True, slots=True)
class Signer:
    nombre: str
    cedula: str
    papel: str


@dataclass(frozen=True, slots=True)
class Acta:
    """Everything the acta de entrega-recepción says, ready to be drawn as a page or as a PDF."""

    solicitud: Solicitud
    runs: list[Ejecucion]
    fecha: date
    entrega: Entrega | None
    gives: Signer
    receives: Signer
    novedades: list[tuple[Novedad, str]]  # with the cause in words
    account: complements.Account
    reserved: Evento | None  # the approval by which reserved documents are in; None: they are not

    @property
    def run(self) -> Ejecucion:
        return self.runs[0]


def of(solicitud: Solicitud) -> list[Entrega]:
    """The hand-overs recorded, the last first: a correction is a new row, and the last one counts."""
    return list(db.session.scalars(select(Entrega).where(Entrega.solicitud_id == solicitud.id).order_by(Entrega.id.desc())))


def record(actor: Actor, solicitud: Solicitud, draft: Draft) -> Entrega:
    """Write down that the archive was handed over. The same form sent twice is one hand-over.
    Raises Refused, Conflict. The caller commits."""
    if problems := _problems(solicitud, draft):
        raise Refused(problems)
    last = next(iter(of(solicitud)), None)
    if last is not None and _same(last, draft):
        return last
    row = Entrega(
        solicitud_id=solicitud.id, fecha=draft.fecha, recibe_nombre=draft.recibe_nombre, recibe_cedula=draft.recibe_cedula,
        medio=draft.medio, observacion=draft.observacion, registrada_por_id=actor.usuario_id, registrada_en=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    text = f"Entregado a {draft.recibe_nombre} el {texts.day(draft.fecha)}. Medio: {draft.medio}."
    try:
        move(solicitud, Action.DELIVER, actor, comment=f"Corrección. {text}" if last else text, data={"entrega": row.id})
    except IllegalMove:
        raise Conflict("La solicitud cambió mientras usted registraba la entrega. Actualice la página.") from None
    return row


def _same(row: Entrega, draft: Draft) -> bool:
    return all(getattr(row, name) == getattr(draft, name) for name in Draft.__slots__)


def _problems(solicitud: Solicitud, draft: Draft) -> dict[str, str]:
    if solicitud.generada_en is None:
        return {"": "El respaldo todavía no se genera: no hay archivos que entregar."}
    problems = {}
    if draft.fecha is None:
        problems["fecha"] = "Ingrese la fecha de entrega."
    elif draft.fecha < deadlines.local_day(solicitud.generada_en):
        problems["fecha"] = f"La fecha de entrega no puede ser anterior al {texts.day(deadlines.local_day(solicitud.generada_en))}, día en que se generó."
    elif draft.fecha > clock.today():
        problems["fecha"] = f"La fecha de entrega no puede ser posterior al {texts.day(clock.today())}."
    if len(draft.recibe_nombre) < 3:
        problems["recibe_nombre"] = "Ingrese los nombres y apellidos de quien recibe."
    # A former servant without an Ecuadorian cédula has what Quipux has.
    if draft.recibe_cedula != solicitud.persona_cedula and (wrong := cedula_problem(draft.recibe_cedula)):
        problems["recibe_cedula"] = wrong
    if draft.medio not in MEDIA:
        problems["medio"] = "Elija el medio en que se entregó."
    for name, longest in LONGEST.items():
        if len(getattr(draft, name)) > longest:
            problems[name] = f"El texto es demasiado largo: el máximo es {texts.plural(longest, 'carácter', 'caracteres')}."
    return problems


def acta(actor: Actor, solicitud: Solicitud) -> Acta:
    """What the acta says now. Raises NotFound before the archive was generated."""
    found = downloads.finished_runs(solicitud)
    if not found or solicitud.generada_en is None:
        raise NotFound
    entrega = next(iter(of(solicitud)), None)
    return Acta(
        solicitud, found, entrega.fecha if entrega else clock.today(), entrega, _giver(actor, solicitud, entrega),
        _receiver(solicitud, entrega), novedades(found), complements.account(found[0]), _reserved(solicitud),
    )


def novedades(found: list[Ejecucion]) -> list[tuple[Novedad, str]]:
    """Files that were found and could not be included, and that no complement has brought since; with the cause in words."""
    return [(n, CAUSES[n.causa]) for run in found[:1] for n in run.novedades if n.recuperada_por_id is None]


def _reserved(solicitud: Solicitud) -> Evento | None:
    """The decision of the SGE to include reserved documents: officer and reason (decisions 18)."""
    if not solicitud.incluir_reservados:
        return None
    query = select(Evento).where(Evento.solicitud_id == solicitud.id, Evento.accion == Action.APPROVE).order_by(Evento.orden.desc())
    return db.session.scalars(query.limit(1)).first()


def _receiver(solicitud: Solicitud, entrega: Entrega | None) -> Signer:
    if entrega is None or entrega.recibe_cedula == solicitud.persona_cedula:
        return Signer(entrega.recibe_nombre if entrega else solicitud.persona, solicitud.persona_cedula, "Ciudadano requirente")
    return Signer(entrega.recibe_nombre, entrega.recibe_cedula, "Persona autorizada por el ciudadano")


def _giver(actor: Actor, solicitud: Solicitud, entrega: Entrega | None) -> Signer:
    """Who hands over: who recorded it; before that, the AIQ who looks at the acta, else the institution's first AIQ."""
    if entrega is not None:
        person = entrega.registrada_por
    elif solicitud.institucion_id in actor.aiq_of or actor.sge and solicitud.creada_por_id == actor.usuario_id:
        person = db.session.get(Usuario, actor.usuario_id)
    else:
        person = next(iter(aiqs_of(solicitud.institucion_id, clock.now())), solicitud.creada_por)
    # For an institution no longer in force the SGE itself registered the request (mission.md §1).
    by_sge = not solicitud.institucion.activa
    return Signer(person.nombre_completo, person.cedula, "Subsecretaría de Gobierno Electrónico" if by_sge else "Administrador Institucional Quipux (AIQ)")
