"""How far a run is, in words and figures, from its row alone: the page polls this."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from models import Ejecucion, EjecucionEstado, Solicitud
from rules import deadlines, texts
from rules.glossary import ESPERA, ETAPAS
from rules.lifecycle import Estado
from services import runs
from services.solicitudes_rows import percent

SILENT = timedelta(minutes=2)
# A rate measured over less than this says nothing about the time left.
MEASURED = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Stage:
    """One of the four stages. kind and icon are those of a badge."""

    label: str
    kind: str
    icon: str


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a run at one moment. live: the page asks again. percent: None while it cannot be known. documents,
    size: "1 842 de 3 411 documentos", "1,1 GB de 2,1 GB". rate, left: words, empty while unknown. waiting: what it waits
    for. silent_since: the last sign of life ("HH:MM"), when that is long ago. complement: "C1" when it is one that is made."""

    estado: Estado
    live: bool
    percent: int | None = None
    stages: tuple[Stage, ...] = ()
    documents: str = ""
    size: str = ""
    rate: str = ""
    left: str = ""
    ready_about: str = ""
    waiting: str = ""
    silent_since: str = ""
    complement: str = ""

    @property
    def title(self) -> str:
        if self.estado is Estado.APROBADA:
            return "En cola: comenzará en unos momentos"
        if self.complement:
            return f"Preparando el complemento {self.complement.removeprefix('C')}"
        current = next((s.label for s in self.stages if s.kind == "run"), "")
        return {"Recolectar": "Recolectando los documentos", "Empaquetar": "Empaquetando los documentos", "Verificar": "Verificando las partes",
                "Publicar": "Publicando las partes"}.get(current, "En ejecución")


def of(solicitud: Solicitud, estado: Estado, now: datetime, run: Ejecucion | None = None) -> Progress:
    """The progress of the request's run (`run`, when the caller has read it); `live` is False once there is nothing more to
    wait for."""
    if estado is Estado.APROBADA:
        return Progress(estado, live=solicitud.ejecutar_desde is not None and solicitud.ejecutar_desde <= now)
    run = (run or runs.live(solicitud)) if estado in {Estado.EN_EJECUCION, Estado.ATENDIDA} else None
    if run is None:
        return Progress(estado, live=estado is Estado.EN_EJECUCION)
    total = run.encontrados - run.excluidos
    silent = run.estado is EjecucionEstado.EN_CURSO and run.latido is not None and now - run.latido > SILENT
    rate, left = ("", 0) if silent else _speed(run)
    return Progress(
        estado, live=True, percent=percent(run), stages=_stages(run.etapa), rate=rate, left=f"quedan aproximadamente {texts.duration(left)}" if left else "",
        documents=f"{texts.miles(run.documentos_hechos)} de {texts.plural(total, 'documento', 'documentos')}" if run.plan_en else "",
        size=f"{texts.size(run.bytes_hechos)} de {texts.size(run.bytes_total)}" if run.bytes_total else "",
        ready_about=_about(now, left), waiting=ESPERA.get(run.espera, ""),
        silent_since=f"{run.latido.astimezone(deadlines.ZONE):%H:%M}" if silent else "", complement=run.complemento,
    )


def _stages(current: str) -> tuple[Stage, ...]:
    names = list(ETAPAS)
    place = names.index(current) if current in names else 0
    looks = {-1: ("ok", "check"), 0: ("run", "loader"), 1: ("mute", "clock")}
    return tuple(Stage(label, *looks[(i > place) - (i < place)]) for i, label in enumerate(ETAPAS.values()))


def _speed(run: Ejecucion) -> tuple[str, float]:
    """Bytes a second since the plan was made, in words, and the seconds left; ("", 0) while there is nothing to measure."""
    # The row's figures are those of its last sign of life.
    elapsed = run.latido - run.plan_en if run.plan_en and run.latido else timedelta(0)
    if run.espera or elapsed < MEASURED or not 0 < run.bytes_hechos < run.bytes_total:
        return "", 0
    speed = run.bytes_hechos / elapsed.total_seconds()
    left = (run.bytes_total - run.bytes_hechos) / speed
    # Seconds would jump at every reading of a long run.
    return f"{texts.size(int(speed))} por segundo", left if left < 60 else left // 60 * 60


def _about(now: datetime, left: float) -> str:
    """ "Hoy, 11:00 aproximadamente": rounded up to five minutes; nothing for the next few."""
    if left < 300:
        return ""
    at = (now + timedelta(seconds=left)).astimezone(deadlines.ZONE)
    at += timedelta(minutes=-at.minute % 5)
    day = "Hoy" if at.date() == deadlines.local_day(now) else texts.day(at.date())
    return f"{day}, {at:%H:%M} aproximadamente"
