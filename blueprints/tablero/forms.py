"""The span of days in the board's address: read by hand, so that what was typed is shown again beside its message."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from flask import url_for
from werkzeug.datastructures import MultiDict

from blueprints import shape
from blueprints.shape import clean
from rules import texts
from services import board
from services.board import Span
from services.solicitudes_filters import months_before

OLDEST = date(1990, 1, 1)
LABELS = {"desde": "La fecha inicial", "hasta": "La fecha final"}
PRESETS = (("30 días", 0), ("6 meses", 6), ("12 meses", 12))


@dataclass
class SpanForm:
    """desde, hasta as typed; `span` when they make sense, else `errors` (field → message)."""

    typed: dict[str, str]
    today: date
    errors: dict[str, str] = field(default_factory=dict)
    span: Span | None = None

    @classmethod
    def of(cls, args: MultiDict[str, str], today: date) -> SpanForm:
        """Read the address; what is absent is as usual (the last six months)."""
        usual = board.default_span(today)
        typed = {"desde": clean(args.get("desde")) or usual.first.isoformat(), "hasta": clean(args.get("hasta")) or today.isoformat()}
        form = cls({name: text[:40] for name, text in typed.items()}, today)
        first, last = form._day("desde"), form._day("hasta")
        if first and last:
            form._together(first, last)
        if not form.errors:
            form.span = Span(first, last)
        return form

    def _day(self, name: str) -> date | None:
        day = shape.day(self.typed[name])
        if day is None:
            self.errors[name] = f"{LABELS[name]} no es una fecha válida. Ejemplo: 20/11/2026."
            return None
        if day < OLDEST:
            self.errors[name] = f"{LABELS[name]} no puede ser anterior al {texts.day(OLDEST)}."
        elif day > self.today:
            self.errors[name] = f"{LABELS[name]} no puede ser posterior a hoy, {texts.day(self.today)}."
        self.typed[name] = day.isoformat()
        return None if name in self.errors else day

    def _together(self, first: date, last: date) -> None:
        if first > last:
            self.errors["desde"] = "La fecha inicial debe ser menor o igual que la fecha final."
        elif (last - first).days >= board.LONGEST:
            self.errors["desde"] = f"El período no puede superar {board.LONGEST // 366} años."

    @property
    def summary(self) -> list[tuple[str | None, str]]:
        return [(name, message) for name, message in self.errors.items()]

    def url(self, endpoint: str = "tablero.board", **more: str) -> str:
        """The same span elsewhere."""
        return url_for(endpoint, **self.typed, **more)

    @property
    def presets(self) -> list[tuple[str, str, bool]]:
        """(words, address, whether it is the one shown)."""
        found = []
        for label, months in PRESETS:
            first = months_before(self.today, months) if months else self.today - timedelta(days=29)
            found.append((label, url_for("tablero.board", desde=first, hasta=self.today), self.span == Span(first, self.today)))
        return found
