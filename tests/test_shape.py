"""Rules of the house, as tests."""

from __future__ import annotations

import ast
from pathlib import Path

SERVICES = Path(__file__).parents[1] / "services"
# Tables of which an actor sees some rows only.
TENANTS = {"Institucion", "CambioAIQ", "Implantacion", "Lote"}


def bare(function: ast.FunctionDef) -> list[int]:
    """Lines on which it asks a table of TENANTS by itself: `select(Table…)`, `db.session.get(Table, …)`."""
    return [
        call.lineno for call in ast.walk(function)
        if isinstance(call, ast.Call) and ast.unparse(call.func) in {"select", "db.session.get"}
        and any(ast.unparse(given).partition(".")[0] in TENANTS for given in call.args)
    ]


def test_what_an_actor_asks_of_institutions_starts_in_scope():
    """Who has no actor is a sweep of the system, or was handed a row that somebody may see."""
    found = [
        f"{path.name}:{line}"
        for path in SERVICES.glob("*.py") if path.name != "scope.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and "actor" in {arg.arg for arg in (*node.args.args, *node.args.kwonlyargs)}
        for line in bare(node)
    ]
    assert not found, f"begin with a query of services.scope: {found}"


def test_every_route_says_who_may_use_it(app):
    open_routes = [
        f"{rule.rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and not hasattr(app.view_functions[rule.endpoint], "_access")
    ]
    assert not open_routes, "declare @requires(…) or @public on: " + ", ".join(open_routes)


def test_head_answers_what_get_would(app, sge, aiq):
    """A monitor or a link preview that asks by HEAD has sent no form."""
    paths = [rule.rule for rule in app.url_map.iter_rules() if "GET" in rule.methods and not rule.arguments and rule.endpoint != "static"]
    paths += ["/plantillas/ambiente", "/instituciones/1/cambio-aiq", "/instituciones/1/aiq-backup"]
    assert len(paths) > 40
    differing = {
        path: (get, head)
        for client in (sge, aiq, app.test_client())
        for path in paths
        if (get := client.get(path).status_code) != (head := client.head(path).status_code)
    }
    assert not differing
