"""*Solicitar respaldos*: the form as a browser, with and without JavaScript, and as somebody who means no good uses it."""

from __future__ import annotations

import re
from datetime import date

import pytest
from lxml import html as parser
from sqlalchemy import func, select

from extensions import db
from models import Cuenta, Evento, Solicitud
from rules.lifecycle import Estado
from sources import demo_people as people
from sources.demo_petitions import petition_of
from tests.blueprints.strict import assert_fragment, assert_page, text_of
from tests.conftest import NOW

HTMX = {"HX-Request": "true"}
TODAY = NOW.date()
RANGE = {"desde": "2024-01-01", "hasta": "2025-12-31"}


@pytest.fixture
def look(app):
    """`look(lambda: …)`: a question to the database outside any request."""

    def ask(question):
        with app.app_context():
            answer = question()
            db.session.remove()
            return answer

    return ask


@pytest.fixture
def id_of(look):
    return lambda account: look(lambda: db.session.scalar(select(Cuenta.id).where(Cuenta.quipux_codi == account.codi)))


@pytest.fixture
def count(look):
    return lambda: look(lambda: (db.session.scalar(select(func.count(Solicitud.id))), db.session.scalar(select(func.count(Evento.id)))))


@pytest.fixture
def filled(id_of):
    """A complete form for an account."""

    def fill(account=people.MAIN, **changes):
        petition = petition_of(account, TODAY)
        return {"cuenta_id": str(id_of(account)), "documento_codi": petition.radi_nume_radi, **RANGE, "comentario": "Petición escrita",
                "nonce": "0" * 31 + "1", "accion": "guardar", **changes}

    return fill


@pytest.fixture
def draft(aiq, filled, look):
    """A saved draft; returns its number."""

    def make(account=people.MAIN, **changes):
        answer = aiq.post("/solicitudes/nueva", data=filled(account, **changes))
        assert answer.status_code == 303, answer.text
        return look(lambda: db.session.scalar(select(func.max(Solicitud.id))))

    return make


def page(answer, status=200):
    assert answer.status_code == status, answer.text[:3000]
    assert_page(answer.text)
    return parser.document_fromstring(answer.text)


def piece(answer, status=200):
    assert answer.status_code == status, answer.text[:3000]
    assert_fragment(answer.text)
    return parser.fragment_fromstring(answer.text, create_parent="div")


def value(doc, name):
    return [e.get("value") for e in doc.xpath(f"//input[@name='{name}'][@type!='radio']")]


def row(look, number, *columns):
    return look(lambda: tuple(getattr(db.session.get(Solicitud, number), c) for c in columns))


# --- the page ----------------------------------------------------------------------------------------------------------

def test_an_empty_form_has_the_names_of_the_seed(aiq):
    doc = page(aiq.get("/solicitudes/nueva"))
    text = text_of(doc)
    for label in ("Seleccionar Servidor Público", "Seleccionar Documento", "Rango de fechas", "Fecha Inicio", "Fecha Fin", "Guardar", "Enviar"):
        assert label in text
    assert [text_of(b) for b in doc.xpath("//form[@id='solicitud']//button[@name='accion'][not(ancestor::noscript)]")][-2:] == ["Enviar", "Guardar"]
    # Enter in a field presses the first button of a form: it must neither send nor forget anything.
    assert doc.xpath("//form[@id='solicitud']//button")[0].get("value") == "actualizar"


def test_a_servant_does_not_reach_the_institutional_form(sign_in):
    servant = sign_in("servidor@demo.gob.ec")
    assert servant.get("/solicitudes/nueva").status_code == 403
    assert servant.get("/solicitudes/servidores?servidor_q=naunay").status_code == 403
    assert servant.get("/solicitudes/por-enviar").status_code == 403


def test_nobody_signed_in_is_sent_to_the_door(app):
    assert app.test_client().get("/solicitudes/nueva").status_code == 303


# --- searching and choosing, with htmx ------------------------------------------------------------------------------------

