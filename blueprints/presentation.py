"""What every template can use: filters, icons, drawings, versioned assets, and the shape of the shell around a page.

Wording of numbers and dates is decided in ``rules/texts.py``; here it only becomes Jinja.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from types import SimpleNamespace

from flask import Flask, current_app, request, url_for
from markupsafe import Markup, escape

from blueprints import charts, graphics, lists
from rules import texts
from rules.deadlines import ZONE
from rules.identity import compact, words

THEMES = ("light", "dark")
THEME_COOKIE = "tema"


@dataclass(frozen=True, slots=True)
class Item:
    """A link of a menu. ``key`` is compared with the page's ``activo``; ``count`` is shown only when above zero, and
    can be replaced out of band (templates/mesa/_siguiente.html)."""

    label: str
    url: str
    key: str = ""
    count: int | None = None
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A block of the side menu: ``title`` None for the first, untitled one."""

    title: str | None
    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Shell:
    """All that ``base.html`` shows around a page of a signed-in person; a context processor gives it as ``shell``.

    Absent (None), the page has only the mark and the footer: the sign-in page and the errors need no database.
    """

    user_name: str
    role_label: str
    org_name: str
    now: datetime
    home_url: str
    logout_url: str
    nav: Sequence[Section] = ()
    search_url: str | None = None
    search_name: str = "q"
    suggest_url: str = ""
    menu: Sequence[Item] = ()
    footer: Sequence[Item] = field(default_factory=tuple)
    # Seconds without activity after which the session ends (0: not said), and the address that counts as activity.
    idle: int = 0
    keep_url: str = ""
    # The pause of the production that officers must know of, wherever they are.
    paused: object | None = None


@dataclass(frozen=True, slots=True)
class VigenciaDay:
    """One bar of ``ui.dias``: the day, how much of it is left (0 to 1), whether it is today, whether it is the last."""

    label: str
    left: float
    today: bool
    last: bool


