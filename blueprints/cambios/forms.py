"""Shape of what the forms of a change send. What it means is decided in services."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

from flask import request

from blueprints.shape import day, number
from rules.deadlines import ZONE
from rules.typed import clean
from services.aiq_offices import AiqData
from services.cambios import Request

LABELS = {
    "nombres": "Nombres y apellidos", "cedula": "Número de cédula", "cargo": "Cargo", "correo": "Correo electrónico",
    "telefono": "Número telefónico", "extension": "Extensión", "celular": "Número celular",
}
MOST = 4000


def text(name: str) -> str:
    """A field as typed, of bounded length."""
    return clean(request.form.get(name))[:MOST]


def aiq_data() -> AiqData:
    return AiqData(**{f.name: text(f.name) for f in fields(AiqData)})


def asked() -> Request:
    return Request(
        text("solicitante"), text("solicitante_nombre"), text("oficio_numero"), day(text("oficio_recibido")), day(text("fecha_efectiva")),
        text("motivo") if request.form.get("excepcion") else "",
    )


def instant(value: str) -> datetime | None:
    """A datetime-local field: hour of Guayaquil."""
    try:
        return datetime.fromisoformat(value).replace(tzinfo=ZONE).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def version() -> int:
    """The version the person saw; without one it counts as an old one."""
    found = number(request.form.get("version"))
    return -1 if found is None else found