def test_options_tell_the_accounts_of_one_person_apart_and_mark_what_was_typed(aiq):
    doc = piece(aiq.get("/solicitudes/servidores?servidor_q=nunez", headers=HTMX))
    options = doc.xpath(".//li[@role='option']")
    texts = [text_of(o) for o in options]
    assert len(options) == 2
    assert any("Especialista de Adquisiciones" in t and "ana.nunez@" in t for t in texts)
    assert any("Subrogante" in t and "ana.nunez2@" in t for t in texts)
    assert doc.xpath(".//li//mark/text()")[0] == "Núñez"[:5]
    assert "2 servidores públicos encontrados" in text_of(doc)
    assert [s.get("hx-swap-oob") for s in doc.xpath(".//span[@id='servidor-nota']")] == ["true"]


@pytest.mark.parametrize("typed, note", [
    ("tituaña", "No se encontraron servidores públicos inactivos."),  # active
    ("pilatuña", "No se encontraron servidores públicos inactivos."),  # of another institution
    ("a", "Escriba al menos 2 letras o números."),
    ("%_%", "Escriba al menos 2 letras o números."),
    ("", ""),
])
def test_only_inactive_people_of_the_own_institution_are_found(aiq, typed, note):
    doc = piece(aiq.get("/solicitudes/servidores", query_string={"servidor_q": typed}, headers=HTMX))
    assert not doc.xpath(".//li") and text_of(doc) == note


def test_a_long_list_says_how_many_there_are(aiq, look):
    def copies():
        model = db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == people.MAIN.codi))
        for n in range(30):
            db.session.add(Cuenta(quipux_codi=f"9{n}77", cedula=model.cedula, nombre="Zoila", apellido=f"Zzzz{n}", activa=False,
                                  institucion_id=model.institucion_id, busqueda=f" zoila zzzz{n}", apellido_plegado=f"zzzz{n}"))
        db.session.commit()
    look(copies)
    doc = piece(aiq.get("/solicitudes/servidores?servidor_q=zzzz", headers=HTMX))
    assert len(doc.xpath(".//li")) == 20 and "Mostrando 20 de 30." in text_of(doc)


def test_choosing_a_person_fills_the_eight_data_and_refreshes_what_depends_on_it(aiq, id_of):
    doc = piece(aiq.post("/solicitudes/borrador/servidor", headers=HTMX, data={"cuenta_id": id_of(people.MAIN), **RANGE, "comentario": "x"}))
    step = doc.xpath("./fieldset[@id='paso-servidor']")[0]
    data = {text_of(dt): text_of(dt.getnext()) for dt in step.xpath(".//dt")}
    assert set(data) == {"Cédula", "Nombre", "Apellido", "Institución", "Área", "Puesto", "Perfil", "Fecha Solicitud"}
    assert data["Cédula"] == people.MAIN.cedula and data["Apellido"] == people.MAIN.apellidos and data["Fecha Solicitud"] == "18 nov 2026"
    assert value(step, "cuenta_id") == [str(id_of(people.MAIN))]
    assert [e.get("id") for e in doc.xpath("./fieldset[@hx-swap-oob]")] == ["paso-documento"]
    asks = doc.xpath("./div[@hx-swap-oob='innerHTML:#estimacion']//*[@hx-trigger='load']")
    assert asks and "detalle=cuenta" in asks[0].get("hx-get")


def test_changing_the_person_goes_back_to_the_search(aiq, id_of):
    doc = piece(aiq.post("/solicitudes/borrador/servidor", headers=HTMX, data={"cuenta_id": id_of(people.MAIN), "accion": "cambiar-servidor"}))
    assert doc.xpath(".//input[@role='combobox'][@id='servidor-q']") and not value(doc, "cuenta_id")


@pytest.mark.parametrize("account", [people.SERVANT, people.RESEARCHER])
def test_choosing_an_active_or_a_foreign_person_is_refused(aiq, id_of, account):
    doc = piece(aiq.post("/solicitudes/borrador/servidor", headers=HTMX, data={"cuenta_id": id_of(account)}), 422)
    assert "Seleccione un servidor público inactivo de su institución." in text_of(doc)
    assert account.cedula not in text_of(doc) and not value(doc, "cuenta_id")


