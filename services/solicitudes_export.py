"""*Listado de solicitudes* as the rows of a file (services.list_files): every row of the filter, not only the page, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rules.deadlines import last_moment
from rules.glossary import CLASE, ESTADO_BADGE
from rules.lifecycle import Estado
from rules.policy import Actor
from services import solicitudes_listing
from services.solicitudes_filters import Filters
from services.solicitudes_listing import SHOWN

HEADS = ("Nº Solicitud", "Nombres", "Apellidos", "CI", "Puesto", "Área", "Institución", "Siglas", "Clase", "Fecha Solicitud", "Rango desde",
         "Rango hasta", "Estado", "Detalle", "Fecha tentativa", "Vigente hasta")


def rows(actor: Actor, filters: Filters, order: str = "") -> Iterator[tuple[Any, ...]]:
    """The cells of each row, in the list's order."""
    for batch in solicitudes_listing.every(actor, filters, order):
        for s, estado, detail in batch:
            until = last_moment(s.vigente_hasta) if estado is Estado.ATENDIDA and s.vigente_hasta else None
            yield (
                *s[:SHOWN], CLASE[s.clase], s.fecha_solicitud, s.desde, s.hasta, ESTADO_BADGE[estado].label, detail, s.fecha_tentativa, until,
            )
