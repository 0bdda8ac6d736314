"""What the page of an implantación shows: its stages, its clock, its Recorrido, and which forms it offers to this person."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from blueprints.access import can
from models import Actividad, Evento, Implantacion, Institucion
from rules import texts
from rules.deadlines import last_moment, local_day
from rules.glossary import ETAPA_BADGE, STEP, Badge
from rules.policy import Permission
from rules.processes import IMPLANTATION_DAYS, MATERIA, TRAINING_HOURS, Etapa, Step, training_problem
from services import clock, implantaciones, institutions, processes

_ORDER = (Etapa.SOLICITUD, Etapa.CAPACITACION, Etapa.AMBIENTE, Etapa.REVISION, Etapa.PRODUCCION)


@dataclass(frozen=True, slots=True)
class Clock:
    """The plazo: `ends` its last minute, `left` in words, day `elapsed` of `days`; `frozen`: under review since."""

    until: datetime
    ends: datetime
    left: str
    elapsed: int
    days: int
    frozen: datetime | None


@dataclass(frozen=True, slots=True)
class Mark:
    """One row of the Recorrido."""

    badge: Badge
    en: datetime
    who: str
    notes: list[str]


@dataclass(slots=True)
class Screen:
    """Everything the template asks. `form`: the one that was refused, with its `errors` and what was `typed`."""

    row: Implantacion
    form: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)

    def error(self, form: str, name: str) -> str:
        return self.errors.get(name, "") if form == self.form else ""

    def value(self, form: str, name: str, default: str = "") -> str:
        return self.typed.get(name, default) if form == self.form else default

    @property
    def summary(self) -> list[tuple[str | None, str]]:
        return [(f"{self.form}-{name}" if name and self.form not in ("produccion",) else None, text) for name, text in self.errors.items()]

    @property
    def etapa(self) -> Etapa:
        return implantaciones.effective(self.row)

    @property
    def badge(self) -> Badge:
        return ETAPA_BADGE[self.etapa]

    @property
    def manages(self) -> bool:
        return can(Permission.INSTITUTIONS)

    @property
    def works(self) -> bool:
        return can(Permission.IMPLANTATION_WORK, self.row)

    @property
    def hours(self) -> list[tuple[str, float]]:
        return [(MATERIA[m], h) for m, h in processes.hours(self.row).items()]

    @property
    def total(self) -> float:
        return sum(h for _, h in self.hours)

    @property
    def training_gap(self) -> str:
        return training_problem(processes.hours(self.row)) or ""

    def tasks(self, kind: str) -> list[Actividad]:
        return [a for a in self.row.actividades if a.lista == kind]

    def left(self, kind: str) -> int:
        return len(processes.pending(self.row, kind))

    @property
    def clock(self) -> Clock | None:
        row = self.row
        if row.plazo_vence is None or row.plazo_desde is None:
            return None
        now, first, ends = clock.now(), local_day(row.plazo_desde), last_moment(row.plazo_vence)
        days = (ends.date() - first).days
        seen = row.plazo_congelado or now
        return Clock(
            row.plazo_vence, ends, texts.remaining((row.plazo_vence - seen).total_seconds()), min(days, (local_day(seen) - first).days), days,
            row.plazo_congelado,
        )

    @property
    def proposals(self) -> list[Institucion]:
        return institutions.proposals(self.row) if self.etapa is Etapa.REVISION and self.manages else []

    @property
    def stages(self) -> list[tuple[str, str, str, str]]:
        """For ui.etapas: class, number, title, detail."""
        etapa = self.etapa
        at = Etapa.AMBIENTE if etapa is Etapa.SUSPENDIDA else etapa
        current = -1 if etapa is Etapa.ANULADA else _ORDER.index(at)
        found = []
        for place, stage in enumerate(_ORDER):
            kind = "did" if place < current or etapa is Etapa.PRODUCCION else "live" if place == current else "next"
            if place == current and etapa is Etapa.SUSPENDIDA:
                kind = "stop"
            title = "Producción" if stage is Etapa.PRODUCCION else ETAPA_BADGE[stage].label
            found.append((kind, str(place + 1), title, self._detail(stage, kind)))
        return found

    def _detail(self, stage: Etapa, kind: str) -> str:
        match stage:
            case Etapa.SOLICITUD:
                return f"Completa · {texts.day(self.row.oficio_recibido)}" if kind == "did" and self.row.oficio_recibido else "Pendiente"
            case Etapa.CAPACITACION:
                return f"{self.total:g} de {TRAINING_HOURS} horas".replace(".", ",")
            case Etapa.AMBIENTE:
                words = {"stop": "Suspendida", "next": f"{IMPLANTATION_DAYS} días calendario", "did": "Actividades cumplidas"}
                return words.get(kind) or (self.clock.left if self.clock else "")
            case Etapa.REVISION:
                return {"did": "Aprobada", "live": "En revisión de la SGE"}.get(kind, "SGE")
            case _:
                return texts.day(local_day(self.row.produccion_en)) if self.row.produccion_en else "Pendiente"

    @property
    def trail(self) -> list[Mark]:
        return [_mark(e) for e in self.row.eventos]


def _mark(event: Evento) -> Mark:
    step, data = Step(event.accion), event.datos or {}
    badge = STEP[step]
    if "responsabilidades" in data:
        badge = Badge("did", "shield", "Responsabilidades del AIQ aceptadas")
    notes = [f"«{event.comentario}»" if step in (Step.OBSERVE, Step.RESUME, Step.CANCEL) else event.comentario] if event.comentario else []
    if step in (Step.OPEN, Step.RESUME):
        notes.append(f"Plazo de {texts.plural(data['dias'], 'día calendario', 'días calendario')}.")
    if step is Step.OPEN:
        notes.append(f"Plantilla de seguimiento, versión {data['plantilla']}.")
    if step is Step.OBSERVE and data.get("actividades"):
        notes.append(f"{texts.plural(len(data['actividades']), 'actividad', 'actividades')} por realizar nuevamente.")
    return Mark(badge, event.en, event.actor.nombre_completo if event.actor else "Sistema", notes)
