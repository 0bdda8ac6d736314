"""Home: what each person sees first."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from lxml import html as parser
from sqlalchemy import event, select

from extensions import db
from models import Cuenta, Descarga, Ejecucion, EjecucionEstado, Entrega, Parte, ParteTipo, PeriodoAltaDemanda, Solicitud, Usuario
from rules import deadlines
from rules.lifecycle import Action, Clase, Estado, Motivo
from services import clock
from services.mover import create, move
from sources import demo_people as people
from tests.blueprints.strict import assert_page, text_of

GB = 1_000_000_000


def solicitud(account, estado, *, clase=Clase.INSTITUCIONAL, by="aiq@demo.gob.ec", **columns) -> Solicitud:
    """A request of the demo's person `account`, moved to `estado` along the diagram."""
    cuenta = db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == account.codi))
    filer = db.session.scalar(select(Usuario).where(Usuario.correo == by))
    at = clock.now()
    row = Solicitud(
        clase=clase, institucion_id=cuenta.institucion_id, cuenta_id=cuenta.id, creada_por_id=filer.id, fecha_solicitud=at, editada_en=at,
        editada_por_id=filer.id, persona_cedula=cuenta.cedula, persona_nombre=cuenta.nombre, persona_apellido=cuenta.apellido,
        persona_puesto=cuenta.puesto, desde=date(2024, 1, 1), hasta=date(2024, 12, 31),
    )
    create(row, None)
    way = [Action.SEND, Action.APPROVE, Action.START, Action.FINISH]
    if estado is Estado.DETENIDA:
        way[3] = Action.FAIL
    for action in way:
        if row.estado is estado:
            break
        more = {"fecha_tentativa": date(2026, 11, 25)} if action is Action.APPROVE else {}
        if action is Action.FINISH:
            more = {"generada_en": at, "vigente_hasta": deadlines.vigente_hasta(at)}
        move(row, action, None, **more)
    for name, value in columns.items():
        setattr(row, name, value)
    db.session.flush()
    return row


def published(row: Solicitud, parts: int = 3, downloaded: int = 0) -> None:
    run = Ejecucion(solicitud_id=row.id, estado=EjecucionEstado.PUBLICADA, creada_en=clock.now(), encontrados=10, incluidos=10)
    filer = db.session.scalar(select(Usuario).where(Usuario.correo == "respaldo@demo.gob.ec"))
    for n in range(1, parts + 2):
        last = n == parts + 1
        part = Parte(numero=n, tipo=ParteTipo.DIRECTORIO if last else ParteTipo.DATOS, nombre=f"p{n}", bytes=100 if last else GB,
                     publicada_en=clock.now())
        if n <= downloaded:
            part.descargas.append(Descarga(usuario_id=filer.id, primera_en=clock.now(), ultima_en=clock.now(), completa_en=clock.now()))
        run.partes.append(part)
    db.session.add(run)


@pytest.fixture
def put(app):
    """`put(function)`: run it in a context of its own and commit, so that no client shares the session."""

    def inside(make):
        with app.app_context():
            made = make()
            db.session.commit()
            return made.id if hasattr(made, "id") else made

    return inside


def home(client) -> str:
    answer = client.get("/")
    assert answer.status_code == 200
    assert_page(answer.text)
    return answer.text


def block(page: str, identifier: str) -> str:
    return text_of(parser.document_fromstring(page).get_element_by_id(identifier))


@pytest.mark.parametrize("correo", ["aiq@demo.gob.ec", "respaldo@demo.gob.ec", "aiq@otra.gob.ec", "sge@demo.gob.ec", "servidor@demo.gob.ec"])
def test_an_empty_home_pleases_the_strict_reader(sign_in, correo):
    assert "Todo está al día" in block(home(sign_in(correo)), "bloque-atencion")


def test_the_blocks_carry_the_names_of_the_seed(aiq):
    doc = parser.document_fromstring(home(aiq))
    blocks = {text_of(s.find(".//h3")): [text_of(a.find(".//span[@class='n']")) + " " + text_of(a.find(".//span[@class='t']"))
                                         for a in s.findall(".//li/a")]
              for s in doc.findall(".//section") if s.find("./ol") is not None}
    assert blocks == {
        "Solicitudes personales": ["1. Solicitar respaldos", "2. Mis solicitudes"],
        "Solicitudes de la Institución": ["1. Solicitar respaldos", "2. Solicitudes por enviar", "3. Listado de solicitudes"],
    }
    assert "Administración → Respaldo de Documentos" in home(aiq)


def test_a_servant_sees_the_personal_block_only(sign_in):
    page = home(sign_in("servidor@demo.gob.ec"))
    assert "Solicitudes personales" in page and "Solicitudes de la Institución" not in page
    assert "/solicitudes/por-enviar" not in page


