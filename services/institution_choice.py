"""How a list is narrowed to one institution: by its number, or by words of its name, siglas or RUC.

There are some thousands of institutions and no column keeps their names without accents: the words of each are folded once and
remembered by this process; a name that changes is another key."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import ColumnElement, Select, func, select

from extensions import db
from models import Institucion
from rules.identity import words
from rules.policy import Actor
from services import scope

FEW = 50  # so many are offered in a select; more are searched
PROPOSED = 10
MAX_WORDS = 8
# SQLite's lower() knows ASCII only.
_MARKED = dict(zip("ÁÉÍÓÚÜÑáéíóúüñ", "aeiouunaeiouun"))
_NAMES = (Institucion.id, Institucion.nombre, Institucion.sigla, Institucion.ruc)


@dataclass(frozen=True, slots=True)
class Choice:
    """An institution as it is offered. label: its name, with the siglas behind it in parentheses."""

    id: int
    label: str


@dataclass(frozen=True, slots=True)
class Found:
    """Institutions with the words typed, the first PROPOSED by name, and how many there are."""

    rows: list[Choice]
    total: int


def offered(actor: Actor) -> list[Choice]:
    """All the institutions of an AIQ of several; nothing for the SGE, which searches, and for whoever has only one."""
    if actor.sge or len(actor.aiq_of) < 2:
        return []
    return [_choice(row) for row in db.session.execute(_visible(actor).order_by(Institucion.nombre))]


def searched(actor: Actor) -> bool:
    """Whether the actor has more institutions than a select can show."""
    return actor.sge or len(actor.aiq_of) > FEW


def one(actor: Actor, institucion_id: int) -> Choice | None:
    """The institution of that number, if the actor may choose it."""
    row = db.session.execute(_visible(actor).where(Institucion.id == institucion_id)).first() if 0 < institucion_id < 2**31 else None
    return _choice(row) if row else None


def find(actor: Actor, text: str, limit: int = PROPOSED) -> Found:
    """Institutions whose name, siglas or RUC have, for each word typed, one that begins so; by name."""
    asked = words(text)[:MAX_WORDS]
    found = [row for row in db.session.execute(_visible(actor)) if _has(asked, row)] if asked else []
    found.sort(key=lambda row: _folded(row.nombre, row.sigla or "", row.ruc or ""))
    return Found([_choice(row) for row in found[:limit]], len(found))


def labelled(actor: Actor, text: str) -> list[Choice]:
    """The institutions that `text` names: those with exactly this label, else the first PROPOSED with these words."""
    exact = [c for c in map(_choice, db.session.execute(_visible(actor))) if c.label == text.strip()]
    return exact or find(actor, text).rows


def named(text: str) -> list[int]:
    """Ids of all institutions with these words, for the filter of a list."""
    return with_words(select(*_NAMES), text)


def with_words(query: Select, text: str) -> list[int]:
    """Of a query of (id, three texts), the ids of the rows that have, for each word typed, one that begins so; none without words."""
    asked = words(text)[:MAX_WORDS]
    return [row[0] for row in db.session.execute(query) if _has(asked, row)] if asked else []


def alphabetic(name: ColumnElement[str]) -> ColumnElement[str]:
    """A name as a list in the order of the alphabet compares it, on both databases: Ágora before Banco, not after Zoológico."""
    for marked, plain in _MARKED.items():
        name = func.replace(name, marked, plain)
    return func.lower(name)


def _visible(actor: Actor) -> Select[tuple[int, str, str, str]]:
    return scope.instituciones(actor).with_only_columns(*_NAMES)


def _choice(row) -> Choice:
    return Choice(row.id, f"{row.nombre} ({row.sigla})" if row.sigla else row.nombre)


def _has(asked: list[str], row) -> bool:
    own = _folded(*(part or "" for part in row[1:4]))
    return all(any(word.startswith(begun) for word in own) for begun in asked)


@lru_cache(maxsize=16_384)
def _folded(*parts: str) -> tuple[str, ...]:
    return tuple(words(" ".join(parts)))
