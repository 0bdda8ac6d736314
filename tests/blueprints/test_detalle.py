"""The page of one request: every estado, every role, its progress, its actions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from extensions import db
from models import Correo, Ejecucion, EjecucionEstado, Evento, Solicitud
from rules.lifecycle import Clase, Estado, Motivo
from services import clock, decisions, deliveries, downloads, received, solicitudes
from sources import demo_people
from tests.blueprints import solicitud_cases as cases
from tests.blueprints.strict import assert_fragment, assert_page
from tests.conftest import NOW

HTMX = {"HX-Request": "true"}
GETS = ("", "/recorrido", "/progreso")
POSTS = ("/cancelar", "/renovar", "/ejecutar", "/detener", "/reintentar", "/ampliar", "/eliminar-sge", "/calendarizar", "/eliminar-archivos", "/reintentar-faltantes")


def page(client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    html = answer.get_data(as_text=True)
    assert answer.status_code == status, html[:500]
    assert_page(html)
    return " ".join(html.replace("\xa0", " ").split())


def estado_of(app, number: int) -> Estado:
    with cases.context(app):
        return db.session.get(Solicitud, number).estado


@pytest.mark.parametrize("estado", list(Estado))
def test_both_tabs_read_well_in_every_estado_for_every_role(app, sign_in, estado):
    number = cases.make(app, estado)
    for correo in ("aiq@demo.gob.ec", "respaldo@demo.gob.ec", "sge@demo.gob.ec", "sge2@demo.gob.ec"):
        if estado is Estado.BORRADOR and correo.startswith("sge"):
            continue
        client = sign_in(correo)
        for tab in ("", "/recorrido"):
            html = page(client, f"/solicitudes/{number}{tab}")
            assert f"Solicitud Nº {number:06d}" in html and "Siguiente paso" in html


@pytest.mark.parametrize("path", GETS)
def test_another_institution_finds_nothing_at_any_address(app, sign_in, path):
    number = cases.make(app, Estado.ATENDIDA)
    foreign = sign_in("aiq@otra.gob.ec").get(f"/solicitudes/{number}{path}")
    missing = sign_in("aiq@otra.gob.ec").get(f"/solicitudes/999999{path}")
    assert foreign.status_code == missing.status_code == 404
    assert sign_in("servidor@demo.gob.ec").get(f"/solicitudes/{number}{path}").status_code == 404
    assert app.test_client().get(f"/solicitudes/{number}{path}").status_code == 303
    assert sign_in("aiq@demo.gob.ec").get(f"/solicitudes/{2**70}{path}").status_code == 404


@pytest.mark.parametrize("path", POSTS)
def test_another_institution_can_do_nothing(app, sign_in, path):
    number = cases.make(app, Estado.ENVIADA)
    assert sign_in("aiq@otra.gob.ec").post(f"/solicitudes/{number}{path}").status_code == 404
    assert app.test_client().post(f"/solicitudes/{number}{path}").status_code == 303
    assert estado_of(app, number) is Estado.ENVIADA


@pytest.mark.parametrize("path", [p for p in POSTS if p not in {"/cancelar", "/renovar"}])
def test_what_belongs_to_the_sge_is_refused_to_an_aiq(app, aiq, path):
    number = cases.make(app, Estado.APROBADA)
    assert aiq.post(f"/solicitudes/{number}{path}").status_code == 403


def next_step(client, number: int) -> str:
    html = page(client, f"/solicitudes/{number}")
    return html[html.index('id="sig"'):].partition("</section>")[0]


def test_the_next_step_follows_what_was_downloaded_and_handed_over(app, aiq):
    number = cases.make(app, Estado.ATENDIDA)
    assert "Descargue el respaldo (2 partes) hasta el 22 nov 2026, 23:59" in next_step(aiq, number)
    with cases.context(app):
        for part in downloads.data_parts(db.session.get(Solicitud, number)):
            received.record(part.id, cases.actor("aiq@demo.gob.ec").usuario_id, 0, part.bytes)
    step = next_step(aiq, number)
    assert "Todas las partes están descargadas" in step and f"/solicitudes/{number}/entrega" in step
    with cases.context(app):
        draft = deliveries.Draft(clock.today(), "María Fernanda Ñauñay Quishpe", demo_people.MAIN.cedula, "Memoria USB")
        deliveries.record(cases.actor("aiq@demo.gob.ec"), db.session.get(Solicitud, number), draft)
    step = next_step(aiq, number)
    assert "se entregó al ciudadano el 18 nov 2026: no queda nada pendiente" in step and "Registrar entrega" not in step


def test_an_action_has_one_button(app, aiq):
    number = cases.make(app, Estado.ELIMINADA)
    for tab in ("", "/recorrido"):
        html = page(aiq, f"/solicitudes/{number}{tab}")
        assert html.count('data-dialog="dlg-renew"') == 1 and html.count('id="dlg-renew"') == 1 and ">Acciones<" not in html


def test_the_page_shows_the_archive_in_figures_and_the_novedades_in_words(app, aiq):
    html = page(aiq, f"/solicitudes/{cases.make(app, Estado.ATENDIDA)}")
    assert "2,1 GB en 2 partes" in html and "60 / 40" in html and "11 min" in html
    assert "SNBAP-2021-0007-M" in html and "El archivo no existe en la bodega" in html
    assert "Vigente hasta el 22 nov 2026" in html


def test_the_trail_names_the_two_dates_people_and_places(app, aiq):
    html = page(aiq, f"/solicitudes/{cases.make(app, Estado.ATENDIDA)}/recorrido")
    assert "Fecha tentativa de ejecución (calendarizada): 20 nov 2026." in html
    assert "Generada: 18 nov 2026, 10:00." in html
    assert "Iván Peñaherrera Zúñiga · Subsecretaría de Gobierno Electrónico" in html
    assert f"{demo_people.AIQ_PRINCIPAL.nombres} {demo_people.AIQ_PRINCIPAL.apellidos} · " in html
    assert "«Corresponde al ciudadano»" in html and "Sistema" in html
    assert "Prevista: 22 nov 2026, 23:59" in html and "Quedan 4 d 14 h" in html
    assert html.index(">Registrada<") < html.index(">Aprobada<") < html.index(">Generada<") < html.index(">Eliminada<")


def test_after_the_vigencia_the_page_says_eliminada_without_any_sweep(app, sign_in, at):
    number = cases.make(app, Estado.ATENDIDA)
    with at(days=4, hours=14):
        client = sign_in("aiq@demo.gob.ec")
        html = page(client, f"/solicitudes/{number}")
        assert "Eliminada</span>" in html and "Atendida</span>" not in html and "Volver a generar" in html
        assert ">Eliminada<" in page(client, f"/solicitudes/{number}/recorrido")
    assert estado_of(app, number) is Estado.ATENDIDA


# --- progress ----------------------------------------------------------------------------------------------------------


def fragment(client, number: int) -> str:
    answer = client.get(f"/solicitudes/{number}/progreso", headers=HTMX)
    html = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert_fragment(html)
    return " ".join(html.replace("\xa0", " ").split())


def test_the_progress_says_how_far_the_run_is_and_asks_again(app, aiq):
    html = fragment(aiq, cases.make(app, Estado.EN_EJECUCION))
    assert 'hx-trigger="every 2s"' in html and 'name="sondeo"' in html
    assert "54 %" in html and "54 de 100 documentos" in html and "1,1 GB de 2,0 GB" in html
    assert "1,8 MB por segundo · quedan aproximadamente 8 min" in html
    for stage in ("Recolectar", "Empaquetar", "Verificar", "Publicar"):
        assert stage in html


@pytest.mark.parametrize("estado", [e for e in Estado if e is not Estado.EN_EJECUCION])
def test_outside_a_run_the_progress_has_no_trigger(app, aiq, estado):
    html = fragment(aiq, cases.make(app, estado))
    assert "hx-trigger" not in html and "sondeo" not in html
    assert ("El respaldo está listo" in html) is (estado is Estado.ATENDIDA)


def test_the_end_of_a_run_leads_to_the_download(app, aiq):
    html = fragment(aiq, cases.make(app, Estado.ATENDIDA))
    assert "Ir a la descarga" in html and 'id="estado-solicitud" hx-swap-oob="true"' in html


def test_waiting_for_quipux_and_silence_are_said(app, aiq):
    number = cases.make(app, Estado.EN_EJECUCION, espera="fuente", latido=NOW - timedelta(minutes=3))
    html = fragment(aiq, number)
    assert "Esperando a Quipux" in html and "Sin avance desde 09:57" in html and "por segundo" not in html


def test_a_run_before_its_plan_shows_no_figures(app, aiq):
    number = cases.make(app, Estado.EN_EJECUCION, plan_en=None, encontrados=0, excluidos=0, bytes_total=0, bytes_hechos=0, documentos_hechos=0, etapa="recolectar")
    html = fragment(aiq, number)
    assert "Recolectando los documentos" in html and " %" not in html and "documentos ·" not in html and "every 2s" in html


def test_the_progress_address_alone_leads_to_the_page(app, aiq):
    number = cases.make(app, Estado.EN_EJECUCION)
    answer = aiq.get(f"/solicitudes/{number}/progreso")
    assert answer.status_code == 303 and answer.location.endswith(f"/solicitudes/{number}/recorrido")
    assert "Puede cerrar esta página" in page(aiq, answer.location)


def test_polling_does_not_keep_the_session_alive(app, aiq, at):
    number = cases.make(app, Estado.EN_EJECUCION)
    for minutes in (10, 19):
        with at(minutes=minutes):
            assert aiq.get(f"/solicitudes/{number}/progreso", headers=HTMX | {"HX-Trigger-Name": "sondeo"}).status_code == 200
    with at(minutes=21):
        assert aiq.get(f"/solicitudes/{number}/progreso", headers=HTMX | {"HX-Trigger-Name": "sondeo"}).status_code == 401


# --- actions -----------------------------------------------------------------------------------------------------------


def test_cancel(app, aiq):
    number = cases.make(app, Estado.ENVIADA)
    assert "Cancelar la solicitud" in page(aiq, f"/solicitudes/{number}")
    assert aiq.post(f"/solicitudes/{number}/cancelar").status_code == 303
    assert estado_of(app, number) is Estado.ELIMINADA
    again = aiq.post(f"/solicitudes/{number}/cancelar")
    assert again.status_code == 409 and "ya no está disponible" in again.get_data(as_text=True)
    assert_page(again.get_data(as_text=True))


def test_run_now_makes_it_due_and_the_page_waits_for_the_worker(app, sge):
    number = cases.make(app, Estado.APROBADA)
    assert "sondeo" not in page(sge, f"/solicitudes/{number}/recorrido")
    assert sge.post(f"/solicitudes/{number}/ejecutar").status_code == 303
    with cases.context(app):
        assert db.session.get(Solicitud, number).ejecutar_desde == NOW
    html = page(sge, f"/solicitudes/{number}/recorrido")
    assert "En cola: comenzará en unos momentos" in html and "every 2s" in html


def test_a_stale_page_does_not_run_what_a_colleague_moved(app, sge):
    number = cases.make(app, Estado.APROBADA)
    answer = sge.post(f"/solicitudes/{number}/ejecutar", data={"version": "1"})
    assert answer.status_code == 409 and "Aprobada" in answer.get_data(as_text=True)
    with cases.context(app):
        assert db.session.get(Solicitud, number).ejecutar_desde != NOW


def test_stop_needs_a_reason_and_fences_the_worker(app, sge):
    number = cases.make(app, Estado.EN_EJECUCION)
    for typed in ("", "   ", "\x00"):
        refused = sge.post(f"/solicitudes/{number}/detener", data={"motivo": typed})
        assert refused.status_code == 422 and "Escriba el motivo de la detención." in refused.get_data(as_text=True)
        assert_page(refused.get_data(as_text=True))
    assert estado_of(app, number) is Estado.EN_EJECUCION
    assert sge.post(f"/solicitudes/{number}/detener", data={"motivo": "Mantenimiento\x00 de la bodega"}).status_code == 303
    with cases.context(app):
        run = db.session.scalar(select(Ejecucion).where(Ejecucion.solicitud_id == number))
        assert (run.estado, run.intento) == (EjecucionEstado.DETENIDA, 2)
        last = db.session.scalars(select(Evento).where(Evento.solicitud_id == number).order_by(Evento.orden.desc())).first()
        assert last.comentario == "Mantenimiento de la bodega"


def test_a_reason_too_long_is_kept_and_refused(app, sge):
    number = cases.make(app, Estado.EN_EJECUCION)
    refused = sge.post(f"/solicitudes/{number}/detener", data={"motivo": "ñ" * 5000})
    html = refused.get_data(as_text=True)
    assert refused.status_code == 422 and "no puede superar" in html and "ñ" * 5000 in html


def test_retry_and_keep_going(app, sge):
    number = cases.make(app, Estado.DETENIDA, detencion="novedades")
    assert "Continuar con novedades" in page(sge, f"/solicitudes/{number}")
    refused = sge.post(f"/solicitudes/{number}/reintentar", data={"continuar": "1"})
    assert refused.status_code == 422 and 'id="retry-continuar" name="continuar" value="1" checked' in refused.get_data(as_text=True)
    assert sge.post(f"/solicitudes/{number}/reintentar", data={"continuar": "1", "motivo": "Bodega antigua"}).status_code == 303
    with cases.context(app):
        run = db.session.scalar(select(Ejecucion).where(Ejecucion.solicitud_id == number))
        assert run.continuar and run.estado is EjecucionEstado.PENDIENTE
    assert estado_of(app, number) is Estado.APROBADA


def test_extend_once(app, sge):
    number = cases.make(app, Estado.ATENDIDA)
    assert sge.post(f"/solicitudes/{number}/ampliar", data={"motivo": ""}).status_code == 422
    assert sge.post(f"/solicitudes/{number}/ampliar", data={"motivo": "Feriado local"}).status_code == 303
    assert "24 nov 2026, 23:59" in page(sge, f"/solicitudes/{number}/recorrido")
    assert sge.post(f"/solicitudes/{number}/ampliar", data={"motivo": "Otra vez"}).status_code == 409


def test_reject_with_a_typed_reason(app, sge, aiq):
    number = cases.make(app, Estado.ATENDIDA)
    refused = sge.post(f"/solicitudes/{number}/eliminar-sge", data={"motivo": "inventado", "detalle": "Texto"})
    assert refused.status_code == 422 and "Elija el motivo." in refused.get_data(as_text=True) and ">Texto</textarea>" in refused.get_data(as_text=True)
    assert sge.post(f"/solicitudes/{number}/eliminar-sge", data={"motivo": "documento_no_corresponde"}).status_code == 303
    html = page(aiq, f"/solicitudes/{number}")
    assert "El documento asociado no corresponde" in html and "Volver a generar" not in html
    with cases.context(app):
        assert db.session.get(Solicitud, number).motivo is Motivo.DOCUMENTO_NO_CORRESPONDE


def test_renew_links_both_ways_and_is_offered_once(app, aiq, at):
    number = cases.make(app, Estado.ELIMINADA)
    answer = aiq.post(f"/solicitudes/{number}/renovar")
    assert answer.status_code == 303
    new = int(answer.location.split("/")[-2])
    assert new != number and estado_of(app, new) is Estado.ENVIADA
    assert f"Solicitud Nº {number:06d}</a>" in page(aiq, f"/solicitudes/{new}")
    old = page(aiq, f"/solicitudes/{number}")
    assert f"Solicitud Nº {new:06d}</a>" in old and "dlg-renew" not in old
    assert aiq.post(f"/solicitudes/{number}/renovar").status_code == 409


def test_renewal_is_refused_in_place_while_another_request_is_live(app, aiq):
    number = cases.make(app, Estado.ELIMINADA)
    other = cases.make(app, Estado.ENVIADA)
    answer = aiq.post(f"/solicitudes/{number}/renovar")
    html = answer.get_data(as_text=True)
    assert answer.status_code == 422 and f"Ya existe la solicitud Nº {other:06d}" in html
    assert_page(html)


def test_actions_carry_the_csrf_token(app, aiq):
    number = cases.make(app, Estado.ENVIADA)
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        assert aiq.post(f"/solicitudes/{number}/cancelar").status_code == 400
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert estado_of(app, number) is Estado.ENVIADA


# --- personal requests ---------------------------------------------------------------------------------------------------


def personal(app) -> int:
    with cases.context(app):
        me = cases.actor("servidor@demo.gob.ec")
        draft = solicitudes.Draft(cases.account(demo_people.SERVANT).id, "", cases.SINCE, cases.UNTIL)
        solicitud = solicitudes.send(me, solicitudes.save(me, Clase.PERSONAL, draft))
        decisions.approve(cases.actor("sge@demo.gob.ec"), solicitud, clock.today() + timedelta(days=1))
        return cases.produced(solicitud).id


def test_the_aiq_sees_row_and_trail_of_a_personal_request_but_no_files(app, sign_in):
    number = personal(app)
    owner, aiq = sign_in("servidor@demo.gob.ec"), sign_in("aiq@demo.gob.ec")
    mine, theirs = page(owner, f"/solicitudes/{number}"), page(aiq, f"/solicitudes/{number}")
    assert "SNBAP-2021-0007-M" in mine and "Descargue su respaldo (2 partes)" in mine
    assert "SNBAP-2021-0007-M" not in theirs and "/descarga" not in theirs and "quien lo solicitó puede descargarlo" in theirs
    assert "Generada" in page(aiq, f"/solicitudes/{number}/recorrido")
    assert "/descarga" not in fragment(aiq, number)
    assert sign_in("respaldo@demo.gob.ec").post(f"/solicitudes/{number}/cancelar").status_code == 403


# --- the calendar, and files that wait for a second word ---------------------------------------------------------------


def test_an_officer_moves_a_request_to_another_day_and_the_aiq_is_told(app, sge):
    number = cases.make(app, Estado.APROBADA)
    assert "Cambiar la fecha de ejecución" in page(sge, f"/solicitudes/{number}")
    assert sge.post(f"/solicitudes/{number}/calendarizar", data={"fecha": "2026-11-24", "comentario": "Mantenimiento."}).status_code == 303
    with cases.context(app):
        moved = db.session.get(Solicitud, number)
        assert (moved.estado, str(moved.fecha_tentativa)) == (Estado.APROBADA, "2026-11-24")
        told = set(db.session.scalars(select(Correo.para).where(Correo.solicitud_id == number, Correo.plantilla == "calendarizada")))
        assert told == {"aiq@demo.gob.ec", "respaldo@demo.gob.ec"}
    assert "Fecha tentativa de ejecución (calendarizada): 24 nov 2026." in page(sge, f"/solicitudes/{number}/recorrido")


@pytest.mark.parametrize("typed, said", [
    ("2026-11-22", "La fecha elegida no es un día laborable: el 22 nov 2026 es domingo."), ("2026-11-17", "La fecha de ejecución no puede ser anterior a hoy."),
    ("mañana", "Elija la fecha de ejecución."),
])
def test_a_day_that_cannot_be_is_refused_with_what_was_typed(app, sge, typed, said):
    number = cases.make(app, Estado.APROBADA)
    answer = sge.post(f"/solicitudes/{number}/calendarizar", data={"fecha": typed, "comentario": "Feriado local"})
    html = answer.get_data(as_text=True)
    assert_page(html)
    assert answer.status_code == 422 and said in html and "Feriado local" in html and f'value="{typed}"' in html
    with cases.context(app):
        assert str(db.session.get(Solicitud, number).fecha_tentativa) == "2026-11-20"


def test_who_filed_it_or_another_estado_cannot_move_it(app, aiq, sge):
    number = cases.make(app, Estado.ATENDIDA)
    assert aiq.post(f"/solicitudes/{number}/calendarizar", data={"fecha": "2026-11-24"}).status_code == 403
    assert sge.post(f"/solicitudes/{number}/calendarizar", data={"fecha": "2026-11-24"}).status_code == 409


def test_the_files_of_a_rejected_archive_go_at_once_when_a_second_officer_says_so(app, sign_in):
    number = cases.make(app, Estado.ATENDIDA)
    first, second = sign_in("sge@demo.gob.ec"), sign_in("sge2@demo.gob.ec")
    first.post(f"/solicitudes/{number}/eliminar-sge", data={"motivo": "documento_no_corresponde"})
    assert "Confirmar la eliminación" not in page(first, f"/solicitudes/{number}")
    html = page(second, f"/solicitudes/{number}")
    assert "Confirmar la eliminación de los archivos" in html and "21 nov 2026, 10:00, o antes si usted lo confirma" in html
    assert first.post(f"/solicitudes/{number}/eliminar-archivos").status_code == 409
    assert sign_in("aiq@demo.gob.ec").post(f"/solicitudes/{number}/eliminar-archivos").status_code == 403
    assert second.post(f"/solicitudes/{number}/eliminar-archivos").status_code == 303
    with cases.context(app):
        assert db.session.get(Solicitud, number).purgada_en == NOW
    assert "Archivos eliminados" in page(second, f"/solicitudes/{number}/recorrido")


def test_the_reason_of_an_officer_is_no_download(app, sge):
    number = cases.make(app, Estado.ATENDIDA)
    assert sge.post(f"/solicitudes/{number}/descarga/motivo", data={"motivo": "Pedido de la máxima autoridad"}).status_code == 303
    html = page(sge, f"/solicitudes/{number}/recorrido")
    assert "Acceso de la SGE a los archivos" in html
    # Still to come: the AIQ has not downloaded anything.
    assert ">Descargada<" in html and "Hasta el 22 nov 2026, 23:59" in html
