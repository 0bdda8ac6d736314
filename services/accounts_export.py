"""*Usuarios internos* as a file: every account of the filter, with the access of its owner to this site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from models import Cuenta
from rules.policy import Actor
from services import accounts_listing
from services.accesses import Access, access_of
from services.accounts_listing import Filters, Told

HEADS = ("Nombres", "Apellidos", "CI", "Puesto", "Área", "Perfil", "Correo", "Institución", "Siglas", "En Quipux", "Inactivo desde",
         "Acceso a este sitio", "Último ingreso")
ACCESO = {
    Access.SIN: "Sin acceso", Access.ENLACE: "Enlace enviado", Access.ACTIVO: "Con acceso", Access.RETIRADO: "Retirado",
    Access.INACTIVA: "No puede ingresar",
}
EN_QUIPUX = {"activa": "Activo", "inactiva": "Inactivo", "ausente": "Ya no consta"}


def standing(cuenta: Cuenta | Told) -> str:
    """The key in EN_QUIPUX of an account's estado there."""
    return "ausente" if cuenta.ausente_desde else "activa" if cuenta.activa else "inactiva"


def cells(actor: Actor, filters: Filters, order: str = "") -> Iterator[tuple[Any, ...]]:
    """The cells of every row of the filters, under HEADS, in the list's order."""
    for batch in accounts_listing.every(actor, filters, order):
        yield from map(_cells, batch)


def _cells(row: Told) -> tuple[Any, ...]:
    there = standing(row)
    access = access_of(row if row.usuario_id else None, there == "activa")
    return (
        row.nombre, row.apellido, row.cedula, row.puesto, row.area, row.perfil, row.correos.replace(",", ", "), row.institucion, row.sigla,
        EN_QUIPUX[there], None if row.activa else row.inactiva_desde, ACCESO[access], row.ultimo_ingreso if there == "activa" else None,
    )
