"""Shape of the filters of the register of AIQs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from werkzeug.datastructures import MultiDict

from blueprints.lists import ListForm
from blueprints.shape import clean, number
from rules.policy import Actor
from services import institution_choice, register
from services.aiq_offices import AIQ
from services.institution_choice import Choice
from services.register import Filters

FIELDS = ("q", "persona", "cargo", "fecha")


@dataclass(kw_only=True)
class FilterForm(ListForm):
    """The filters of the register, as values too. place: the institution whose history is shown, if it is one's."""

    filters: Filters
    place: Choice | None = None
    FIELDS: ClassVar = FIELDS
    WORDS: ClassVar = ("q", "persona")
    ENDPOINT: ClassVar = "cambios.register_page"
    DEFAULT_ORDER: ClassVar = register.DEFAULT_ORDER

    @classmethod
    def of(cls, actor: Actor, args: MultiDict[str, str]) -> FilterForm:
        """Read the URL."""
        typed = {name: clean(args.get(name)) for name in (*FIELDS, "institucion")}
        form = cls(typed=typed, filters=Filters(), order=args.get("orden", "")[:20])
        if typed["institucion"]:
            form.place = institution_choice.one(actor, number(typed["institucion"]) or 0)
            if form.place is None:
                form.errors["institucion"], typed["institucion"] = "La institución no existe. Elija los filtros que necesite.", ""
        form.filters = Filters(
            texto=form.text("q", "El nombre de la institución"), persona=form.text("persona", "El nombre o la CI"),
            cargo=form.one_of("cargo", [str(c) for c in AIQ]), dia=form.day("fecha", "El día"),
            institucion_id=form.place.id if form.place else None,
        )
        return form
