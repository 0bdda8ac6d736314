"""The list and its pages, without a web page around them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from extensions import db
from models import Solicitud
from rules.lifecycle import Estado
from services import listing, solicitudes_filters, solicitudes_rows
from services.listing import Listing, Sort
from tests.blueprints import solicitud_cases as cases
from tests.conftest import NOW

pytestmark = pytest.mark.usefixtures("ctx")


def by_validity(name="x") -> Listing:
    sorts = {"v": Sort(Solicitud.vigente_hasta, empty=True), "nro": Sort(Solicitud.id)}
    return Listing(name, select(Solicitud), Solicitud.id, sorts, "nro")


def walk(one: Listing, order: str, size: int) -> list[list[int]]:
    pages, token = [], ""
    while True:
        page = one.page(order, token, size)
        pages.append([s.id for (s,) in page.rows])
        if page.next is None:
            return pages
        token = page.next


@pytest.mark.parametrize("descending", ["", "-"])
def test_rows_without_a_value_come_last_in_both_directions(descending):
    ids = cases.plant(9, vigente_hasta=lambda i: None if i % 2 else NOW + timedelta(days=i // 4))
    flat = [n for page in walk(by_validity(), f"{descending}v", 4) for n in page]
    assert sorted(flat) == sorted(ids)
    assert {flat[i] for i in range(5)} == set(ids[::2]) and set(flat[5:]) == set(ids[1::2])


def test_rows_added_meanwhile_neither_repeat_nor_hide_rows():
    ids = cases.plant(6)
    page = by_validity().page("-nro", "", 3)
    cases.plant(2)
    following = by_validity().page("-nro", page.next, 3)
    assert [s.id for (s,) in following.rows] == ids[2::-1]


def test_a_page_before_the_first_is_the_first():
    ids = cases.plant(5)
    second = by_validity().page("nro", by_validity().page("nro", "", 2).next, 2)
    assert [s.id for (s,) in by_validity().page("nro", second.previous, 3).rows] == ids[:3]


def test_a_cursor_of_another_list_or_order_is_ignored():
    ids = cases.plant(5)
    token = by_validity().page("nro", "", 2).next
    for page in (by_validity("other").page("nro", token, 2), by_validity().page("-nro", token, 2)):
        assert page.start == 0
    assert [s.id for (s,) in by_validity().page("nro", token, 2).rows] == ids[2:4]


@pytest.mark.parametrize("numbered", [listing.NUMBERED, 0], ids=["short list", "long list"])
def test_a_page_says_where_it_stands_whatever_came_and_went_since_its_cursor(monkeypatch, numbered):
    monkeypatch.setattr(listing, "NUMBERED", numbered)
    ids = cases.plant(9)
    second = by_validity().page("-nro", "", 3)
    third = by_validity().page("-nro", second.next, 3)
    newer = cases.plant(2)
    last = by_validity().page("-nro", third.next, 3)
    assert [s.id for (s,) in last.rows] == ids[2::-1]
    assert (last.start, last.total) == (8, 11)
    for row in db.session.scalars(select(Solicitud).where(Solicitud.id.in_([*newer, *ids[4:]]))):
        row.oculta = True
    db.session.flush()
    few = Listing("x", select(Solicitud).where(Solicitud.oculta.is_(False)), Solicitud.id, by_validity().sorts, "nro")
    last = few.page("-nro", third.next, 2)
    assert [s.id for (s,) in last.rows] == ids[2:0:-1] and last.next
    assert (last.start, last.total) == (1 if numbered else 2, 4)  # not the six of the cursor


def test_an_empty_list_has_one_empty_page():
    page = by_validity().page()
    assert (page.rows, page.total, page.many, page.next, page.previous) == ([], 0, False, None, None)


def test_the_total_stops_at_the_limit(monkeypatch):
    monkeypatch.setattr(listing, "COUNT_LIMIT", 4)
    cases.plant(4)
    assert (by_validity().page().total, by_validity().page().many) == (4, False)
    cases.plant(1)
    assert (by_validity().page().total, by_validity().page().many) == (4, True)


@pytest.mark.parametrize("day, months, expected", [
    (date(2026, 11, 18), 6, date(2026, 5, 18)), (date(2026, 8, 31), 6, date(2026, 2, 28)), (date(2028, 8, 31), 6, date(2028, 2, 29)),
    (date(2026, 3, 31), 6, date(2025, 9, 30)), (date(2026, 6, 30), 6, date(2025, 12, 30)), (date(2026, 7, 31), 6, date(2026, 1, 31)),
])
def test_six_months_ago(day, months, expected):
    assert solicitudes_filters.months_before(day, months) == expected


@pytest.mark.parametrize("text, number", [
    ("11", 11), ("000011", 11), (" Nº 000011 ", 11), ("N° 11", 11), ("n.º 11", 11), ("No. 11", 11), ("#11", 11), ("Nº", None), ("-11", None),
    ("١١", None), ("11 a", None), ("1" * 16, None), ("", None),
])
def test_a_request_is_named_as_the_screens_write_it(text, number):
    assert solicitudes_filters.number_of(text) == number


def test_the_same_filters_have_the_same_digest():
    one = solicitudes_filters.Filters(estados=frozenset({Estado.ATENDIDA, Estado.ENVIADA}))
    other = solicitudes_filters.Filters(estados=frozenset({Estado.ENVIADA, Estado.ATENDIDA}))
    assert one.digest == other.digest != solicitudes_filters.Filters().digest


def test_the_end_of_the_vigencia_in_words():
    def line(until: datetime) -> str:
        [number] = cases.plant(1, estado=Estado.ATENDIDA, vigente_hasta=until)
        return solicitudes_rows.second_line(db.session.get(Solicitud, number), Estado.ATENDIDA, None, NOW)

    assert line(datetime(2026, 11, 19, 5, tzinfo=UTC)) == "Vence hoy, 23:59"
    assert line(datetime(2026, 11, 20, 5, tzinfo=UTC)) == "Quedan 1 d 14 h"
