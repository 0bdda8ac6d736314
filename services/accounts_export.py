"""*Usuarios internos* as a file: every account of the filter, with the access of its owner to this site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from models import Cuenta
from rules.policy import Actor
from services import accounts_listing
from services.accesses import Access
from services.accounts_listing import Filters, Row

HEADS = ("Nombres", "Apellidos", "CI", "Puesto", "Área", "Perfil", "Correo", "Institución", "Siglas", "En Quipux", "Inactivo desde",
         "Acceso a este sitio", "Último ingreso")
ACCESO = {
    Access.SIN: "Sin acceso", Access.ENLACE: "Enlace enviado", Access.ACTIVO: "Con acceso", Access.RETIRADO: "Retirado",
    Access.INACTIVA: "No puede ingresar",
}
EN_QUIPUX = {"activa": "Activo", "inactiva": "Inactivo", "ausente": "Ya no consta"}


def in_quipux(cuenta: Cuenta) -> str:
    """The key in EN_QUIPUX of an account's estado there."""
    return "ausente" if cuenta.ausente_desde else "activa" if cuenta.activa else "inactiva"


def cells(actor: Actor, filters: Filters, order: str = "") -> Iterator[tuple[Any, ...]]:
    """The cells of every row of the filters, under HEADS, in the list's order."""
    for batch in accounts_listing.every(actor, filters, order):
        yield from map(_cells, batch)


def _cells(row: Row) -> tuple[Any, ...]:
    c = row.cuenta
    since = None if c.activa else c.inactiva_desde
    return (
        c.nombre, c.apellido, c.cedula, c.puesto, c.area, c.perfil, c.correos.replace(",", ", "), c.institucion.nombre, c.institucion.sigla,
        EN_QUIPUX[in_quipux(c)], since, ACCESO[row.access], row.ultimo_ingreso,
    )
