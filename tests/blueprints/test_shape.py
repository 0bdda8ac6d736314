"""What people type into dates, amounts and numbers means the same in every part of the site."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import pytest

from blueprints import shape
from tests import changing as flow
from tests.blueprints.solicitud_cases import context

ROOMS = Path(__file__).parents[2] / "blueprints"


@pytest.mark.parametrize("typed", ["2026-11-27", "27/11/2026", " 27/11/2026 ", "\u200e27/11/2026"])
def test_a_day_as_a_browser_sends_it_and_as_a_person_writes_it(typed):
    assert shape.day(typed) == date(2026, 11, 27)


@pytest.mark.parametrize("typed", [
    None, "", "31/02/2026", "2026-02-31", "27/11/26", "20261127", "2026-W48-5", "mañana", "٢٧/11/2026", "9" * 5000,
])
def test_what_is_no_day(typed):
    assert shape.day(typed) is None


@pytest.mark.parametrize(("typed", "value"), [
    ("1,5", 1.5), ("1.5", 1.5), (" 2 ", 2), ("-1", -1), ("", None), ("1,5,5", None), ("nan", None), ("1e3", None), ("²", None),
])
def test_a_decimal(typed, value):
    assert shape.decimal(typed) == value


@pytest.mark.parametrize(("typed", "value"), [
    ("50 000", 50_000), ("50\u00a0000", 50_000), ("-3", -3), ("1,5", None), ("", None), ("9" * 19, None), ("٣", None),
])
def test_an_amount(typed, value):
    assert shape.whole(typed) == value


def test_no_part_reads_days_for_itself():
    found = {
        f"{path.relative_to(ROOMS)}:{node.lineno}"
        for path in ROOMS.rglob("*.py") if path.name != "shape.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"date.fromisoformat", "datetime.strptime"}
    }
    assert not found, f"ask blueprints.shape: {sorted(found)}"


def test_dates_of_an_oficio_in_the_order_of_the_country(app, sge):
    with context(app):
        number = flow.started().id
    form = {"solicitante": "autoridad", "solicitante_nombre": "Mónica Espín, Directora", "oficio_numero": "SNBAP-DE-2026-0877-O",
            "oficio_recibido": "18/11/2026", "fecha_efectiva": "20/11/2026"}
    page = sge.post(f"/cambios/{number}/solicitud", data=form).get_data(as_text=True)
    # Both were read: what is wrong is the notice of seven working days, and the oficio that was not attached.
    assert "requiere 7 días laborables de anticipación" in page and "Ingrese la fecha de recepción" not in page


def test_the_board_s_span_in_the_order_of_the_country(sge):
    assert sge.get("/tablero?desde=01/11/2026&hasta=17/11/2026").status_code == 200
