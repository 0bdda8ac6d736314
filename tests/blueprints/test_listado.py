"""*Listado de solicitudes*: who sees what, filters in the URL, orders, pages, bad input, and how many queries it takes."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import quote, urlsplit

import pytest
from lxml import html as parser
from sqlalchemy import event

from extensions import db
from models import Institucion, Solicitud
from rules.lifecycle import Estado
from services import clock, people
from sources import demo_people
from tests.blueprints import solicitud_cases as cases
from tests.blueprints.strict import assert_fragment, assert_page
from tests.conftest import NOW

URL = "/solicitudes"
HTMX = {"HX-Request": "true"}


def read(client, url: str = URL, status: int = 200):
    answer = client.get(url)
    text = answer.get_data(as_text=True)
    assert answer.status_code == status, text[:300]
    assert_page(text)
    return parser.document_fromstring(text)


def numbers(doc) -> list[int]:
    return [int(cell.text) for cell in doc.xpath("//td[@data-l='Nº']")]


def words(doc) -> str:
    return " ".join(doc.text_content().replace("\xa0", " ").split())


def link(doc, name: str) -> str | None:
    found = doc.xpath(f"//nav[@aria-label='Paginación']//a[normalize-space()='{name}']/@href")
    return found[0] if found else None


@pytest.fixture
def many(app) -> list[int]:
    """45 requests, three to an hour: ties in the Fecha Solicitud."""
    with cases.context(app):
        return cases.plant(45)


def test_an_aiq_sees_the_institution_and_the_sge_everything(app, many, sign_in):
    assert "45 solicitudes" in words(read(sign_in("aiq@demo.gob.ec")))
    assert "No se encontraron solicitudes" in words(read(sign_in("aiq@otra.gob.ec")))
    doc = read(sign_in("sge@demo.gob.ec"))
    assert "45 solicitudes" in words(doc) and doc.xpath("//input[@name='institucion_q']") and doc.xpath("//td[@data-l='Institución']")
    assert not read(sign_in("respaldo@demo.gob.ec")).xpath("//*[starts-with(@name, 'institucion')]")
    assert sign_in("servidor@demo.gob.ec").get(URL).status_code == 403
    assert app.test_client().get(URL).status_code == 303


def test_the_filters_have_the_seeds_names(many, aiq):
    labels = [e.text_content().strip() for e in read(aiq).xpath("//form[@id='filtros']//*[self::label[not(@class)] or starts-with(@class, 'label')]")]
    assert labels == ["Fecha Inicio", "Fecha Fin", "Nº Solicitud", "Estado", "Nombre o CI"]


def test_the_default_is_the_last_six_months(app, aiq):
    with cases.context(app):
        old, new = cases.plant(2, fecha_solicitud=lambda i: [NOW - timedelta(days=185), NOW][i])
    doc = read(aiq)
    assert numbers(doc) == [new]
    assert doc.xpath("//input[@name='inicio']/@value") == ["2026-05-18"] and doc.xpath("//input[@name='fin']/@value") == ["2026-11-18"]
    assert set(numbers(read(aiq, URL + "?inicio=&fin="))) == {old, new}


def test_days_are_local_and_both_ends_included(app, aiq):
    # 04:59 UTC of the 11th is still the 10th in Guayaquil; 05:00 of the 12th is the 12th.
    with cases.context(app):
        at = [NOW.replace(day=10, hour=5, minute=0), NOW.replace(day=11, hour=4, minute=59), NOW.replace(day=12, hour=4, minute=59), NOW.replace(day=12, hour=5, minute=0)]
        ids = cases.plant(4, fecha_solicitud=lambda i: at[i])
    assert set(numbers(read(aiq, URL + "?inicio=2026-11-10&fin=2026-11-10"))) == set(ids[:2])
    assert set(numbers(read(aiq, URL + "?inicio=2026-11-11&fin=2026-11-11"))) == {ids[2]}
    assert set(numbers(read(aiq, URL + "?inicio=10/11/2026&fin=11/11/2026"))) == set(ids[:3])


def test_estado_is_the_effective_one(app, aiq):
    with cases.context(app):
        sent, alive, over, gone = cases.plant(
            4, estado=lambda i: [Estado.ENVIADA, Estado.ATENDIDA, Estado.ATENDIDA, Estado.ELIMINADA][i],
            vigente_hasta=lambda i: [None, cases.expires_in(2), NOW, None][i], motivo=lambda i: "otro" if i == 3 else None)
    assert numbers(read(aiq, URL + "?estado=atendida")) == [alive]
    assert set(numbers(read(aiq, URL + "?estado=eliminada"))) == {over, gone}
    assert set(numbers(read(aiq, URL + "?estado=atendida&estado=enviada"))) == {sent, alive}
    doc = read(aiq, URL + "?estado=atendida,enviada")
    assert set(numbers(doc)) == {sent, alive}
    assert doc.xpath("//summary[@id='f-estado']/span")[0].text == "Enviada, Atendida"
    assert doc.xpath("//input[@name='estado'][@checked]/@value") == ["enviada", "atendida"]
    assert set(numbers(read(aiq, URL + "?estado="))) == {sent, alive, over, gone}


def test_second_lines_and_actions(app, aiq):
    with cases.context(app):
        cases.plant(6, estado=lambda i: [Estado.ATENDIDA, Estado.ATENDIDA, Estado.APROBADA, Estado.BORRADOR, Estado.BORRADOR, Estado.ELIMINADA][i],
                    vigente_hasta=lambda i: [cases.expires_in(0), cases.expires_in(4), None, None, None, None][i],
                    fecha_tentativa=clock.today() + timedelta(days=7), devuelta_por=lambda i: "Otro documento" if i == 3 else "",
                    motivo=lambda i: "vigencia_terminada" if i == 5 else None)
    running = cases.make(app, Estado.EN_EJECUCION)
    doc = read(aiq)
    text = words(doc)
    for line in ("Vence hoy, 23:59", "Quedan 4 d 14 h", "Calendarizada: 25 nov", "Devuelta con observaciones", "Concluyó la vigencia del respaldo", "54 % · hoy"):
        assert line in text
    labels = doc.xpath("//td[@class='act']/a/@aria-label")
    assert [label.split()[0] for label in sorted(labels) if not label.startswith("Descargar")] == ["Corregir", "Editar"]
    assert str(running).zfill(6) in text


def test_name_and_cedula_are_found_by_the_beginning_of_words(app, aiq):
    with cases.context(app):
        ids = cases.plant(2, persona_nombre=lambda i: ["Lucía", "Anamaría"][i], persona_apellido=lambda i: ["Ñauñay", "Pérez"][i],
                          busqueda=lambda i: [people.search_text("Lucía", "Ñauñay", "1712345671"), people.search_text("Anamaría", "Pérez", "0912345678")][i])
    assert numbers(read(aiq, URL + "?nombre=" + quote("naunay LUC"))) == ids[:1]
    assert numbers(read(aiq, URL + "?nombre=17123")) == ids[:1]
    assert numbers(read(aiq, URL + "?nombre=maria")) == []
    assert numbers(read(aiq, URL + "?nombre=" + quote("%"))) == [] == numbers(read(aiq, URL + "?nombre=_"))
    assert numbers(read(aiq, f"{URL}?nro={ids[1]:06d}")) == ids[1:]


def test_the_header_search_finds_number_name_or_cedula_at_any_time(app, aiq):
    with cases.context(app):
        old, new = cases.plant(2, fecha_solicitud=lambda i: [NOW - timedelta(days=900), NOW][i])
        cedula = cases.account().cedula
    assert numbers(read(aiq, f"{URL}?q={old}")) == [old]
    assert set(numbers(read(aiq, f"{URL}?q={cedula}"))) == {old, new}
    assert set(numbers(read(aiq, f"{URL}?q={quote(demo_people.MAIN.apellidos)}"))) == {old, new}


@pytest.mark.parametrize("orden", ["nro", "-nro", "fecha", "-fecha", "nombre", "-nombre", "estado", "-estado", "vigencia", "-vigencia"])
def test_every_order_pages_through_all_rows_once_and_back(app, aiq, orden):
    estados = [Estado.ENVIADA, Estado.ATENDIDA, Estado.APROBADA, Estado.ATENDIDA, Estado.ELIMINADA]
    with cases.context(app):
        ids = cases.plant(
            45, estado=lambda i: estados[i % 5], fecha_tentativa=clock.today(), apellido_plegado=lambda i: f"apellido {i % 7}", motivo=lambda i: "otro" if i % 5 == 4 else None,
            vigente_hasta=lambda i: cases.expires_in(i % 4) if estados[i % 5] is Estado.ATENDIDA and i % 3 else (NOW - timedelta(days=i) if estados[i % 5] is Estado.ATENDIDA else None))
    doc = read(aiq, f"{URL}?orden={orden}")
    pages = [numbers(doc)]
    assert link(doc, "Anterior") is None and link(doc, "Primera") is None
    while following := link(doc, "Siguiente"):
        doc = read(aiq, following)
        pages.append(numbers(doc))
    assert [len(p) for p in pages] == [20, 20, 5]
    assert sorted(n for p in pages for n in p) == sorted(ids)
    last = read(aiq, link(read(aiq, f"{URL}?orden={orden}"), "Última"))
    assert numbers(last) == pages[2] and "41 a 45 de 45" in words(last)
    middle = read(aiq, link(last, "Anterior"))
    assert numbers(middle) == pages[1] and "21 a 40 de 45" in words(middle)
    assert numbers(read(aiq, link(middle, "Anterior"))) == pages[0]
    if orden == "vigencia":
        with cases.context(app):
            until = [db.session.get(Solicitud, n).vigente_hasta for n in pages[0] if db.session.get(Solicitud, n).vigente_hasta and db.session.get(Solicitud, n).vigente_hasta > NOW]
        assert until == sorted(until) and len(until) == 12


def test_a_damaged_or_foreign_cursor_leads_to_the_first_page(many, aiq):
    doc = read(aiq)
    first, following = numbers(doc), link(doc, "Siguiente")
    token = re.search(r"cursor=([^&]+)", following)[1]
    for bad in ("x", token[:-3] + "abc", "%00", "..", token + token, "a" * 5000, quote("ñ€")):
        assert numbers(read(aiq, f"{URL}?cursor={bad}")) == first
    assert numbers(read(aiq, f"{URL}?orden=nro&cursor={token}")) == sorted(many)[:20]
    assert "1 a 20 de 45" in words(read(aiq, f"{URL}?estado=enviada&cursor={token}"))


def test_the_head_of_the_present_order_turns_it_round(many, aiq):
    doc = read(aiq)
    heads = {th.text_content().strip(): (th.get("aria-sort"), th.xpath(".//a/@href")[0]) for th in doc.xpath("//th[@aria-sort]")}
    assert list(heads) == ["Nº", "Nombre", "Fecha Solicitud", "Estado", "Vigente hasta"]
    assert heads["Fecha Solicitud"][0] == "descending" and "orden=fecha" in heads["Fecha Solicitud"][1]
    assert heads["Nº"][0] == "none" and "orden=-nro" in heads["Nº"][1]
    assert "cursor" not in heads["Nº"][1]


BAD = [
    ("inicio=2026-02-31", "f-inicio", "no es una fecha válida"), ("fin=ayer", "f-fin", "no es una fecha válida"), ("inicio=0001-01-01", "f-inicio", "entre los años"),
    ("fin=9999-12-31", "f-fin", "entre los años"), ("inicio=2026-11-10&fin=2026-11-01", "f-inicio", "menor o igual"), ("nro=abc", "f-nro", "solo con dígitos"),
    ("nro=-5", "f-nro", "solo con dígitos"), ("nro=" + "9" * 40, "f-nro", "solo con dígitos"), ("nro=%D9%A3", "f-nro", "solo con dígitos"),
    ("estado=inventado", "f-estado", "Elija un estado"), ("nombre=" + "a" * 10_000, "f-nombre", "no puede superar los 120"), ("inicio=2026-11-1x%00", "f-inicio", "válida"),
]


@pytest.mark.parametrize("query, control, message", BAD)
def test_bad_input_is_said_beside_the_field(many, aiq, query, control, message):
    doc = read(aiq, f"{URL}?{query}", 422)
    assert doc.xpath(f"//*[@id='{control}']/@aria-invalid") == ["true"]
    assert message in doc.xpath(f"//*[@id='{control}-error']")[0].text_content()
    assert doc.xpath(f"//div[@role='alert']//a[@href='#{control}']")
    assert doc.xpath("//form[@id='filtros']/@hx-target") == ["#listado"]


@pytest.mark.parametrize("query", ["orden=inventado", "orden=%00", "nombre=%00", "q=%00", "institucion=5", "cursor=&orden=", "nro=", "pagina=-1", "nombre=a", "nro=999999999999999", "q=" + "9" * 100])
def test_what_means_nothing_is_harmless(many, aiq, query):
    read(aiq, f"{URL}?{query}")


def test_a_search_too_long_is_said(many, aiq):
    assert "no puede superar los 120" in words(read(aiq, f"{URL}?q=" + "a" * 10_000, 422))


def test_the_sge_narrows_to_one_institution(app, many, sge):
    with cases.context(app):
        mine = cases.account().institucion_id
        other = db.session.scalar(db.select(Institucion.id).where(Institucion.id != mine))
    assert "45 solicitudes" in words(read(sge, f"{URL}?institucion={mine}"))
    assert "No se encontraron" in words(read(sge, f"{URL}?institucion={other}"))
    for bad in ("999999", "abc", "-1", "9" * 30):
        assert "Elija una institución de la lista" in words(read(sge, f"{URL}?institucion={bad}", 422))


def test_htmx_gets_the_results_and_the_address(many, aiq):
    answer = aiq.get(URL + "?inicio=2026-05-18&fin=2026-11-18&nro=&estado=&nombre=&orden=-fecha", headers=HTMX)
    assert_fragment(answer.get_data(as_text=True))
    assert answer.get_data(as_text=True).lstrip().startswith('<section class="card" id="resultados"')
    assert urlsplit(answer.headers["HX-Push-Url"]).query == "inicio=2026-05-18&fin=2026-11-18" and "HX-Request" in answer.headers["Vary"]


def test_htmx_gets_the_form_with_its_messages_and_without_them_again(many, aiq):
    refused = aiq.get(URL + "?nro=abc", headers=HTMX)
    assert refused.status_code == 422 and refused.headers["HX-Retarget"] == "#listado" and 'id="listado"' in refused.get_data(as_text=True)
    assert_fragment(refused.get_data(as_text=True))
    mended = aiq.get(URL + "?nro=1&entero=1", headers=HTMX)
    assert 'id="listado"' in mended.get_data(as_text=True) and "entero" not in mended.headers["HX-Push-Url"]


@contextmanager
def counted(app):
    with app.app_context():
        engine = db.engine
    seen: list[str] = []

    def note(_c, _cursor, statement, *_):
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_the_number_of_queries_does_not_grow_with_the_rows(app, sge):
    with cases.context(app):
        cases.plant(21)
    with counted(app) as few:
        assert len(numbers(read(sge))) == 20
    with cases.context(app):
        places = list(db.session.scalars(db.select(Institucion.id)))
        assert len(places) > 2
        cases.plant(29, estado=Estado.ATENDIDA, vigente_hasta=cases.expires_in(3), institucion_id=lambda i: places[i % len(places)])
    cases.make(app, Estado.EN_EJECUCION)
    with counted(app) as many_rows:
        assert len(numbers(read(sge))) == 20
    assert len(many_rows) == len(few), "\n".join(many_rows)


def test_totals_are_exact_up_to_the_limit(app, many, aiq, monkeypatch):
    monkeypatch.setattr("services.listing.COUNT_LIMIT", 30)
    doc = read(aiq)
    assert "Más de 30 solicitudes" in words(doc) and "1 a 20 de más de 30" in words(doc)
    last = read(aiq, link(doc, "Última"))
    assert len(numbers(last)) == 20 and "20 de más de 30" in words(last) and link(last, "Siguiente") is None
    # Nobody counted from the front: the last page is a full one, the oldest rows of all.
    oldest = sorted(many, key=lambda n: (-(many.index(n) // 3), n))
    assert numbers(last) == oldest[:20][::-1]


def chips(doc) -> dict[str, str]:
    """The filters without a field: what each says and where the list without it is."""
    return {chip.text.strip(): chip.get("href") for chip in doc.xpath("//section[@id='resultados']//a[contains(@class, 'chip')]")}


def test_a_filter_without_a_field_is_shown_where_it_leaves_nothing(app, aiq):
    with cases.context(app):
        found = cases.plant(1, estado=Estado.ATENDIDA, vigente_hasta=cases.expires_in(2), fecha_solicitud=NOW - timedelta(days=400))
    doc = read(aiq, f"{URL}?q=xyzzy&estado=atendida&orden=nro&nombre=")
    assert "No se encontraron solicitudes" in words(doc) and list(chips(doc)) == ["«xyzzy»"]
    without = read(aiq, chips(doc)["«xyzzy»"])
    assert numbers(without) == found and chips(without) == {}, "it takes away nothing but itself, the request of another year stays"
    assert without.xpath("//input[@name='estado' and @checked]/@value") == ["atendida"]
    assert without.xpath("//select[@name='orden']/option[@selected]/@value") == ["nro"]


def test_the_view_that_somebody_sent_is_shown_and_can_be_left(app, aiq, sge):
    with cases.context(app):
        late, other = cases.plant(2, estado=lambda i: [Estado.DETENIDA, Estado.ENVIADA][i], fecha_tentativa=clock.today() - timedelta(days=5))
    doc = read(aiq, f"{URL}?vista=atrasadas")
    assert numbers(doc) == [late] and list(chips(doc)) == ["Atrasadas"]
    assert set(numbers(read(aiq, chips(doc)["Atrasadas"]))) == {late, other}
    assert chips(read(sge, f"{URL}?vista=atrasadas")) == {}, "the SGE has it among the views above"


@pytest.mark.parametrize("path", [URL, "/usuarios"])
def test_an_address_of_another_institution_says_that_it_is_not_followed(app, aiq, path):
    with cases.context(app):
        cases.plant(1)
        own = db.session.get(Solicitud, 1).institucion_id
        other = db.session.scalar(db.select(Institucion.id).where(Institucion.id != own))
    said = "La dirección pide otra institución. Aquí se muestra únicamente la suya."
    assert all(said in words(read(aiq, f"{path}?institucion={asked}")) for asked in (other, 999_999, "x"))
    assert said in words(read(aiq, f"{path}?institucion={other}&nombre=xyzzy")), "also where nothing is found"
    assert all(said not in words(read(aiq, address)) for address in (path, f"{path}?institucion={own}", f"{path}?institucion="))


def test_an_aiq_without_fields_sees_what_the_address_narrows_the_changes_by(aiq):
    shown = chips(read(aiq, "/cambios?q=xyzzy&estado=preparacion"))
    assert set(shown) == {"«xyzzy»", "Preparación"} and shown["«xyzzy»"] == "/cambios?estado=preparacion"
