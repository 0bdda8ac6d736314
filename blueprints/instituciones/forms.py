"""Shape of what these pages receive; what it means is decided in services."""

from __future__ import annotations

from werkzeug.datastructures import MultiDict

from blueprints.shape import day
from rules.typed import line as one_line, lines
from services.implantacion_solicitud import LENGTHS, Data

MAX_ITEMS = 20_000
FIELDS = (*LENGTHS, "oficio_recibido")


def line(form: MultiDict[str, str], name: str, most: int = 2000) -> str:
    """One line of text."""
    return one_line(form.get(name))[:most]


def text(form: MultiDict[str, str], name: str, most: int = 5000) -> str:
    """Several lines."""
    return lines(form.get(name))[:most]


def application(form: MultiDict[str, str]) -> tuple[dict[str, str], Data]:
    """The Solicitud de uso del sistema as typed, to be shown again, and as values."""
    typed = {name: line(form, name) for name in FIELDS}
    return typed, Data(**typed | {"oficio_recibido": day(typed["oficio_recibido"])})


def items(typed: str) -> list[tuple[str, str]]:
    """Lines "title | detail" of a checklist."""
    return [(title.strip(), detail.strip()) for title, _, detail in (each.partition("|") for each in typed[:MAX_ITEMS].splitlines())]


def summary(errors: dict[str, str], prefix: str = "", fields: tuple[str, ...] = ()) -> list[tuple[str | None, str]]:
    """For f.resumen: each message with the id of its control, in the order of `fields`."""
    order = {name: i for i, name in enumerate(fields)}
    return [(f"{prefix}{name}" if name else None, errors[name]) for name in sorted(errors, key=lambda n: order.get(n, -1 if not n else 99))]
