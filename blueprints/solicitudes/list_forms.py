"""Shape of the list's filters and of the small forms of a request's actions; every message in Spanish.

Filters come from the URL, by hand: what was typed must be shown again beside its message, whatever it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from werkzeug.datastructures import MultiDict

from blueprints.institution_field import InstitutionField
from blueprints.lists import MAX_TEXT, ListForm
from blueprints.shape import clean
from rules import texts
from rules.glossary import ESTADO_BADGE
from rules.lifecycle import Estado
from services import acting, board_views, solicitudes_filters, solicitudes_listing
from services.errors import Refused
from services.solicitudes_filters import Filters, Vista, number_of

FIELDS = ("inicio", "fin", "nro", "estado", "nombre", "institucion")
KEPT = (*FIELDS, "q", "vista", "cifra")


@dataclass(kw_only=True)
class FilterForm(ListForm):
    """The filters of the requests, as values too."""

    filters: Filters
    institution: InstitutionField
    FIELDS: ClassVar = FIELDS
    EMPTIED: ClassVar = frozenset({"inicio", "fin"})
    WORDS: ClassVar = ("nombre", "q")
    ENDPOINT: ClassVar = "solicitudes.listing"
    DEFAULT_ORDER: ClassVar = solicitudes_listing.DEFAULT_ORDER

    @classmethod
    def of(cls, args: MultiDict[str, str], institution: InstitutionField, today: date) -> FilterForm:
        """Read the URL. Without Fecha Inicio in it the list shows the last six months, except when it is searched for a number,
        a name or a cédula, or shows a view."""
        typed = {name: clean(args.get(name, "")) for name in KEPT}
        typed["vista"] = typed["vista"] if typed["vista"] in set(Vista) else ""
        typed["estado"] = ",".join(dict.fromkeys(part for value in args.getlist("estado") for part in clean(value).split(",") if part))
        defaults = {}
        if not (typed["q"] or typed["vista"] or typed["cifra"]):
            defaults = {"inicio": solicitudes_filters.default_start(today).isoformat(), "fin": today.isoformat()}
            typed |= {name: day for name, day in defaults.items() if name not in args}
        typed["institucion"] = institution.value
        form = cls(typed=typed, filters=Filters(), institution=institution, order=args.get("orden", "")[:20], defaults=defaults)
        form.filters = Filters(
            inicio=form.day("inicio", "La Fecha Inicio"), fin=form.day("fin", "La Fecha Fin"), nro=form._number(), estados=form._estados(),
            nombre=form.text("nombre", "El nombre o la CI"), institucion_id=institution.id, texto=form.text("q", "La búsqueda"),
            vista=Vista(typed["vista"]) if typed["vista"] else None, cifra=form._figure(),
        )
        if institution.error:
            form.errors["institucion"] = institution.error
        start, end = form.filters.inicio, form.filters.fin
        if start and end and start > end:
            form.errors["inicio"] = "La Fecha Inicio debe ser menor o igual que la Fecha Fin."
        return form

    def says(self, name: str) -> bool:
        """An emptied date says "no limit", where the list would be limited without it."""
        return super().says(name) or (name in self.EMPTIED and not (self.typed["q"] or self.typed["vista"] or self.typed["cifra"]))

    def without(self, name: str) -> str:
        """The list without one of its filters and with all others as they are: the dates too, which it would else begin with."""
        return self.url(**{name: "", "inicio": self.typed["inicio"], "fin": self.typed["fin"]})

    @property
    def completed(self) -> bool:
        """A name that was completed is shown as it is."""
        return self.institution.resolved

    @property
    def estado_options(self) -> list[tuple[str, str, bool]]:
        """(value, label, chosen) of each estado."""
        return [(str(e), ESTADO_BADGE[e].label, e in self.filters.estados) for e in Estado]

    def _number(self) -> int | None:
        text = self.typed["nro"]
        if not text:
            return None
        number = number_of(text)
        if number is None:
            self.errors["nro"] = "Escriba el número de la solicitud solo con dígitos. Ejemplo: 10438."
            self.typed["nro"] = text[:MAX_TEXT]
            return None
        return number

    def _estados(self) -> frozenset[Estado]:
        chosen = [value for value in self.typed["estado"].split(",") if value]
        if any(value not in set(Estado) for value in chosen):
            self.errors["estado"] = "Elija un estado de la lista."
            self.typed["estado"] = ""
            return frozenset()
        return frozenset(Estado(value) for value in chosen)

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