def test_the_petition_is_found_by_number_subject_or_sender_and_chosen(aiq, id_of):
    petition = petition_of(people.MAIN, TODAY)
    for typed in (petition.numero, "respaldo ñauñay", "naunay"):
        doc = piece(aiq.get("/solicitudes/documentos", query_string={"documento_q": typed}, headers=HTMX))
        assert petition.numero in [text_of(b) for b in doc.xpath(".//li/b")], typed
    chosen = {"documento_codi": petition.radi_nume_radi, "cuenta_id": id_of(people.MAIN)}
    doc = piece(aiq.post("/solicitudes/borrador/documento", headers=HTMX, data=chosen))
    assert petition.numero in text_of(doc) and "El remitente coincide" in text_of(doc)
    doc = piece(aiq.post("/solicitudes/borrador/documento", headers=HTMX, data={**chosen, "cuenta_id": id_of(people.EMPTY)}))
    assert "El remitente no coincide" in text_of(doc)


@pytest.mark.parametrize("typed, note", [("so", "Escriba al menos 3 letras o números."), ("zzzzzz", "Ningún documento coincide.")])
def test_a_search_of_petitions_without_result_says_so(aiq, typed, note):
    assert text_of(piece(aiq.get(f"/solicitudes/documentos?documento_q={typed}", headers=HTMX))) == note


def test_confidential_petitions_are_not_offered(aiq):
    doc = piece(aiq.get("/solicitudes/documentos?documento_q=denuncia", headers=HTMX))
    assert text_of(doc) == "Ningún documento coincide."


# --- the same without JavaScript ------------------------------------------------------------------------------------------

def test_without_javascript_everything_works_by_buttons_and_nothing_typed_is_lost(aiq, id_of, look):
    typed = {**RANGE, "comentario": "Entregado en ventanilla", "servidor_q": "ñauñay", "nonce": "a" * 32}
    doc = page(aiq.post("/solicitudes/nueva", data={**typed, "accion": "buscar-servidor"}))
    radio = doc.xpath("//input[@type='radio'][@name='cuenta_id']")[0]
    assert radio.get("value") == str(id_of(people.MAIN))
    doc = page(aiq.post("/solicitudes/nueva", data={**typed, "cuenta_id": radio.get("value"), "documento_q": "naunay", "accion": "elegir-servidor"}))
    assert value(doc, "cuenta_id") == [radio.get("value")] and value(doc, "desde") == ["2024-01-01"] and value(doc, "hasta") == ["2025-12-31"]
    assert doc.xpath("string(//textarea[@name='comentario'])").strip() == "Entregado en ventanilla"
    assert "≈" in text_of(doc), "the figures are on the page at once"
    choice = doc.xpath("//input[@type='radio'][@name='documento_codi']")[0].get("value")
    doc = page(aiq.post("/solicitudes/nueva", data={**typed, "cuenta_id": radio.get("value"), "documento_codi": choice, "accion": "elegir-documento"}))
    assert value(doc, "documento_codi") == [choice]
    answer = aiq.post("/solicitudes/nueva", data={**typed, "cuenta_id": radio.get("value"), "documento_codi": choice, "accion": "enviar"})
    assert answer.status_code == 303
    assert row(look, 1, "estado", "comentario") == (Estado.ENVIADA, "Entregado en ventanilla")


def test_the_options_address_answers_a_plain_browser_with_the_form(aiq):
    doc = page(aiq.get("/solicitudes/servidores?servidor_q=nunez&desde=2024-01-01"))
    assert len(doc.xpath("//input[@type='radio'][@name='cuenta_id']")) == 2 and value(doc, "desde") == ["2024-01-01"]


def test_cambiar_without_javascript(aiq, filled):
    doc = page(aiq.post("/solicitudes/nueva", data=filled(accion="cambiar-servidor")))
    assert not value(doc, "cuenta_id") and value(doc, "documento_codi") and value(doc, "desde") == [RANGE["desde"]]
    doc = page(aiq.post("/solicitudes/nueva", data=filled(accion="cambiar-documento")))
    assert value(doc, "cuenta_id") and not value(doc, "documento_codi")


def test_an_unknown_action_changes_nothing(aiq, filled, count):
    before = count()
    page(aiq.post("/solicitudes/nueva", data=filled(accion="aprobar")))
    assert count() == before


