"""The field *Institución* of a list's filters: a select of few, a search as one types among thousands. Without JavaScript the text
that was typed is enough when it names one institution; when it names several, these are offered as links."""

from __future__ import annotations

from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from blueprints.shape import clean
from rules import texts
from rules.policy import Actor
from services import institution_choice
from services.institution_choice import Choice

MAX_NAME = 250  # of an institution, with its siglas
MAX_DIGITS = 9
UNHEEDED = "La dirección pide otra institución. Aquí se muestra únicamente la suya."


@dataclass
class InstitutionField:
    """several: the list shows more than one institution, so that there is such a filter. chosen: the one it is narrowed to.
    typed: the text to show. options: of a select, empty where one searches. proposed: those that `typed` might mean.
    resolved: `chosen` was found by words, and the page still shows these. error: what is wrong.
    unheeded: said above the rows when the address names an institution that is not among those of this list."""

    several: bool
    chosen: Choice | None = None
    typed: str = ""
    options: list[Choice] = field(default_factory=list)
    proposed: list[Choice] = field(default_factory=list)
    resolved: bool = False
    error: str = ""
    unheeded: str = ""

    @classmethod
    def of(cls, actor: Actor, args: MultiDict[str, str]) -> InstitutionField:
        """Read the URL: `institucion`, a number, and `institucion_q`, what stands in the field of a search."""
        searched = institution_choice.searched(actor)
        options = [] if searched else institution_choice.offered(actor)
        if not searched and not options:
            return cls(False, unheeded=cls._foreign(actor, clean(args.get("institucion"))))
        self = cls(True, options=options)
        number, text = clean(args.get("institucion")), clean(args.get("institucion_q"))
        if not ("institucion_q" in args and not text):
            self._number(actor, number)
        if text and (self.chosen is None or self.chosen.label != text):
            self._words(actor, text)
        return self

    @classmethod
    def _foreign(cls, actor: Actor, number: str) -> str:
        """Whoever has only one institution opened the address that somebody else sent."""
        asked = cls(False)
        asked._number(actor, number)
        return UNHEEDED if asked.error else ""

    @property
    def id(self) -> int | None:
        return self.chosen.id if self.chosen else None

    @property
    def value(self) -> str:
        """For the address of the list."""
        return str(self.id) if self.chosen else ""

    def _number(self, actor: Actor, text: str) -> None:
        if not text:
            return
        known = text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS
        self.chosen = institution_choice.one(actor, int(text)) if known else None
        self.typed = self.chosen.label if self.chosen else ""
        self.error = "" if self.chosen else "Elija una institución de la lista."

    def _words(self, actor: Actor, text: str) -> None:
        self.chosen, self.typed, self.error = None, text[:MAX_NAME], ""
        if len(text) > MAX_NAME:
            self.error = f"La institución no puede superar los {MAX_NAME} caracteres; tiene {texts.miles(len(text))}."
            return
        found = institution_choice.labelled(actor, text)
        if len(found) == 1:
            self.chosen, self.typed, self.resolved = found[0], found[0].label, found[0].label != text
        elif found:
            self.proposed, self.error = found, "Varias instituciones coinciden con lo escrito: elija una."
        else:
            self.error = "Ninguna institución coincide con lo escrito. Escriba palabras de su nombre, sus siglas o su RUC."
