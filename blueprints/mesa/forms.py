"""Shape of what the desk receives: the place in the queue, and the three decisions. What they mean is decided in services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import request
from werkzeug.datastructures import MultiDict

from blueprints.shape import clean, day, number
from services import desk

STALE = -1
MOST = 100  # requests in one bulk approval: five pages of the queue


@dataclass(frozen=True, slots=True)
class Where:
    """Where the officer stands in the queue; it travels in the query of every link and form of the page."""

    view: str = desk.ALL
    q: str = ""
    page: int = 1

    @classmethod
    def read(cls) -> Where:
        view = request.args.get("vista", desk.ALL)
        return cls(view if view in desk.VIEWS else desk.ALL, clean(request.args.get("q"))[:120], min(number(request.args.get("pagina")) or 1, 10**6))

    @property
    def args(self) -> dict[str, str | int]:
        """For url_for; what is as usual is left out of the address."""
        found = {"vista": self.view if self.view != desk.ALL else "", "q": self.q, "pagina": self.page if self.page > 1 else ""}
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class Typed:
    """What a decision form said, to be decided upon or shown again. `form`: aprobar, devolver, eliminar or "" (none yet).
    `version`: of the request the officer saw; without a number it counts as an old one."""

    form: str = ""
    fecha: date | None = None
    comentario: str = ""
    incluir: bool = False
    motivo: str = ""
    detalle: str = ""
    version: int = STALE

    @classmethod
    def read(cls, form: str) -> Typed:
        sent: MultiDict = request.form
        version = number(sent.get("version"))
        return cls(
            form, day(sent.get("fecha")), _lines(sent.get("comentario")), sent.get("incluir_reservados") == "1",
            clean(sent.get("motivo"))[:40], _lines(sent.get("detalle")), STALE if version is None else version,
        )


def _lines(text: str | None) -> str:
    # Browsers send CR LF; a line break is one character in the count shown.
    return clean(text).replace("\r\n", "\n")


def chosen(values: list[str]) -> list[tuple[int, int | None]]:
    """What the boxes of the queue say: "12:3" is request 12 as it was at version 3, "12" whatever it is now. Each once,
    nonsense as number 0, which no request has."""
    found: dict[int, int | None] = {}
    for value in values[:MOST]:
        one, _, version = value.partition(":")
        found.setdefault(number(one) or 0, (STALE if number(version) is None else number(version)) if version else None)
    return list(found.items())
