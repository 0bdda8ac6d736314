"""Shape of the filters of the list of institutions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from werkzeug.datastructures import MultiDict

from blueprints.lists import ListForm
from blueprints.shape import clean
from rules.processes import Etapa
from services import institutions_listing
from services.institutions_listing import Filters

FIELDS = ("q", "etapa")


@dataclass(kw_only=True)
class FilterForm(ListForm):
    """The filters of the institutions, as values too."""

    filters: Filters
    FIELDS: ClassVar = FIELDS
    WORDS: ClassVar = ("q",)
    ENDPOINT: ClassVar = "instituciones.listing"
    DEFAULT_ORDER: ClassVar = institutions_listing.DEFAULT_ORDER

    @classmethod
    def of(cls, args: MultiDict[str, str]) -> FilterForm:
        """Read the URL."""
        form = cls(typed={name: clean(args.get(name)) for name in FIELDS}, filters=Filters(), order=args.get("orden", "")[:20])
        form.filters = Filters(form.text("q", "La búsqueda"), form.one_of("etapa", [str(e) for e in Etapa]))
        return form