def test_the_greeting_follows_the_hour_of_guayaquil(aiq, sign_in, at):
    assert "<h1>Buenos días, Rosa Elena</h1>" in home(aiq)
    with at(hours=5):
        assert "<h1>Buenas tardes, Rosa Elena</h1>" in home(sign_in("aiq@demo.gob.ec"))
    with at(hours=10):
        assert "<h1>Buenas noches, Rosa Elena</h1>" in home(sign_in("aiq@demo.gob.ec"))


def test_high_demand_is_announced_while_it_lasts(put, aiq, at, sign_in):
    put(lambda: db.session.add(PeriodoAltaDemanda(nombre="cierre de año", desde=date(2026, 11, 16), hasta=date(2027, 1, 15), dias_extra=3)))
    page = home(aiq)
    assert "Período de alta demanda: cierre de año" in page and "de 5 a 8 días laborables" in page and "15 ene 2027" in page
    with at(days=60):
        assert "alta demanda" not in home(sign_in("aiq@demo.gob.ec"))


def test_downloads_count_down_and_the_first_to_expire_comes_first(put, aiq):
    def make():
        late = solicitud(people.MAIN, Estado.ATENDIDA)
        soon = solicitud(people.LARGE, Estado.ATENDIDA, vigente_hasta=deadlines.midnight(date(2026, 11, 19)))
        over = solicitud(people.EMPTY, Estado.ATENDIDA, vigente_hasta=clock.now())
        published(late)
        published(soon, downloaded=1)
        return late.id, soon.id, over.id

    late, soon, over = put(make)
    text = block(home(aiq), "bloque-atencion")
    assert text.index(f"Descargue el respaldo Nº {soon:06d}") < text.index(f"Respaldo Nº {late:06d} listo para su descarga")
    assert "1 de 3 partes descargada" in text and "Quedan 14 h · hasta el 18 nov 2026, 23:59" in text
    assert "3 partes · 3,0 GB" in text and "hasta el 22 nov 2026, 23:59" in text
    assert f"Nº {over:06d}" not in text
    assert f'href="/solicitudes/{soon}/descarga"' in home(aiq)


def test_a_downloaded_archive_waits_for_its_hand_over_and_then_leaves(put, aiq):
    def make():
        row = solicitud(people.MAIN, Estado.ATENDIDA)
        published(row, parts=2, downloaded=2)
        return row

    number = put(make)
    assert f"Entregue el respaldo Nº {number:06d} al ciudadano" in block(home(aiq), "bloque-atencion")
    put(lambda: db.session.add(Entrega(solicitud_id=number, fecha=clock.today(), recibe_nombre="A", recibe_cedula="1", registrada_por_id=1,
                                       registrada_en=clock.now())))
    assert "Todo está al día" in block(home(aiq), "bloque-atencion")


def test_a_hand_over_nobody_recorded_is_asked_for_after_the_vigencia(put, aiq, sign_in):
    """The AIQ's duty does not end with the link: the files are on a USB stick by then."""
    ended = deadlines.midnight(date(2026, 11, 16))

    def make():
        over = [solicitud(who, Estado.ATENDIDA) for who in (people.MAIN, people.LARGE, people.EMPTY, people.LAWYER)]
        published(over[0], parts=2, downloaded=2)
        published(over[1], parts=2, downloaded=1)
        published(over[2], parts=1, downloaded=1)
        published(over[3], parts=1, downloaded=1)
        move(over[2], Action.REJECT, None, comment="Orden judicial", motivo=Motivo.OTRO)
        for row in over:
            row.vigente_hasta = ended
        over[3].vigente_hasta = deadlines.midnight(date(2026, 9, 1))
        move(over[0], Action.EXPIRE, None, motivo=Motivo.VIGENCIA_TERMINADA)
        return over[0]

    number = put(make)
    text = block(home(aiq), "bloque-atencion")
    assert f"Registre la entrega del respaldo Nº {number:06d}" in text and text.count("Registre la entrega") == 1
    assert f'href="/solicitudes/{number}/entrega"' in home(aiq)
    for other in ("aiq@otra.gob.ec", "servidor@demo.gob.ec", "sge@demo.gob.ec"):
        assert "Registre la entrega" not in home(sign_in(other))
    put(lambda: db.session.add(Entrega(solicitud_id=number, fecha=clock.today(), recibe_nombre="A", recibe_cedula="1", registrada_por_id=1,
                                       registrada_en=clock.now())))
    assert "Todo está al día" in block(home(aiq), "bloque-atencion")


