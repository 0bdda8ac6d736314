"""The offices of AIQ of an institution: who holds them, the backup's light flow, and that one is never left without (seed 004).

The backup is named by the principal alone: "solo debe enviar un correo electrónico a soporte con copia a su jefe inmediato".
The system writes that one mail and the Nombramiento together. The caller commits."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import timedelta

from sqlalchemy import func, select

from extensions import db
from models import Cargo, Cuenta, Institucion, Nombramiento, Usuario
from rules.identity import cedula_problem, compact, email_problem
from rules.policy import Actor
from services import clock, notices, people, signin
from services.errors import Conflict, Refused

SUPPORT = "soporte@gobiernoelectronico.gob.ec"
AIQ = (Cargo.AIQ_PRINCIPAL, Cargo.AIQ_BACKUP)
_LIMITS = {"nombres": 200, "cargo": 200, "telefono": 60, "extension": 20, "celular": 60}


@dataclass(frozen=True, slots=True)
class AiqData:
    """The six data of an AIQ that the seeds ask for, telephone and extension apart; as typed."""

    nombres: str = ""
    cedula: str = ""
    cargo: str = ""
    correo: str = ""
    telefono: str = ""
    extension: str = ""
    celular: str = ""

    def clean(self) -> AiqData:
        """Without superfluous blanks, cédula and correo as they are stored."""
        tidy = {name: " ".join(value.split()) for name, value in asdict(self).items()}
        return AiqData(**tidy | {"cedula": compact(self.cedula), "correo": self.correo.strip().lower()})

    def columns(self) -> dict[str, str]:
        """As the columns of models.DatosAIQ."""
        return {f"aiq_{f.name}": getattr(self, f.name) for f in fields(self)}


def data_problems(data: AiqData) -> dict[str, str]:
    """What is wrong with the six data, by field, in Spanish."""
    digits = "".join(c for c in data.telefono if c.isdigit())
    mobile = "".join(c for c in data.celular if c.isdigit())
    found = {
        "nombres": None if data.nombres.strip() else "Ingrese los nombres y apellidos.",
        "cedula": cedula_problem(data.cedula),
        "cargo": None if data.cargo.strip() else "Ingrese el cargo.",
        "correo": email_problem(data.correo),
        "telefono": None if 7 <= len(digits) <= 15 else "Ingrese el número telefónico, con código de provincia.",
        "extension": None if not data.extension or data.extension.strip().isdigit() else "La extensión contiene solo números.",
        "celular": None if len(mobile) == 10 and mobile.startswith("09") else "El celular tiene 10 dígitos y empieza con 09.",
    }
    for name, most in _LIMITS.items():
        if len(getattr(data, name)) > most:
            found[name] = f"El texto no puede superar los {most} caracteres."
    return {name: text for name, text in found.items() if text}


def active_account(cedula: str, institucion_id: int) -> Cuenta | None:
    """The person's active Quipux account in the institution: nobody is made AIQ without one."""
    return db.session.scalar(
        select(Cuenta).where(Cuenta.cedula == cedula, Cuenta.institucion_id == institucion_id, people.there())
        .order_by(Cuenta.id).limit(1)
    )


def person_for(data: AiqData, institucion: Institucion) -> Usuario:
    """Who these (clean) data name: the Usuario there is, or a new one, to whom access is given.
    Raises Refused when the person has no active Quipux account in the institution or the correo is someone else's."""
    account = active_account(data.cedula, institucion.id)
    if account is None:
        raise Refused({"cedula": (
            f"La persona no tiene una cuenta activa de Quipux en {institucion.sigla or institucion.nombre}. Cree primero el usuario en "
            "Quipux, en producción, con sus permisos de administración; aparecerá aquí después de la siguiente actualización de datos."
        )})
    usuario = people.usuario_of(data.cedula)
    other = db.session.scalar(select(Usuario.id).where(func.lower(Usuario.correo) == data.correo, Usuario.cedula != data.cedula))
    if other:
        raise Refused({"correo": "Ese correo pertenece a otra persona registrada en el sistema."})
    if usuario is None:
        usuario = Usuario(cedula=data.cedula, correo=data.correo, nombre=account.nombre, apellido=account.apellido, creado=clock.now())
        db.session.add(usuario)
        db.session.flush()
    elif not usuario.habilitado:
        raise Refused({"cedula": "El acceso de esta persona a Respaldos Quipux está retirado. Devuélvalo primero en Usuarios internos."})
    return usuario


