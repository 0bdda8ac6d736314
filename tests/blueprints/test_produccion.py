"""*Producción*: what moves, what stopped and what is due, the orders on it, and how often the page asks again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from lxml import html as parser
from sqlalchemy import select

from extensions import db
from models import Ejecucion, EjecucionEstado, Latido, PausaProduccion, Solicitud
from rules.lifecycle import Estado, Motivo
from services import clock, health, production_floor
from sources import demo_people
from tests.blueprints import solicitud_cases as cases
from tests.blueprints.css import find
from tests.blueprints.strict import assert_fragment, assert_page, text_of
from tests.conftest import NOW

E = Estado


def page_of(client, path: str = "/produccion", status: int = 200):
    answer = client.get(path)
    return read(answer, status)


def read(answer, status: int):
    text = answer.get_data(as_text=True)
    assert answer.status_code == status, text[:1500]
    assert_page(text)
    return parser.document_fromstring(text)


def spoken(element) -> str:
    """Every text inside, with a blank between two."""
    return " ".join(" ".join(element.itertext()).replace("\xa0", " ").split())


def rows(doc, table: str) -> list[str]:
    caption = doc.get_element_by_id(table)
    return [spoken(row) for row in find(caption.getparent(), "tbody tr")]


def state(app, number: int) -> tuple:
    with cases.context(app):
        s = db.session.get(Solicitud, number)
        run = db.session.scalar(select(Ejecucion).where(Ejecucion.solicitud_id == number))
        return s.estado, run.estado if run else None, run.intento if run else None


# --- what it shows -----------------------------------------------------------------------------------------------------


def test_nothing_at_work_is_said_and_asked_for_no_more(app, sge):
    doc = page_of(sge)
    assert "No hay ejecuciones en curso" in text_of(doc) and doc.get_element_by_id("piso").get("hx-trigger") is None


def test_a_run_shows_how_far_it_is_who_has_it_and_is_asked_for_often(app, sge):
    number = cases.make(app, E.EN_EJECUCION)
    with cases.context(app):
        db.session.scalar(select(Ejecucion)).trabajador = "servidor-1:4242"
    doc = page_of(sge)
    [row] = rows(doc, "ejec")
    for words in (f"Nº {number:06d}", "SNBAP", "54 de 100 documentos", "1,1 GB de 2,0 GB", "1,8 MB por segundo", "quedan aproximadamente", "servidor-1:4242", "Intento 1",
                  "hace 0 s"):
        assert words in row.replace("\xa0", " "), (words, row)
    piso = doc.get_element_by_id("piso")
    assert (piso.get("hx-trigger"), piso.get("name")) == ("every 5s", "sondeo")
    fragment = sge.get("/produccion", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert_fragment(fragment)
    assert "54 de 100" in fragment.replace("\xa0", " ")


def test_a_silent_run_and_one_that_waits_say_since_when(app, sge):
    cases.make(app, E.EN_EJECUCION, latido=NOW - timedelta(minutes=14), espera="fuente")
    [row] = rows(page_of(sge), "ejec")
    assert "Sin avance desde 09:46" in row and "Esperando a Quipux" in row


def test_what_is_due_today_stands_in_the_order_of_its_turn(app, sge):
    """Round robin between institutions, oldest first; what was due before today comes before it and is marked."""
    with cases.context(app):
        mine = {"estado": E.APROBADA, "enviada_en": NOW, "fecha_tentativa": clock.today(), "ejecutar_desde": NOW + timedelta(hours=2),
                "estimado_documentos": 10, "estimado_bytes": 1_000_000}
        here = cases.plant(3, **mine, aprobada_en=lambda i: NOW - timedelta(hours=9 - i))
        [there] = cases.plant(1, **mine, aprobada_en=NOW, institucion_id=cases.account(demo_people.RESEARCHER).institucion_id)
        [late] = cases.plant(1, **mine | {"fecha_tentativa": clock.today() - timedelta(days=1)}, aprobada_en=NOW)
        cases.plant(1, **mine | {"ejecutar_desde": NOW + timedelta(days=1)}, aprobada_en=NOW)
    doc = page_of(sge)
    found = rows(doc, "para-hoy")
    assert [int(row.split("Nº ")[1][:6]) for row in found] == [late, here[0], there, here[1], here[2]]
    assert "Atrasada" in found[0] and "5 solicitudes" in text_of(doc.get_element_by_id("cola-t").getparent()) and "50 documentos" in text_of(doc)
    assert doc.get_element_by_id("piso").get("hx-trigger") == "every 30s", "a run may begin"


def test_storage_says_what_is_kept_what_leaves_and_what_could_not_be_deleted(app, sge):
    ready = cases.make(app, E.ATENDIDA)
    ended = cases.make(app, E.ELIMINADA, person=demo_people.LAWYER)
    with cases.context(app):
        db.session.get(Solicitud, ready).vigente_hasta = NOW + timedelta(hours=20)
        db.session.get(Solicitud, ended).purgar_desde = NOW - timedelta(hours=1)
    doc = page_of(sge)
    text = spoken(doc)
    assert "Partes guardadas 4" in text and "Se libera en 24 horas 4,2 GB · 2 respaldos" in text and "Espacio libre" in text
    [row] = rows(doc, "purga")
    assert f"Nº {ended:06d}" in row and "No se pudo eliminar" in row and "2,1 GB" in row.replace("\xa0", " ")


def test_a_purge_of_this_minute_has_not_failed_and_a_later_one_waits(app, sge):
    numbers = [cases.make(app, E.ELIMINADA, person=person) for person in (demo_people.LAWYER, demo_people.ACCOUNTANT)]
    with cases.context(app):
        for number, minutes in zip(numbers, (-5, 60)):
            db.session.get(Solicitud, number).purgar_desde = NOW + timedelta(minutes=minutes)
    first, second = rows(page_of(sge), "purga")
    assert "Eliminándose" in first and "Pendiente" in second


def test_without_the_queue_the_page_says_so_and_shows_the_clock(app, sge):
    with cases.context(app):
        db.session.add(Latido(nombre="clock", en=NOW - timedelta(seconds=2)))
    doc = page_of(sge)
    assert "La cola no responde" in text_of(doc) and "Reloj" in rows(doc, "proc")[0] and "hace 2 s" in rows(doc, "proc")[0]


class FakeRegistry:
    """What the queue server's registry tells of a process; the real one is met in the journeys."""

    def __init__(self, pid, queues, state, seen):
        self.hostname, self.pid, self.last_heartbeat, self._queues, self._state = "servidor-1", pid, seen, queues, state

    def queue_names(self):
        return self._queues

    def get_state(self):
        return self._state


