"""A Recorrido of hundreds of steps: a page at a time, nothing lost, no question to the database for each step."""

from __future__ import annotations

from datetime import timedelta

import pytest
from lxml import html as parser

from extensions import db
from models import Cuenta, Evento
from rules.lifecycle import Action, Estado
from services import trail
from tests.blueprints import solicitud_cases as cases
from tests.blueprints.strict import assert_page
from tests.blueprints.test_listado import counted, link
from tests.conftest import NOW


def grow(number: int, total: int, **columns) -> None:
    """Downloads until there are `total` steps, each with its number in the comment."""
    last = db.session.scalar(db.select(db.func.max(Evento.orden)).where(Evento.solicitud_id == number))
    values = {"accion": str(Action.DOWNLOAD), "estado": str(Estado.ATENDIDA), "hash": "x", **columns}
    db.session.add_all(
        Evento(solicitud_id=number, orden=order, en=NOW + timedelta(minutes=order), comentario=f"paso {order}", **values)
        for order in range(last + 1, total + 1)
    )


def read(client, path: str):
    answer = client.get(path)
    html = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert_page(html)
    return parser.document_fromstring(html)


def steps(doc) -> list[int]:
    said = doc.xpath("//ol[contains(@class, 'trail')]/li/p[starts-with(., '«paso ')]")
    return [int(p.text.strip("«»").split()[1]) for p in said]


@pytest.fixture
def long(app) -> int:
    number = cases.make(app, Estado.ATENDIDA)
    with cases.context(app):
        grow(number, 132)
    return number


def test_every_step_is_reached_by_links(long, aiq):
    doc = read(aiq, f"/solicitudes/{long}/recorrido")
    assert "Pasos 83 a 132 de 132" in doc.text_content() and steps(doc) == list(range(83, 133))
    seen = steps(doc)
    while earlier := link(doc, "Anterior"):
        doc = read(aiq, earlier)
        seen = steps(doc) + seen
    assert seen == sorted(seen) and set(range(10, 133)) <= set(seen) and len(seen) == len(set(seen))
    assert link(doc, "Última") == f"/solicitudes/{long}/recorrido"
    while later := link(doc, "Siguiente"):
        doc = read(aiq, later)
    assert steps(doc)[-1] == 132 and link(doc, "Siguiente") is None


def test_what_is_to_come_stands_after_the_newest_only(long, aiq):
    assert read(aiq, f"/solicitudes/{long}/recorrido").xpath("//ol[contains(@class, 'trail')]/li[@class='next']")
    assert not read(aiq, f"/solicitudes/{long}/recorrido?hasta=60").xpath("//ol[contains(@class, 'trail')]/li[@class='next']")


@pytest.mark.parametrize("hasta", ["999999", "x", "-1", "0", "", "9" * 40, "%00", "1.5"])
def test_a_number_that_is_none_shows_the_newest(long, aiq, hasta):
    assert steps(read(aiq, f"/solicitudes/{long}/recorrido?hasta={hasta}"))[-1] == 132


def test_a_short_one_has_no_pages(app, aiq):
    doc = read(aiq, f"/solicitudes/{cases.make(app, Estado.ATENDIDA)}/recorrido")
    assert "Pasos" not in doc.text_content() and not doc.xpath("//nav[@aria-label='Paginación']")


def test_a_run_that_began_long_before_is_still_shown(app, sge):
    number = cases.make(app, Estado.EN_EJECUCION)
    with cases.context(app):
        grow(number, 200, accion=str(Action.RESCHEDULE))
    live = read(sge, f"/solicitudes/{number}/recorrido").xpath("//ol[contains(@class, 'trail')]/li[@class='live']")
    assert len(live) == 1 and live[0].getparent().index(live[0]) == 0


def test_queries_do_not_grow_with_the_steps(app, sge):
    """Nor with the accounts of Quipux that took them, when the request came from there."""
    number = cases.make(app, Estado.ATENDIDA)
    with counted(app) as few:
        read(sge, f"/solicitudes/{number}/recorrido")
    with cases.context(app):
        codes = list(db.session.scalars(db.select(Cuenta.quipux_codi).limit(3)))
        grow(number, 60)
        for event, code in zip(db.session.scalars(db.select(Evento).where(Evento.solicitud_id == number, Evento.orden > 40)), codes * 7):
            event.datos = {"cuenta": code}
    with counted(app) as many:
        doc = read(sge, f"/solicitudes/{number}/recorrido")
    assert steps(doc)[-1] == 60 and len(many) <= len(few) + 1, "\n".join(many)


def test_the_newest_four_and_the_end_nobody_wrote_down(app, aiq):
    number = cases.make(app, Estado.ATENDIDA)
    with cases.context(app):
        row = db.session.get(cases.Solicitud, number)
        grow(number, 60)
        db.session.flush()
        assert [s.notes[0] for s in trail.latest(row, Estado.ATENDIDA, 4)] == [f"«paso {n}»" for n in (60, 59, 58, 57)]
        assert [s.title for s in trail.latest(row, Estado.ELIMINADA, 4)][0] == "Eliminada" == trail.past(row, Estado.ELIMINADA).steps[-1].title
