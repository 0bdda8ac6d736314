"""Words and drawing of a change of AIQ: the five knots of the pipeline, the rows of its Recorrido."""

from __future__ import annotations

from datetime import datetime

from models import CambioAIQ, Evento
from rules import deadlines, texts
from rules.glossary import Badge
from rules.processes import TRAINING_HOURS, Paso, Step
from services import clock, plazos, processes

STEP: dict[Step, Badge] = {
    Step.CREATE: Badge("did", "user-plus", "Nuevo usuario preparado"),
    Step.EDIT: Badge("did", "edit", "Datos corregidos"),
    Step.REQUEST: Badge("did", "inbox", "Solicitud registrada"),
    Step.TRAIN: Badge("did", "school", "Sesión de capacitación"),
    Step.UNTRAIN: Badge("stop", "x", "Sesión de capacitación retirada"),
    Step.OPEN: Badge("did", "key", "Ambiente de capacitación habilitado"),
    Step.TASK: Badge("did", "check", "Actividad cumplida"),
    Step.OVERDUE: Badge("stop", "clock", "Plazo vencido"),
    Step.EXTEND: Badge("did", "clock", "Plazo ampliado"),
    Step.REPORT: Badge("did", "send", "Cumplimiento informado"),
    Step.OBSERVE: Badge("stop", "edit", "Devuelta con observaciones"),
    Step.REGISTER: Badge("did", "swap", "Nuevo AIQ registrado"),
    Step.ADVANCE: Badge("did", "clock", "Hora efectiva adelantada"),
    Step.CANCEL: Badge("stop", "x", "Cambio anulado"),
}
ACCEPTED = Badge("did", "stamp", "Responsabilidades aceptadas")
_TITLES = ("Nuevo usuario", "Solicitud", "Capacitación", "Ambiente de capacitación", "Registro")
_AT = {Paso.PREPARACION: 1, Paso.CAPACITACION: 2, Paso.AMBIENTE: 3, Paso.INFORMADA: 4, Paso.REGISTRADA: 5}


def stages(cambio: CambioAIQ) -> list[tuple[str, int, str, str]]:
    """The five knots, as ui.etapas takes them."""
    at = _AT.get(cambio.estado, _reached(cambio))
    details = _details(cambio)
    kind = "stop" if cambio.estado is Paso.ANULADA else "live"
    return [("did" if n < at else kind if n == at else "next", n + 1, title, details[n]) for n, title in enumerate(_TITLES)]


def _reached(cambio: CambioAIQ) -> int:
    """Where an abandoned change stood."""
    return 3 if cambio.plazo_desde else 2 if cambio.fecha_efectiva else 1


def _details(cambio: CambioAIQ) -> list[str]:
    total = sum(processes.hours(cambio).values())
    hours = f"{total:g}".replace(".", ",")
    return [
        texts.day(deadlines.local_day(cambio.creado_en)),
        f"Oficio recibido el {texts.day(cambio.oficio_recibido)}" if cambio.oficio_recibido else "Oficio de la institución",
        f"{hours} de {TRAINING_HOURS} horas",
        _environment(cambio),
        _hour(cambio),
    ]


def _environment(cambio: CambioAIQ) -> str:
    if cambio.plazo_vence is None:
        return "5 días calendario"
    if cambio.plazo_congelado is not None:
        return "Cumplimiento informado"
    return "Plazo vencido" if plazos.is_over(cambio) else texts.remaining((cambio.plazo_vence - clock.now()).total_seconds())


def _hour(cambio: CambioAIQ) -> str:
    if cambio.hora_efectiva:
        return texts.moment(cambio.hora_efectiva)
    return f"Desde el {texts.day(cambio.fecha_efectiva)}" if cambio.fecha_efectiva else "Base de AIQ"


def trail(cambio: CambioAIQ) -> list[tuple[Badge, Evento, list[str]]]:
    """The Recorrido: badge, row and its further lines, oldest first."""
    return [(ACCEPTED if "responsabilidades" in (e.datos or {}) else STEP[Step(e.accion)], e, _notes(e)) for e in cambio.eventos]


def _notes(evento: Evento) -> list[str]:
    notes = [f"«{evento.comentario}»"] if evento.comentario else []
    data = evento.datos or {}
    if "hora_efectiva" in data:
        notes.append(f"Hora efectiva: {texts.moment(datetime.fromisoformat(data['hora_efectiva']))}.")
    if "efectiva" in data:
        notes.append(f"Fecha efectiva solicitada: {_day(data['efectiva'])}; primera fecha posible: {_day(data['primera'])}.")
    if "plantilla" in data:
        notes.append(f"Plantilla de seguimiento, versión {data['plantilla']}; plazo de {data['dias']} días calendario.")
    return notes


def _day(text: str) -> str:
    return texts.day(datetime.fromisoformat(text).date())