def first_link(usuario: Usuario) -> str:
    """One-time address to set the first password; "" for who already has one."""
    return "" if usuario.clave_hash else signin.password_link(usuario)


def in_office(institucion_id: int) -> list[Nombramiento]:
    """Offices of AIQ of the institution in force now, the principal first."""
    return list(db.session.scalars(
        select(Nombramiento)
        .where(Nombramiento.institucion_id == institucion_id, Nombramiento.cargo.in_(AIQ), people.in_force(clock.now()))
        .order_by(Nombramiento.cargo.desc(), Nombramiento.desde, Nombramiento.id)
    ))


def why_needed(institucion_id: int, usuario_id: int) -> str | None:
    """Why this person's office or access cannot be taken away: nobody else would be left. None when it can."""
    active = {person.id for person in people.aiqs_of(institucion_id, clock.now())}
    if active == {usuario_id}:
        return ("Es el único AIQ activo de la institución, que no puede quedar sin AIQ. Registre antes un AIQ backup o de respaldo, o un "
                "cambio de AIQ.")
    return None


def appoint_backup(actor: Actor, institucion: Institucion, data: AiqData, boss: str) -> Nombramiento:
    """Name a backup AIQ: exactly one mail to the support mailbox, Cc the principal and the immediate boss. Raises Refused."""
    data = data.clean()
    problems = data_problems(data) | ({"jefe": text} if (text := email_problem(boss)) else {})
    if institucion.id not in actor.principal_of:
        problems[""] = "Solo el AIQ principal de la institución registra a un AIQ backup."
    if problems:
        raise Refused(problems)
    usuario = person_for(data, institucion)
    if any(office.usuario_id == usuario.id for office in in_office(institucion.id)):
        raise Refused({"cedula": "Esta persona ya es AIQ de la institución."})
    office = Nombramiento(usuario_id=usuario.id, institucion_id=institucion.id, cargo=Cargo.AIQ_BACKUP, desde=clock.now(),
                          documento=_document("Correo del AIQ principal a soporte", boss))
    db.session.add(office)
    db.session.flush()
    _mail_support(actor, office, boss, datos=data, motivo="")
    if link := first_link(usuario):
        notices.compose(f"aiq_acceso:{office.id}", "cambio_acceso", usuario.correo, person=usuario, link=link, cambio=None,
                        institucion=institucion)
    return office


def end_backup(actor: Actor, office: Nombramiento, *, boss: str = "", reason: str = "") -> None:
    """End a backup's office now: by the principal, with the same one mail; by the SGE, with a reason. Raises Refused, Conflict."""
    if office.cargo is not Cargo.AIQ_BACKUP:
        raise Conflict("El AIQ principal se reemplaza únicamente mediante un cambio de AIQ.")
    if office.hasta is not None and office.hasta <= clock.now():
        raise Conflict("El nombramiento ya había terminado.")
    if problem := why_needed(office.institucion_id, office.usuario_id):
        raise Refused(problem)
    if office.institucion_id in actor.principal_of:
        if problem := email_problem(boss):
            raise Refused({"jefe": problem})
        _mail_support(actor, office, boss, datos=None, motivo=reason.strip()[:500])
    elif not actor.sge or not reason.strip():
        raise Refused({"motivo": "Escriba el motivo."})
    else:
        for person in people.aiqs_of(office.institucion_id, clock.now()):
            notices.compose(f"aiq_backup_fin:{office.id}:{person.id}", "aiq_backup_fin", person.correo, person=person, office=office,
                            motivo=reason.strip()[:500])
    # An office lasts at least an instant: a table check holds desde < hasta.
    office.hasta = max(clock.now(), office.desde + timedelta(seconds=1))
    office.documento = f"{office.documento} · Fin: {reason.strip() or 'correo a soporte'}"[:200]
    db.session.flush()


def _mail_support(actor: Actor, office: Nombramiento, boss: str, *, datos: AiqData | None, motivo: str) -> None:
    kind = "alta" if datos else "baja"
    notices.compose(
        f"aiq_backup:{office.id}:{kind}", "aiq_backup", SUPPORT, cc=f"{actor.correo}, {boss.strip()}", reply_to=actor.correo,
        office=office, principal=actor.nombre, datos=datos, motivo=motivo, jefe=boss.strip(),
    )


def _document(text: str, boss: str) -> str:
    return f"{text}, con copia a {boss.strip()}"[:200]