def test_drafts_and_observations(put, aiq, sign_in):
    def make():
        solicitud(people.MAIN, Estado.BORRADOR, documento_codi="2" * 20)
        solicitud(people.EMPTY, Estado.BORRADOR)
        return solicitud(people.LAWYER, Estado.BORRADOR, devuelta_por="El rango de fechas no coincide con la petición. Corrija <el rango>")

    number = put(make)
    for client in (aiq, sign_in("respaldo@demo.gob.ec")):
        text = block(home(client), "bloque-atencion")
        assert "Tiene 2 solicitudes por enviar 1 está lista · a 1 le faltan datos. La más antigua es del 18 nov 2026, 10:00." in text
        assert f"Solicitud Nº {number:06d} devuelta con observaciones" in text and "Corrija <el rango>" in text
    assert "por enviar" not in block(home(sign_in("aiq@otra.gob.ec")), "bloque-atencion")
    assert f"Nº {number:06d}" not in block(home(sign_in("sge@demo.gob.ec")), "bloque-atencion")


def test_in_course_shows_progress_and_dates(put, aiq):
    def make():
        running = solicitud(people.MAIN, Estado.EN_EJECUCION)
        db.session.add(Ejecucion(solicitud_id=running.id, estado=EjecucionEstado.EN_CURSO, creada_en=clock.now(), bytes_total=100, bytes_hechos=54))
        solicitud(people.LAWYER, Estado.APROBADA)
        solicitud(people.DRIVER, Estado.ENVIADA)

    put(make)
    doc = parser.document_fromstring(home(aiq))
    rows = [text_of(r) for r in doc.find(".//table").findall(".//tbody/tr")]
    assert len(rows) == 3
    assert "En ejecución" in rows[0] and "54 % completado" in rows[0]
    assert "Aprobada" in rows[1] and "25 nov 2026" in rows[1]
    assert "Enviada" in rows[2] and "En revisión de la SGE" in rows[2]


def test_a_colleagues_personal_archive_is_nobodys_else_to_download(put, aiq, sign_in):
    def make():
        row = solicitud(people.SERVANT, Estado.ATENDIDA, clase=Clase.PERSONAL, by="servidor@demo.gob.ec")
        published(row)
        return row

    number = put(make)
    assert f"Nº {number:06d}" not in block(home(aiq), "bloque-atencion")
    assert f"Nº {number:06d}" not in block(home(sign_in("sge@demo.gob.ec")), "bloque-atencion")
    assert f"Respaldo Nº {number:06d} listo" in block(home(sign_in("servidor@demo.gob.ec")), "bloque-atencion")


def test_the_sge_gets_its_figures_and_what_stopped(put, sge):
    def make():
        solicitud(people.MAIN, Estado.ENVIADA)
        solicitud(people.LAWYER, Estado.EN_EJECUCION)
        solicitud(people.LARGE, Estado.ATENDIDA, vigente_hasta=clock.now() + timedelta(hours=47))
        solicitud(people.EMPTY, Estado.ATENDIDA, vigente_hasta=clock.now() + timedelta(hours=49))
        stopped = solicitud(people.RESEARCHER, Estado.DETENIDA, by="aiq@otra.gob.ec")
        db.session.add(Ejecucion(solicitud_id=stopped.id, estado=EjecucionEstado.DETENIDA, creada_en=clock.now(), detencion="fuente"))
        return stopped

    number = put(make)
    page = home(sge)
    doc = parser.document_fromstring(page)
    tiles = {text_of(t.find(".//span[@class='lbl']")): text_of(t.find_class("big")[0]) for t in doc.find_class("kpi")}
    assert tiles == {"Por aprobar": "1", "En ejecución": "1", "Detenidas": "1", "Por vencer en 48 h": "1", "Correos fallidos": "0"}
    attention = block(page, "bloque-atencion")
    assert f"Solicitud Nº {number:06d} detenida" in attention and "Quipux no respondió durante el tiempo máximo de espera." in attention and "IEPH" in attention


@pytest.mark.parametrize("correo", ["aiq@demo.gob.ec", "sge@demo.gob.ec"])
def test_the_number_of_queries_does_not_grow_with_the_rows(app, put, sign_in, correo):
    client = sign_in(correo)

    def count() -> int:
        seen = []

        def note(_connection, _cursor, statement, *_rest):
            seen.append(statement.startswith("SELECT"))

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            home(client)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return sum(seen)

    def one_of_each(account, by):
        published(solicitud(account, Estado.ATENDIDA, by=by))
        for estado in (Estado.BORRADOR, Estado.ENVIADA, Estado.APROBADA, Estado.EN_EJECUCION, Estado.DETENIDA):
            solicitud(account, estado, by=by)

    put(lambda: one_of_each(people.MAIN, "aiq@demo.gob.ec"))
    few = count()
    put(lambda: [one_of_each(people.LAWYER, "aiq@demo.gob.ec"), one_of_each(people.RESEARCHER, "aiq@otra.gob.ec")] and None)
    assert count() == few
    assert few <= 20
