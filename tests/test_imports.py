"""The direction of the imports (house.md): read in every module, top or inside a function, and held to the diagram."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = {"sources", "archive", "storage", "models"}
BELOW = {
    "rules": set(),
    "config": set(),
    "extensions": {"rules", "config"},
    # Four siblings: none knows another. archive/ and storage/ do not even know the application's extensions.
    "models": {"extensions", "rules", "config"},
    "sources": {"rules", "config"},
    "archive": {"rules", "config"},
    "storage": {"rules", "config"},
    "services": {*LIBRARY, "extensions", "rules", "config"},
    # Two doors of one house: neither imports the other.
    "blueprints": {"services", *LIBRARY, "extensions", "rules", "config"},
    "jobs": {"services", *LIBRARY, "extensions", "rules", "config"},
    "quipux_commands": {"services", *LIBRARY, "extensions", "rules", "config"},
    "commands": {"quipux_commands", "jobs", "services", *LIBRARY, "extensions", "rules", "config"},
    "app": {"commands", "blueprints", "jobs", "services", *LIBRARY, "extensions", "rules", "config"},
}
# Pure decisions: what they are told is all they know.
PURE = {"flask", "sqlalchemy", "extensions", "models", "services", "time"}
ADVICE = (
    "Imports point down: app|commands → blueprints|jobs → services → sources|archive|storage|models → extensions → rules|config. "
    "Move what both need into a lower room, or hand it over as an argument."
)


def modules() -> dict[str, Path]:
    """Dotted name → file, of every module of the product."""
    found = {}
    for room in BELOW:
        folder = ROOT / room
        for path in sorted(folder.rglob("*.py")) if folder.is_dir() else [ROOT / f"{room}.py"]:
            dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[dotted.removesuffix(".__init__")] = path
    return found


def imports(tree: ast.AST) -> list[tuple[int, str]]:
    """(line, dotted name) of everything a module imports, wherever in it."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write the whole name of the module instead of dots"
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


@pytest.mark.parametrize("name", modules())
def test_imports_point_down(name):
    room = name.split(".")[0]
    wrong = [
        f"{name}, line {line}: {room}/ may not import {target}."
        for line, target in imports(ast.parse(modules()[name].read_text()))
        if (other := target.split(".")[0]) in BELOW and other != room and other not in BELOW[room]
    ]
    assert not wrong, "\n".join([*wrong, ADVICE])


@pytest.mark.parametrize("name", [name for name in modules() if name.startswith("rules")])
def test_rules_are_pure(name):
    tree = ast.parse(modules()[name].read_text())
    wrong = [f"{name}, line {line}: {target}" for line, target in imports(tree) if target.split(".")[0] in PURE]
    clocks = [
        f"{name}, line {node.lineno}: .{node.func.attr}()"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"now", "today", "utcnow"}
    ]
    assert not wrong + clocks, "\n".join([*wrong, *clocks, "rules/ takes `now`, `today` and rows' values as arguments: pass them in."])


def test_every_room_is_in_the_diagram():
    # gunicorn.conf.py is read by gunicorn and imports nothing of ours.
    aside = {"tests", "migrations", "bench", "bin", "var", "gunicorn.conf"}
    rooms = {p.parent.name for p in ROOT.glob("*/*.py") if not p.parent.name.startswith(".")} | {p.stem for p in ROOT.glob("*.py")}
    unknown = rooms - set(BELOW) - aside
    assert not unknown, f"say in BELOW what {sorted(unknown)} may import, and in docs/adr/ why there is a new room"


def test_the_reader_of_imports_sees_them_all():
    source = "import a.b\nfrom c import d\ndef f():\n    from e.f import g\n"
    assert [target for _, target in imports(ast.parse(source))] == ["a.b", "c.d", "e.f.g"]


def test_a_web_process_does_without_what_only_commands_and_files_need():
    """Every one of these takes megabytes of each process; `flask db`, the worker and an acta import them when they come to it."""
    heavy = ["alembic", "flask_migrate", "jobs", "holidays", "fpdf", "PIL", "lxml", "boto3", "pypdfium2", "pyhanko", "openpyxl"]
    asked = f"import sys, app; app.create_app(); print([name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, env=os.environ | {"SECRET_KEY": "x" * 40}, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
