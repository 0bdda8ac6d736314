"""The SGE's calendar pages."""

from __future__ import annotations

import re
from datetime import date

import pytest

from extensions import db
from models import Solicitud
from rules.lifecycle import Estado
from sources import demo_people
from tests.blueprints import solicitud_cases as cases
from tests.blueprints.strict import assert_fragment, assert_page

PAGES = ["/calendario", "/calendario?mes=2027-01", "/calendario?dia=2026-11-19", "/calendario/feriados", "/calendario/feriados?anio=2027",
         "/calendario/alta-demanda", "/calendario/capacidad", "/calendario/estimacion"]


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("correo", ["sge@demo.gob.ec", "sge2@demo.gob.ec"])
def test_pages_of_the_sge(sign_in, address, correo):
    answer = sign_in(correo).get(address)
    assert answer.status_code == 200
    assert_page(answer.get_data(as_text=True))


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("correo", ["aiq@demo.gob.ec", "servidor@demo.gob.ec"])
def test_nobody_else_sees_the_calendar(sign_in, address, correo):
    assert sign_in(correo).get(address).status_code == 403


ADMIN = ["/calendario/feriados/cargar", "/calendario/feriados/confirmar", "/calendario/feriados/agregar", "/calendario/feriados/trasladar",
         "/calendario/feriados/quitar", "/calendario/feriados/locales/agregar", "/calendario/feriados/locales/quitar", "/calendario/alta-demanda",
         "/calendario/alta-demanda/eliminar", "/calendario/capacidad", "/calendario/capacidad/retirar"]


@pytest.mark.parametrize("address", ADMIN)
def test_an_operator_reads_and_does_not_lay_down(sign_in, address):
    assert sign_in("sge2@demo.gob.ec").post(address, data={}).status_code == 403


def text(answer) -> str:
    html = answer.get_data(as_text=True)
    assert_page(html)
    return html


def approved(app, day: date, person=demo_people.MAIN) -> tuple[int, int]:
    with cases.context(app):
        row = cases.draft(person)
        cases.solicitudes.send(cases.actor("aiq@demo.gob.ec"), row)
        cases.decisions.approve(cases.actor("sge@demo.gob.ec"), row, day)
        return row.id, row.version


def fecha(app, number: int) -> date:
    with cases.context(app):
        return db.session.get(Solicitud, number).fecha_tentativa


THURSDAY, MONDAY = date(2026, 11, 19), date(2026, 11, 23)


def test_the_month_is_a_grid_with_one_link_a_day_and_today_open(app, sge):
    approved(app, THURSDAY)
    html = text(sge.get("/calendario?dia=2026-11-19"))
    assert html.count('role="gridcell"') == 42 and html.count('id="d-2026-11-') == 30
    assert "jueves 19 de noviembre de 2026, 1 solicitud, 1 % de la capacidad" in html and 'data-dia="2026-11-19"' in html
    assert 'rel="prev"' in html and 'rel="next"' in html
    assert 'data-dia="2026-11-18"' in text(sge.get("/calendario"))


def test_a_day_alone_is_a_fragment(app, sge):
    number, _ = approved(app, THURSDAY)
    answer = sge.get("/calendario?dia=2026-11-19", headers={"HX-Request": "true"})
    html = answer.get_data(as_text=True)
    assert_fragment(html)
    assert f"{number:06d}" in html and "HX-Request" in answer.headers["Vary"]


@pytest.mark.parametrize("query", ["mes=2100-01", "mes=nada", "mes=2026-13", "dia=9999-12-31", "dia=0001-01-01", "dia=x&mes=2026-11", "mes=1000-01&dia=2026-11-19"])
def test_nonsense_in_the_address_gives_a_month(sge, query):
    text(sge.get(f"/calendario?{query}"))


def test_one_request_is_moved(app, sge):
    number, version = approved(app, THURSDAY)
    answer = sge.post("/calendario/mover", data={"ids": f"{number}:{version}", "fecha": "23/11/2026", "dia": "2026-11-19", "accion": "fecha"})
    assert answer.status_code == 303 and answer.headers["Location"].endswith("/calendario?dia=2026-11-23")
    assert fecha(app, number) == MONDAY
    assert "se calendarizó para el lunes 23 de noviembre" in text(sge.get(answer.headers["Location"]))