# --- the estimate ------------------------------------------------------------------------------------------------------

def estimate(client, **query):
    return piece(client.get("/solicitudes/estimacion", query_string=query, headers=HTMX))


def test_the_estimate_counts_first_and_then_asks_for_the_rest(aiq, id_of):
    doc = estimate(aiq, cuenta_id=id_of(people.MAIN), desde="2021-01-01", hasta="2026-11-18")
    total = int(text_of(doc.xpath(".//p[@class='big']")[0]).replace("\xa0", "").replace(" ", ""))
    assert total > 0 and "≈" not in text_of(doc)
    assert "detalle=completa" in doc.xpath(".//*[@hx-trigger='load']")[0].get("hx-get")
    doc = estimate(aiq, cuenta_id=id_of(people.MAIN), desde="2021-01-01", hasta="2026-11-18", detalle="completa")
    figures = {text_of(dt): text_of(dt.getnext()) for dt in doc.xpath(".//dt")}
    assert figures["Tamaño"].startswith("≈ ") and figures["Descarga"].startswith("≈ ") and figures["Fecha tentativa"] == "19 nov 2026"
    assert {"Recibidos", "Enviados"} <= set(figures) and not doc.xpath(".//*[@hx-trigger='load']")


@pytest.mark.parametrize("query, said", [
    ({}, "Complete los datos"),
    ({"cuenta": people.MAIN}, "Ingrese la Fecha Inicio y la Fecha Fin"),
    ({"cuenta": people.MAIN, "desde": "2025-02-31", "hasta": "2025-12-31"}, "La Fecha Inicio no es una fecha válida."),
    ({"cuenta": people.MAIN, "desde": "2025-02-01", "hasta": "2024-12-31"}, "La Fecha Inicio debe ser menor o igual que la Fecha Fin."),
    ({"cuenta": people.MAIN, "desde": "2025-02-01", "hasta": "2027-12-31"}, "La Fecha Fin no puede ser posterior al 18 nov 2026."),
    ({"cuenta": people.EMPTY, "desde": "2025-02-01", "hasta": "2025-12-31"}, "No hay documentos en este rango de fechas."),
])
def test_the_estimate_says_why_there_is_none(aiq, id_of, query, said):
    query = {**query, **({"cuenta_id": id_of(query["cuenta"])} if "cuenta" in query else {})}
    query.pop("cuenta", None)
    assert said in text_of(estimate(aiq, **query))


@pytest.mark.parametrize("nonsense", ["abc", "-1", "9" * 30, "1 or 1=1", "", "٣"])
def test_the_estimate_of_nonsense_or_of_a_foreign_account_is_no_estimate(aiq, id_of, nonsense):
    assert "Complete los datos" in text_of(estimate(aiq, cuenta_id=nonsense, borrador=nonsense, **RANGE))
    assert "Complete los datos" in text_of(estimate(aiq, cuenta_id=id_of(people.RESEARCHER), **RANGE))


def test_the_estimate_warns_of_another_live_request_with_its_link(aiq, id_of, draft):
    number = draft(people.TWO_FIRST)
    doc = estimate(aiq, cuenta_id=id_of(people.TWO_SECOND), **RANGE)  # the same person's other account
    assert doc.xpath(f".//a[@href='/solicitudes/{number}']")
    doc = estimate(aiq, cuenta_id=id_of(people.TWO_FIRST), borrador=number, **RANGE)
    assert "Ya existe" not in text_of(doc), "a draft is no other request of itself"


def test_a_silent_quipux_stops_neither_the_page_nor_the_draft(app, aiq, filled, id_of, look):
    made = filled()
    with app.app_context():
        from services.adapters import quipux

        source = quipux()
    source.close()
    app.extensions["respaldos"]["quipux"] = type(source).from_config({**app.config, "QUIPUX_URL": "sqlite:////nonexistent/quipux.sqlite"})
    assert "No es posible estimar" in text_of(estimate(aiq, cuenta_id=made["cuenta_id"], **RANGE))
    assert "Quipux no responde" in text_of(piece(aiq.get("/solicitudes/documentos?documento_q=respaldo", headers=HTMX)))
    doc = page(aiq.post("/solicitudes/nueva", data={**made, "accion": "enviar"}), 422)
    assert "Quipux no responde" in text_of(doc) and value(doc, "documento_codi") == [made["documento_codi"]]
    assert aiq.post("/solicitudes/nueva", data={**made, "documento_codi": ""}).status_code == 303, "a draft without petition needs no Quipux"


