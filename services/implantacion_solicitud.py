"""The Solicitud de uso del sistema: what the oficio of the máxima autoridad says, checked and kept (seed 002, stage 1).

The caller commits."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import date

from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage

from extensions import db
from models import Implantacion, Orientacion, Usuario
from rules.identity import ERROR, WARNING, compact, ruc_problem
from rules.policy import Actor
from rules.processes import Step
from services import clock, institutions, uploads
from services.aiq_offices import AiqData, data_problems
from services.errors import Refused
from services.mover import begin
from services.processes import step

# Longest accepted text of each field of the form, as its column keeps it.
LENGTHS = {
    "nombre": 200, "ruc": 20, "sigla": 20, "telefono": 60, "direccion": 250, "aiq_nombres": 200, "aiq_cedula": 20, "aiq_cargo": 200,
    "aiq_correo": 200, "aiq_telefono": 60, "aiq_extension": 20, "aiq_celular": 60, "oficio_numero": 60,
}
_MISSING = {
    "nombre": "Escriba el nombre de la institución.", "sigla": "Escriba la sigla de la institución.",
    "telefono": "Escriba el número telefónico de la institución.", "direccion": "Escriba la dirección de la institución.",
    "oficio_numero": "Escriba el número del oficio.",
}


@dataclass(frozen=True, slots=True)
class Data:
    """What the oficio of the máxima autoridad says: the institution, the designated AIQ, the oficio itself."""

    nombre: str = ""
    ruc: str = ""
    sigla: str = ""
    telefono: str = ""
    direccion: str = ""
    aiq_nombres: str = ""
    aiq_cedula: str = ""
    aiq_cargo: str = ""
    aiq_correo: str = ""
    aiq_telefono: str = ""
    aiq_extension: str = ""
    aiq_celular: str = ""
    oficio_numero: str = ""
    oficio_recibido: date | None = None

    def columns(self) -> dict[str, object]:
        """As the row keeps them: numbers without separators, sigla in capitals, correo in small letters."""
        return asdict(self) | {
            "ruc": compact(self.ruc), "sigla": self.sigla.upper(), **self.aiq().clean().columns(),
        }

    def aiq(self) -> AiqData:
        """The designated AIQ's part of it, as typed."""
        return AiqData(**{f.name: getattr(self, f"aiq_{f.name}") for f in fields(AiqData)})


def orient(actor: Actor, institucion: str, contacto: str = "") -> Orientacion:
    """Log that an institution outside the Administración Pública Central was shown its two options. Raises Refused."""
    if not institucion or len(institucion) > 200:
        raise Refused({"institucion": "Escriba el nombre de la institución (máximo 200 caracteres)."})
    if len(contacto) > 200:
        raise Refused({"contacto": "El contacto no puede superar los 200 caracteres."})
    row = Orientacion(institucion=institucion, contacto=contacto, registrada_por_id=actor.usuario_id, en=clock.now())
    db.session.add(row)
    db.session.flush()
    return row


def ruc_warning(ruc: str) -> str:
    """What a person should compare in a RUC that is accepted all the same; "" when nothing."""
    problem = ruc_problem(ruc)
    return problem.message if problem and problem.level == WARNING else ""


def problems(data: Data, row: Implantacion | None = None) -> dict[str, str]:
    """What is wrong with the form, by field; {} when it can be kept. `row`: the implantación being corrected."""
    values = asdict(data)
    found = {name: text for name, text in _MISSING.items() if not values[name]}
    found |= {name: f"Use como máximo {most} caracteres." for name, most in LENGTHS.items() if len(values[name]) > most}
    found |= {f"aiq_{name}": text for name, text in data_problems(data.aiq()).items()}
    ruc = ruc_problem(data.ruc)
    checked = {
        "ruc": ruc.message if ruc and ruc.level == ERROR else institutions.taken_ruc(compact(data.ruc), row),
        "oficio_recibido": _date_problem(data.oficio_recibido),
    }
    if "aiq_correo" not in found:
        checked["aiq_correo"] = _foreign_mailbox(data)
    if "sigla" not in found:
        checked["sigla"] = institutions.taken_sigla(data.sigla, row)
    return found | {name: text for name, text in checked.items() if text}


def _date_problem(day: date | None) -> str | None:
    if day is None:
        return "Ingrese la fecha de recepción del oficio."
    if day > clock.today():
        return "La fecha de recepción no puede ser posterior a hoy."
    return "La fecha de recepción no es válida." if day.year < 2011 else None  # Acuerdo Ministerial 718, of 2011


def _foreign_mailbox(data: Data) -> str | None:
    """A mailbox is one person's login."""
    other = db.session.scalar(
        select(Usuario.id).where(func.lower(Usuario.correo) == data.aiq_correo.lower(), Usuario.cedula != compact(data.aiq_cedula))
    )
    return "Este correo pertenece a otra persona registrada en el sitio." if other else None


def register(actor: Actor, data: Data, oficio: FileStorage | None) -> Implantacion:
    """Register a Solicitud de uso del sistema with all its data and the oficio: the Capacitación may begin. Raises Refused."""
    found = problems(data)
    if not uploads.given(oficio):
        found["oficio"] = "Adjunte el oficio de la máxima autoridad, en PDF."
    if found:
        raise Refused(found)
    kept = uploads.accept(actor, oficio, institucion_id=None, field="oficio")
    row = Implantacion(**data.columns(), oficio_id=kept.id, responsable_id=actor.usuario_id, creada_en=clock.now())
    begin(row, actor, data={"oficio": data.oficio_numero})
    step(row, Step.REQUEST, actor)
    return row


def edit(actor: Actor, row: Implantacion, data: Data, oficio: FileStorage | None) -> None:
    """Correct the data. The person designated does not change once he or she has an access. Raises Refused, Conflict."""
    found = problems(data, row)
    columns = data.columns()
    if row.usuario_id and (columns["aiq_cedula"], columns["aiq_correo"]) != (row.aiq_cedula, row.aiq_correo):
        found["aiq_cedula"] = "El AIQ designado ya tiene acceso: su cédula y su correo no se pueden cambiar."
    if found:
        raise Refused(found)
    if uploads.given(oficio):
        columns["oficio_id"] = uploads.accept(actor, oficio, institucion_id=None, field="oficio").id
    changed = sorted(name for name, value in columns.items() if getattr(row, name) != value)
    if changed:
        step(row, Step.EDIT, actor, data={"campos": changed}, **columns)
