"""The bytes of a finished archive: what there is to download, and who may have it now. What each person has received: services.received."""

from __future__ import annotations

from collections.abc import Callable

from extensions import db
from models import Ejecucion, EjecucionEstado, Parte, Solicitud
from rules import deadlines, texts
from rules.lifecycle import Action, Estado, IllegalMove, effective
from rules.policy import Actor, Permission, may
from services import clock, notices, runs, scope
from services.errors import Conflict, NotFound, Refused
from services.mover import move

REASON_MIN, REASON_MAX = 10, 500


class Over(Exception):
    """The archive can no longer be downloaded; `message` says since when, in words for a person."""

    def __init__(self, message: str):
        self.message = message
        super().__init__(message)


class NotAllowed(Exception):
    """The request may be seen, its files may not (yet); `message` says why."""

    def __init__(self, message: str):
        self.message = message
        super().__init__(message)


# --- what there is to download -----------------------------------------------------------------------------------------


def finished_runs(solicitud: Solicitud) -> list[Ejecucion]:
    """The run whose archive is delivered, then the complements made for it (decisions 20). Empty before generation."""
    main = runs.latest(solicitud)
    if main is None or main.estado is not EjecucionEstado.PUBLICADA:
        return []
    extra = [r for r in solicitud.ejecuciones if r.complemento and r.id > main.id and r.estado is EjecucionEstado.PUBLICADA]
    return [main, *extra]


def data_parts(solicitud: Solicitud) -> list[Parte]:
    """Data volumes of everything delivered: the directory volume never counts (decisions 19)."""
    return [part for run in finished_runs(solicitud) for part in runs.data_parts(run)]


# --- who may have it ---------------------------------------------------------------------------------------------------


def part_for(actor: Actor, parte_id: int, nombre: str, *, reasoned: Callable[[int], bool]) -> Parte:
    """The part, if this person may have its bytes at this moment under this name. Asked at every request and range.

    `reasoned(solicitud_id)`: whether an officer of the SGE has given a reason for it.
    Raises NotFound (foreign, unknown, another name, not published), NotAllowed, Over."""
    query = scope.solicitudes(actor).join(Ejecucion, Ejecucion.solicitud_id == Solicitud.id).join(Parte, Parte.ejecucion_id == Ejecucion.id)
    query = query.where(Parte.id == parte_id, Ejecucion.estado == EjecucionEstado.PUBLICADA).with_only_columns(Parte)
    parte = db.session.scalar(query) if 0 < parte_id < 2**62 else None
    if parte is None or not parte.sha256 or nombre not in {parte.nombre, parte.nombre_independiente or parte.nombre}:
        raise NotFound
    solicitud = parte.ejecucion.solicitud
    _check_rights(actor, solicitud, reasoned)
    check_open(solicitud)
    if parte.borrada_en is not None:
        raise Over("Los archivos de este respaldo ya se eliminaron.")
    return parte


def _check_rights(actor: Actor, solicitud: Solicitud, reasoned: Callable[[int], bool]) -> None:
    if may(actor, Permission.SOLICITUD_FILES, solicitud):
        return
    if not may(actor, Permission.SOLICITUD_FILES_WITH_REASON, solicitud):
        raise NotAllowed("Los archivos de una solicitud personal solo los descarga su titular.")
    if not reasoned(solicitud.id):
        raise NotAllowed("Registre el motivo en la página de descarga antes de descargar este respaldo.")


def check_open(solicitud: Solicitud) -> None:
    """Raises Over when the vigencia has ended or the request was ended, NotFound when it is not Atendida yet.
    By the clock: no sweep is needed for it (mission.md §1)."""
    estado = effective(solicitud.estado, solicitud.vigente_hasta, clock.now())
    if estado is Estado.ATENDIDA:
        return
    if estado is not Estado.ELIMINADA:
        raise NotFound
    if ended_by_vigencia(solicitud):
        raise Over(f"La vigencia de este respaldo concluyó el {texts.moment(deadlines.last_moment(solicitud.vigente_hasta))}.")
    raise Over("La solicitud fue eliminada y su respaldo ya no se puede descargar.")


def ended_by_vigencia(solicitud: Solicitud) -> bool:
    """The archive was generated and its time ran out (whether or not the sweep has passed)."""
    until = solicitud.vigente_hasta
    return until is not None and until <= clock.now() and (solicitud.eliminada_en is None or solicitud.eliminada_en >= until)


def give_reason(actor: Actor, solicitud: Solicitud, text: str) -> None:
    """An officer of the SGE says why he needs an archive he did not file: Recorrido, and a mail to the institution's AIQs
    (decisions 6). Raises Refused, Conflict. The caller commits."""
    reason = " ".join(text.split())
    if len(reason) < REASON_MIN:
        raise Refused({"motivo": f"Escriba el motivo de la descarga ({REASON_MIN} caracteres o más)."})
    if len(reason) > REASON_MAX:
        raise Refused({"motivo": f"El motivo tiene {texts.miles(len(reason))} caracteres; el máximo es {REASON_MAX}."})
    try:
        move(solicitud, Action.DOWNLOAD, actor, comment=f"Acceso de la SGE. Motivo: {reason}", data={"motivo": "sge"})
    except IllegalMove:
        raise Conflict("El respaldo ya no está disponible para su descarga. Actualice la página.") from None
    notices.tell("descarga_sge", solicitud, occasion=str(solicitud.version), officer=actor.nombre, razon=reason)
