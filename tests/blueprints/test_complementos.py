"""*Reintentar faltantes* on the pages: who may order it, what is seen while it is made, when it is ready, when it failed."""

from __future__ import annotations

import pytest

from extensions import db
from models import EjecucionEstado, Novedad, Parte, ParteTipo, Solicitud
from rules.lifecycle import Estado
from services import complements, runs, turns
from tests.blueprints import solicitud_cases as cases
from tests.blueprints.strict import assert_fragment, assert_page

HTMX = {"HX-Request": "true"}


def page(client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    html = answer.get_data(as_text=True)
    assert answer.status_code == status, html[:500]
    assert_page(html)
    return " ".join(html.replace("\xa0", " ").split())


@pytest.fixture
def number(app) -> int:
    """Atendida, with two files of two documents missing."""
    number = cases.make(app, Estado.ATENDIDA)
    with cases.context(app):
        run = runs.latest(db.session.get(Solicitud, number))
        db.session.add(Novedad(ejecucion_id=run.id, documento_codi="3" * 20, numero="SNBAP-2022-0001-M", archivo="anexo.pdf", causa="ilegible", ruta="data/b.pdf"))
        run.con_novedad, run.incluidos = 2, run.encontrados - run.excluidos - 2
        run.novedades[0].ruta = "data/a.pdf"
    return number


def order(client, number: int):
    return client.post(f"/solicitudes/{number}/reintentar-faltantes")


def made(app, number: int, recovered: int) -> None:
    """A worker makes the ordered complement, which brings so many of the two files."""
    with cases.context(app):
        claim = turns.claim("worker")
        rows = [n for each in complements.missing(complements.main_of(db.session.get(Solicitud, number))).values() for n in each]
        counts = {"encontrados": 2, "excluidos": 0, "con_novedad": 2 - recovered, "bytes_total": 10}
        runs.planned(claim, "k/plan.gz", counts=counts, parts=[], asked={n.id: n.ruta for n in rows})
        db.session.add(Parte(ejecucion_id=claim.ejecucion_id, numero=1, tipo=ParteTipo.DATOS, nombre=f"RESPALDO_{number:06d}_C1.zip", bytes=4_000_000,
                             sha256="c" * 64, clave="k/c1.zip", documentos=2))
        for lost in rows[recovered:]:
            db.session.add(Novedad(ejecucion_id=claim.ejecucion_id, documento_codi=lost.documento_codi, archivo=lost.archivo, causa="ausente", ruta=lost.ruta))
        db.session.commit()
        try:
            runs.finish(claim)
        except runs.Fenced:
            assert not recovered


def test_the_officer_is_told_what_will_happen_and_orders_it_without_javascript(app, number, sge):
    html = page(sge, f"/solicitudes/{number}")
    assert "Reintentar faltantes" in html and "las partes ya entregadas no cambian" in html and "puede ordenar que se busquen nuevamente" in html
    answer = order(sge, number)
    assert answer.status_code == 303
    trail = page(sge, answer.location)
    assert "Reintento de faltantes ordenado" in trail and "2 archivos de 2 documentos con novedad." in trail and "Preparando el complemento 1" in trail
    html = page(sge, f"/solicitudes/{number}")
    assert "Se prepara un complemento" in html and "dlg-retry_missing" not in html
    again = order(sge, number)
    assert again.status_code == 409 and "ya no está disponible" in again.get_data(as_text=True)


def test_only_the_sge_may_order_it(app, number, aiq, sign_in):
    assert "Reintentar faltantes" not in page(aiq, f"/solicitudes/{number}")
    assert order(aiq, number).status_code == 403
    assert order(sign_in("aiq@otra.gob.ec"), number).status_code == 404
    with cases.context(app):
        assert len(db.session.get(Solicitud, number).ejecuciones) == 1


def test_the_progress_is_polled_and_ends(app, number, sge):
    order(sge, number)
    fragment = sge.get(f"/solicitudes/{number}/progreso", headers=HTMX).get_data(as_text=True)
    assert_fragment(fragment)
    assert "Preparando el complemento 1" in fragment and "hx-get" in fragment
    made(app, number, 1)
    fragment = sge.get(f"/solicitudes/{number}/progreso", headers=HTMX).get_data(as_text=True)
    assert "El respaldo está listo." in fragment and "hx-get" not in fragment


def test_every_page_counts_the_same_after_a_complement(app, number, aiq, sge):
    order(sge, number)
    made(app, number, 1)
    for client in (aiq, sge):
        html = page(client, f"/solicitudes/{number}")
        assert "98 + 1 en el complemento" in html and "Novedades (1)" in html and "SNBAP-2022-0001-M" in html and "SNBAP-2021-0007-M" not in html
    trail = page(aiq, f"/solicitudes/{number}/recorrido")
    assert "Complemento generado" in trail and "1 archivo recuperado; 1 con novedad todavía." in trail
    download = page(aiq, f"/solicitudes/{number}/descarga")
    assert f"RESPALDO_{number:06d}_<wbr>C1.zip" in download or f"RESPALDO_{number:06d}_C1.zip" in download
    assert "Complemento 1" in download and "98 + 1 en el complemento" in download and "c" * 32 in download
    acta = page(aiq, f"/solicitudes/{number}/acta")
    assert f"RESPALDO_{number:06d}_C1.zip" in acta and "98 + 1 en el complemento" in acta and "SNBAP-2022-0001-M" in acta and "SNBAP-2021-0007-M" not in acta
    assert "Reintentar faltantes" in page(sge, f"/solicitudes/{number}"), "one is still missing"


def test_nothing_missing_any_more_and_the_button_is_gone(app, number, sge):
    order(sge, number)
    made(app, number, 2)
    html = page(sge, f"/solicitudes/{number}")
    assert "dlg-retry_missing" not in html and "98 + 2 en el complemento" in html and "Novedades (" not in html
    assert order(sge, number).status_code == 409


def test_a_complement_that_recovers_nothing_is_told_to_the_sge_alone(app, number, aiq, sge):
    order(sge, number)
    made(app, number, 0)
    html = page(sge, f"/solicitudes/{number}")
    assert "El último complemento no se generó" in html and "siguen sin poder leerse" in html and "dlg-retry_missing" in html
    assert "El último complemento" not in page(aiq, f"/solicitudes/{number}")
    assert "Complemento no generado" in page(aiq, f"/solicitudes/{number}/recorrido")
    with cases.context(app):
        row = db.session.get(Solicitud, number)
        assert [r.estado for r in row.ejecuciones] == [EjecucionEstado.PUBLICADA, EjecucionEstado.CANCELADA]


def test_an_officer_stops_a_complement_that_is_being_made(app, number, aiq, sge):
    order(sge, number)
    with cases.context(app):
        claim = turns.claim("worker")
    floor = page(sge, "/produccion")
    path = f"/produccion/{number}/complemento/detener"
    assert "complemento C1" in floor and path in floor
    assert "sigue vigente" in page(sge, path)
    assert sge.post(path, data={"motivo": " "}).status_code == 422
    assert aiq.post(path, data={"motivo": "No"}).status_code == 403
    assert sge.post(path, data={"motivo": "La bodega está en mantenimiento"}).status_code == 303
    late = sge.get(path)
    assert late.status_code == 409 and "ya no procede" in late.get_data(as_text=True), "there is nothing left to stop"
    with cases.context(app):
        solicitud = db.session.get(Solicitud, number)
        assert solicitud.estado is Estado.ATENDIDA and complements.live(solicitud) is None
        with pytest.raises(runs.Fenced):
            runs.heartbeat(claim)
    trail = page(aiq, f"/solicitudes/{number}/recorrido")
    assert "Complemento detenido por la SGE" in trail and "La bodega está en mantenimiento" in trail
    assert sge.post(path, data={"motivo": "Otra vez"}).status_code == 409
    assert order(sge, number).status_code == 303, "another may be ordered"
