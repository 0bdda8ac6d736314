"""Isolation of the institutions, at every address that names a row, and CSRF at every POST: both walk app.url_map, so that
an address added tomorrow is tried too."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest
from sqlalchemy import select

from extensions import db
from models import (
    Actividad, Adjunto, Aviso, CambioAIQ, Correo, CorreoEstado, Cuenta, Implantacion, Lote, Nombramiento, Orientacion, Parte, Sesion, Solicitud,
    Usuario, VistaGuardada,
)  # fmt: skip
from rules.lifecycle import Estado
from rules.processes import Etapa, Paso
from services import clock, spreadsheet
from sources import demo_people
from tests.blueprints import solicitud_cases as cases

# Addresses that name no institution's row: static files; a password link and a manager's link, which are themselves the
# proof (tests/services/test_signin.py, tests/blueprints/test_descargas.py); the outbox, which only the demo has.
OPEN = ("static", "acceso.set_password", "descargas.link", "correos.")


def rules(app, *, with_ids: bool, methods=("GET", "POST")):
    for rule in app.url_map.iter_rules():
        if bool(rule.arguments) is with_ids and not rule.endpoint.startswith(OPEN):
            yield from ((rule, method) for method in methods if method in rule.methods)


@pytest.fixture
def mine(app) -> list[dict[str, object]]:
    """Parameter → value of rows of the first institution, once around a generated request and once around a draft."""
    done, draft = cases.make(app, Estado.ATENDIDA), cases.make(app, Estado.BORRADOR, person=demo_people.LAWYER)
    with cases.context(app):
        at, author = clock.now(), cases.actor("aiq@demo.gob.ec").usuario_id
        here = db.session.get(Solicitud, done).institucion_id
        process = Implantacion(estado=Etapa.CAPACITACION, nombre="Nueva", institucion_id=here, responsable_id=author, creada_en=at)
        change = CambioAIQ(estado=next(iter(Paso)), institucion_id=here, preparado_por_id=author, creado_en=at)
        file = Adjunto(institucion_id=here, clave="adjuntos/x.pdf", nombre="x.pdf", bytes=1, sha256="a" * 64,
                       subido_por_id=author, subido_en=at)
        notice = Aviso(institucion_id=here, titulo="Uno", texto="Dos", desde=date(2026, 11, 1), hasta=date(2026, 12, 1), autor_id=author, creado_en=at)
        given = Orientacion(institucion="Otra", registrada_por_id=author, en=at)
        mail = Correo(clave="una", plantilla="lista", para="aiq@demo.gob.ec", asunto="x", texto="", html="", estado=CorreoEstado.FALLIDO, creado_en=at)
        bulk = Lote(clave="una", creado_por_id=author, creado_en=at)
        view = VistaGuardada(usuario_id=author, pagina="solicitudes", nombre="Ñauñay", consulta="nombre=naunay", creada_en=at)
        db.session.add_all([process, change, file, notice, given, mail, bulk, view])
        db.session.flush()
        activity = Actividad(implantacion_id=process.id, lista="ambiente", orden=1, titulo="Una")
        lesson = Sesion(implantacion_id=process.id, fecha=date(2026, 11, 1), materia="entrada", horas=4, capacitador="x", registrada_por_id=author)
        db.session.add_all([activity, lesson])
        db.session.flush()
        part = db.session.scalar(select(Parte).order_by(Parte.id))
        account = db.session.scalar(select(Cuenta).where(Cuenta.institucion_id == here, Cuenta.activa))
        office = db.session.scalar(select(Nombramiento).where(Nombramiento.institucion_id == here))
        rows = {
            "solicitud_id": done, "parte_id": part.id, "nombre": part.nombre, "pagina": 1, "institucion_id": here,
            "implantacion_id": process.id, "cambio_id": change.id, "adjunto_id": file.id, "aviso_id": notice.id, "orientacion_id": given.id,
            "actividad_id": activity.id, "sesion_id": lesson.id, "orden": 1, "cuenta_id": account.id, "nombramiento_id": office.id, "tipo": "ambiente",
            "usuario_id": author, "correo_id": mail.id, "lote_id": bulk.id, "vista_id": view.id,
        }
    return [rows, rows | {"solicitud_id": draft}]


def addresses(app, mine):
    """(method, address) of every rule that names a row, filled with rows of the first institution."""
    for rule, method in rules(app, with_ids=True):
        unknown = rule.arguments - set(mine[0])
        assert not unknown, f"{rule.rule}: give the fixture `mine` a row of the first institution for {sorted(unknown)}"
        seen = set()
        with app.test_request_context():
            for rows in mine:
                seen.add(app.url_map.bind("localhost").build(rule.endpoint, {k: rows[k] for k in rule.arguments}, method=method))
        yield from ((method, address) for address in sorted(seen))


def changed(app) -> dict[str, object]:
    with cases.context(app):
        rows = {f"solicitud {s.id}": (s.estado, s.version) for s in db.session.scalars(select(Solicitud))}
        rows |= {f"cambio {c.id}": (c.estado, c.version) for c in db.session.scalars(select(CambioAIQ))}
        rows |= {f"implantacion {i.id}": (i.estado, i.version) for i in db.session.scalars(select(Implantacion))}
        rows |= {f"nombramiento {n.id}": n.hasta for n in db.session.scalars(select(Nombramiento))}
        return rows | {f"usuario {u.id}": (u.habilitado, u.sesion) for u in db.session.scalars(select(Usuario))}


@pytest.mark.parametrize("correo", ["aiq@otra.gob.ec", "servidor@demo.gob.ec"])
def test_rows_of_another_institution_do_not_exist_at_any_address(app, sign_in, mine, correo):
    client, before = sign_in(correo), changed(app)
    for method, address in addresses(app, mine):
        for headers in ({}, {"HX-Request": "true"}):
            answer = client.open(address, method=method, headers=headers)
            assert answer.status_code in {403, 404}, f"{method} {address} answered {answer.status_code} to {correo}"
            assert b"\xc3\x91au\xc3\xb1ay" not in answer.data, f"{method} {address} names the person"
    assert changed(app) == before


# Searches and lists with what a stranger might try in them; every other address without a number is tried too (below).
LISTS = [
    "/solicitudes?inicio=&fin=&nombre=naunay", "/solicitudes?inicio=&fin=", "/solicitudes?q=naunay", "/solicitudes?nro={n}", "/solicitudes?q={n}",
    "/solicitudes?inicio=&fin=&institucion={i}", "/solicitudes?vista=vencen-48h", "/solicitudes?vista=sin-abrir", "/solicitudes?vista=sin-acta",
    "/solicitudes?vista=con-novedades", "/solicitudes?vista=atrasadas", "/solicitudes/exportar.csv?inicio=&fin=", "/solicitudes/exportar.csv?q={n}",
    "/solicitudes/vistas", "/buscar?q=naunay", "/buscar?q={n}", "/buscar?q={c}", "/usuarios", "/usuarios?nombre=naunay", "/usuarios?nombre={c}&institucion={i}",
    "/solicitudes/servidores?servidor_q=naunay", "/solicitudes/servidores?servidor_q={c}", "/solicitudes/por-enviar", "/instituciones?q=demo", "/cambios",
    "/solicitudes/exportar.xlsx?inicio=&fin=", "/solicitudes/exportar.xlsx?inicio=&fin=&institucion={i}",
    "/usuarios/exportar.csv", "/usuarios/exportar.csv?nombre=naunay&institucion={i}", "/usuarios/exportar.xlsx", "/usuarios/exportar.xlsx?nombre={c}",
    "/usuarios/vistas", "/instituciones/exportar.csv?q=snbap", "/instituciones/exportar.xlsx", "/instituciones/vistas",
    "/instituciones/opciones?institucion_q=snbap", "/registro-aiq?institucion={i}", "/registro-aiq/exportar.csv?institucion={i}",
    "/registro-aiq/exportar.xlsx", "/registro-aiq/vistas", "/cambios?q=snbap", "/cambios/exportar.csv", "/cambios/exportar.xlsx?q=snbap",
]


def shown(answer) -> str:
    """What a person can read of an answer; of a workbook, the texts of its cells."""
    if answer.mimetype == spreadsheet.MIME:
        with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
            return "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
    return answer.get_data(as_text=True).replace("<mark>", "").replace("</mark>", "")


def names_a_stranger(text: str, correo: str = "") -> bool:
    """Whether the main person stands in it, or the cédula other than as it was typed; or an AIQ of the first institution, which
    its own servants may know."""
    cells = (f">{demo_people.MAIN.cedula}", f";{demo_people.MAIN.cedula}")
    known = correo.startswith("servidor@") or demo_people.AIQ_BACKUP.correo not in text
    return "Ñauñay Quishpe" in text or not known or any(cell in text for cell in cells)


@pytest.mark.parametrize("correo", ["aiq@otra.gob.ec", "servidor@demo.gob.ec"])
def test_no_list_and_no_search_names_a_person_of_another_institution(app, sign_in, mine, correo):
    """Nor with the number, the cédula, the institution or the cursor of the first one."""
    numbers = {"n": mine[0]["solicitud_id"], "i": mine[0]["institucion_id"], "c": demo_people.MAIN.cedula}
    owner = sign_in("aiq@demo.gob.ec")
    assert "auñay" in owner.get("/buscar?q=naunay", headers={"HX-Request": "true"}).get_data(as_text=True).replace("<mark>Ñ", "").replace("</mark>", "")
    client = sign_in(correo)
    anywhere = "?q=naunay&nombre=naunay&persona=naunay&servidor_q=naunay&inicio=&fin=&institucion={i}"
    every = [f"{rule.rule}{query}" for rule, _ in rules(app, with_ids=False, methods=("GET",)) if rule.endpoint != "salud.health_check" for query in ("", anywhere)]
    for path in (*LISTS, *every):
        for headers in ({}, {"HX-Request": "true"}):
            answer = client.get(path.format(**numbers), headers=headers, follow_redirects=True)
            assert answer.status_code in {200, 204, 403, 404, 422}, f"{path}: {answer.status_code}"
            assert not names_a_stranger(shown(answer), correo), path


def test_whom_they_belong_to_finds_them_in_every_list_and_file(app, sign_in, mine):
    """Otherwise the test above would prove nothing."""
    for correo, paths in (
        ("aiq@demo.gob.ec", ("/solicitudes?inicio=&fin=", "/solicitudes/exportar.csv?inicio=&fin=", "/solicitudes/exportar.xlsx?inicio=&fin=",
                             "/usuarios?nombre=naunay", "/usuarios/exportar.csv?nombre=naunay", "/usuarios/exportar.xlsx?nombre=naunay")),
        ("sge@demo.gob.ec", ("/usuarios/exportar.csv", "/registro-aiq/exportar.csv", "/registro-aiq/exportar.xlsx")),
    ):
        client = sign_in(correo)
        for path in paths:
            assert names_a_stranger(shown(client.get(path))), path


def test_a_file_of_accounts_holds_the_own_institution_alone(app, sign_in, mine):
    text = shown(sign_in("aiq@otra.gob.ec").get("/usuarios/exportar.csv"))
    own = {row.split(";")[8] for row in text.splitlines()[1:]}
    assert len(own) == 1 and "SNBAP" not in own


def test_a_cursor_of_another_person_shows_only_ones_own_rows(app, sign_in, mine):
    with cases.context(app):
        cases.plant(30)
    page = sign_in("aiq@demo.gob.ec").get("/solicitudes?inicio=&fin=").get_data(as_text=True)
    cursor = page.split("cursor=")[1].split('"')[0].split("&")[0]
    answer = sign_in("aiq@otra.gob.ec").get(f"/solicitudes?inicio=&fin=&cursor={cursor}")
    assert answer.status_code == 200 and "No se encontraron solicitudes" in answer.get_data(as_text=True)


def test_without_a_session_every_address_leads_to_the_door(app, mine):
    client, before = app.test_client(), changed(app)
    for method, address in addresses(app, mine):
        answer = client.open(address, method=method)
        door = answer.status_code == 303 and answer.headers["Location"].startswith("/ingresar")
        assert door or answer.status_code == 401, f"{method} {address} answered {answer.status_code}"
        answer = client.open(address, method=method, headers={"HX-Request": "true"})
        assert answer.status_code == 401, f"{method} {address} answered {answer.status_code} to htmx"
    assert changed(app) == before


@pytest.mark.parametrize("number", [0, 2**63, 2**80])
def test_a_number_that_no_row_can_have_is_not_found(app, aiq, mine, number):
    for rule, method in rules(app, with_ids=True):
        ids = {name: number if name.endswith("_id") else value for name, value in mine[0].items()}
        address = app.url_map.bind("localhost").build(rule.endpoint, {k: ids[k] for k in rule.arguments}, method=method)
        if any(name.endswith("_id") for name in rule.arguments):
            assert aiq.open(address, method=method).status_code in {403, 404}, f"{method} {address}"


class TestCsrf:
    @pytest.fixture
    def settings(self):
        return {"WTF_CSRF_ENABLED": True}

    def test_no_post_is_taken_without_its_token(self, app, mine):
        client = app.test_client()
        token = client.get("/ingresar").get_data(as_text=True).split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
        signed = client.post("/ingresar", data={"usuario": "aiq@demo.gob.ec", "clave": "Respaldo-2026", "csrf_token": token})
        assert signed.status_code == 303
        before = changed(app)
        posts = [(method, address) for method, address in addresses(app, mine) if method == "POST"]
        posts += [(method, rule.rule) for rule, method in rules(app, with_ids=False, methods=("POST",))]
        posts.append(("POST", "/salir"))
        for method, address in posts:
            answer = client.open(address, method=method)
            assert answer.status_code == 400 and "caducó" in answer.get_data(as_text=True), f"{method} {address}: {answer.status_code}"
        assert changed(app) == before


def test_the_same_addresses_are_there_for_whom_they_belong_to(app, sign_in, mine):
    """Otherwise the tests above would prove nothing."""
    gets = [address for method, address in addresses(app, mine) if method == "GET" and address.startswith("/solicitudes/")]
    aiq = sign_in("aiq@demo.gob.ec")
    answers = {address: aiq.get(address, follow_redirects=True).status_code for address in gets}
    missing = {address for address, status in answers.items() if status != 200}
    # Drafts have no archive to hand over and these requests no page images of their petition.
    assert len(gets) - len(missing) >= 10 and not any(a.endswith(("/recorrido", "/descarga", "/editar")) for a in missing), answers
