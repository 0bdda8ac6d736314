"""The words of accounts and requests, as the database indexes them (revisions 0008 and 0009, docs/adr/0013).

A typed text becomes folded words; each must begin a word of the row. Besides its words a row carries *marks*, which no typed word
can be: `_word`, the first of an account's surname; `__i12`, the institution; on SQLite, of a request, `__m202611`, its month. Both databases
keep the beginnings of 2 to 6 letters of what stands between the blanks of `busqueda`, and answer the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, FromClause, Text, and_, bindparam, column, literal, literal_column, or_, table
from sqlalchemy.dialects.postgresql import ARRAY

from extensions import Base, db
from models import Cuenta, Solicitud
from rules.identity import words

MAX_WORDS = 12

# The expressions of the GIN indexes, letter by letter: PostgreSQL uses an index for the expression it was made with.
_GIN: dict[type[Base], str] = {
    Cuenta: "comienzos(cuenta.busqueda || ' _' || split_part(cuenta.apellido_plegado, ' ', 1) || ' __i' || cuenta.institucion_id::text)",
    Solicitud: "comienzos(solicitud.busqueda || ' __i' || solicitud.institucion_id::text)",
}


def asked(text: str) -> list[str]:
    """The words of a typed text that count, each once: of two, the longer ("mar mari" asks for "mari")."""
    found = list(dict.fromkeys(words(text)))[:MAX_WORDS]
    return [w for w in found if not any(other != w and other.startswith(w) for other in found)]


def on_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"


def begins(searched: ColumnElement[str], wanted: Iterable[str]) -> ColumnElement[bool]:
    """Row by row: every wanted word begins a word of `searched`. Words hold only letters and digits: no wildcard among them."""
    return and_(*(searched.like(_pattern(word)) for word in wanted))


def _pattern(word: str) -> str:
    return f"% {word}%"


# What every key stroke asks is built once for each number of words; what was typed comes as parameters, of these names.
def begins_later(searched: ColumnElement[str], count: int) -> ColumnElement[bool]:
    """As `begins`, of `count` words that `typed` gives."""
    return and_(*(searched.like(bindparam(f"palabra{n}")) for n in range(count)))


def family_later(surname: ColumnElement[str], count: int) -> ColumnElement[bool]:
    """As `family`, of `count` words that `typed` gives."""
    return or_(*(surname.like(bindparam(f"apellido{n}")) for n in range(count)))


def typed(wanted: Sequence[str]) -> dict[str, str]:
    """The parameters of `begins_later` and `family_later`."""
    return {f"palabra{n}": _pattern(word) for n, word in enumerate(wanted)} | {f"apellido{n}": f"{word}%" for n, word in enumerate(wanted)}


# The indexes keep the beginnings of 2 to 6 letters of every word: longer ones would be merged from all the words they begin (36 ms
# for "analist" among a million rows). So a longer word is looked up by its first letters, and the row is asked for the rest.
KEPT = 6


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of a word index: every one of `words` begins a word of the row, one mark of each of `marks` is the row's.
    surname: the first word of the surname begins with one of the words (True), with none of them (False), whatever (None).
    The answer may be a superset (`exact`): then ask the rows too (`begins`, `family`)."""

    words: Sequence[str]
    marks: Sequence[Sequence[str]] = ()
    surname: bool | None = None

    @property
    def exact(self) -> bool:
        """Whether the index alone knows the answer. PostgreSQL's knows none that a mark excludes."""
        return all(len(word) <= KEPT - (self.surname is not None) for word in self.words)

    def fts5(self) -> str:
        """Every word quoted, so that none is an operator."""
        text = " AND ".join([f'"{word[:KEPT]}" *' for word in self.words] + [_any(f'"{m}"' for m in marks) for marks in self.marks])
        families = _any(f'"_{word[:KEPT - 1]}" *' for word in self.words)
        if self.surname:
            return f"({text}) AND {families}"
        return f"({text}) NOT {families}" if self.surname is False and self.exact else text

    def keys(self) -> list[list[str]]:
        """For PostgreSQL: a row with all keys of one of these lists."""
        words = [word[:KEPT] for word in self.words]
        lists = [[*words, *marks] for marks in product(*self.marks)]
        families = [f"_{word[: KEPT - 1]}" for word in self.words]
        return [[*keys, mark] for keys in lists for mark in families] if self.surname else lists


def _any(terms: Iterable[str]) -> str:
    return "(" + " OR ".join(terms) + ")"


def family(surname: ColumnElement[str], wanted: Iterable[str]) -> ColumnElement[bool]:
    """Row by row: the surname begins with one of the words. surname: a column made by services.people.surname_key."""
    return or_(*(surname.like(f"{word}%") for word in wanted))


class Index:
    """The word index of one table. On SQLite a table to read from, whose rows come by ascending id: `rows`, `joined`, `match`.
    On PostgreSQL a condition: `holds`."""

    def __init__(self, kind: type[Base]):
        name = f"{kind.__tablename__}_palabras"
        self.kind = kind
        self.rows: FromClause = table(name, column("rowid"))
        self.id = literal_column(f"{name}.rowid")
        # The plus keeps SQLite from looking up one row of the index after the other instead of reading it once.
        self.joined = self.rows.join(kind, kind.id == literal_column(f"+{name}.rowid"))  # type: ignore[attr-defined]
        self._name = literal_column(name)

    def match(self, query: Query | BindParameter[str]) -> ColumnElement[bool]:
        """A parameter takes `Query.fts5`."""
        return self._name.op("MATCH")(query if isinstance(query, BindParameter) else query.fts5())

    def holds(self, query: Query | BindParameter[Any]) -> ColumnElement[bool]:
        """A parameter takes one of the lists of `Query.keys`: for a query without choices, the only one."""
        beginnings = literal_column(_GIN[self.kind])
        lists = [query] if isinstance(query, BindParameter) else [literal(keys, ARRAY(Text)) for keys in query.keys()]
        return or_(*(beginnings.op("@>")(keys) for keys in lists))


CUENTAS, SOLICITUDES = Index(Cuenta), Index(Solicitud)
