"""What every list of the site does with a request: filters read from the URL, a page and its fragment, heads that sort, the way back,
the whole filter as a file. A list describes itself once (`ListPage`), its form is a `ListForm`, its saved views are in saved_views.py.

Filters are read by hand: what was typed must be shown again beside its message, whatever it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar
from urllib.parse import urlencode

from flask import Blueprint, Response, request, send_file, session, stream_with_context, url_for

from blueprints import htmx, shape
from blueprints.access import actor, requires
from rules import texts
from rules.identity import words
from rules.policy import Permission
from services import clock, list_files, spreadsheet, views
from services.listing import Page

# A form that shows messages is swapped whole, so that they leave with the next answer.
WHOLE = "entero"
# Templates of every list, in its folder.
PAGE, BODY, RESULTS = "listado.html", "listado_cuerpo.html", "_resultados.html"
RETURN = "listados"
# Of the filters kept for the way back: a session's cookie holds 4 000 characters.
MAX_KEPT = 600
MAX_TEXT = 120


@dataclass(kw_only=True)
class ListForm:
    """The filters of a list as typed and what is wrong with them (field → message). order: how the list is sorted, as asked, "" for
    as it starts. defaults: what a field says when the URL does not have it. FIELDS: those shown, in their order. EMPTIED: those that
    say something when they are emptied. WORDS: those in which words are searched."""

    typed: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    order: str = ""
    defaults: dict[str, str] = field(default_factory=dict)
    FIELDS: ClassVar[Sequence[str]] = ()
    EMPTIED: ClassVar[frozenset[str]] = frozenset()
    WORDS: ClassVar[Sequence[str]] = ()
    ENDPOINT: ClassVar[str] = ""
    DEFAULT_ORDER: ClassVar[str] = ""

    @property
    def arguments(self) -> dict[str, str]:
        """What of these filters is in the URL: only what says something."""
        kept = {name: value for name, value in self.typed.items() if self.says(name)}
        if self.order and self.order != self.DEFAULT_ORDER:
            kept["orden"] = self.order
        return kept

    def url(self, endpoint: str = "", **changes: str) -> str:
        """The list, or what stands beside it, with these filters."""
        return url_for(endpoint or self.ENDPOINT, **{k: v for k, v in (self.arguments | changes).items() if v or k in self.EMPTIED})

    @property
    def view(self) -> str:
        """The query string of a saved view. What is so by itself today, as the last six months, is left to the day it is opened."""
        return views.query_of(urlencode({name: value for name, value in self.arguments.items() if self.defaults.get(name) != value}))

    def says(self, name: str) -> bool:
        """Whether a field says something."""
        return bool(self.typed[name])

    @property
    def too_short(self) -> bool:
        """Whether nothing can be found because a text has no word: one letter, a sign."""
        return any(self.typed[name] and not words(self.typed[name]) for name in self.WORDS)

    @property
    def summary(self) -> list[tuple[str | None, str]]:
        """For f.resumen: in the order of the fields, then what has no control."""
        names = [name for name in dict.fromkeys((*self.FIELDS, *self.typed)) if name in self.errors]
        return [(f"f-{name}" if name in self.FIELDS else None, self.errors[name]) for name in names]

    @property
    def completed(self) -> bool:
        """Whether the form itself changes with this answer, so that it is to be swapped too."""
        return False

    def text(self, name: str, label: str) -> str:
        value = self.typed[name]
        if len(value) > MAX_TEXT:
            self.errors[name] = f"{label} no puede superar los {MAX_TEXT} caracteres; tiene {texts.miles(len(value))}."
            self.typed[name] = value[:MAX_TEXT]
            return ""
        return value

    def one_of(self, name: str, known: Sequence[str]) -> str:
        value = self.typed[name]
        if value and value not in known:
            self.errors[name] = "Elija una opción de la lista."
            self.typed[name] = ""
            return ""
        return value

    def day(self, name: str, label: str) -> date | None:
        """A local day, 2026-11-20 or 20/11/2026."""
        text = self.typed[name]
        if not text:
            return None
        found = shape.day(text)
        if found is None:
            self.errors[name] = f"{label} no es una fecha válida. Ejemplo: 20/11/2026."
            self.typed[name] = self.typed[name][:MAX_TEXT]
            return None
        if not 1990 <= found.year <= 2100:
            self.errors[name] = f"{label} debe estar entre los años 1990 y 2100."
            return None
        self.typed[name] = found.isoformat()
        return found


@dataclass(frozen=True)
class ListPage:
    """A list. key: of its saved views. path, endpoint: its address; its files and its saved views stand beside it. active: of the
    side menu. file, sheet: names of what is downloaded. orders: name → descending at the first click. ask: the form of this request.
    find: (form, cursor) → page and the order it is in. cells: the rows of the whole filter, under `heads`. context: what the
    templates of the list need besides."""

    key: str
    path: str
    endpoint: str
    title: str
    active: str
    permission: Permission
    file: str
    sheet: str
    templates: str
    orders: Mapping[str, bool]
    heads: Sequence[str]
    ask: Callable[[], Any]
    find: Callable[[Any, str], tuple[Page, str]]
    cells: Callable[[Any], Iterator[tuple[Any, ...]]]
    context: Callable[[Any], dict[str, Any]]

    def beside(self, name: str) -> str:
        """The endpoint of what stands beside the list: a blueprint may have several lists."""
        return f"{self.endpoint}_{name}"

    def own(self, name: str) -> str:
        """The same, as the blueprint itself calls it."""
        return self.beside(name).rpartition(".")[2]


def last_seen(endpoint: str) -> str:
    """The address of a list as this person last saw it, for the way back from one of its rows."""
    return url_for(endpoint, **session.get(RETURN, {}).get(endpoint, {}))


def show(page: ListPage) -> Response:
    """The page of a list, or what of it htmx asked for."""
    form = page.ask()
    if form.errors:
        return _refuse(page, form)
    found, form.order = page.find(form, request.args.get("cursor", ""))
    _remember(page, form)
    whole = WHOLE in request.args or form.completed
    response = _render(page, form, BODY if whole else RESULTS, page=found, heads=_heads(page, form))
    if htmx.is_fragment():
        if whole:
            htmx.retarget(response, "#listado")
        if "cursor" not in request.args:
            htmx.push_url(response, form.url())
    return response


def add_files(bp: Blueprint, page: ListPage) -> None:
    """Routes of the whole filter as a file."""

    def as_csv() -> Response:
        form = page.ask()
        if form.errors:
            return _refuse(page, form)
        response = Response(stream_with_context(list_files.to_csv(page.cells(form), page.heads)), mimetype="text/csv")
        response.headers["Content-Disposition"] = f"attachment; filename={_file_name(page, 'csv')}"
        return response

    def as_xlsx() -> Response:
        form = page.ask()
        if form.errors:
            return _refuse(page, form)
        book = list_files.to_xlsx(page.cells(form), page.heads, page.sheet)
        return send_file(book, spreadsheet.MIME, as_attachment=True, download_name=_file_name(page, "xlsx"))

    for suffix, view in (("csv", as_csv), ("xlsx", as_xlsx)):
        bp.add_url_rule(f"{page.path}/exportar.{suffix}", page.own(f"export_{suffix}"), requires(page.permission)(view))


def _file_name(page: ListPage, suffix: str) -> str:
    return f"{page.file}_{clock.today().isoformat()}.{suffix}"


def _refuse(page: ListPage, form: ListForm) -> Response:
    response = _render(page, form, BODY, 422, page=None, heads={})
    return htmx.retarget(response, "#listado") if htmx.is_fragment() else response


def _render(page: ListPage, form: ListForm, fragment: str, status: int = 200, /, **context: object) -> Response:
    return htmx.render(
        f"{page.templates}/{PAGE}", f"{page.templates}/{fragment}", status, lista=page, form=form, clear_url=url_for(page.endpoint),
        guardadas=views.of(actor(), page.key), aqui=form.view, parcial=fragment == RESULTS and htmx.is_fragment(),
        **{"fijas": [], **page.context(form)}, **context,
    )


def _remember(page: ListPage, form: ListForm) -> None:
    """For `last_seen`; in the cookie, as a GET writes nothing."""
    kept = {**session.get(RETURN, {}), page.endpoint: form.arguments}
    if len(json.dumps(form.arguments)) > MAX_KEPT:
        del kept[page.endpoint]
    session[RETURN] = kept


def _heads(page: ListPage, form: ListForm) -> dict[str, tuple[str, str]]:
    """For each sortable column: the link of its head and the present direction, as `aria-sort` says it."""
    present, descending = form.order.removeprefix("-"), form.order.startswith("-")
    heads = {}
    for name, first in page.orders.items():
        turned = not descending if name == present else first
        heads[name] = (form.url(orden=("-" if turned else "") + name), "none" if name != present else "descending" if descending else "ascending")
    return heads
