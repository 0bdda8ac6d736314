"""The header's search: requests by number, name or cédula and, below them, people's accounts. Without htmx (Enter, or no
JavaScript) it is the list of requests."""

from __future__ import annotations

from flask import Response, request, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.shape import clean
from blueprints.solicitudes import bp
from blueprints.lists import MAX_TEXT
from rules import texts
from rules.glossary import ESTADO_BADGE
from rules.policy import Permission
from services import people, people_search, solicitudes_search
from services.word_index import asked

REQUESTS, PEOPLE = 5, 10


@bp.get("/buscar", endpoint="global_search")
@requires(Permission.LIST_INSTITUTION)
def search() -> Response:
    typed = clean(request.args.get("q"))[:MAX_TEXT]
    if not htmx.is_fragment():
        return htmx.redirect_303(url_for(".listing", q=typed))
    rows = solicitudes_search.best(actor(), typed, REQUESTS)
    found = people_search.visible(actor(), typed, PEOPLE)
    note = _note(typed, rows, found)
    return htmx.render(
        "solicitudes/_buscar.html", q=typed, filas=rows, personas=found.rows, badges=ESTADO_BADGE, nota=note, en_quipux=people.in_quipux)


def _note(typed: str, rows: list, found: people_search.Found) -> str:
    if not typed:
        return ""
    if not asked(typed) and not rows:
        return "Escriba al menos 2 letras o números."
    if not rows and not found.rows:
        return "No se encontraron solicitudes ni personas."
    total = f"más de {texts.miles(found.total)}" if found.many else texts.miles(found.total)
    shown = texts.plural(len(rows), "solicitud", "solicitudes")
    accounts = f"Mostrando {len(found.rows)} de {total} cuentas" if found.many or found.total > len(found.rows) else texts.plural(found.total, "cuenta", "cuentas")
    return f"{shown} · {accounts}. Enter muestra todas las solicitudes."