# --- saving and sending ------------------------------------------------------------------------------------------------

def test_saving_goes_to_the_drafts_with_a_notice(aiq, filled, look):
    answer = aiq.post("/solicitudes/nueva", data=filled())
    assert (answer.status_code, answer.location) == (303, "/solicitudes/por-enviar")
    doc = page(aiq.get("/solicitudes/por-enviar"))
    assert "La solicitud Nº 000001 se guardó" in text_of(doc)
    assert row(look, 1, "estado", "desde", "hasta", "comentario") == (Estado.BORRADOR, date(2024, 1, 1), date(2025, 12, 31), "Petición escrita")


def test_a_draft_needs_only_the_person(aiq, id_of, look):
    assert aiq.post("/solicitudes/nueva", data={"cuenta_id": id_of(people.MAIN), "accion": "guardar"}).status_code == 303
    assert row(look, 1, "desde", "documento_codi") == (None, None)


def test_sending_goes_to_the_request_with_a_notice(aiq, filled, look):
    answer = aiq.post("/solicitudes/nueva", data=filled(accion="enviar"))
    assert (answer.status_code, answer.location) == (303, "/solicitudes/1")
    assert "La solicitud Nº 000001 se envió a la SGE." in aiq.get("/solicitudes/por-enviar").text
    estado, numero, sha = row(look, 1, "estado", "documento_numero", "documento_sha256")
    assert estado is Estado.ENVIADA and numero == petition_of(people.MAIN, TODAY).numero and re.fullmatch("[0-9a-f]{64}", sha)