def test_workers_are_busy_with_their_runs_idle_or_silent(app, sge, monkeypatch):
    from datetime import UTC, datetime

    number, real = cases.make(app, E.EN_EJECUCION), datetime.now(UTC)
    with cases.context(app):
        db.session.scalar(select(Ejecucion)).trabajador = "servidor-1:7"
    known = [FakeRegistry(7, ["respaldos"], "busy", real), FakeRegistry(8, ["avisos"], "idle", real),
             FakeRegistry(9, ["respaldos"], "busy", real - health.WORKER_SILENCE - timedelta(seconds=5))]
    monkeypatch.setattr(production_floor.Worker, "all", lambda connection: known)
    found = rows(page_of(sge), "proc")
    assert "servidor-1:8 Avisos En espera" in found[0]
    assert "servidor-1:7 Ejecuciones Trabajando" in found[1] and f"Nº {number:06d}" in found[1]
    assert "servidor-1:9 Ejecuciones Sin señales" in found[2] and "Nº" not in found[2]


# --- orders on one run -------------------------------------------------------------------------------------------------


def test_stopping_fences_the_run_and_a_second_click_is_told_who_did_it(app, sge):
    number = cases.make(app, E.EN_EJECUCION)
    assert "partes terminadas se conservan" in text_of(page_of(sge, f"/produccion/{number}/detener"))
    assert sge.post(f"/produccion/{number}/detener", data={"motivo": "Revisión"}).status_code == 303
    assert state(app, number) == (E.DETENIDA, EjecucionEstado.DETENIDA, 2)
    doc = read(sge.post(f"/produccion/{number}/detener", data={"motivo": "Revisión"}), 409)
    assert "ya no procede" in text_of(doc) and "Detenida por la SGE" in text_of(doc)
    assert state(app, number) == (E.DETENIDA, EjecucionEstado.DETENIDA, 2)
    read(sge.get(f"/produccion/{number}/detener"), 409)


def test_a_stop_without_a_reason_or_with_ten_thousand_signs_changes_nothing(app, sge):
    number = cases.make(app, E.EN_EJECUCION)
    for typed in ("", "  ", "x" * 10_000):
        doc = read(sge.post(f"/produccion/{number}/detener", data={"motivo": typed}), 422)
        assert find(doc, "#motivo[aria-invalid]") and (doc.get_element_by_id("motivo").text or "").strip() == typed.strip()
    assert state(app, number)[0] is E.EN_EJECUCION


def test_retrying_keeps_the_plan_and_a_second_click_is_told_so(app, sge):
    number = cases.make(app, E.DETENIDA)
    [row] = rows(page_of(sge), "det")
    assert "Tres intentos fallidos" in row and "54 de 100 documentos" in row.replace("\xa0", " ") and "Continuar con novedades" not in row
    assert sge.post(f"/produccion/{number}/reintentar").status_code == 303
    assert state(app, number)[:2] == (E.APROBADA, EjecucionEstado.PENDIENTE)
    doc = read(sge.post(f"/produccion/{number}/reintentar"), 409)
    assert "Reintento ordenado" in text_of(doc) and state(app, number)[:2] == (E.APROBADA, EjecucionEstado.PENDIENTE)


