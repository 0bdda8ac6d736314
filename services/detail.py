"""What the page of one request shows: its data, its archive in figures, its relatives, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from archive.model import CAUSES
from extensions import db
from models import Ejecucion, EjecucionEstado, Entrega, Novedad, Solicitud
from rules import deadlines, texts
from rules.glossary import DETENCION, MOTIVO
from rules.lifecycle import Clase, Estado, Motivo, effective
from rules.policy import Actor, Permission, may
from services import acting, clock, complements, purge, received, runs, scope, solicitudes

NOVEDADES_SHOWN = 200


@dataclass(frozen=True, slots=True)
class NextStep:
    """What happens or is to be done now, in words. action: "edit", "correct", "desk", "trail", "download", "deliver",
    "renew", "newer" or "": the button that goes with it."""

    text: str
    action: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """One file that could not be included, with its cause in words."""

    numero: str
    asunto: str
    archivo: str
    causa: str


@dataclass(frozen=True, slots=True)
class Backup:
    """The finished archive in figures. parts, size: of the data volumes, complements included; duration: from its first start
    to its end. account: the fate of its documents. novedades: what is still missing."""

    run: Ejecucion
    parts: int
    size: int
    duration: timedelta
    account: complements.Account
    novedades: list[Missing]
    novedades_total: int


@dataclass(frozen=True, slots=True)
class Detail:
    """One request as one person may see it now. sees_files: whether titles of documents and downloads are for him or her.
    backup: None until there is an archive. complement: the one being made; complement_failed: why the last one
    was not. renewed_by: the request that renews this one. delivery: the last hand-over."""

    solicitud: Solicitud
    estado: Estado
    now: datetime
    actions: dict[str, bool]
    sees_files: bool
    run: Ejecucion | None
    backup: Backup | None
    renewed_by: Solicitud | None
    delivery: Entrega | None
    next_step: NextStep
    complement: Ejecucion | None = None
    complement_failed: str = ""

    @property
    def ends(self) -> datetime | None:
        """Last valid minute, in Guayaquil; None when there is none."""
        until = self.solicitud.vigente_hasta
        return deadlines.last_moment(until) if until else None


def detail(actor: Actor, solicitud: Solicitud) -> Detail:
    """All the page needs. The request comes from services.scope: the actor may see it."""
    now = clock.now()
    estado = effective(solicitud.estado, solicitud.vigente_hasta, now)
    sees_files = may(actor, Permission.SOLICITUD_FILES, solicitud) or may(actor, Permission.SOLICITUD_FILES_WITH_REASON, solicitud)
    run = runs.latest(solicitud)
    renewed_by = db.session.scalar(scope.solicitudes(actor).where(Solicitud.renueva_id == solicitud.id).order_by(Solicitud.id.desc()).limit(1))
    delivery = db.session.scalar(select(Entrega).where(Entrega.solicitud_id == solicitud.id).order_by(Entrega.id.desc()).limit(1))
    backup = _backup(run, sees_files) if run and run.estado is EjecucionEstado.PUBLICADA else None
    actions = actions_of(actor, solicitud, estado, run, renewed_by)
    step = _next_step(actor, solicitud, estado, actions, run, backup, renewed_by, delivery)
    failure = complements.last_failure(run) if backup and estado is Estado.ATENDIDA and actor.sge else None
    return Detail(
        solicitud, estado, now, actions, sees_files, run, backup, renewed_by, delivery, step,
        complement=complements.live(solicitud) if estado is Estado.ATENDIDA else None,
        complement_failed=DETENCION.get(failure.detencion, "") if failure else "",
    )


def actions_of(actor: Actor, solicitud: Solicitud, estado: Estado, run: Ejecucion | None, renewed_by: Solicitud | None = None) -> dict[str, bool]:
    """What the page offers: services.acting's rule, and what belongs to the run.

    A renewed request is not offered again: the button would only be refused."""
    offered = acting.offered_actions(actor, solicitud, estado)
    officer = may(actor, Permission.SOLICITUD_RUN, solicitud)
    return offered | {
        "run": officer and estado is Estado.APROBADA,
        "keep_going": officer and estado is Estado.DETENIDA and run is not None and run.detencion == "novedades",
        "renew": offered["renew"] and renewed_by is None,
        "retry_missing": complements.may_order(actor, solicitud, estado, run if run and run.estado is EjecucionEstado.PUBLICADA else None),
        "confirm_purge": estado is Estado.ELIMINADA and purge.may_confirm(actor, solicitud),
    }


def _backup(run: Ejecucion, with_titles: bool) -> Backup:
    parts = [part for each in (run, *complements.published(run)) for part in runs.data_parts(each)]
    account = complements.account(run)
    rows = []
    if with_titles and account.files:
        query = select(Novedad).where(Novedad.ejecucion_id == run.id, Novedad.recuperada_por_id.is_(None)).order_by(Novedad.numero, Novedad.id).limit(NOVEDADES_SHOWN)
        rows = [Missing(n.numero, n.asunto, n.archivo, CAUSES.get(n.causa, n.causa)) for n in db.session.scalars(query)]
    duration = run.terminada_en - run.iniciada_en if run.terminada_en and run.iniciada_en else timedelta(0)
    return Backup(run, len(parts), sum(p.bytes for p in parts), duration, account, rows, account.files)


def _next_step(
    actor: Actor, solicitud: Solicitud, estado: Estado, actions: dict[str, bool], run: Ejecucion | None, backup: Backup | None,
    renewed_by: Solicitud | None, delivery: Entrega | None,
) -> NextStep:
    carries = may(actor, Permission.SOLICITUD_EDIT, solicitud)
    match estado:
        case Estado.BORRADOR:
            return _of_draft(solicitud, carries)
        case Estado.ENVIADA:
            return _of_sent(actor, actions)
        case Estado.APROBADA:
            return _of_approved(solicitud, actions)
        case Estado.EN_EJECUCION:
            return NextStep("El respaldo se está generando. Puede cerrar esta página: el proceso continúa y se avisará por correo electrónico.", "trail")
        case Estado.DETENIDA:
            return _of_stopped(actor, run)
        case Estado.ATENDIDA:
            return _of_ready(solicitud, carries, actions, backup, delivery)
        case Estado.ELIMINADA:
            return _of_ended(solicitud, actions, renewed_by)


def _of_draft(solicitud: Solicitud, carries: bool) -> NextStep:
    if not carries:
        return NextStep("La persona solicitante todavía no ha enviado la solicitud a la SGE.")
    if solicitud.devuelta_por:
        return NextStep(f"La SGE devolvió la solicitud: «{solicitud.devuelta_por}» Corríjala y envíela nuevamente.", "correct")
    if solicitudes.missing(solicitud):
        return NextStep("Complete los datos que faltan y envíe la solicitud a la SGE.", "edit")
    return NextStep("La solicitud está completa. Revísela y envíela a la SGE.", "edit")


def _of_sent(actor: Actor, actions: dict[str, bool]) -> NextStep:
    if actions["decide"]:
        return NextStep("Revise el documento junto a los datos del servidor público y apruebe o devuelva la solicitud.", "desk")
    if actor.sge:
        return NextStep("Otra persona de la SGE debe aprobarla: quien registra o envía una solicitud no la aprueba.")
    return NextStep("La SGE revisa la solicitud. Se avisará por correo electrónico la fecha tentativa de ejecución.")


def _of_approved(solicitud: Solicitud, actions: dict[str, bool]) -> NextStep:
    day = texts.long_day(solicitud.fecha_tentativa)
    late = " La fecha está fuera del plazo habitual por la capacidad disponible." if solicitud.fuera_de_plazo else ""
    if actions["run"]:
        return NextStep(f"Está calendarizada para el {day}. Se ejecutará desde las 06:00 de ese día; también puede ejecutarla ahora.{late}")
    return NextStep(f"Está calendarizada para el {day}. No necesita hacer nada: se avisará por correo electrónico cuando esté lista para descargar.{late}")


def _of_stopped(actor: Actor, run: Ejecucion | None) -> NextStep:
    if not actor.sge:
        return NextStep("La ejecución se detuvo y la SGE la revisa. No necesita hacer nada: se avisará por correo electrónico cuando esté lista.")
    cause = DETENCION.get(run.detencion, DETENCION["orden"]) if run else DETENCION["orden"]
    return NextStep(f"{cause} Reintente la ejecución o elimine la solicitud con su motivo.", "trail")


def _of_ready(solicitud: Solicitud, carries: bool, actions: dict[str, bool], backup: Backup | None, delivery: Entrega | None) -> NextStep:
    until = f"{texts.day(deadlines.last_moment(solicitud.vigente_hasta).date())}, 23:59"
    if not carries:
        missing = " Faltan archivos que no se pudieron leer: puede ordenar que se busquen nuevamente." if actions["retry_missing"] else ""
        return NextStep(f"El respaldo está listo: quien lo solicitó puede descargarlo hasta el {until}.{missing}")
    personal = solicitud.clase is Clase.PERSONAL
    if not received.all_complete(solicitud):
        parts = texts.plural(backup.parts, "parte", "partes") if backup else "todas las partes"
        if personal:
            return NextStep(f"Descargue su respaldo ({parts}) hasta el {until}.", "download")
        return NextStep(f"Descargue el respaldo ({parts}) hasta el {until}, y entréguelo al ciudadano con el acta firmada.", "download")
    if personal:
        return NextStep(f"Todas las partes están descargadas. Puede descargarlas nuevamente hasta el {until}.", "download")
    if delivery is None:
        return NextStep("Todas las partes están descargadas. Entregue el respaldo al ciudadano con el acta firmada y registre la entrega.", "deliver")
    return NextStep(f"El respaldo se entregó al ciudadano el {texts.day(delivery.fecha)}: no queda nada pendiente.")


def _of_ended(solicitud: Solicitud, actions: dict[str, bool], renewed_by: Solicitud | None) -> NextStep:
    motivo = solicitud.motivo or Motivo.VIGENCIA_TERMINADA
    if renewed_by is not None:
        return NextStep(f"Se volvió a generar con la solicitud Nº {texts.number6(renewed_by.id)}.", "newer")
    if actions["renew"]:
        return NextStep("Concluyó la vigencia del respaldo y sus archivos ya no están disponibles. Si todavía se requieren, vuelva a generarlo: "
                        "se enviará una nueva solicitud con los mismos datos.", "renew")
    waits = ""
    if actions["confirm_purge"]:
        waits = f" Sus archivos se eliminan el {texts.moment(solicitud.purgar_desde)}, o antes si usted lo confirma."
    return NextStep(f"La solicitud terminó: {MOTIVO[motivo][0].lower()}{MOTIVO[motivo][1:]}.{waits}")