def test_with_htmx_the_answer_is_a_redirect_of_the_whole_page(aiq, filled):
    answer = aiq.post("/solicitudes/nueva", data=filled(), headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/solicitudes/por-enviar")


def test_a_draft_is_edited_by_the_other_aiq_and_sent(draft, sign_in, look):
    number = draft()
    other = sign_in("respaldo@demo.gob.ec")
    doc = page(other.get(f"/solicitudes/{number}/editar"))
    form = {name: value(doc, name)[0] for name in ("cuenta_id", "documento_codi", "desde", "hasta", "version", "nonce")}
    assert other.post(f"/solicitudes/{number}/editar", data={**form, "hasta": "2025-06-30", "accion": "enviar"}).status_code == 303
    assert row(look, number, "estado", "hasta", "comentario") == (Estado.ENVIADA, date(2025, 6, 30), "")


# --- what is refused: 422, Spanish, typed values kept, nothing changed ---------------------------------------------------

BAD = [
    ({"cuenta_id": ""}, "Seleccione al servidor público."),
    ({"cuenta_id": "abc"}, "Seleccione un servidor público inactivo de su institución."),
    ({"cuenta_id": "-5"}, "Seleccione un servidor público inactivo de su institución."),
    ({"cuenta_id": "9" * 30}, "Seleccione un servidor público inactivo de su institución."),
    ({"cuenta": people.SERVANT}, "Seleccione un servidor público inactivo de su institución."),
    ({"cuenta": people.RESEARCHER}, "Seleccione un servidor público inactivo de su institución."),
    ({"desde": "2025-06-01", "hasta": "2025-05-31"}, "La Fecha Inicio debe ser menor o igual que la Fecha Fin."),
    ({"hasta": "2026-11-19"}, "La Fecha Fin no puede ser posterior al 18 nov 2026."),
    ({"desde": "2026-11-19", "hasta": ""}, "La Fecha Inicio no puede ser posterior al 18 nov 2026."),
    ({"desde": "2025-02-29"}, "La Fecha Inicio no es una fecha válida."),
    ({"hasta": "ayer"}, "La Fecha Fin no es una fecha válida."),
    ({"desde": "0001-01-01"}, "La Fecha Inicio no puede ser anterior al 1 ene 1990."),
    ({"desde": "", "hasta": "0001-01-01"}, "La Fecha Fin no puede ser anterior al 1 ene 1990."),
    ({"comentario": "ñ" * 5000}, "El comentario no puede superar los 2 000 caracteres; tiene 5 000."),
    ({"documento_codi": "abc"}, "Seleccione un documento ingresado por ventanilla en su institución."),
    ({"documento_codi": "9" * 30}, "Seleccione un documento ingresado por ventanilla en su institución."),
    ({"documento_codi": "-1"}, "Seleccione un documento ingresado por ventanilla en su institución."),
    ({"documento": people.RESEARCHER}, "Seleccione un documento ingresado por ventanilla en su institución."),
]


@pytest.mark.parametrize("accion", ["guardar", "enviar"])
@pytest.mark.parametrize("bad, said", BAD, ids=[str(i) for i in range(len(BAD))])
def test_bad_input_is_refused_beside_its_field(aiq, filled, id_of, count, accion, bad, said):
    bad = dict(bad)
    if "cuenta" in bad:
        bad["cuenta_id"] = str(id_of(bad.pop("cuenta")))
    if "documento" in bad:
        bad["documento_codi"] = petition_of(bad.pop("documento"), TODAY).radi_nume_radi
    before = count()
    sent = filled(**bad, accion=accion)
    answer = aiq.post("/solicitudes/nueva", data=sent)
    doc = page(answer, 422)
    assert said.removesuffix(".") in text_of(doc.xpath("//div[@role='alert']")[0])
    assert any(text_of(p).startswith(said) for p in doc.xpath("//p[@class='err']"))
    assert doc.xpath("string(//title)").startswith("Error: ")
    assert value(doc, "desde") == [sent["desde"]] and value(doc, "hasta") == [sent["hasta"]]
    assert doc.xpath("string(//textarea[@name='comentario'])").strip() == sent["comentario"]
    assert value(doc, "nonce") == [sent["nonce"]]
    assert count() == before


def test_sending_without_anything_says_all_that_is_missing(aiq, count):
    doc = page(aiq.post("/solicitudes/nueva", data={"accion": "enviar"}), 422)
    assert [text_of(li) for li in doc.xpath("//div[@role='alert']//li")] == [
        "Seleccione al servidor público", "Seleccione el documento de solicitud que entregó el ciudadano",
        "Ingrese la Fecha Inicio", "Ingrese la Fecha Fin",
    ]
    assert count() == (0, 0)


def test_the_browser_s_line_breaks_count_once(aiq, filled, look):
    assert aiq.post("/solicitudes/nueva", data=filled(comentario="a\r\n" * 1000)).status_code == 303
    assert row(look, 1, "comentario")[0].count("\n") == 999


@pytest.mark.parametrize("typed", ["31/12/2025", "2025-12-31"])
def test_dates_are_read_as_browsers_and_as_people_write_them(aiq, filled, look, typed):
    assert aiq.post("/solicitudes/nueva", data=filled(hasta=typed)).status_code == 303
    assert row(look, 1, "hasta") == (date(2025, 12, 31),)


# --- twice, and too late -------------------------------------------------------------------------------------------------

def test_sending_twice_makes_one_request(aiq, filled, count):
    data = filled(accion="enviar")
    first, second = aiq.post("/solicitudes/nueva", data=data), aiq.post("/solicitudes/nueva", data=data)
    assert (first.status_code, second.status_code) == (303, 303) and first.location == second.location == "/solicitudes/1"
    assert count()[0] == 1


def test_an_answer_lost_on_its_way_does_not_make_a_second_draft(app, filled, count, sign_in, look):
    """The session of the second click knows nothing of the first: another browser of the same person."""
    sign_in("aiq@demo.gob.ec").post("/solicitudes/nueva", data=filled())
    again = sign_in("aiq@demo.gob.ec").post("/solicitudes/nueva", data=filled(comentario="corregido"))
    assert again.status_code == 303 and count()[0] == 1
    assert row(look, 1, "comentario") == ("corregido",)


def test_two_forms_of_two_people_never_meet(sign_in, filled, count):
    sign_in("aiq@demo.gob.ec").post("/solicitudes/nueva", data=filled())
    sign_in("respaldo@demo.gob.ec").post("/solicitudes/nueva", data=filled())
    assert count()[0] == 2, "the token belongs to the person, whatever a form says"


def test_a_draft_sent_by_a_colleague_is_a_conflict_that_says_who_and_when(aiq, draft, sign_in, at, count, filled, look):
    number = draft()
    stale = filled(version="1", comentario="lo que escribí", accion="enviar")
    with at(minutes=5):
        sign_in("respaldo@demo.gob.ec").post(f"/solicitudes/{number}/editar", data=filled(version="1", accion="enviar"))
    before = count()
    with at(minutes=9):
        doc = page(aiq.post(f"/solicitudes/{number}/editar", data=stale), 409)
    said = text_of(doc.xpath("//div[@role='alert']")[0])
    assert "Mayra Alexandra Cumbal Toapanta" in said and "18 nov 2026, 10:05" in said and "Enviada" in said
    assert doc.xpath("string(//textarea[@name='comentario'])").strip() == "lo que escribí"
    assert count() == before and row(look, number, "comentario") == ("Petición escrita",)


def test_a_draft_edited_by_a_colleague_is_not_overwritten(aiq, draft, sign_in, at, filled, look):
    number = draft()
    with at(minutes=5):
        assert sign_in("respaldo@demo.gob.ec").post(f"/solicitudes/{number}/editar", data=filled(version="1", comentario="de Mayra")).status_code == 303
        doc = page(aiq.post(f"/solicitudes/{number}/editar", data=filled(version="1", comentario="mío")), 409)
    assert "Mayra Alexandra Cumbal Toapanta modificó la solicitud el 18 nov 2026, 10:05" in text_of(doc)
    assert row(look, number, "comentario") == ("de Mayra",)


@pytest.mark.parametrize("version", ["", "0", "abc", "-1", "9" * 30])
def test_a_form_that_does_not_know_its_version_is_an_old_one(aiq, draft, filled, look, version):
    number = draft()
    assert aiq.post(f"/solicitudes/{number}/editar", data=filled(version=version, comentario="otro")).status_code == 409
    assert row(look, number, "comentario") == ("Petición escrita",)


def test_what_was_sent_is_not_edited(aiq, filled):
    aiq.post("/solicitudes/nueva", data=filled(accion="enviar"))
    answer = aiq.get("/solicitudes/1/editar")
    assert (answer.status_code, answer.location) == (303, "/solicitudes/1")


# --- whose --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("number", ["abc", "-1", "0", "999999", "9" * 30])
def test_no_such_draft(aiq, number):
    assert aiq.get(f"/solicitudes/{number}/editar").status_code == 404
    assert aiq.post(f"/solicitudes/{number}/editar").status_code == 404
    assert aiq.post(f"/solicitudes/{number}/eliminar").status_code == 404


@pytest.mark.parametrize("who", ["aiq@otra.gob.ec", "sge@demo.gob.ec"])
def test_a_foreign_draft_is_not_there(draft, sign_in, filled, look, who):
    number, other = draft(), sign_in(who)
    assert other.get(f"/solicitudes/{number}/editar").status_code == 404
    assert other.post(f"/solicitudes/{number}/editar", data=filled(version="1")).status_code == 404
    assert other.post(f"/solicitudes/{number}/eliminar").status_code == 404
    assert row(look, number, "estado", "oculta") == (Estado.BORRADOR, False)


def test_a_fragment_tells_nothing_of_a_foreign_draft(draft, sign_in, id_of):
    number = draft()
    other = sign_in("aiq@otra.gob.ec")
    doc = piece(other.post("/solicitudes/borrador/servidor", headers=HTMX, data={"cuenta_id": id_of(people.MAIN), "borrador": number}), 422)
    assert people.MAIN.cedula not in text_of(doc)


def test_the_sge_registers_for_institutions_no_longer_in_force_alone(sge, filled, look, sign_in):
    doc = piece(sge.get("/solicitudes/servidores?servidor_q=morocho", headers=HTMX))
    assert len(doc.xpath(".//li")) == 1
    assert "No se encontraron" in text_of(piece(sge.get("/solicitudes/servidores?servidor_q=naunay", headers=HTMX)))
    assert text_of(piece(sge.get("/solicitudes/documentos?documento_q=respaldo", headers=HTMX))) == "Primero seleccione al servidor público."
    assert sge.post("/solicitudes/nueva", data=filled(people.ARCHIVIST, accion="enviar")).status_code == 303
    assert row(look, 1, "estado") == (Estado.ENVIADA,)
    assert sge.post("/solicitudes/nueva", data=filled(people.MAIN, nonce="b" * 32)).status_code == 422


# --- personal -------------------------------------------------------------------------------------------------------------

def test_a_servant_asks_for_his_own_documents_without_a_petition(sign_in, look):
    servant = sign_in("servidor@demo.gob.ec")
    doc = page(servant.get("/personales/nueva"))
    assert people.SERVANT.cedula in text_of(doc) and "Seleccionar Documento" not in text_of(doc)
    answer = servant.post("/personales/nueva", data={"cuenta_id": value(doc, "cuenta_id")[0], **RANGE, "nonce": value(doc, "nonce")[0], "accion": "enviar"})
    assert (answer.status_code, answer.location) == (303, "/solicitudes/1")
    assert row(look, 1, "estado", "documento_codi") == (Estado.ENVIADA, None)
    assert "000001" in text_of(page(servant.get("/personales")))


def test_the_personal_estimate_is_of_the_own_accounts_alone(sign_in, id_of):
    servant = sign_in("servidor@demo.gob.ec")
    doc = estimate(servant, clase="personal", cuenta_id=id_of(people.SERVANT), desde="2021-01-01", hasta="2026-11-18")
    assert doc.xpath(".//p[@class='big']")
    doc = estimate(servant, clase="personal", cuenta_id=id_of(people.MAIN), **RANGE)
    assert "Complete los datos" in text_of(doc)
    assert "Complete los datos" in text_of(estimate(servant, cuenta_id=id_of(people.MAIN), **RANGE))


def test_nobody_asks_personally_for_another_account(sign_in, id_of, count):
    servant = sign_in("servidor@demo.gob.ec")
    doc = page(servant.post("/personales/nueva", data={"cuenta_id": id_of(people.MAIN), **RANGE, "accion": "enviar"}), 422)
    assert "Seleccione una de sus cuentas." in text_of(doc) and count() == (0, 0)
    assert value(doc, "desde") == [RANGE["desde"]]


def test_who_has_several_accounts_chooses_one(sign_in, look, id_of):
    def second():
        own = db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == people.SERVANT.codi))
        db.session.add(Cuenta(quipux_codi="77103", cedula=own.cedula, nombre=own.nombre, apellido=own.apellido, puesto="Bibliotecario",
                              activa=False, institucion_id=own.institucion_id))
        db.session.commit()
    look(second)
    servant = sign_in("servidor@demo.gob.ec")
    doc = page(servant.get("/personales/nueva"))
    assert len(doc.xpath("//input[@type='radio'][@name='cuenta_id']")) == 2 and not doc.xpath("//input[@type='radio'][@checked]")
    doc = page(servant.post("/personales/nueva", data={**RANGE, "accion": "guardar"}), 422)
    assert "Seleccione su cuenta." in text_of(doc)
    doc = page(servant.post("/personales/nueva", data={**RANGE, "cuenta_id": id_of(people.SERVANT), "desde": "", "accion": "enviar"}), 422)
    assert [r.get("value") for r in doc.xpath("//input[@type='radio'][@checked]")] == [str(id_of(people.SERVANT))]


def test_a_personal_draft_is_its_owner_s_alone(sign_in, aiq, id_of, look):
    servant = sign_in("servidor@demo.gob.ec")
    answer = servant.post("/personales/nueva", data={"cuenta_id": id_of(people.SERVANT), "accion": "guardar"})
    assert (answer.status_code, answer.location) == (303, "/personales")
    page(servant.get("/solicitudes/1/editar"))
    assert aiq.get("/solicitudes/1/editar").status_code == 403
    assert aiq.post("/solicitudes/1/eliminar").status_code == 403
    assert servant.post("/solicitudes/1/eliminar").location == "/personales"
    assert row(look, 1, "oculta") == (True,)
