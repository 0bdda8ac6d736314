"""The filter Institución of the lists: searched as one types, enough as a text, never an option for each of thousands."""

from __future__ import annotations

import pytest

from extensions import db
from models import Institucion
from tests.blueprints import solicitud_cases as cases
from tests.blueprints.strict import assert_fragment, assert_page
from tests.blueprints.test_listado import HTMX, read, words

PLACES = (("GAD Municipal de Ñauñay", "GADÑ"), ("GAD Municipal de Peñas", ""), ("Hospital Quitumbe", "HQ"))
LISTS = ("/solicitudes", "/usuarios")


@pytest.fixture
def places(app) -> list[int]:
    with cases.context(app):
        rows = [Institucion(nombre=name, sigla=sigla, ruc=f"176000{i:04d}001") for i, (name, sigla) in enumerate(PLACES)]
        db.session.add_all(rows)
        db.session.flush()
        return [row.id for row in rows]


def options(client, q: str) -> str:
    return client.get("/instituciones/opciones", query_string={"institucion_q": q}, headers=HTMX).get_data(as_text=True)


@pytest.mark.parametrize("typed", ["nau", "ñauñay gad", "GADN", "municipal naunay", "1760000000001"])
def test_words_in_any_order_and_without_accents_propose_it(places, sge, typed):
    shown = options(sge, typed)
    assert_fragment(shown)
    assert f'data-id="{places[0]}"' in shown and f'data-id="{places[2]}"' not in shown


@pytest.mark.parametrize(("typed", "said"), [("x", "al menos 2 letras"), ("zzzz", "No se encontraron"), ("%_", "al menos 2 letras"), ("gad", "2 instituciones"), ("", "")])
def test_what_was_found_is_said(places, sge, typed, said):
    shown = options(sge, typed)
    assert said in shown and ("role=\"option\"" in shown) is (typed == "gad")


@pytest.mark.parametrize("path", LISTS)
def test_the_page_does_not_grow_with_the_country(app, sge, path):
    before = len(sge.get(path).data)
    with cases.context(app):
        db.session.add_all(Institucion(nombre=f"Institución Nueva {i}") for i in range(300))
    assert abs(len(sge.get(path).data) - before) < 200


@pytest.mark.parametrize("path", LISTS)
def test_without_javascript_the_text_is_enough(places, sge, path):
    doc = read(sge, f"{path}?institucion=&institucion_q=quitumbe")
    assert doc.xpath("//input[@id='f-institucion']/@value") == ["Hospital Quitumbe (HQ)"]
    assert doc.xpath("//input[@id='f-institucion-id']/@value") == [str(places[2])]


@pytest.mark.parametrize("path", LISTS)
def test_of_several_one_is_chosen_by_a_link(places, sge, path):
    answer = sge.get(f"{path}?institucion_q=gad+muni&nombre=ana")
    assert answer.status_code == 422
    assert_page(answer.get_data(as_text=True))
    doc = read(sge, f"{path}?institucion_q=gad+muni&nombre=ana", 422)
    assert "Varias instituciones coinciden" in words(doc)
    links = doc.xpath("//a[contains(@class, 'chip')][contains(@href, 'institucion=')]")
    assert [a.text for a in links] == ["GAD Municipal de Ñauñay (GADÑ)", "GAD Municipal de Peñas"]
    chosen = read(sge, links[0].get("href"))
    assert chosen.xpath("//input[@id='f-institucion-id']/@value") == [str(places[0])] and chosen.xpath("//input[@id='f-nombre']/@value") == ["ana"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("typed", ["zzzz", "=1+1", "a" * 10_000, "😀", "%00"])
def test_what_names_no_institution_is_told_beside_the_field(places, sge, path, typed):
    answer = sge.get(f"{path}?institucion_q={typed.replace('+', '%2B')}")
    assert answer.status_code == (200 if typed == "%00" else 422)
    if typed != "%00":
        assert 'id="f-institucion-error"' in answer.get_data(as_text=True)


def test_the_text_wins_over_a_number_left_behind_and_an_emptied_field_over_both(places, sge):
    def number(query: str) -> list[str]:
        return read(sge, f"/solicitudes?{query}").xpath("//input[@id='f-institucion-id']/@value")

    assert number(f"institucion={places[0]}&institucion_q=quitumbe") == [str(places[2])]
    assert number(f"institucion={places[0]}&institucion_q=") == [""]
    assert number(f"institucion={places[1]}&institucion_q=GAD+Municipal+de+Pe%C3%B1as") == [str(places[1])]


def test_a_completed_name_is_shown_to_htmx_too_and_the_address_has_the_number(places, sge):
    answer = sge.get("/solicitudes?institucion=&institucion_q=quitu", headers=HTMX)
    assert answer.headers["HX-Retarget"] == "#listado" and "Hospital Quitumbe (HQ)" in answer.get_data(as_text=True)
    assert f"institucion={places[2]}" in answer.headers["HX-Push-Url"] and "institucion_q" not in answer.headers["HX-Push-Url"]


def test_an_aiq_searches_only_the_own_institutions(app, places, aiq):
    assert "role=\"option\"" not in options(aiq, "gad")
    assert not read(aiq, f"/solicitudes?institucion={places[0]}&institucion_q=gad").xpath("//input[@name='institucion_q']")


def test_whoever_opens_the_address_itself_gets_the_list(sge, sign_in):
    assert sge.get("/instituciones/opciones").headers["Location"].endswith("/solicitudes")
    assert sign_in("servidor@demo.gob.ec").get("/instituciones/opciones", headers=HTMX).status_code == 403
