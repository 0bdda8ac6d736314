"""Pages of the institutions and of their implantación, as the SGE, the designated AIQ and strangers get them."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from lxml import html as parser
from sqlalchemy import select

from extensions import db
from models import Correo, Cuenta, Implantacion, Institucion, Nombramiento, Orientacion
from rules.processes import Etapa
from services import clock, demo, implantaciones, mirror, processes, signin
from services.adapters import quipux
from sources import demo_people
from tests.blueprints.strict import assert_fragment, assert_page, text_of
from tests.making import actor
from tests.pdfs import plain
from tests.services import test_implantaciones as made

OVER = datetime(2026, 11, 26, 5, 0, tzinfo=UTC)
MAIL = "sisa@colsa.demo.gob.ec"


def form(**changes) -> dict:
    values = {name: getattr(made.GOOD, name) for name in made.GOOD.__slots__} | {"oficio_recibido": "2026-11-10"}
    return values | {"aiq_cedula": made.GOOD.aiq_cedula, "oficio": (io.BytesIO(plain()), "oficio.pdf")} | changes


def process(app, how, **values) -> int:
    """An implantación at the stage that `how` of the service tests brings it to; the designated AIQ has a password."""
    with app.app_context():
        row = how(actor("sge@demo.gob.ec"), **values)
        if row.usuario and row.usuario.clave_hash is None:
            signin.set_password(row.usuario, demo.PASSWORD)
            db.session.commit()
        return row.id


def read(app, row_id: int, what):
    with app.app_context():
        return what(db.session.get(Implantacion, row_id))


def page(client, url: str, status: int = 200):
    answer = client.get(url)
    assert answer.status_code == status, answer.get_data(as_text=True)[:500]
    html = answer.get_data(as_text=True)
    assert_page(html)
    return parser.document_fromstring(html)


def says(answer, status: int) -> str:
    assert answer.status_code == status
    html = answer.get_data(as_text=True)
    assert_page(html)
    return text_of(parser.document_fromstring(html).find(".//main"))


# The list and the file card -------------------------------------------------------------------------------------------


def test_the_list_finds_by_name_sigla_and_ruc_and_filters_by_stage(app, sge):
    process(app, made.opened)
    with app.app_context():
        everybody = [i.nombre for i in db.session.scalars(select(Institucion))]
        ruc = db.session.scalar(select(Institucion.ruc).where(Institucion.quipux_codi == "10"))
    rows = [text_of(a) for a in page(sge, "/instituciones").findall(".//tbody//th/a")]
    assert sorted(rows) == sorted([*everybody, made.GOOD.nombre])
    for q, found in (("lenguas ANCES", 1), ("COLSA", 1), (ruc[:9], 1), ("zzzz", 0), ("%", 0)):
        assert len(page(sge, f"/instituciones?q={q.replace('%', '%25')}").findall(".//tbody/tr")) == found, q
    for etapa, found in (("ambiente", 1), ("revision", 0), ("produccion", len(everybody))):
        assert len(page(sge, f"/instituciones?etapa={etapa}").findall(".//tbody/tr")) == found, etapa
    assert "Elija una opción de la lista" in text_of(page(sge, "/instituciones?etapa=inventada", 422).find(".//main"))
    with clock.frozen(OVER):
        client = app.test_client()
        client.post("/ingresar", data={"usuario": "sge@demo.gob.ec", "clave": demo.PASSWORD})
        assert len(page(client, "/instituciones?etapa=suspendida").findall(".//tbody/tr")) == 1, "no sweep has passed"
    assert_fragment(sge.get("/instituciones?orden=-etapa", headers={"HX-Request": "true"}).get_data(as_text=True))


def test_the_list_names_the_aiqs_and_alerts_where_there_is_none(app, sge):
    with app.app_context():
        db.session.add(Institucion(nombre="Sin nadie", sigla="SN"))
        db.session.commit()
    text = {text_of(tr.find("th/a")): text_of(tr) for tr in page(sge, "/instituciones").findall(".//tbody/tr")}
    assert "Sin AIQ activo" in text["Sin nadie"]
    assert any("Sin AIQ activo" not in row for row in text.values())


def test_the_file_card_shows_offices_areas_and_alerts(app, sge):
    with app.app_context():
        main = db.session.scalar(select(Institucion).where(Institucion.quipux_codi == "10"))
        main_id, ids = main.id, db.session.scalars(select(Nombramiento.id).where(Nombramiento.institucion_id == main.id)).all()
    doc = page(sge, f"/instituciones/{main_id}")
    assert len(doc.findall(".//table")) == 2 and f"/solicitudes?institucion={main_id}" in parser.tostring(doc).decode()
    text = text_of(doc.find(".//main"))
    assert "AIQ principal" in text and "AIQ backup" in text and "no tiene" not in text
    with app.app_context():
        for office in db.session.scalars(select(Nombramiento).where(Nombramiento.id.in_(ids), Nombramiento.cargo == "aiq_backup")):
            office.hasta = clock.now()
        db.session.commit()
    assert "no tiene AIQ backup" in text_of(page(sge, f"/instituciones/{main_id}").find(".//main"))
    with app.app_context():
        for office in db.session.scalars(select(Nombramiento).where(Nombramiento.id.in_(ids))):
            office.usuario.habilitado = False
        db.session.commit()
    assert "no tiene un AIQ activo" in text_of(page(sge, f"/instituciones/{main_id}").find(".//main"))
    page(sge, "/instituciones/999999", 404)


def registered_here(app, codi: str) -> tuple[int, int]:
    """(id of an institution registered here with the RUC of one that came from Quipux, id of that one)."""
    with app.app_context():
        known = db.session.scalar(select(Institucion).where(Institucion.quipux_codi == codi))
        here = Institucion(nombre="Registrada en el sitio", ruc=known.ruc, sigla="REGSI", direccion="Calle Larga, Cuenca")
        db.session.add(here)
        db.session.commit()
        return here.id, known.id


def test_an_institution_registered_here_is_linked_when_quipux_brings_it(app, sge, aiq):
    here, known = registered_here(app, demo_people.STAH)
    with app.app_context():
        accounts = set(db.session.scalars(select(Cuenta.id).where(Cuenta.institucion_id == known)))
        name = db.session.get(Institucion, known).nombre
    assert accounts
    assert aiq.post(f"/instituciones/{here}/vincular", data={"quipux": known}).status_code in (403, 404)
    assert "Vincular con Quipux" in text_of(page(sge, f"/instituciones/{here}"))
    for wrong in ("", here, "999999", "x"):
        refused = sge.post(f"/instituciones/{here}/vincular", data={"quipux": wrong})
        assert "Elija una de las instituciones" in says(refused, 422)
        assert 'href="#quipux-0"' in refused.get_data(as_text=True) and "<title>Error: " in refused.get_data(as_text=True)
    assert sge.post(f"/instituciones/{here}/vincular", data={"quipux": known}).location == f"/instituciones/{here}"
    text = text_of(page(sge, f"/instituciones/{here}").find(".//main"))
    assert name in text and "Calle Larga, Cuenca" in text and "Sin vincular" not in text and "Vincular con Quipux" not in text
    with app.app_context():
        mirror.refresh(quipux())  # the next refresh finds the code where it is now
        assert db.session.get(Institucion, known) is None and db.session.get(Institucion, here).quipux_codi == demo_people.STAH
        assert set(db.session.scalars(select(Cuenta.id).where(Cuenta.institucion_id == here))) == accounts
    assert "Elija una de" in says(sge.post(f"/instituciones/{here}/vincular", data={"quipux": known}), 422), "a second click"


def test_an_institution_that_is_already_in_use_is_not_taken_over(app, sge):
    here, known = registered_here(app, demo_people.IEPH)
    assert "ya tiene AIQ, solicitudes o procesos" in says(sge.post(f"/instituciones/{here}/vincular", data={"quipux": known}), 422)
    with app.app_context():
        assert db.session.get(Institucion, here).quipux_codi is None and db.session.get(Institucion, known).quipux_codi == demo_people.IEPH


# Registration ---------------------------------------------------------------------------------------------------------


def test_the_first_question(app, sge):
    page(sge, "/instituciones/registrar")
    assert "Indique si la institución" in says(sge.post("/instituciones/registrar", data={}), 422)
    assert "Escriba el nombre" in says(sge.post("/instituciones/registrar", data={"pertenece": "no", "contacto": "Ana"}), 422)
    assert sge.post("/instituciones/registrar", data={"pertenece": "si"}).location == "/instituciones/registrar/solicitud"
    answer = sge.post("/instituciones/registrar", data={"pertenece": "no", "institucion": "GAD Municipal"})
    assert answer.status_code == 303
    text = text_of(page(sge, answer.location).find(".//main"))
    assert "portal de software público MINKA" in text and "cuenta Ciudadana con Firma Electrónica" in text
    assert "1800- 637276" in text and "soporte@gobiernoelectronico.gob.ec" in text
    with app.app_context():
        assert db.session.scalar(select(Orientacion.institucion)) == "GAD Municipal" and not db.session.scalar(select(Implantacion.id))


def test_a_solicitud_is_registered_and_corrected(app, sge):
    page(sge, "/instituciones/registrar/solicitud")
    with app.app_context():
        cedula = made.free_cedula()
    answer = sge.post("/instituciones/registrar/solicitud", data=form(aiq_cedula=cedula, ruc="1760013220001"))
    assert answer.status_code == 303
    doc = page(sge, answer.location)
    assert "El dígito verificador del RUC no coincide" in text_of(doc), "accepted, but said"
    assert "Capacitación" in text_of(doc.find(".//li[@class='live']"))
    row_id = int(answer.location.rsplit("/", 1)[1])
    page(sge, f"{answer.location}/datos")
    change = {k: v for k, v in form(aiq_cedula=cedula, telefono="02 999 9999").items() if k != "oficio"}
    assert sge.post(f"{answer.location}/datos", data=change).status_code == 303
    assert read(app, row_id, lambda r: (r.telefono, r.ruc, r.oficio_id is not None)) == ("02 999 9999", made.GOOD.ruc, True)
    assert "Ingrese el cargo" in says(sge.post(f"{answer.location}/datos", data=change | {"aiq_cargo": ""}), 422)


def test_what_was_typed_is_kept_beside_its_message(app, sge):
    with app.app_context():
        taken = db.session.scalar(select(Institucion.ruc).where(Institucion.quipux_codi == "10"))
    answer = sge.post("/instituciones/registrar/solicitud", data=form(aiq_cedula="1713175072", ruc=taken, oficio=(io.BytesIO(b"MZ"), "x.pdf")))
    text = says(answer, 422)
    doc = parser.document_fromstring(answer.get_data(as_text=True))
    assert "La cédula no es válida" in text and "Ya existe una institución con ese RUC" in text
    assert doc.get_element_by_id("aiq_cedula").get("value") == "1713175072" and doc.get_element_by_id("nombre").get("value") == made.GOOD.nombre
    assert [a.get("href") for a in doc.findall(".//div[@role='alert']//a")] == ["#ruc", "#aiq_cedula"]


# The process ----------------------------------------------------------------------------------------------------------


def test_from_the_training_to_production(app, sge, sign_in):
    row_id = process(app, made.registered)
    url = f"/implantaciones/{row_id}"
    assert "disabled" in button(page(sge, url), "Crear accesos y enviar plantilla").attrib
    page(sge, f"{url}/certificado", 404)
    bad = says(sge.post(f"{url}/sesiones", data={"fecha": "2026-11-30", "materia": "salida", "horas": "13"}), 422)
    assert "posterior a hoy" in bad and "de media en media" in bad
    for materia, hours in (("entrada", "4"), ("salida", "2,5"), ("administracion", "5.5")):
        data = {"fecha": "2026-11-12", "materia": materia, "horas": hours, "capacitador": "Iván"}
        assert sge.post(f"{url}/sesiones", data=data).status_code == 303
    assert "12 horas" in text_of(page(sge, f"{url}/certificado"))
    assert "disabled" not in button(page(sge, url), "Crear accesos y enviar plantilla").attrib
    assert sge.post(f"{url}/ambiente").status_code == 303
    assert "cambió de estado" in says(sge.post(f"{url}/ambiente"), 409), "a second press is harmless"
    with app.app_context():
        link = db.session.scalar(select(Correo.texto).where(Correo.plantilla == "implantacion_ambiente")).split("/clave/")[1].split()[0]
        tasks = [a.id for a in db.session.get(Implantacion, row_id).actividades]
    page(sge, url)

    chosen = {"clave": demo.PASSWORD, "repetida": demo.PASSWORD}
    assert app.test_client().post(f"/clave/{link}", data=chosen).status_code == 303
    aiq = sign_in(MAIL)
    home = page(aiq, "/")
    assert "Mi implantación" in text_of(home.find(".//nav")) and "AIQ designado" in text_of(home)
    assert "Cumpla la plantilla de seguimiento" in text_of(home) and "Quedan 7 d" in text_of(home)
    assert aiq.get("/mi-implantacion").location == url
    doc = page(aiq, url)
    assert "Entregar los respaldos de documentación" in text_of(doc) and "disabled" in button(doc, "Informar cumplimiento").attrib
    assert "Marque la casilla" in says(aiq.post(f"{url}/responsabilidades"), 422)
    assert aiq.post(f"{url}/responsabilidades", data={"acepto": "1"}).status_code == 303
    assert "Escriba una nota" in says(aiq.post(f"{url}/actividades/{tasks[0]}", data={"nota": " "}), 422)
    evidence = {"evidencia": (io.BytesIO(plain()), "captura.pdf")}
    assert aiq.post(f"{url}/actividades/{tasks[0]}", data=evidence).status_code == 303
    assert "actividades" in says(aiq.post(f"{url}/informar"), 422)
    for task in tasks[1:]:
        assert aiq.post(f"{url}/actividades/{task}", data={"nota": "Hecho"}).status_code == 303
    doc = page(aiq, url)
    (seen,) = [a for a in doc.findall(".//a") if text_of(a) == "Evidencia"]
    assert aiq.get(seen.get("href")).status_code == 200 and "disabled" not in button(doc, "Informar cumplimiento").attrib
    assert aiq.post(f"{url}/informar").status_code == 303
    assert "plazo está detenido" in text_of(page(aiq, url))

    other = sign_in("sge2@demo.gob.ec")
    assert "Escriba las observaciones" in says(other.post(f"{url}/observaciones", data={}), 422)
    assert other.post(f"{url}/observaciones", data={"observaciones": "Falta el logotipo", "actividades": str(tasks[0])}).status_code == 303
    assert "Falta el logotipo" in text_of(page(aiq, url))
    assert aiq.post(f"{url}/actividades/{tasks[0]}", data={"nota": "Con logotipo"}).status_code == 303
    assert aiq.post(f"{url}/informar").status_code == 303
    assert "Elija la institución" in says(other.post(f"{url}/produccion", data={}), 422)
    page(other, url)
    assert other.post(f"{url}/produccion", data={"institucion": "nueva"}).status_code == 303
    assert "está en producción" in text_of(page(other, url))
    assert "Parametrización en producción" in text_of(page(aiq, url))
    last = read(app, row_id, lambda r: processes.pending(r, "produccion")[0].id)
    assert aiq.post(f"{url}/actividades/{last}", data={"nota": "Hecho"}).status_code == 303
    page(other, f"/instituciones/{read(app, row_id, lambda r: r.institucion_id)}")


def test_a_session_entered_by_mistake_is_withdrawn(app, sge, sign_in):
    row_id = process(app, made.registered)
    url = f"/implantaciones/{row_id}"
    for materia, hours in (("entrada", "4"), ("salida", "4"), ("administracion", "4")):
        sge.post(f"{url}/sesiones", data={"fecha": "2026-11-12", "materia": materia, "horas": hours, "capacitador": "Iván"})
    page(sge, f"{url}/certificado")
    (link, *others) = [a.get("href") for a in page(sge, url).xpath("//a[contains(@href, '/retirar')]")]
    assert len(others) == 2
    assert "Bandeja de entrada" in text_of(page(sge, link))
    bad = sge.post(link, data={"motivo": " "})
    assert "Escriba el motivo del retiro" in says(bad, 422)
    assert sign_in("aiq@demo.gob.ec").post(link, data={"motivo": "Ajena"}).status_code in {403, 404}
    assert sge.post(link, data={"motivo": "Se registró dos veces"}).location == url
    doc = page(sge, url)
    assert "8 de 12 horas" in text_of(doc) and "disabled" in button(doc, "Crear accesos y enviar plantilla").attrib
    assert "Sesión de capacitación retirada" in text_of(doc) and "Motivo: Se registró dos veces" in text_of(doc)
    page(sge, f"{url}/certificado", 404)
    for method in (sge.get, sge.post):
        assert "ya fue retirada" in says(method(link), 409)
    assert sge.get(f"{url}/sesiones/999/retirar").status_code == 404


def button(doc, text: str):
    return next(b for b in doc.findall(".//button") if text_of(b) == text)


def test_after_the_seventh_day_the_page_says_suspended_and_only_the_sge_resumes(app, sign_in):
    row_id = process(app, made.opened)
    url = f"/implantaciones/{row_id}"
    with clock.frozen(OVER):
        aiq, sge = sign_in(MAIL), sign_in("sge@demo.gob.ec")
        assert "El proceso está suspendido" in text_of(page(aiq, url))
        assert read(app, row_id, lambda r: r.estado) is Etapa.AMBIENTE, "reading writes nothing"
        task = read(app, row_id, lambda r: r.actividades[0].id)
        assert "suspendido" in says(aiq.post(f"{url}/actividades/{task}", data={"nota": "x"}), 409)
        assert read(app, row_id, lambda r: r.estado) is Etapa.SUSPENDIDA, "acting does"
        assert aiq.post(f"{url}/reanudar", data={"dias": "7", "motivo": "x"}).status_code == 403
        assert "de 1 a 30" in says(sge.post(f"{url}/reanudar", data={"dias": "31", "motivo": "x"}), 422)
        assert sge.post(f"{url}/reanudar", data={"dias": "3", "motivo": "Feriado"}).status_code == 303
        assert "Feriado" in text_of(page(aiq, url))


@pytest.mark.parametrize("who", ["aiq@demo.gob.ec", "servidor@demo.gob.ec"])
def test_a_stranger_finds_nothing(app, sign_in, who):
    row_id = process(app, made.opened)
    client = sign_in(who)
    page(client, f"/implantaciones/{row_id}", 404)
    page(client, "/mi-implantacion", 404)
    task = read(app, row_id, lambda r: r.actividades[0].id)
    for path in (f"actividades/{task}", "informar", "ambiente", "produccion", "anular", "reanudar", "observaciones", "responsabilidades"):
        assert client.post(f"/implantaciones/{row_id}/{path}", data={"nota": "x"}).status_code == 404, path
    for path in ("/instituciones", "/instituciones/registrar", "/instituciones/registrar/solicitud", "/plantillas/ambiente"):
        assert client.get(path).status_code == 403, path


def test_the_work_is_the_designated_aiqs_alone_and_the_decisions_the_sges(app, sge, sign_in):
    row_id = process(app, made.opened)
    url, aiq = f"/implantaciones/{row_id}", sign_in(MAIL)
    task = read(app, row_id, lambda r: r.actividades[0].id)
    for path in (f"actividades/{task}", "informar", "responsabilidades"):
        assert sge.post(f"{url}/{path}", data={"nota": "x", "acepto": "1"}).status_code == 403, path
    for path in ("sesiones", "ambiente", "observaciones", "produccion", "anular"):
        assert aiq.post(f"{url}/{path}").status_code == 403, path
    assert aiq.get(f"{url}/datos").status_code == 403
    with app.app_context():
        other = made.opened(
            actor("sge@demo.gob.ec"), ruc="1760001550001", sigla="OTRA", aiq_correo="otra@otra.demo.gob.ec", aiq_cedula=made.free_cedula(1)
        ).id
    page(aiq, f"/implantaciones/{other}", 404)
    theirs = read(app, other, lambda r: r.actividades[0].id)
    aiq.post(f"{url}/responsabilidades", data={"acepto": "1"})
    assert "no corresponde" in says(aiq.post(f"{url}/actividades/{theirs}", data={"nota": "x"}), 422)


def test_cancelling(app, sge):
    row_id = process(app, made.opened)
    url = f"/implantaciones/{row_id}"
    page(sge, f"{url}/anular")
    assert "Escriba el motivo" in says(sge.post(f"{url}/anular", data={}), 422)
    assert sge.post(f"{url}/anular", data={"motivo": "Desistió"}).status_code == 303
    assert "Desistió" in text_of(page(sge, url)) and read(app, row_id, implantaciones.effective) is Etapa.ANULADA
    page(sge, f"{url}/anular", 404)


def test_a_new_version_of_the_plantilla(app, sge):
    doc = page(sge, "/plantillas/ambiente")
    assert "Crear las áreas de la institución | Con su jerarquía" in doc.get_element_by_id("actividades").text
    page(sge, "/plantillas/produccion")
    assert "al menos una actividad" in says(sge.post("/plantillas/ambiente", data={"actividades": "\n | detalle"}), 422)
    assert sge.post("/plantillas/ambiente", data={"actividades": "Crear áreas | Con siglas\r\nFirmar"}).status_code == 303
    doc = page(sge, "/plantillas/ambiente")
    assert doc.get_element_by_id("actividades").text.strip() == "Crear áreas | Con siglas\nFirmar"
    with app.app_context():
        assert [p.version for p in implantaciones.template_versions("ambiente")] == [2, 1]
