"""Past backups of Quipux's own module, brought into the list as what they are: history (docs/adr/0018).

Each becomes an Eliminada with the Recorrido it had: its files, if they still are anywhere, are not ours and cannot be downloaded
here. Numbers are ours; `importada_de` keeps theirs and makes the import repeatable. Nothing is mailed, planned or run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select

from extensions import db
from models import Cuenta, Solicitud, Usuario
from rules.identity import fold
from rules.lifecycle import Action, Clase, Estado, Motivo
from services import clock, mover
from services.mover import Past
from services.solicitudes import person_columns
from sources import PastRequest, Quipux

BATCH = 200
# Who stands for those who registered a request and never signed in here: nobody can sign in as this.
KEEPER = ("IMPORTACION", "importacion@quipux.invalid", "Solicitudes anteriores", "de Quipux")
# Words in the folded name of an estado of the old module → what happened. The first that fits counts.
_MEANING: tuple[tuple[str, Action, Estado], ...] = (
    ("elimin", Action.EXPIRE, Estado.ELIMINADA),
    ("cancel", Action.CANCEL, Estado.ELIMINADA),
    ("anul", Action.CANCEL, Estado.ELIMINADA),
    ("rechaz", Action.REJECT, Estado.ELIMINADA),
    ("negad", Action.REJECT, Estado.ELIMINADA),
    ("no autoriz", Action.REJECT, Estado.ELIMINADA),
    ("atend", Action.FINISH, Estado.ATENDIDA),
    ("finaliz", Action.FINISH, Estado.ATENDIDA),
    ("generad", Action.FINISH, Estado.ATENDIDA),
    ("en ejecu", Action.START, Estado.EN_EJECUCION),
    ("en proceso", Action.START, Estado.EN_EJECUCION),
    ("ejecutad", Action.FINISH, Estado.ATENDIDA),
    ("autoriz", Action.APPROVE, Estado.APROBADA),
    ("aprob", Action.APPROVE, Estado.APROBADA),
    ("calendar", Action.APPROVE, Estado.APROBADA),
    ("enviad", Action.SEND, Estado.ENVIADA),
    ("pendiente", Action.SEND, Estado.ENVIADA),
)


@dataclass(slots=True)
class Report:
    """What came of the import: requests read, imported now, already here, left out for want of an account or of a date; and
    rows of the Recorrido written. `cuentas`: account codes that are not in the mirror (the first hundred)."""

    leidas: int = 0
    importadas: int = 0
    ya_importadas: int = 0
    sin_cuenta: int = 0
    sin_fecha: int = 0
    eventos: int = 0
    cuentas: list[str] | None = None

    def as_dict(self) -> dict:
        return asdict(self)


def run(source: Quipux) -> Report:
    """Import what is not here yet; commits every BATCH requests, so it may be stopped and started again.
    Raises sources.NoHistory, sources.SourceUnavailable."""
    report, missing = Report(), []
    batch: list[PastRequest] = []
    for past in source.past_requests():
        report.leidas += 1
        batch.append(past)
        if len(batch) == BATCH:
            _import(batch, report, missing)
            batch = []
    _import(batch, report, missing)
    report.cuentas = list(dict.fromkeys(missing))[:100]
    return report


def _import(batch: list[PastRequest], report: Report, missing: list[str]) -> None:
    if not batch:
        return
    here = set(db.session.scalars(select(Solicitud.importada_de).where(Solicitud.importada_de.in_([p.id for p in batch]))))
    cuentas = _cuentas({codi for p in batch for codi in (p.owner, p.creator) if codi})
    for past in batch:
        if past.id in here:
            report.ya_importadas += 1
        elif past.owner not in cuentas:
            report.sin_cuenta += 1
            missing.append(past.owner)
        elif past.fecha is None:
            report.sin_fecha += 1
        else:
            report.eventos += _admit(past, cuentas)
            report.importadas += 1
    db.session.commit()


def _cuentas(codes: set[str]) -> dict[str, Cuenta]:
    return {c.quipux_codi: c for c in db.session.scalars(select(Cuenta).where(Cuenta.quipux_codi.in_(codes)))}


def _admit(past: PastRequest, cuentas: dict[str, Cuenta]) -> int:
    """One request with its Recorrido; returns how many rows that has."""
    cuenta, steps = cuentas[past.owner], list(_recorrido(past))
    registered_by = _usuario(cuentas.get(past.creator))
    inside = past.desde is not None and past.hasta is not None and past.desde <= past.hasta
    solicitud = Solicitud(
        clase=Clase.PERSONAL if past.creator == past.owner else Clase.INSTITUCIONAL, institucion_id=cuenta.institucion_id,
        creada_por_id=registered_by.id, editada_por_id=registered_by.id, fecha_solicitud=past.fecha, editada_en=steps[-1].en,
        desde=past.desde if inside else None, hasta=past.hasta if inside else None, comentario=past.comentario, motivo=_motivo(past),
        documento_codi=past.documento or None, documento_numero=past.documento_numero[:60], documento_fecha=past.documento_fecha,
        documento_asunto=past.documento_asunto[:400], estimado_documentos=past.documentos, generada_en=past.generado,
        eliminada_en=steps[-1].en, importada_de=past.id, **person_columns(cuenta),
        enviada_en=_when(steps, Action.SEND), aprobada_en=_when(steps, Action.APPROVE),
    )  # fmt: skip
    mover.admit(solicitud, Estado.ELIMINADA, steps)
    return len(steps)


def _recorrido(past: PastRequest) -> Iterator[Past]:
    """The rows it had, in order, from its registration to its end here. People enter as codes of accounts, by id as ever."""
    yield Past(Action.CREATE, Estado.BORRADOR, past.fecha, data={"importada_de": past.id} | _by(past.creator))
    last, at = Estado.BORRADOR, past.fecha
    for step in past.steps:
        if step.fecha is None:
            continue
        action, estado = _meaning(step.estado, step.estado_respaldo)
        at = max(at, step.fecha)
        if action is not None and (estado is not last or step.comentario):
            yield Past(action, estado, at, step.comentario, {"quipux": step.estado_respaldo or step.estado} | _by(step.codi))
            last = estado
    if last is not Estado.ELIMINADA:
        motivo = _motivo(past)
        action = Action.EXPIRE if motivo is Motivo.VIGENCIA_TERMINADA else Action.CANCEL
        yield Past(action, Estado.ELIMINADA, max(filter(None, (at, past.generado, past.borrado))), data={"quipux": past.estado})


def _by(codi: str) -> dict[str, str]:
    return {"cuenta": codi} if codi else {}


def _meaning(estado: str, respaldo: str) -> tuple[Action | None, Estado | None]:
    """What a step of the old module was. The estado of the backup says more than that of the request; unknown words: nothing."""
    for name in (respaldo, estado):
        folded = fold(name)
        for word, action, reached in _MEANING:
            if word in folded:
                return action, reached
    return None, None


def _motivo(past: PastRequest) -> Motivo:
    """Generated once: its vigencia is over, it may be renewed. Cancelled or refused, or never finished there: as it says."""
    if past.generado is not None or _meaning(past.estado, past.estado_respaldo)[0] is Action.FINISH:
        return Motivo.VIGENCIA_TERMINADA
    return Motivo.CANCELADA if _meaning(past.estado, "")[0] is Action.CANCEL else Motivo.OTRO


def _when(steps: list[Past], action: Action) -> datetime | None:
    return next((step.en for step in steps if step.action is action), None)


def _usuario(cuenta: Cuenta | None) -> Usuario:
    """Who registered it, if that person signs in here; or else the one who stands for all who never did."""
    if cuenta is not None and (known := db.session.scalar(select(Usuario).where(Usuario.cedula == cuenta.cedula))) is not None:
        return known
    cedula, correo, nombre, apellido = KEEPER
    keeper = db.session.scalar(select(Usuario).where(Usuario.cedula == cedula))
    if keeper is None:
        keeper = Usuario(cedula=cedula, correo=correo, nombre=nombre, apellido=apellido, habilitado=False, creado=clock.now())
        db.session.add(keeper)
        db.session.flush()
    return keeper
