"""Estados and moves of the two AIQ processes: implantación of an institution (seed 002) and change of AIQ (seed 004)."""

from __future__ import annotations

from enum import StrEnum

from rules.lifecycle import Transition

TRAINING_HOURS = 12
IMPLANTATION_DAYS = 7  # días calendario in the ambiente de capacitación (seed 002, stage 3)
CHANGE_DAYS = 5  # días calendario (seed 004, stage 4)


class Materia(StrEnum):
    """The three subjects of the training (both seeds)."""

    ENTRADA = "entrada"
    SALIDA = "salida"
    ADMINISTRACION = "administracion"


class Etapa(StrEnum):
    """Stage of an implantación. PRODUCCION is its end: the account exists."""

    SOLICITUD = "solicitud"
    CAPACITACION = "capacitacion"
    AMBIENTE = "ambiente"
    SUSPENDIDA = "suspendida"
    REVISION = "revision"
    PRODUCCION = "produccion"
    ANULADA = "anulada"


class Paso(StrEnum):
    """Step of a change of AIQ. In AMBIENTE the plazo may be over (*vencida*): an alert, no suspension (seed 004)."""

    PREPARACION = "preparacion"
    CAPACITACION = "capacitacion"
    AMBIENTE = "ambiente"
    INFORMADA = "informada"
    REGISTRADA = "registrada"
    ANULADA = "anulada"


class Step(StrEnum):
    """What is done to a process; each is a row of its Recorrido."""

    CREATE = "create"
    EDIT = "edit"
    REQUEST = "request"
    TRAIN = "train"
    UNTRAIN = "untrain"
    OPEN = "open"
    TASK = "task"
    REPORT = "report"
    OBSERVE = "observe"
    SUSPEND = "suspend"
    OVERDUE = "overdue"
    RESUME = "resume"
    EXTEND = "extend"
    PRODUCE = "produce"
    REGISTER = "register"
    ADVANCE = "advance"
    PARAMETRISE = "parametrise"
    LINK = "link"
    CANCEL = "cancel"


def _t(*sources, to=None, reason=False) -> Transition:
    return Transition(frozenset(sources), to, reason)


IMPLANTATION: dict[Step, Transition] = {
    Step.EDIT: _t(Etapa.SOLICITUD, Etapa.CAPACITACION, Etapa.AMBIENTE),
    Step.REQUEST: _t(Etapa.SOLICITUD, to=Etapa.CAPACITACION),
    Step.TRAIN: _t(Etapa.CAPACITACION),
    Step.UNTRAIN: _t(Etapa.CAPACITACION, reason=True),
    Step.OPEN: _t(Etapa.CAPACITACION, to=Etapa.AMBIENTE),
    Step.TASK: _t(Etapa.AMBIENTE),
    Step.REPORT: _t(Etapa.AMBIENTE, to=Etapa.REVISION),
    Step.SUSPEND: _t(Etapa.AMBIENTE, to=Etapa.SUSPENDIDA),
    Step.EXTEND: _t(Etapa.AMBIENTE, reason=True),
    Step.RESUME: _t(Etapa.SUSPENDIDA, to=Etapa.AMBIENTE, reason=True),
    Step.OBSERVE: _t(Etapa.REVISION, to=Etapa.AMBIENTE, reason=True),
    Step.PRODUCE: _t(Etapa.REVISION, to=Etapa.PRODUCCION),
    Step.PARAMETRISE: _t(Etapa.PRODUCCION),
    Step.LINK: _t(Etapa.PRODUCCION),
    Step.CANCEL: _t(Etapa.SOLICITUD, Etapa.CAPACITACION, Etapa.AMBIENTE, Etapa.SUSPENDIDA, to=Etapa.ANULADA, reason=True),
}

CHANGE: dict[Step, Transition] = {
    Step.EDIT: _t(Paso.PREPARACION, Paso.CAPACITACION),
    Step.REQUEST: _t(Paso.PREPARACION, to=Paso.CAPACITACION),
    Step.TRAIN: _t(Paso.CAPACITACION),
    Step.UNTRAIN: _t(Paso.CAPACITACION, reason=True),
    Step.OPEN: _t(Paso.CAPACITACION, to=Paso.AMBIENTE),
    Step.TASK: _t(Paso.AMBIENTE),
    Step.OVERDUE: _t(Paso.AMBIENTE),
    Step.EXTEND: _t(Paso.AMBIENTE, reason=True),
    Step.REPORT: _t(Paso.AMBIENTE, to=Paso.INFORMADA),
    Step.OBSERVE: _t(Paso.INFORMADA, to=Paso.AMBIENTE, reason=True),
    Step.REGISTER: _t(Paso.INFORMADA, to=Paso.REGISTRADA),
    Step.ADVANCE: _t(Paso.REGISTRADA, reason=True),
    Step.CANCEL: _t(Paso.PREPARACION, Paso.CAPACITACION, Paso.AMBIENTE, Paso.INFORMADA, to=Paso.ANULADA, reason=True),
}


def training_problem(hours: dict[Materia, float]) -> str | None:
    """What the training still lacks: 12 hours in all and each of the three subjects; None when it is complete."""
    total = sum(hours.values())
    uncovered = [m for m in Materia if hours.get(m, 0) <= 0]
    if uncovered:
        return "Falta cubrir: " + ", ".join(MATERIA[m] for m in uncovered) + "."
    if total < TRAINING_HOURS:
        left = f"{TRAINING_HOURS - total:g}".replace(".", ",")
        return f"{'Falta 1 hora' if left == '1' else f'Faltan {left} horas'} para completar las {TRAINING_HOURS}."
    return None


MATERIA: dict[Materia, str] = {
    Materia.ENTRADA: "Bandeja de entrada",
    Materia.SALIDA: "Bandeja de salida",
    Materia.ADMINISTRACION: "Administración del sistema",
}
