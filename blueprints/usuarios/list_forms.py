"""Shape of the filters of the list of internal users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from werkzeug.datastructures import MultiDict

from blueprints.institution_field import InstitutionField
from blueprints.lists import ListForm
from blueprints.shape import clean
from rules.policy import Actor
from services import accounts_listing
from services.accounts_listing import ACCESOS, ESTADOS, Filters

FIELDS = ("nombre", "institucion", "area", "estado", "acceso")


@dataclass(kw_only=True)
class FilterForm(ListForm):
    """The filters of the internal users, as values too. areas: those that can be chosen."""

    filters: Filters
    institution: InstitutionField
    areas: list[str]
    FIELDS: ClassVar = FIELDS
    WORDS: ClassVar = ("nombre",)
    ENDPOINT: ClassVar = "usuarios.listing"
    DEFAULT_ORDER: ClassVar = accounts_listing.DEFAULT_ORDER

    @classmethod
    def of(cls, actor: Actor, args: MultiDict[str, str]) -> FilterForm:
        """Read the URL."""
        institution = InstitutionField.of(actor, args)
        typed = {name: clean(args.get(name)) for name in FIELDS} | {"institucion": institution.value}
        areas = accounts_listing.areas(actor, institution.id)
        if typed["area"] not in areas:
            # Another institution was chosen since: its areas are other ones.
            typed["area"] = ""
        form = cls(typed=typed, filters=Filters(), institution=institution, areas=areas, order=args.get("orden", "")[:20])
        if institution.error:
            form.errors["institucion"] = institution.error
        form.filters = Filters(
            form.text("nombre", "La búsqueda"), typed["area"], form.one_of("estado", ESTADOS), form.one_of("acceso", ACCESOS), institution.id,
        )
        return form

    @property
    def completed(self) -> bool:
        """With institutions to choose from, the areas of the form follow the one chosen."""
        return self.institution.several
