"""What the right half of the desk shows of one request, worked out once for the page and for the fragment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from blueprints.mesa.forms import Typed, Where
from models import Solicitud
from rules.glossary import DEVOLUCION, ESTADO_BADGE, RECHAZO, Badge
from rules.lifecycle import Clase, Estado, effective
from rules.policy import Actor, Permission, may
from rules.risk import Risk
from services import clock, desk, desk_calendar, desk_checks, desk_presence, desk_queue
from services.desk_plazos import Plazos

# Where the error summary sends the reader, by form and field.
ANCHORS = {
    ("aprobar", "fecha"): "calendario", ("aprobar", "comentario"): "comentario", ("aprobar", "reservados"): "reservados-0",
    ("aprobar", "reservados_motivo"): "reservados_motivo", ("aprobar", "cotejo"): "cotejo",
    ("devolver", "motivo"): "devolver-motivo-0", ("devolver", "detalle"): "devolver-detalle",
    ("eliminar", "motivo"): "eliminar-motivo-0", ("eliminar", "detalle"): "eliminar-detalle",
}


@dataclass
class Panel:
    """One request for one officer. `wrong`: field → message of the form in `typed`; `conflict`: who decided meanwhile;
    `since`: a day of the first week of the calendar; `fragment`: swapped in, so that its heading takes the focus; `observed`: as
    the queue beside it has found them."""

    actor: Actor
    s: Solicitud
    where: Where = Where()
    typed: Typed = Typed()
    wrong: dict[str, str] = field(default_factory=dict)
    conflict: str = ""
    since: date | None = None
    fragment: bool = False
    observed: Sequence[int] | None = None

    @property
    def waiting(self) -> bool:
        return self.s.estado is Estado.ENVIADA

    @property
    def badge(self) -> Badge:
        return ESTADO_BADGE[effective(self.s.estado, self.s.vigente_hasta, clock.now())]

    @cached_property
    def plazos(self) -> Plazos:
        return Plazos()

    @property
    def risk(self) -> Risk:
        return self.plazos.of(self.s)

    @property
    def personal(self) -> bool:
        return self.s.clase is Clase.PERSONAL

    @property
    def decides(self) -> bool:
        return self.waiting and may(self.actor, Permission.SOLICITUD_DECIDE, self.s)

    @property
    def own(self) -> str:
        """Why this officer may not decide."""
        return desk.OWN

    @property
    def decided(self) -> str:
        return "" if self.waiting else desk.decided(self.s)

    @cached_property
    def findings(self) -> desk_checks.Findings:
        return desk_checks.examine(self.s)

    @property
    def reserved(self) -> int:
        """Reserved documents of the range: counted now, or when it was sent while Quipux does not answer."""
        now = self.findings.reserved
        return now if now is not None else self.s.estimado_reservados or 0

    @cached_property
    def facts(self) -> list[desk_checks.Fact]:
        return desk_checks.facts(self.s)

    def compared(self, fact: desk_checks.Fact) -> bool:
        """Whether the box of one of the four data is ticked: as it was sent, else what the machine has compared."""
        return fact.key in self.typed.cotejo if self.typed.cotejo is not None and self.typed.form == "aprobar" else fact.kind == "ok"

    @cached_property
    def earlier(self) -> tuple[list[desk.Earlier], int]:
        return desk.earlier(self.actor, self.s)

    @cached_property
    def viewers(self) -> list[desk_presence.Apertura]:
        return desk_presence.others(self.actor, self.s)

    @cached_property
    def after(self) -> int | None:
        """The next request of the queue as it is filtered, for the link that leaves this one undecided."""
        return desk_queue.following(self.actor, self.s, self.where.filters, plazos=self.plazos, observed=self.observed)

    @cached_property
    def before(self) -> int | None:
        return desk_queue.following(self.actor, self.s, self.where.filters, back=True, plazos=self.plazos, observed=self.observed)

    @cached_property
    def calendar(self) -> desk_calendar.Choice:
        return desk_calendar.choice(self.s, self.since, self.typed.fecha)

    @property
    def returns(self) -> list[tuple[str, str, str]]:
        return _offered(DEVOLUCION)

    @property
    def rejections(self) -> list[tuple[str, str, str]]:
        return _offered(RECHAZO)

    @property
    def summary(self) -> list[tuple[str | None, str]]:
        """[(control id | None, message)] for the error summary."""
        return [(ANCHORS.get((self.typed.form, name)), message) for name, message in self.wrong.items()]

    def error(self, form: str, name: str) -> str:
        """The message beside a field of one of the three forms."""
        return self.wrong.get(name, "") if self.typed.form == form else ""


def _offered(reasons) -> list[tuple[str, str, str]]:
    return [(key, reason.label, "explique" if reason.needs_text else "") for key, reason in reasons.items()]
