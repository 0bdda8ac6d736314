"""The SGE's calendar pages."""

from __future__ import annotations

import pytest

from tests.blueprints.strict import assert_fragment, assert_page

PAGES = ["/calendario", "/calendario?mes=2027-01", "/calendario?dia=2026-11-19", "/calendario/feriados", "/calendario/feriados?anio=2027",
         "/calendario/alta-demanda", "/calendario/capacidad", "/calendario/estimacion"]


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("correo", ["sge@demo.gob.ec", "sge2@demo.gob.ec"])
def test_pages_of_the_sge(sign_in, address, correo):
    answer = sign_in(correo).get(address)
    assert answer.status_code == 200
    assert_page(answer.get_data(as_text=True))
