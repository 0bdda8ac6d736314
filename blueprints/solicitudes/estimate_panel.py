"""The estimate beside the form, in two steps (decisions 28): the exact count at once, then size, parts and date, with ≈."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from blueprints.solicitudes.form_context import FormState
from models import Solicitud
from rules.glossary import ESTADO_BADGE
from rules.policy import Permission, may
from services import estimates, solicitudes
from services.estimates import Estimate
from services.status import live_for
from sources import Count, SourceUnavailable


class Depth(StrEnum):
    """How much is worked out now. LATER: nothing; the browser asks once the page stands."""

    LATER = "despues"
    COUNT = "cuenta"
    WHOLE = "completa"


@dataclass(frozen=True, slots=True)
class Panel:
    """What the panel shows. `text`: a sentence instead of figures. `ask`: the browser is to fetch the next depth.
    `other`: another live request for the same person; `other_seen`: whether this actor may open it."""

    text: str = ""
    problems: tuple[str, ...] = ()
    count: Count | None = None
    whole: Estimate | None = None
    ask: Depth | None = None
    other: Solicitud | None = None
    other_seen: bool = False

    @property
    def other_label(self) -> str:
        """Only live requests get here, so the row's estado is the one to show."""
        return ESTADO_BADGE[self.other.estado].label


def panel(state: FormState, depth: Depth, without: int | None = None) -> Panel:
    """The panel of a form. `without`: number of the draft itself, which is no "other" request. Never raises for Quipux."""
    if state.cuenta is None:
        return Panel("Complete los datos para conocer el número de documentos, el tamaño y la fecha tentativa.")
    other = live_for(state.cuenta, without=without)
    seen = other is not None and may(state.actor, Permission.SOLICITUD_SEE, other)
    desde, hasta = state.form.desde.data, state.form.hasta.data
    wrong = {**solicitudes.date_problems(desde, hasta), **{k: v for k, v in state.form.shape_problems().items() if k in {"desde", "hasta"}}}
    if wrong:
        return Panel("No es posible estimar con el rango ingresado.", tuple(wrong.values()), other=other, other_seen=seen)
    if desde is None or hasta is None:
        return Panel("Ingrese la Fecha Inicio y la Fecha Fin para conocer la estimación.", other=other, other_seen=seen)
    if depth is Depth.LATER:
        return Panel(ask=Depth.COUNT, other=other, other_seen=seen)
    try:
        if depth is Depth.COUNT:
            return Panel(count=estimates.counted(state.cuenta, desde, hasta), ask=Depth.WHOLE, other=other, other_seen=seen)
        whole = estimates.of(state.cuenta, desde, hasta, without=without)
    except SourceUnavailable:
        return Panel("No es posible estimar: Quipux no responde en este momento. Puede guardar la solicitud y enviarla más tarde.",
                     other=other, other_seen=seen)
    return Panel(count=whole.count, whole=whole, other=other, other_seen=seen)
