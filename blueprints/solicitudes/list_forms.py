"""Shape of the list's filters and of the small forms of a request's actions; every message in Spanish.

Filters come from the URL, by hand: what was typed must be shown again beside its message, whatever it was."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from flask import url_for
from werkzeug.datastructures import MultiDict

from blueprints.institution_field import InstitutionField
from blueprints.shape import clean
from rules import texts
from rules.glossary import ESTADO_BADGE
from rules.lifecycle import Estado
from services import acting, board_views, solicitudes_listing
from services.errors import Refused
from services.solicitudes_listing import Filters, Vista

MAX_NAME = 120
MAX_DIGITS = 15
FIELDS = ("inicio", "fin", "nro", "estado", "nombre", "institucion")
KEPT = (*FIELDS, "q", "vista", "cifra")
_LOCAL_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


@dataclass
class FilterForm:
    """The filters as typed, as values, and what is wrong with them (field → message)."""

    typed: dict[str, str]
    filters: Filters
    institution: InstitutionField
    errors: dict[str, str] = field(default_factory=dict)
    order: str = ""

    @classmethod
    def of(cls, args: MultiDict[str, str], institution: InstitutionField, today: date) -> FilterForm:
        """Read the URL. Without Fecha Inicio in it the list shows the last six months, except when it is searched for a number,
        a name or a cédula, or shows a view."""
        typed = {name: clean(args.get(name, "")) for name in KEPT}
        typed["vista"] = typed["vista"] if typed["vista"] in set(Vista) else ""
        typed["estado"] = ",".join(dict.fromkeys(part for value in args.getlist("estado") for part in clean(value).split(",") if part))
        if not (typed["q"] or typed["vista"] or typed["cifra"]):
            typed["inicio"] = typed["inicio"] if "inicio" in args else solicitudes_listing.default_start(today).isoformat()
            typed["fin"] = typed["fin"] if "fin" in args else today.isoformat()
        typed["institucion"] = institution.value
        form = cls(typed, Filters(), institution, order=args.get("orden", "")[:20])
        form.filters = Filters(
            inicio=form._day("inicio", "Fecha Inicio"), fin=form._day("fin", "Fecha Fin"), nro=form._number(), estados=form._estados(),
            nombre=form._text("nombre", "El nombre o la CI"), institucion_id=institution.id, texto=form._text("q", "La búsqueda"),
            vista=Vista(typed["vista"]) if typed["vista"] else None, cifra=form._figure(),
        )
        if institution.error:
            form.errors["institucion"] = institution.error
        start, end = form.filters.inicio, form.filters.fin
        if start and end and start > end:
            form.errors["inicio"] = "La Fecha Inicio debe ser menor o igual que la Fecha Fin."
        return form

    @property
    def arguments(self) -> dict[str, str]:
        """What of these filters is in the URL: only what says something. An emptied date stays, as "no limit"."""
        free = self.typed["q"] or self.typed["vista"] or self.typed["cifra"]
        kept = {name: value for name, value in self.typed.items() if value or (name in {"inicio", "fin"} and not free)}
        if self.order and self.order != solicitudes_listing.DEFAULT_ORDER:
            kept["orden"] = self.order
        return kept

    def url(self, endpoint: str = "solicitudes.listing", **changes: str) -> str:
        """The list (or its file) with these filters."""
        return url_for(endpoint, **{k: v for k, v in (self.arguments | changes).items() if v or k in {"inicio", "fin"}})

    @property
    def summary(self) -> list[tuple[str | None, str]]:
        """For f.resumen: in the order of the fields."""
        return [(None if name in {"q", "cifra"} else f"f-{name}", self.errors[name]) for name in (*FIELDS, "q", "cifra") if name in self.errors]

    @property
    def estado_options(self) -> list[tuple[str, str, bool]]:
        """(value, label, chosen) of each estado."""
        return [(str(e), ESTADO_BADGE[e].label, e in self.filters.estados) for e in Estado]

    def _day(self, name: str, label: str) -> date | None:
        text = self.typed[name]
        if not text:
            return None
        if local := _LOCAL_DATE.fullmatch(text):
            text = f"{local[3]}-{int(local[2]):02d}-{int(local[1]):02d}"
        try:
            day = date.fromisoformat(text)
        except ValueError:
            self.errors[name] = f"La {label} no es una fecha válida. Ejemplo: 20/11/2026."
            return None
        if not 1990 <= day.year <= 2100:
            self.errors[name] = f"La {label} debe estar entre los años 1990 y 2100."
            return None
        self.typed[name] = day.isoformat()
        return day

    def _number(self) -> int | None:
        text = self.typed["nro"]
        if not text:
            return None
        if not (text.isascii() and text.isdigit()) or len(text) > MAX_DIGITS:
            self.errors["nro"] = "Escriba el número de la solicitud solo con dígitos. Ejemplo: 10438."
            self.typed["nro"] = text[:MAX_NAME]
            return None
        return int(text)

    def _estados(self) -> frozenset[Estado]:
        chosen = [value for value in self.typed["estado"].split(",") if value]
        if any(value not in set(Estado) for value in chosen):
            self.errors["estado"] = "Elija un estado de la lista."
            self.typed["estado"] = ""
            return frozenset()
        return frozenset(Estado(value) for value in chosen)

    def _text(self, name: str, label: str) -> str:
        text = self.typed[name]
        if len(text) > MAX_NAME:
            self.errors[name] = f"{label} no puede superar los {MAX_NAME} caracteres; tiene {texts.miles(len(text))}."
            self.typed[name] = text[:MAX_NAME]
            return ""
        return text

    @property
    def figure(self) -> board_views.View | None:
        """The figure of the board whose requests are shown, for the heading of the list."""
        return board_views.view(self.filters.cifra) if self.filters.cifra else None

    def _figure(self) -> str:
        key = self.typed["cifra"]
        if key and board_views.view(key) is None:
            self.errors["cifra"] = "La cifra del tablero no existe. Elija los filtros que necesite."
            self.typed["cifra"] = ""
            return ""
        return key


def reason(form: MultiDict[str, str], name: str) -> str:
    """A text typed in the form of an action. Raises Refused when it is longer than the Recorrido keeps."""
    text = clean(form.get(name, ""))
    if len(text) > acting.MAX_TEXT:
        problem = f"El texto no puede superar los {texts.miles(acting.MAX_TEXT)} caracteres; tiene {texts.miles(len(text))}."
        raise Refused({name: problem})
    return text

