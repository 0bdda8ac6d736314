"""Change of AIQ on screen: every page read strictly, the steps played by their people, and the hour with a live download."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import openpyxl
import pytest
from lxml import html as parser
from sqlalchemy import event, select

from extensions import db
from jobs import sweeps
from models import CambioAIQ, Cargo, Correo, Institucion, Nombramiento, Solicitud, Usuario
from rules.processes import Paso
from services import clock, relevo, runs
from sources import demo_people
from tests import changing as flow
from tests import making, pdfs
from tests.blueprints.solicitud_cases import context
from tests.blueprints.strict import assert_fragment, assert_page
from tests.conftest import NOW

AIQ, BACKUP, SERVANT, SGE, OTHER = "aiq@demo.gob.ec", "respaldo@demo.gob.ec", "servidor@demo.gob.ec", "sge@demo.gob.ec", "aiq@otra.gob.ec"
DATA = {"nombres": "Luis Alberto Tituaña Anrango", "cedula": demo_people.SERVANT.cedula, "cargo": "Analista de Bibliotecas 1", "correo": SERVANT,
        "telefono": "02 399 8000", "extension": "221", "celular": "0991234567"}
REQUEST = {"solicitante": "autoridad", "solicitante_nombre": "Mónica Espín, Directora", "oficio_numero": "SNBAP-DE-2026-0877-O",
           "oficio_recibido": "2026-11-18", "fecha_efectiva": "2026-11-27"}


def page(client, url: str, status: int = 200) -> str:
    answer = client.get(url)
    html = answer.get_data(as_text=True)
    assert answer.status_code == status, html[:2000]
    assert_page(html)
    return html


def post(client, url: str, status: int = 303, **data):
    answer = client.post(url, data=data, content_type="multipart/form-data" if any(isinstance(v, tuple) for v in data.values()) else None)
    html = answer.get_data(as_text=True)
    assert answer.status_code == status, html[:3000]
    if status in (409, 422):
        assert_page(html)
    return html if status != 303 else answer.headers["Location"]


def pdf(name: str = "oficio.pdf"):
    return (io.BytesIO(pdfs.plain()), name)


def place_id(app) -> int:
    with app.app_context():
        return db.session.scalar(select(Institucion.id).where(Institucion.quipux_codi == demo_people.SNBAP))


def made(app, build) -> int:
    """The number of a change that `build` (of the service tests) brought somewhere."""
    with app.app_context():
        return build().id


def test_the_whole_process_from_the_first_form_to_the_registration(app, aiq, sge, sign_in):
    new = sign_in(SERVANT)
    assert "Mi proceso" not in page(new, "/")
    page(aiq, "/cambios")
    form = aiq.get("/cambios/nuevo").headers["Location"]
    page(aiq, form)
    wrong = post(aiq, form, 422, **DATA | {"cedula": "1712345678", "celular": "1"})
    assert "La cédula no es válida" in wrong and DATA["cargo"] in wrong
    url = post(aiq, form, **DATA)
    assert "Nuevo usuario" in page(aiq, url)
    page(aiq, f"{url}/datos")
    # The designated AIQ sees the own process and nothing else of the institution.
    assert "Mi proceso" in page(new, "/") and new.get("/mi-proceso").headers["Location"] == url
    page(new, url)
    for closed in ("/cambios", "/registro-aiq", f"{url}/solicitud", f"{url}/datos"):
        assert new.get(closed).status_code == 403, closed

    assert "27 de noviembre de 2026" in page(sge, f"{url}/solicitud")
    early = post(sge, f"{url}/solicitud", 422, oficio=pdf(), version="1", **REQUEST | {"fecha_efectiva": "2026-11-26"})
    assert "27 de noviembre de 2026" in early and "SNBAP-DE-2026-0877-O" in early
    assert "es obligatorio adjuntar" in post(sge, f"{url}/solicitud", 422, oficio=pdf(), version="1", **REQUEST | {"solicitante": "delegado"})
    post(sge, f"{url}/solicitud", oficio=pdf(), delegacion=pdf("delegacion.pdf"), version="1", **REQUEST | {"solicitante": "delegado"})
    assert "delegacion.pdf" in page(sge, url) and "Sin firma electrónica" in page(sge, url)

    post(sge, f"{url}/capacitacion", 422, fecha="2026-11-18", materia="entrada", horas="doce", capacitador="SGE")
    assert "Falta cubrir" in post(sge, f"{url}/ambiente", 422)
    for materia in ("entrada", "salida", "administracion"):
        post(sge, f"{url}/capacitacion", fecha="2026-11-18", materia=materia, horas="4", capacitador="SGE")
    assert "Antes del registro falta" in post(sge, f"{url}/registrar", 422, version="99")
    post(sge, f"{url}/ambiente")
    assert re.search(r"<button[^>]*disabled>.*?Informar cumplimiento", page(new, url), re.S)
    with app.app_context():
        lines = [a.orden for a in db.session.get(CambioAIQ, int(url.rsplit("/", 1)[1])).actividades]
    page(new, f"{url}/actividades/1")
    post(new, f"{url}/actividades/1", 422, nota=" ")
    post(new, f"{url}/actividades/1", evidencia=pdf("evidencia.pdf"))
    for orden in lines[1:]:
        post(new, f"{url}/actividades/{orden}", nota="Hecho")
    assert aiq.post(f"{url}/informar").status_code == 403
    assert "responsabilidades" in post(new, f"{url}/informar", 422)
    post(new, f"{url}/responsabilidades", 422)
    post(new, f"{url}/responsabilidades", acepto="1")
    post(new, f"{url}/informar")
    html = page(sge, url)
    assert "27 nov 2026, 00:00" in html
    version = re.search(r'name="version" value="(\d+)"', html).group(1)
    post(sge, f"{url}/observar", 422, observaciones="")
    post(sge, f"{url}/registrar", 409, version="1")
    post(sge, f"{url}/registrar", version=version)
    assert "Adelantar la hora efectiva" in page(sge, url)
    assert "Ingrese una fecha y hora anterior" in post(sge, f"{url}/adelantar", 422, hora="2027-01-01T00:00", motivo_hora="Urgente")
    page(new, url)
    page(sge, "/cambios?estado=registrada&q=snbap")


def test_the_hour_with_a_live_download(app, sign_in):
    """One second before, the outgoing downloads and the incoming finds nothing; at the hour, the reverse. The reminder of
    the third day goes to the new one."""
    with app.app_context():
        number = making.produced(making.approved())
        part = runs.data_parts(runs.latest(db.session.get(Solicitud, number)))[0]
        url = f"/descargas/{part.id}/{part.nombre_independiente or part.nombre}"
        row = flow.registered(fecha_efectiva=(NOW + timedelta(days=2)).date(), motivo="Desvinculación")
        hour = row.hora_efectiva
    with clock.frozen(hour - timedelta(seconds=1)):
        old, new = sign_in(AIQ), sign_in(SERVANT)
        assert old.get(url, headers={"Range": "bytes=0-9"}).status_code == 206
        assert new.get(url).status_code == 404 and new.get(f"/solicitudes/{number}").status_code == 404
    with clock.frozen(hour):
        assert old.get(url, headers={"Range": "bytes=10-19"}).status_code == 404, "the same session, the same URL"
        assert old.get(f"/solicitudes/{number}").status_code == 404 and old.get("/cambios").status_code == 403
        assert new.get(url).status_code == 200
        page(new, "/solicitudes")
        page(new, "/solicitudes/por-enviar")
        page(new, f"/cambios/{row_id(app)}")
        assert old.get(f"/cambios/{row_id(app)}").status_code == 404
    with clock.frozen(NOW + timedelta(days=3)), app.app_context():
        sweeps.reminders()
        told = set(db.session.scalars(select(Correo.para).where(Correo.plantilla == "recordatorio")))
        assert told == {SERVANT, BACKUP}


def row_id(app) -> int:
    with app.app_context():
        return db.session.scalar(select(CambioAIQ.id))


def test_a_foreign_institution_finds_nothing(app, sign_in):
    number, inst = made(app, flow.started), place_id(app)
    other = sign_in(OTHER)
    for url in (f"/cambios/{number}", f"/cambios/{number}/datos", f"/instituciones/{inst}/cambio-aiq", f"/instituciones/{inst}/aiq-backup",
                "/cambios/999999", "/nombramientos/2/terminar"):
        assert other.get(url).status_code == 404, url
    assert other.post(f"/cambios/{number}/anular", data={"motivo": "x"}).status_code == 404
    assert other.get("/registro-aiq").status_code == 403


def test_the_backup_is_named_and_ended_by_the_principal(app, aiq, sign_in):
    inst = place_id(app)
    url = f"/instituciones/{inst}/aiq-backup"
    assert sign_in(BACKUP).get(url).status_code == 404
    page(aiq, url)
    assert "Escriba el correo" in post(aiq, url, 422, **DATA)
    post(aiq, url, jefe="jefa@demo.gob.ec", **DATA)
    html = page(aiq, "/cambios")
    assert "Tituaña" in html
    with app.app_context():
        office = db.session.scalar(select(Nombramiento.id).where(Nombramiento.cargo == Cargo.AIQ_BACKUP).order_by(Nombramiento.id.desc()))
    page(aiq, f"/nombramientos/{office}/terminar")
    post(aiq, f"/nombramientos/{office}/terminar", 422)
    with clock.frozen(NOW + timedelta(minutes=5)):
        post(aiq, f"/nombramientos/{office}/terminar", jefe="jefa@demo.gob.ec")
    with clock.frozen(NOW + timedelta(minutes=6)):
        assert "Tituaña" not in page(aiq, "/cambios")


def test_without_backup_the_page_warns_and_the_sge_ends_with_a_reason(app, aiq, sge):
    with app.app_context():
        office = db.session.scalar(select(Nombramiento.id).where(Nombramiento.cargo == Cargo.AIQ_BACKUP))
    assert "Sin AIQ backup" not in page(aiq, "/cambios")
    page(sge, f"/nombramientos/{office}/terminar")
    post(sge, f"/nombramientos/{office}/terminar", 422)
    post(sge, f"/nombramientos/{office}/terminar", motivo="Renunció")
    assert "Sin AIQ backup" in page(aiq, "/cambios")


def test_the_register_on_screen_and_as_a_spreadsheet(app, sge):
    assert "Chicaiza" in page(sge, "/registro-aiq?q=snbap&fecha=2026-11-18")
    assert "Ningún nombramiento" in page(sge, "/registro-aiq?fecha=2019-01-01")
    page(sge, "/registro-aiq?fecha=ayer", 422)
    answer = sge.get("/registro-aiq/exportar.xlsx?q=snbap")
    assert answer.mimetype.endswith("spreadsheetml.sheet")
    assert openpyxl.load_workbook(io.BytesIO(answer.data)).active.max_row == 3


@pytest.mark.parametrize(("build", "shown"), [
    (lambda: flow.trained(flow.requested(flow.started())), "Plazo vencido"), (flow.ready, "Por registrar"), (flow.registered, "Registrada"),
])  # fmt: skip
def test_every_state_is_read_strictly_by_everybody(app, sign_in, at, build, shown):
    number = made(app, build)
    with at(days=7):
        for correo in (SGE, AIQ, SERVANT):
            assert shown in page(sign_in(correo), f"/cambios/{number}")
        page(sign_in(SGE), "/cambios?estado=vencidos")


def test_cancelled(app, aiq):
    number = made(app, flow.started)
    post(aiq, f"/cambios/{number}/anular", 422, motivo="")
    post(aiq, f"/cambios/{number}/anular", motivo="La autoridad desistió")
    assert "Anulada" in page(aiq, f"/cambios/{number}")


def test_registration_needs_a_route_of_the_sge(app, aiq):
    number = made(app, flow.ready)
    for step in ("registrar", "observar", "capacitacion", "ambiente", "adelantar"):
        assert aiq.post(f"/cambios/{number}/{step}").status_code == 403, step
    with app.app_context():
        assert relevo.missing(db.session.get(CambioAIQ, number)) == []


def test_an_institution_without_aiq_is_a_red_alert_and_the_sge_acts_for_it(app, sge):
    inst = place_id(app)
    assert "sin AIQ activo" not in page(sge, "/cambios")
    assert sge.get(f"/instituciones/{inst}/cambio-aiq").status_code == 409
    with app.app_context():
        for person in (demo_people.AIQ_PRINCIPAL, demo_people.AIQ_BACKUP):
            making.cuenta(person).activa = False
        db.session.commit()
    assert "1 institución sin AIQ activo" in page(sge, "/cambios")
    page(sge, f"/instituciones/{inst}/cambio-aiq")
    page(sge, post(sge, f"/instituciones/{inst}/cambio-aiq", **DATA))
    assert "ya tiene un cambio de AIQ en curso" in page(sge, "/cambios")


def statements(app, client, url: str) -> int:
    """How many questions the page asks the database."""
    seen = []

    def listener(*args):
        seen.append(args[2])

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", listener)
    try:
        page(client, url)
    finally:
        event.remove(engine, "before_cursor_execute", listener)
    return len(seen)


def abandoned(number: int, begun: bool) -> None:
    """An institution whose only AIQ has left; with `begun`, a change is being prepared there."""
    person, now = db.session.scalar(select(Usuario)), clock.now()
    place = Institucion(nombre=f"Abandonada {number:02}", sigla=f"A{number:02}")
    ended = {"desde": now - timedelta(days=9), "hasta": now - timedelta(days=1)}
    db.session.add(Nombramiento(usuario=person, institucion=place, cargo=Cargo.AIQ_PRINCIPAL, **ended))
    db.session.flush()
    if begun:
        people = {"entrante_id": person.id, "preparado_por_id": person.id}
        db.session.add(CambioAIQ(estado=Paso.PREPARACION, institucion_id=place.id, creado_en=now, **people))


def test_the_alert_names_twenty_institutions_and_costs_as_much_as_one(app, sge):
    with context(app):
        abandoned(0, begun=True)
    one = statements(app, sge, "/cambios")
    with context(app):
        for number in range(1, 31):
            abandoned(number, begun=number < 15)
    # One question more: how many there are beyond the twenty.
    assert statements(app, sge, "/cambios") == one + 1
    html = page(sge, "/cambios")
    assert "31 instituciones sin AIQ activo" in html and "Se muestran 20 de 31" in html and 'href="/instituciones"' in html
    assert html.count("preparar un cambio de AIQ") == 16, "those for which nobody has begun one come first"
    assert len(re.findall(r"<li>Abandonada \d\d: ", html)) == 20 and html.count("ya tiene un cambio de AIQ en curso") == 4


def test_an_aiq_of_many_institutions_asks_as_much_as_of_one(app, sign_in):
    client = sign_in(AIQ)
    one = statements(app, client, "/cambios")
    with context(app):
        person = db.session.scalar(select(Usuario).where(Usuario.correo == AIQ))
        for n in range(5):
            place = Institucion(nombre=f"Otra {n}", sigla=f"O{n}")
            since = clock.now() - timedelta(days=1)
            db.session.add(Nombramiento(usuario=person, institucion=place, cargo=Cargo.AIQ_PRINCIPAL, desde=since))
    assert statements(app, client, "/cambios") == one
    html = page(client, "/cambios")
    assert html.count("Sin AIQ backup") == 5 and html.count("Preparar un cambio de AIQ") == 6


def test_the_sge_extends_a_plazo_on_the_page_and_what_is_wrong_stays_beside_its_field(app, sign_in):
    number = made(app, lambda: flow.trained(flow.requested(flow.started())))
    sge = sign_in(SGE)
    url = f"/cambios/{number}/ampliar"
    answer = sge.post(url, data={"dias": "99", "motivo_plazo": "Feriado local"})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "de 1 a 30" in text and "Feriado local" in text
    assert_page(text)
    assert sge.post(url, data={"dias": "2", "motivo_plazo": " "}).status_code == 422
    assert sign_in(AIQ).post(url, data={"dias": "2", "motivo_plazo": "Feriado"}).status_code == 403
    assert sge.post(url, data={"dias": "2", "motivo_plazo": "Feriado local"}).status_code == 303
    assert "Plazo ampliado" in page(sge, f"/cambios/{number}")


def test_the_sge_withdraws_a_session_of_the_training(app, sign_in):
    number = made(app, lambda: flow.requested(flow.started()))
    sge, url = sign_in(SGE), f"/cambios/{number}"
    post(sge, f"{url}/capacitacion", fecha="2026-11-18", materia="entrada", horas="4,5", capacitador="Iván")
    (link,) = re.findall(r'href="([^"]+/retirar)"', page(sge, url))
    assert "Bandeja de entrada" in page(sge, link)
    assert "Escriba el motivo del retiro" in post(sge, link, 422, motivo="")
    # The institution's own AIQ sees the session and does not touch it; for another's, the change does not exist.
    aiq = sign_in(AIQ)
    assert "4,5 h" in page(aiq, url) and "/retirar" not in page(aiq, url)
    assert (aiq.post(link, data={"motivo": "x"}).status_code, sign_in(OTHER).post(link, data={"motivo": "x"}).status_code) == (403, 404)
    assert post(sge, link, motivo="Fue en otro cambio") == url
    html = page(aiq, url)
    assert "0 de 12 h" in html and "Sesión de capacitación retirada" in html and "Motivo: Fue en otro cambio" in html
    assert sge.post(link, data={"motivo": "otra vez"}).status_code == 409
    assert sge.get(f"/cambios/{number}/sesiones/99/retirar").status_code == 404


def test_every_step_of_a_change_has_its_words():
    from blueprints.cambios.labels import STEP
    from rules.processes import CHANGE, Step

    assert {*CHANGE, Step.CREATE} <= set(STEP), "add the label in blueprints/cambios/labels.py"


def test_the_list_is_paged_by_cursor_and_keeps_its_filters(app, sign_in):
    with context(app):
        place, author = db.session.scalar(select(Institucion)), db.session.scalar(select(Usuario))
        place.nombre = "Institución Ñandú"
        db.session.add_all(CambioAIQ(estado=Paso.ANULADA, institucion_id=place.id, entrante_id=author.id, preparado_por_id=author.id, creado_en=clock.now()) for _ in range(45))
    client, seen, path = sign_in(SGE), [], "/cambios?q=nandu&estado=anulada"
    while path:
        doc = parser.document_fromstring(page(client, path))
        seen += [int(a.text) for a in doc.xpath("//table//th[@scope='row']/a")]
        following = doc.xpath("//a[@rel='next']/@href")
        path = following[0] if following else ""
        assert not path or ("q=nandu" in path and "cursor=" in path)
    assert len(seen) == len(set(seen)) == 45 and seen == sorted(seen, reverse=True)
    fragment = client.get("/cambios?estado=anulada", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert_fragment(fragment)
    assert 'id="resultados"' in fragment
    for odd in ("cursor=x", "estado=%00", "q=%25", "pagina=-1"):
        page(client, f"/cambios?{odd}")
