"""Shape of what the desk receives: the place in the queue, the decisions, the choice for a bulk approval. What they mean is
decided in services."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from flask import request
from werkzeug.datastructures import MultiDict

from blueprints.shape import clean, day, number
from rules.glossary import CLASE, COTEJO
from rules.lifecycle import Clase
from services import desk
from services import desk_queue as queue

STALE = -1
MAX_QUERY = 120
MAX_CURSOR = 2000


@dataclass(frozen=True, slots=True)
class Where:
    """Where the officer stands in the queue; it travels in the query of every link and form of the page."""

    filters: queue.Filters = queue.Filters()
    cursor: str = ""

    @classmethod
    def read(cls) -> Where:
        sent = request.args
        institucion = number(sent.get("institucion"))
        filters = queue.Filters(
            view=_one_of(sent.get("vista"), queue.VIEWS) or queue.ALL, q=clean(sent.get("q"))[:MAX_QUERY],
            institucion=institucion if institucion is not None and institucion < 2**31 else None,
            clase=next((clase for clase in Clase if clase == sent.get("clase")), None),
            reservados=_one_of(sent.get("reservados"), queue.RESERVED), tamano=_one_of(sent.get("tamano"), queue.SIZES),
        )
        return cls(filters, clean(sent.get("cursor"))[:MAX_CURSOR])

    @property
    def args(self) -> dict[str, str | int]:
        """For url_for; what is as usual is left out of the address."""
        return self.filter_args | ({"cursor": self.cursor} if self.cursor else {})

    @property
    def filter_args(self) -> dict[str, str | int]:
        """The same without the page."""
        f = self.filters
        found = {"vista": f.view if f.view != queue.ALL else "", "q": f.q, "institucion": f.institucion, "clase": str(f.clase or ""),
                 "reservados": f.reservados, "tamano": f.tamano}
        return {name: value for name, value in found.items() if value}

    def words(self, institutions: dict[int, str]) -> str:
        """The filter as a person would say it. institutions: name by id."""
        f = self.filters
        said = [queue.VIEWS[f.view]] if f.view != queue.ALL else []
        said += [institutions.get(f.institucion, "otra institución")] if f.institucion else []
        said += [CLASE[f.clase]] if f.clase else []
        said += [queue.RESERVED[f.reservados]] if f.reservados else []
        said += [queue.SIZES[f.tamano][0]] if f.tamano else []
        said += [f"«{f.q}»"] if f.q else []
        return " · ".join(said) or "Toda la cola"


@dataclass(frozen=True, slots=True)
class Typed:
    """What a decision form said, to be decided upon or shown again. `form`: aprobar, devolver, eliminar or "" (none yet).
    `version`: of the request the officer saw; without a number it counts as an old one. cotejo None: nothing was sent."""

    form: str = ""
    fecha: date | None = None
    comentario: str = ""
    reservados: str = ""
    reservados_motivo: str = ""
    cotejo: frozenset[str] | None = None
    motivo: str = ""
    detalle: str = ""
    version: int = STALE

    @classmethod
    def read(cls, form: str) -> Typed:
        sent: MultiDict = request.form
        version = number(sent.get("version"))
        return cls(
            form, day(sent.get("fecha")), _lines(sent.get("comentario")), clean(sent.get("reservados"))[:20],
            _lines(sent.get("reservados_motivo")), frozenset(sent.getlist("cotejo")) & frozenset(COTEJO), clean(sent.get("motivo"))[:40],
            _lines(sent.get("detalle")), STALE if version is None else version,
        )

    @property
    def approval(self) -> desk.Approval:
        return desk.Approval(self.fecha, self.comentario, self.reservados, self.reservados_motivo, self.cotejo or frozenset(), self.version)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a bulk approval is asked for: requests ticked one by one, or none of them: the whole filter."""

    where: Where
    ticked: bool = False
    numbers: list[int] = field(default_factory=list)

    @classmethod
    def read(cls) -> Choice:
        """"12" is request 12; nonsense is number 0, which no request has."""
        numbers = [number(value) or 0 for value in request.args.getlist("ids")]
        return cls(Where.read(), request.args.get("seleccion") == "1", list(dict.fromkeys(n if n < 2**62 else 0 for n in numbers)))


def _one_of(value: str | None, known: dict[str, object]) -> str:
    return value if value in known else ""


def _lines(text: str | None) -> str:
    # Browsers send CR LF; a line break is one character in the count shown.
    return clean(text).replace("\r\n", "\n")