def test_going_on_with_novedades_is_offered_for_that_cause_and_needs_a_reason(app, sge):
    number = cases.make(app, E.DETENIDA, detencion="novedades")
    assert "Continuar con novedades" in rows(page_of(sge), "det")[0]
    read(sge.post(f"/produccion/{number}/continuar", data={"motivo": ""}), 422)
    assert sge.post(f"/produccion/{number}/continuar", data={"motivo": "Se pidió al proveedor"}).status_code == 303
    with cases.context(app):
        run = db.session.scalar(select(Ejecucion))
        assert run.continuar and run.solicitud.estado is E.APROBADA and run.solicitud.eventos[-1].comentario == "Se pidió al proveedor"


def test_ending_a_stopped_request_needs_a_motive(app, sge):
    number = cases.make(app, E.DETENIDA)
    doc = read(sge.post(f"/produccion/{number}/terminar", data={"tipo": "", "motivo": "Nada"}), 422)
    assert find(doc, "#tipo[aria-invalid]") and not find(doc, "#motivo[aria-invalid]")
    doc = read(sge.post(f"/produccion/{number}/terminar", data={"tipo": "otro", "motivo": ""}), 422)
    assert find(doc, "#motivo[aria-invalid]") and find(doc, "#tipo option[value=otro][selected]")
    assert sge.post(f"/produccion/{number}/terminar", data={"tipo": "documento_no_corresponde", "motivo": ""}).status_code == 303
    with cases.context(app):
        row = db.session.get(Solicitud, number)
        assert (row.estado, row.motivo) == (E.ELIMINADA, Motivo.DOCUMENTO_NO_CORRESPONDE) and row.purgar_desde is not None
    read(sge.post(f"/produccion/{number}/terminar", data={"tipo": "otro", "motivo": "Otra vez"}), 409)


def test_ending_is_not_offered_from_other_estados(app, sge):
    number = cases.make(app, E.EN_EJECUCION)
    read(sge.get(f"/produccion/{number}/terminar"), 409)
    read(sge.post(f"/produccion/{number}/terminar", data={"tipo": "otro", "motivo": "x"}), 409)
    assert state(app, number)[0] is E.EN_EJECUCION


# --- the pause ---------------------------------------------------------------------------------------------------------


def test_a_pause_is_seen_on_every_page_of_the_sge_and_of_nobody_else(app, sge, aiq):
    read(sge.post("/produccion/pausa", data={"motivo": ""}), 422)
    assert sge.post("/produccion/pausa", data={"motivo": "Mantenimiento de Quipux"}).status_code == 303
    assert "Producción en pausa" in text_of(page_of(sge, "/solicitudes")) and "Producción en pausa" not in text_of(page_of(aiq, "/solicitudes"))
    doc = page_of(sge)
    assert "La producción está en pausa" in text_of(doc) and "Mantenimiento de Quipux" in rows(doc, "pausas")[0]
    read(sge.post("/produccion/pausa", data={"motivo": "Otra vez"}), 409)
    number = find(doc, "input[name=pausa]")[0].get("value")
    assert sge.post("/produccion/reanudar", data={"pausa": number}).status_code == 303
    doc = read(sge.post("/produccion/reanudar", data={"pausa": number}), 409)
    assert "la reanudó el" in text_of(doc) and "Producción en pausa" not in text_of(page_of(sge, "/solicitudes"))
    for nonsense in ("", "x", "-1", "9" * 30):
        read(sge.post("/produccion/reanudar", data={"pausa": nonsense}), 409)


def test_pausing_may_set_the_runs_in_hand_aside(app, sge):
    number = cases.make(app, E.EN_EJECUCION)
    sge.post("/produccion/pausa", data={"motivo": "Corte de energía", "apartar": "1"})
    assert state(app, number) == (E.EN_EJECUCION, EjecucionEstado.PENDIENTE, 2)
    doc = page_of(sge)
    assert "1 ejecución se apartó" in text_of(doc) and "Apartada por la pausa" in rows(doc, "ejec")[0]
    with cases.context(app):
        assert db.session.scalar(select(PausaProduccion)).apartadas == 1


# --- who may -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("correo", ["aiq@demo.gob.ec", "servidor@demo.gob.ec", "aiq@otra.gob.ec"])
def test_the_production_is_the_sges(app, sign_in, correo):
    number, client = cases.make(app, E.EN_EJECUCION), sign_in(correo)
    assert client.get("/produccion").status_code == client.get("/produccion/pausa").status_code == 403
    for path in ("/produccion/pausa", "/produccion/reanudar", f"/produccion/{number}/detener", f"/produccion/{number}/reintentar",
                 f"/produccion/{number}/terminar", f"/produccion/{number}/continuar"):
        assert client.post(path, data={"motivo": "x", "pausa": "1", "tipo": "otro"}).status_code in {403, 404}, path
    assert state(app, number)[0] is E.EN_EJECUCION