def test_many_are_moved_each_with_its_outcome(app, sge):
    one, other = approved(app, THURSDAY), approved(app, THURSDAY, demo_people.LAWYER)
    answer = sge.post("/calendario/mover", data={"ids": [f"{one[0]}:{one[1]}", f"{other[0]}:1", "x"], "fecha": "2026-11-23", "accion": "fecha"})
    html = text(answer)
    assert "1 solicitud movida de 3 seleccionadas" in html and "La solicitud no existe." in html and "Aprobada" in html
    assert (fecha(app, one[0]), fecha(app, other[0])) == (MONDAY, THURSDAY)
    again = sge.post("/calendario/mover", data={"ids": [f"{one[0]}:{one[1]}"], "fecha": "2026-11-23", "accion": "fecha"})
    assert "0 solicitudes movidas" in text(again), "a second click changes nothing"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"fecha": "2026-12-25"}, "es feriado (Navidad)"), ({"fecha": "2026-11-17"}, "anterior a hoy"), ({"fecha": "2100-01-04"}, "superar un año"),
        ({"fecha": ""}, "Elija la fecha"), ({"fecha": "2026-11-23", "motivo": "ñ" * 10_000}, "2\xa0000 caracteres; tiene 10\xa0000"),
        ({"fecha": "2026-11-23", "ids": ""}, "Seleccione al menos una"),
    ],
)
def test_what_is_wrong_with_a_move_is_said_and_what_was_typed_is_kept(app, sge, data, words):
    number, version = approved(app, THURSDAY)
    sent = {"ids": f"{number}:{version}", "dia": "2026-11-19", "accion": "fecha", **data}
    answer = sge.post("/calendario/mover", data={name: value for name, value in sent.items() if value or name != "ids"})
    html = text(answer)
    assert answer.status_code == 422 and words in html and "<title>Error:" in html
    assert fecha(app, number) == THURSDAY
    if data.get("ids") is None:
        assert f'value="{number}:{version}" data-one checked' in html and f'value="{data["fecha"]}"' in html


class TestFull:
    @pytest.fixture
    def settings(self):
        return {"CAPACITY_DOCUMENTS": 3, "INSTITUTION_QUOTA": 1}

    def test_above_the_capacity_the_reason_is_asked_for_and_the_day_is_flagged_in_words(self, app, sge):
        with cases.context(app):
            row = cases.draft()
            cases.solicitudes.send(cases.actor("aiq@demo.gob.ec"), row)
            cases.decisions.approve(cases.actor("sge@demo.gob.ec"), row, THURSDAY, comment="Urgente")
            number, version, row.estimado_documentos = row.id, row.version, 2
            other = cases.draft(demo_people.LAWYER)
            cases.solicitudes.send(cases.actor("aiq@demo.gob.ec"), other)
            cases.decisions.approve(cases.actor("sge@demo.gob.ec"), other, MONDAY, comment="Urgente")
            other.estimado_documentos = 2
        data = {"ids": f"{number}:{version}", "fecha": "2026-11-23", "dia": "2026-11-19", "accion": "fecha"}
        refused = sge.post("/calendario/mover", data=data)
        assert refused.status_code == 422 and "llegaría al 133 % de la capacidad" in text(refused)
        assert sge.post("/calendario/mover", data=data | {"motivo": "Orden judicial"}).status_code == 303
        html = text(sge.get("/calendario?dia=2026-11-23"))
        assert "Sobre la capacidad (133 %)" in html.replace("\n", " ")


# Feriados


