"""The benchmark of the desk runs on a tiny corpus, and its figures mean what they say."""

from __future__ import annotations

import argparse

import pytest

from bench import desk, requests

pytestmark = pytest.mark.slow


@pytest.fixture
def asked(tmp_path):
    url = f"sqlite:///{tmp_path / 'tiny.sqlite'}"
    requests.build(url, requests=1_500, institutions=10, runs=False)
    return argparse.Namespace(database=url, small=True, rounds=1)


@pytest.mark.long
def test_every_page_of_the_queue_is_measured(asked, tmp_path):
    figures, rows = desk.queue(asked, tmp_path)
    assert {"cola, primera página", "vista sin abrir", "una solicitud (fragmento)", "vista previa de un lote de 500"} <= set(figures)
    assert all(0 < f["p50"] <= f["p95"] for f in figures.values()) and len(rows) == len(figures)


@pytest.mark.long
def test_a_lote_is_approved_to_its_end(tmp_path):
    figures, _ = desk.batch(argparse.Namespace(small=True), tmp_path)
    # Whoever has another live request is left out of a Lote.
    assert 25 <= figures["approved"] <= 30 and figures["other"] == 0 and figures["answer_s"] <= figures["all_s"]
