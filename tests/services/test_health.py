"""/salud names each part that is not alive; with all of them alive see tests/jobs/test_processes.py."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from extensions import db
from models import Latido
from tests.archive.signing import Authority
from tests.conftest import NOW


@pytest.fixture
def salud(app):
    def ask():
        answer = app.test_client().get("/salud")
        return answer.status_code, answer.get_json()

    return ask


def beat(app, moment) -> None:
    with app.app_context():
        db.session.merge(Latido(nombre="clock", en=moment))
        db.session.commit()


def test_each_missing_part_is_named_in_words(salud):
    status, body = salud()
    assert status == 503 and body["estado"] == "falla"
    parts = body["partes"]
    assert set(parts) == {"web", "base", "cola", "worker", "clock"}
    assert (parts["web"], parts["base"]) == ("ok", "ok")
    assert parts["cola"].startswith("La cola no responde") and "cola" in parts["worker"]
    assert parts["clock"] == "El reloj no se ha iniciado."


@pytest.mark.parametrize(("silence", "alive"), [(0, True), (60, True), (61, False)])
def test_the_clock_is_alive_for_a_minute_after_its_last_sign(app, salud, silence, alive):
    beat(app, NOW - timedelta(seconds=silence))
    state = salud()[1]["partes"]["clock"]
    assert (state == "ok") is alive, state


def test_a_database_without_tables_is_a_failure_and_not_a_crash(app, salud):
    with app.app_context():
        db.session.execute(text("DROP TABLE evento"))
        db.session.execute(text("PRAGMA foreign_keys=OFF"))
        for table in ("correo", "entrega", "descarga", "novedad", "parte", "ejecucion", "solicitud"):
            db.session.execute(text(f"DROP TABLE {table}"))
        db.session.commit()
    status, body = salud()
    assert status == 503 and body["partes"]["base"].startswith("La base de datos no responde")
    assert "base de datos" in body["partes"]["clock"]


def test_nothing_of_the_inside_is_told(salud):
    assert "/" not in "".join(salud()[1]["partes"].values())



def said(app, **changes) -> str:
    app.config.update(changes)
    return app.test_cli_runner().invoke(args=["config", "check"]).output


def test_the_check_of_the_settings_says_what_signatures_will_look_like(app, tmp_path):
    assert "Aviso: FIRMAS_ANCLAS está vacío" in said(app, FIRMAS_ANCLAS="")
    assert "Aviso: Las firmas electrónicas no se verifican" in said(app, FIRMAS=False)
    for folder in (tmp_path, tmp_path / "no"):
        assert "FIRMAS_ANCLAS no es una carpeta con certificados raíz" in said(app, FIRMAS=True, FIRMAS_ANCLAS=str(folder))
    (tmp_path / "raiz.pem").write_bytes(b"no es un certificado")
    assert "FIRMAS_ANCLAS no es una carpeta con certificados raíz" in said(app, FIRMAS_ANCLAS=str(tmp_path))
    (tmp_path / "raiz.pem").write_bytes(Authority().pem)
    assert "FIRMAS" not in said(app, FIRMAS_ANCLAS=str(tmp_path))