def test_a_year_is_loaded_confirmed_and_its_history_kept(app, sge):
    html = text(sge.get("/calendario/feriados?anio=2028"))
    assert "no está confirmado" in html and "días de la ley" in html
    assert sge.post("/calendario/feriados/cargar", data={"anio": "2028"}).status_code == 303
    assert sge.post("/calendario/feriados/confirmar", data={"anio": "2028"}).status_code == 303
    html = text(sge.get("/calendario/feriados?anio=2028"))
    assert "El año 2028 está confirmado" in html and "Confirmó el año con" in html and "Iván Peñaherrera" in html
    again = sge.post("/calendario/feriados/confirmar", data={"anio": "2028"})
    assert again.status_code == 422 and "ya está confirmado" in text(again)


def test_a_year_that_is_not_confirmed_warns_wherever_its_dates_are(sge):
    assert "Los feriados de 2027 todavía no están confirmados" in text(sge.get("/calendario?mes=2027-01"))
    assert "no están confirmados" not in text(sge.get("/calendario?mes=2026-12"))


def test_the_case_of_may_2025_on_the_page(sge):
    html = text(sge.get("/calendario/feriados?anio=2025"))
    assert "viernes 2 de mayo" in html and "jueves 1 de mayo" in html and "Ese día se trabaja" in html


@pytest.mark.parametrize("anio", ["1999", "2100"])
def test_years_out_of_reach_are_not_found(sge, anio):
    assert sge.get(f"/calendario/feriados?anio={anio}").status_code == 404


def test_a_decree_lists_the_requests_it_touches_and_one_click_moves_them(app, sge):
    first, second = approved(app, MONDAY)[0], approved(app, MONDAY, demo_people.LAWYER)[0]
    answer = sge.post("/calendario/feriados/agregar", data={"anio": "2026", "fecha": "2026-11-23", "nombre": "Duelo nacional", "decreto": "Decreto 500"})
    assert answer.status_code == 303
    html = text(sge.get(answer.headers["Location"]))
    assert "2 solicitudes están calendarizadas en un día que ya no se trabaja" in html and "Decreto 500" in html
    assert fecha(app, first) == fecha(app, second) == MONDAY
    ids = re.findall(r'name="ids" value="(\d+:\d+)"', html)
    assert "2 solicitudes movidas de 2" in text(sge.post("/calendario/mover", data={"accion": "siguiente", "ids": ids}))
    assert fecha(app, first) == fecha(app, second) == date(2026, 11, 24)
    assert "ya no se trabaja" not in text(sge.get("/calendario"))


def test_feriados_are_moved_removed_and_refused_with_what_was_typed(app, sge):
    wrong = sge.post("/calendario/feriados/trasladar", data={"anio": "2026", "fecha": "2026-12-25", "nuevo": "2026-12-26", "decreto": "Decreto 7"})
    html = text(wrong)
    assert wrong.status_code == 422 and "es sábado" in html and 'value="2026-12-26"' in html and 'value="Decreto 7"' in html
    wrong = sge.post("/calendario/feriados/quitar", data={"anio": "2026", "fecha": "2026-12-25"})
    assert wrong.status_code == 422 and "Escriba el motivo" in text(wrong)
    past = sge.post("/calendario/feriados/quitar", data={"anio": "2026", "fecha": "2026-11-02", "motivo": "x"})
    assert past.status_code == 422 and "ya pasó" in text(past)
    assert sge.post("/calendario/feriados/trasladar", data={"fecha": "2026-12-25", "nuevo": "2026-12-24", "decreto": "Decreto 7"}).status_code == 303
    assert sge.post("/calendario/feriados/quitar", data={"fecha": "2026-12-24", "motivo": "Se trabaja"}).status_code == 303
    assert sge.post("/calendario/feriados/quitar", data={"fecha": "2026-12-24", "motivo": "Se trabaja"}).status_code == 404