def init_app(app: Flask) -> None:
    """Registers the filters and globals named in this module."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        miles=texts.miles, tamano=texts.size, dia=texts.day, momento=texts.moment, dia_largo=texts.long_day, hora=texts.hour,
        duracion=texts.duration, quedan=texts.remaining, numero=texts.number6, iniciales=initials,
        resaltar=highlight, roles=table_roles, sin_punto=without_stop)
    app.jinja_env.globals.update(
        icon=icon, static_url=static_url, plural=texts.plural, tema=theme, vigencia_days=vigencia_days,
        form_errors=form_errors, listado=lists.last_seen,
        graf=SimpleNamespace(marca=graphics.marca, quipu=graphics.quipu, quipu_mini=graphics.quipu_mini, knots=graphics.knots,
                             bars=charts.bars, line=charts.line, strip=charts.strip))


def static_url(filename: str) -> str:
    """URL of a static file with the hash of its content, so that it can be cached for ever."""
    return url_for("static", filename=filename, v=_digest(_static_folder() / filename))


def icon(name: str, cls: str = "") -> Markup:
    """A decorative icon of the sprite (the word beside it speaks). Raises KeyError when the sprite has no such icon."""
    return _drawn(_static_folder(), request.root_path, name, cls)


@lru_cache(maxsize=512)
def _drawn(folder: Path, root: str, name: str, cls: str) -> Markup:
    """root: where the site is mounted, part of the address. A list has dozens of a few icons."""
    if name not in _symbols(folder / "icons" / "sprite.svg"):
        raise KeyError(f"icons/sprite.svg has no icon i-{name}")
    classes = f"i {cls}" if cls else "i"
    return Markup('<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>').format(
        classes, static_url("icons/sprite.svg"), name)


def theme() -> str:
    """``light`` or ``dark`` when the person chose one (cookie), otherwise ``""``: the system decides."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def initials(name: str) -> str:
    """Two letters for the account button: the first of the first name and of the middle of the rest ("Rosa Elena Chicaiza" is RC)."""
    written = [w for w in name.split() if w[0].isupper()]
    if not written:
        return "–"
    # With two names and two surnames, the common form here, the first surname is the third word.
    second = written[len(written) // 2] if len(written) > 1 else ""
    return (written[0][0] + second[:1]).upper()


def highlight(text: str, query: str) -> Markup:
    """``text`` with ``<mark>`` around each beginning of a word that was typed, accents and case aside."""
    pattern = _beginnings(query)
    if pattern is None:
        return escape(text)
    out, end = [], 0
    for found in pattern.finditer(_fold(text)):
        out += escape(text[end:found.start()]), "<mark>", escape(text[found.start():found.end()]), "</mark>"
        end = found.end()
    return Markup("".join([*out, escape(text[end:])]))


@lru_cache(maxsize=64)
def _beginnings(query: str) -> re.Pattern[str] | None:
    """Of the words typed; a page asks for the same ones forty times. None: nothing to mark."""
    number = compact(query)
    asked = [number] if number.isdecimal() and len(number) > 1 else words(query)
    # Longest first: "mar mari" marks "mari". "_" parts words here as it does in the search.
    return re.compile(r"(?<![^\W_])(?:" + "|".join(re.escape(w) for w in sorted(asked, key=len, reverse=True)) + ")") if asked else None


def table_roles(html: str) -> Markup:
    """Explicit ARIA roles on the rows and cells of a table: stacked with ``display: block`` they would lose their meaning."""
    def role(match: re.Match[str]) -> str:
        tag, attributes = match.group(1), match.group(2)
        if " role=" in attributes:
            return match.group(0)
        name = _ROLES.get(tag) or ("rowheader" if 'scope="row"' in attributes else "columnheader")
        return f'<{tag} role="{name}"{attributes}>'
    return Markup(_TAG.sub(role, html))


_ROLES = {"thead": "rowgroup", "tbody": "rowgroup", "tfoot": "rowgroup", "tr": "row", "td": "cell"}
_TAG = re.compile(r'<(thead|tbody|tfoot|tr|th|td)((?:\s(?:[^>"]|"[^"]*")*)?)>')


def without_stop(text: str) -> str:
    """The sentence of a field error as a link of the summary: without its final stop."""
    return text.removesuffix(".")


def form_errors(form: object, anchors: Mapping[str, str] | None = None,
                extra: Sequence[tuple[str | None, str]] = ()) -> list[tuple[str | None, str]]:
    """``[(control id | None, text)]`` of a WTForms form, in the order of its fields, for ``f.resumen``."""
    anchors = anchors or {}
    found = [(anchors.get(f.short_name, f.id), str(f.errors[0])) for f in form if f.errors]  # type: ignore[attr-defined]
    found += [(None, str(e)) for e in getattr(form, "form_errors", ())]
    return [*found, *extra]


def vigencia_days(until: datetime, now: datetime, days: int = 4) -> list[VigenciaDay]:
    """The last ``days`` calendar days before ``until`` (exclusive, 00:00 Guayaquil), for ``ui.dias``."""
    end = until.astimezone(ZONE)
    out = []
    for i in range(days, 0, -1):
        start = end - timedelta(days=i)
        left = 1 - (now - start) / timedelta(days=1)
        out.append(VigenciaDay(texts.day(start.date()).rsplit(" ", 1)[0], round(min(max(left, 0.0), 1.0), 2),
                               0 < left <= 1, i == 1))
    return out


def _fold(text: str) -> str:
    """Lower case without marks, character for character: positions in the answer are positions in ``text``."""
    return text.translate(_FOLDED)


class _Folded(dict[int, str]):
    """Of each character, worked out when it is first met: a page folds some thousands of them."""

    def __missing__(self, code: int) -> str:
        self[code] = found = (unicodedata.normalize("NFD", chr(code))[0].lower() or chr(code))[0]
        return found


_FOLDED = _Folded()


def _static_folder() -> Path:
    return _path(current_app.static_folder or "")


_path = cache(Path)


@cache
def _digest(path: Path) -> str:
    # Once per process: a deployment starts new processes, and bin/dev restarts on a change.
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


@cache
def _symbols(path: Path) -> frozenset[str]:
    return frozenset(re.findall(r'<symbol id="i-([\w-]+)"', path.read_text(encoding="utf-8")))
