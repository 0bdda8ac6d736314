"""Shape of the filters of the list of internal users, by hand from the URL: what was typed is shown again, whatever it was."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import url_for
from werkzeug.datastructures import MultiDict

from blueprints.institution_field import InstitutionField
from rules.policy import Actor
from services import accounts_listing
from services.accounts_listing import ACCESOS, ESTADOS, Filters

MAX_NAME = 120
FIELDS = ("nombre", "area", "estado", "acceso", "institucion")


def plain(text: str) -> str:
    """Typed text without the NUL, which PostgreSQL cannot keep nor a page show."""
    return text.replace("\x00", "").strip()


@dataclass
class FilterForm:
    """The filters as typed, as values, and what is wrong with them (field → message)."""

    typed: dict[str, str]
    filters: Filters
    institution: InstitutionField
    areas: list[str]
    errors: dict[str, str] = field(default_factory=dict)
    order: str = ""

    @classmethod
    def of(cls, actor: Actor, args: MultiDict[str, str]) -> FilterForm:
        """Read the URL."""
        institution = InstitutionField.of(actor, args)
        typed = {name: plain(args.get(name, "")) for name in FIELDS} | {"institucion": institution.value}
        form = cls(typed, Filters(), institution, [], order=args.get("orden", "")[:20])
        if institution.error:
            form.errors["institucion"] = institution.error
        form.areas = accounts_listing.areas(actor, institution.id)
        if typed["area"] not in form.areas:
            # Another institution was chosen since: its areas are other ones.
            typed["area"] = ""
        form.filters = Filters(form._text(), typed["area"], form._one_of("estado", ESTADOS), form._one_of("acceso", ACCESOS), institution.id)
        return form

    def url(self, **changes: str) -> str:
        """The list with these filters: only what says something is in the URL."""
        kept = {name: value for name, value in self.typed.items() if value}
        if self.order and self.order != accounts_listing.DEFAULT_ORDER:
            kept["orden"] = self.order
        return url_for("usuarios.listing", **{k: v for k, v in (kept | changes).items() if v})

    @property
    def summary(self) -> list[tuple[str, str]]:
        """For f.resumen: in the order of the fields."""
        return [(f"f-{name}", self.errors[name]) for name in FIELDS if name in self.errors]

    def _text(self) -> str:
        text = self.typed["nombre"]
        if len(text) > MAX_NAME:
            self.errors["nombre"] = f"La búsqueda no puede superar los {MAX_NAME} caracteres."
            self.typed["nombre"] = text[:MAX_NAME]
            return ""
        return text

    def _one_of(self, name: str, known: tuple[str, ...]) -> str:
        value = self.typed[name]
        if value and value not in known:
            self.errors[name] = "Elija una opción de la lista."
            self.typed[name] = ""
            return ""
        return value