def test_a_local_feriado_is_added_and_taken_away(app, sge):
    wrong = sge.post("/calendario/feriados/locales/agregar", data={"anio": "2026", "fecha": "2026-12-07", "nombre": "Fundación", "lugar": ""})
    assert wrong.status_code == 422 and "cantón o la provincia" in text(wrong)
    sge.post("/calendario/feriados/locales/agregar", data={"anio": "2026", "fecha": "2026-12-07", "nombre": "Fundación", "lugar": "Quito"})
    html = text(sge.get("/calendario/feriados?anio=2026"))
    number = re.search(r'name="local" value="(\d+)"', html)[1]
    assert "Local: Fundación (Quito)" in text(sge.get("/calendario?mes=2026-12"))
    assert sge.post("/calendario/feriados/locales/quitar", data={"anio": "2026", "local": number}).status_code == 303
    assert sge.post("/calendario/feriados/locales/quitar", data={"anio": "2026", "local": number}).status_code == 404


# Periods and capacity

PERIOD = {"nombre": "Fin de año", "desde": "2026-11-18", "hasta": "2026-12-31", "dias_extra": "5", "capacidad": "100", "reserva": "0"}


def test_a_period_shows_its_banner_to_the_aiqs(sge, aiq):
    assert sge.post("/calendario/alta-demanda", data=PERIOD).status_code == 303
    for address in ("/", "/solicitudes/nueva"):
        assert "Período de alta demanda: Fin de año" in text(aiq.get(address))
    wrong = sge.post("/calendario/alta-demanda", data=PERIOD | {"nombre": "Otro", "hasta": "2026-12-01"})
    assert wrong.status_code == 422 and "Se cruza con «Fin de año»" in text(wrong) and 'value="Otro"' in text(wrong)
    html = text(sge.get("/calendario/alta-demanda"))
    number = re.search(r'name="periodo" value="(\d+)"', html)[1]
    assert 'value="Fin de año"' in text(sge.get(f"/calendario/alta-demanda?editar={number}"))
    assert sge.post("/calendario/alta-demanda", data=PERIOD | {"periodo": number, "dias_extra": "7"}).status_code == 303
    assert sge.post("/calendario/alta-demanda/eliminar", data={"periodo": number}).status_code == 303
    assert "alta demanda" not in text(aiq.get("/"))
    assert sge.get(f"/calendario/alta-demanda?editar={number}").status_code == 404


def test_a_period_that_only_changes_the_capacity_promises_no_other_plazo(sge, aiq):
    sge.post("/calendario/alta-demanda", data=PERIOD | {"dias_extra": "0", "capacidad": "50"})
    html = text(aiq.get("/"))
    assert "Período de alta demanda: Fin de año" in html and "de 5 a 5" not in html and "0 días" not in text(aiq.get("/solicitudes/nueva"))


def test_capacity_is_typed_in_gigabytes_and_never_zero(sge):
    data = {"desde": "2026-11-20", "documentos": "60 000", "bytes": "1,5", "cuota": "20", "motivo": "Dos servidores más"}
    assert sge.post("/calendario/capacidad", data=data).status_code == 303
    html = text(sge.get("/calendario/capacidad"))
    assert "1,5 GB" in html and "60\xa0000" in html and "Dos servidores más" in html
    for field, value in (("documentos", "0"), ("documentos", "-4"), ("documentos", "muchos"), ("bytes", "0"), ("bytes", "-1,5"), ("cuota", "0")):
        wrong = sge.post("/calendario/capacidad", data=data | {field: value})
        assert wrong.status_code == 422 and f'id="{field}-error"' in text(wrong) and f'value="{value}"' in wrong.get_data(as_text=True)
    assert sge.post("/calendario/capacidad/retirar", data={"desde": "2026-11-20"}).status_code == 303
    assert sge.post("/calendario/capacidad/retirar", data={"desde": "2026-11-20"}).status_code == 404


def test_estimates_of_a_generated_request(app, sge):
    cases.make(app, Estado.ATENDIDA)
    html = text(sge.get("/calendario/estimacion"))
    assert "Noviembre de 2026" in html and "Por mes de generación" in html
    for nonsense in ("2100-01", "x", "0001-01"):
        text(sge.get(f"/calendario/estimacion?hasta={nonsense}"))


def test_the_menu_leads_to_the_calendar(sge, aiq):
    assert 'href="/calendario"' in text(sge.get("/")) and 'href="/calendario"' not in text(aiq.get("/"))
