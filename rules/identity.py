"""Who somebody is: cédula, RUC and e-mail as typed, and names folded for search.

The `…_problem` functions take what a person typed and answer in Spanish, for the screen; None means that it is right.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from stdnum.ec import ci, ruc
from stdnum.exceptions import InvalidChecksum, InvalidComponent, ValidationError

ERROR, WARNING = "error", "aviso"

_SEPARATORS = re.compile(r"[\s\-]+")
_WORD = re.compile(r"[^\W_]+")
# One "@", a domain with a dot, nothing that could end a header. Stricter grammars refuse real institutional mailboxes.
_LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_EMAIL = re.compile(rf"[a-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})+")
_PARTICLES = frozenset("de del la las los el da do dos san santa van von".split())
_TITLES = frozenset(
    "sr sra srta srs dr dra ing arq abg ab lic lcdo lcda lcd mgs msc mag mg eco econ tlgo tlga tnlgo tnlga phd ps psic "
    "cpa ci dis obst odont biol quim".split()
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a value. level: ERROR (it cannot be accepted) or WARNING (say it and go on)."""

    level: str
    message: str


def compact(text: str) -> str:
    """A number as it is stored: without spaces and hyphens ("171430710-3" is "1714307103")."""
    return _SEPARATORS.sub("", text)


def _digits(text: str, length: int, what: str) -> str | None:
    if not text:
        return f"Escriba {what}."
    if not text.isascii() or not text.isdigit():
        return f"{what[0].upper()}{what[1:]} contiene solo números."
    if len(text) != length:
        return f"{what[0].upper()}{what[1:]} tiene {length} dígitos; usted escribió {len(text)}."
    return None


def cedula_problem(text: str) -> str | None:
    """None for a valid cédula (10 digits, province, third digit, check digit), else what is wrong, in Spanish."""
    number = compact(text)
    problem = _digits(number, 10, "la cédula")
    if problem:
        return problem
    try:
        ci.validate(number)
    except InvalidChecksum:
        return "La cédula no es válida: revise los dígitos."
    except ValidationError:
        return "La cédula no es válida: revise los tres primeros dígitos."
    return None


def ruc_problem(text: str) -> Problem | None:
    """None for a RUC that passes everything; ERROR for its form, WARNING for the check digit of an entity.

    The SRI issues newer RUC of companies and public entities without a check digit, so theirs cannot refuse an
    institution. The RUC of a natural person begins with a cédula, which always has one.
    """
    number = compact(text)
    problem = _digits(number, 13, "el RUC")
    if problem:
        return Problem(ERROR, problem)
    if number.endswith("000"):
        return Problem(ERROR, "El RUC no es válido: los tres últimos dígitos son el establecimiento (001).")
    try:
        ruc.validate(number)
    except InvalidChecksum:
        if number[2] in "69":
            return Problem(WARNING, "El dígito verificador del RUC no coincide: compruebe el número.")
        return Problem(ERROR, "El RUC no es válido: revise los dígitos.")
    except InvalidComponent:
        # A public entity (6) is tried as a natural person too: a wrong check digit may come out as a wrong component.
        if number[2] == "6" and _has_province(number):
            return Problem(WARNING, "El dígito verificador del RUC no coincide: compruebe el número.")
        return Problem(ERROR, "El RUC no es válido: revise los tres primeros dígitos.")
    return None


def _has_province(number: str) -> bool:
    return "01" <= number[:2] <= "24" or number[:2] in ("30", "50")


def email_problem(text: str) -> str | None:
    """None for an address that mail can be sent to (one, without a display name), else what is wrong, in Spanish."""
    address = text.strip()
    if not address:
        return "Escriba el correo electrónico."
    if len(address) > 254:
        return "El correo electrónico tiene más de 254 caracteres."
    local = address.partition("@")[0]
    if not _EMAIL.fullmatch(address.lower()) or local[0] == "." or local[-1] == "." or ".." in local or len(local) > 64:
        return "El correo electrónico no es válido. Ejemplo: nombre.apellido@institucion.gob.ec."
    return None


def _strip_marks(text: str) -> str:
    if text.isascii():  # most texts, and every text that went through here before
        return text
    plain = text.translate(_LATIN)
    return plain if plain.isascii() else _decomposed(plain)


def _decomposed(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


# The letters of European names one by one: a tenth of the cost of taking each text apart, which counts at a million accounts.
_LATIN = str.maketrans({c: _decomposed(c) for c in map(chr, range(0xC0, 0x180)) if _decomposed(c).isascii()})


def fold(text: str) -> str:
    """`text` as search compares it: without accents (ñ is n), in lower case, one space between words."""
    # Case folding can bring back a decomposable letter, hence twice; then folding a folded text changes nothing.
    return " ".join(_strip_marks(_strip_marks(text).casefold()).split())


def words(text: str) -> list[str]:
    """The folded words of at least two letters or digits, in their order.

    For both sides of a search: the indexed column and the query. Everything else (".", "@", "-") separates, so an
    address is found by any of its pieces, on SQLite and PostgreSQL alike.
    """
    return [word for word in _WORD.findall(fold(text)) if len(word) > 1]


def person_name_words(name: str) -> frozenset[str]:
    """What identifies a person in a written name: its folded words without titles (Ing., Dra.) and particles (de la).

    The order does not count: Quipux writes "Nombre Apellido", petitions often "Apellido Nombre".
    """
    return frozenset(words(name)) - _TITLES - _PARTICLES
