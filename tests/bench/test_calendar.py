"""The simulation of a transition: its flood, its rules, its plot; and the corpus of the database benchmark."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from bench import calendar, calendar_database, transition_page
from extensions import db
from models import Solicitud
from services import schedule


@pytest.fixture(scope="module")
def small():
    return calendar.run(small=True)


def test_the_flood_is_the_one_promised_and_the_same_each_time(small):
    _, flood, _ = small
    assert 1_800 <= len(flood) <= 2_600 and len({ask.institution for ask in flood}) == 400
    assert flood == calendar.asks(2_000, calendar.calendar())
    days = calendar.calendar()
    assert all(days.is_working(ask.day) for ask in flood)
    whole = calendar.asks(20_000, days)
    assert 19_000 <= len(whole) <= 21_000 and len({ask.institution for ask in whole}) == 400


def test_no_way_fills_a_day_above_its_capacity(small):
    results, flood, _ = small
    assert set(results) == {"orden", "cuota", "reserva"}
    for result in results.values():
        assert result.fullest <= 1 and sum(map(len, result.waits.values())) == len(flood)
        assert min(min(w) for w in result.waits.values()) >= 1


def test_the_reserve_helps_small_offices_and_large_ones_pay_for_it(small):
    results, _, _ = small
    figures = {name: result.figures()["waits"] for name, result in results.items()}
    assert figures["reserva"]["pequeña"]["median"] < figures["orden"]["pequeña"]["median"]
    assert figures["reserva"]["grande"]["median"] > figures["orden"]["grande"]["median"]


def test_the_plot_is_drawn_from_the_figures(small, tmp_path):
    results, flood, capacity = small
    figures = {
        "requests": len(flood), "institutions": 400, "documents": 1, "bytes": 1, **{name: result.figures() for name, result in results.items()},
        "capacity": {"documents": capacity.documents, "bytes": capacity.bytes, "factor": calendar.FACTOR, "quota": capacity.quota},
    }
    transition_page.write(tmp_path, figures, {name: result.waits for name, result in results.items()}, calendar.LABELS)
    svg = ElementTree.fromstring((tmp_path / "transicion.svg").read_text(encoding="utf-8"))
    assert len(svg.findall("{http://www.w3.org/2000/svg}rect")) == 1 + 9
    page = (tmp_path / "transicion.md").read_text(encoding="utf-8")
    assert f"| {calendar.LABELS['pequeña']} | {transition_page.WAYS['orden']} | {figures['orden']['waits']['pequeña']['median']} |" in page


def test_the_database_benchmark_measures_the_right_answer(ctx):
    db.drop_all()
    calendar_database.fill(300)
    assert db.session.query(Solicitud).count() == 300 and len(schedule.booked(calendar_database.clock.today())) == 40
    figures = calendar_database.run(1)
    assert set(figures) == {"propose", "row_by_row", "month", "day", "report", "speedup"}
