"""Past backups of Quipux's own module: brought in once, as history, with a chain that holds."""

from __future__ import annotations

import json
from datetime import date

import pytest
from sqlalchemy import func, select

from extensions import db
from models import Correo, Cuenta, Evento, Solicitud, Usuario
from rules.lifecycle import Clase, Estado, Motivo
from services import history_import, mover, status, trail
from services.adapters import quipux
from sources import NoHistory, demo_people
from tests.services import past_backups
from tests.services.quipux_copy import change, copy_of

OWNER, CREATOR = demo_people.MAIN.codi, demo_people.DRIVER.codi


@pytest.fixture
def settings(quipux_folder, tmp_path):
    return copy_of(quipux_folder, tmp_path / "quipux")


@pytest.fixture
def past(ctx, settings):
    statements = [sql.format(instant="text", id="text") for sql in past_backups.DDL] + past_backups.rows(OWNER, CREATOR)
    change(settings, *((sql,) for sql in statements))


def imported(number: int) -> Solicitud:
    return db.session.scalar(select(Solicitud).where(Solicitud.importada_de == str(number)))


def test_what_came_of_it_is_told(past):
    report = history_import.run(quipux())
    assert (report.leidas, report.importadas, report.ya_importadas, report.sin_cuenta, report.sin_fecha) == (7, 5, 0, 1, 1)
    assert report.cuentas == ["987654"]
    assert report.eventos == db.session.scalar(select(func.count()).select_from(Evento).join(Solicitud).where(Solicitud.importada_de.is_not(None)))


def test_a_second_time_nothing_is_written(past):
    history_import.run(quipux())
    before = db.session.scalar(select(func.count()).select_from(Evento))
    again = history_import.run(quipux())
    assert (again.importadas, again.ya_importadas, again.eventos) == (0, 5, 0)
    assert db.session.scalar(select(func.count()).select_from(Evento)) == before


def test_stopped_half_way_it_goes_on(past, monkeypatch):
    monkeypatch.setattr(history_import, "BATCH", 1)
    real, done = history_import._admit, []

    def break_off(*args):
        if len(done) == 2:
            raise RuntimeError("killed")
        done.append(1)
        return real(*args)

    monkeypatch.setattr(history_import, "_admit", break_off)
    with pytest.raises(RuntimeError):
        history_import.run(quipux())
    db.session.rollback()
    monkeypatch.setattr(history_import, "_admit", real)
    report = history_import.run(quipux())
    assert (report.importadas, report.ya_importadas) == (3, 2)


@pytest.mark.parametrize(
    ("number", "clase", "motivo", "actions"),
    [
        (1, Clase.INSTITUCIONAL, Motivo.VIGENCIA_TERMINADA, ["create", "send", "approve", "finish", "expire"]),
        (2, Clase.PERSONAL, Motivo.VIGENCIA_TERMINADA, ["create", "approve", "finish", "expire"]),
        (3, Clase.INSTITUCIONAL, Motivo.OTRO, ["create", "reject"]),
        (4, Clase.INSTITUCIONAL, Motivo.CANCELADA, ["create", "cancel"]),
        (5, Clase.INSTITUCIONAL, Motivo.OTRO, ["create", "cancel"]),
    ],
)
def test_every_estado_of_the_old_module_becomes_one_of_ours(past, number, clase, motivo, actions):
    history_import.run(quipux())
    solicitud = imported(number)
    assert (solicitud.estado, solicitud.motivo, solicitud.clase) == (Estado.ELIMINADA, motivo, clase)
    assert [e.accion for e in solicitud.eventos] == actions and solicitud.eventos[-1].estado == Estado.ELIMINADA
    assert [e.en for e in solicitud.eventos] == sorted(e.en for e in solicitud.eventos)
    assert mover.broken_link(solicitud) is None


def test_the_request_says_what_quipux_said(past):
    history_import.run(quipux())
    solicitud = imported(1)
    assert (solicitud.desde, solicitud.hasta, solicitud.estimado_documentos) == (date(2015, 1, 1), date(2018, 12, 31), 120)
    assert (solicitud.comentario, solicitud.eventos[2].comentario) == ("Comentario <1>", "ok\n<sí>")
    assert solicitud.fecha_solicitud.isoformat() == "2019-03-01T15:00:00+00:00"
    assert (solicitud.cuenta.quipux_codi, solicitud.persona_cedula) == (OWNER, solicitud.cuenta.cedula)
    assert solicitud.ejecuciones == [] and solicitud.purgar_desde is None
    assert imported(2).eliminada_en.isoformat() == "2019-05-09T15:00:00+00:00"


def test_a_changed_row_breaks_the_chain(past):
    history_import.run(quipux())
    solicitud = imported(1)
    solicitud.eventos[1].comentario = "otra cosa"
    db.session.flush()
    assert mover.broken_link(solicitud) == 2


def test_who_did_it_is_an_account_and_nobody_can_sign_in_for_it(past):
    history_import.run(quipux())
    steps = trail.past(imported(1), Estado.ELIMINADA).steps
    driver = db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == CREATOR))
    assert all(step.who.startswith(driver.nombre_completo) for step in steps[:-1]) and steps[-1].who == "Sistema"
    assert "Nº 1" in steps[0].notes[0]
    keeper = db.session.scalar(select(Usuario).where(Usuario.cedula == history_import.KEEPER[0]))
    assert keeper is None or (not keeper.habilitado and keeper.clave_hash is None)


def test_nothing_is_mailed_and_no_request_is_live_by_it(past):
    mails = db.session.scalar(select(func.count()).select_from(Correo))
    history_import.run(quipux())
    assert db.session.scalar(select(func.count()).select_from(Correo)) == mails
    assert status.live_for(imported(1).cuenta) is None


def test_without_the_old_module_it_says_so(ctx):
    with pytest.raises(NoHistory):
        history_import.run(quipux())
    answer = ctx.test_cli_runner().invoke(args=["quipux", "import-history"])
    assert answer.exit_code == 1 and "no tiene las tablas de solicitudes anteriores" in answer.output


def test_the_command_prints_one_object(past, app):
    answer = app.test_cli_runner().invoke(args=["quipux", "import-history"])
    assert answer.exit_code == 0 and json.loads(answer.output)["importadas"] == 5


def test_the_page_shows_where_it_comes_from(app, settings, aiq):
    statements = [sql.format(instant="text", id="text") for sql in past_backups.DDL] + past_backups.rows(OWNER, CREATOR)
    with app.app_context():
        change(settings, *((sql,) for sql in statements))
        history_import.run(quipux())
        number = imported(1).id
        db.session.remove()
    page = aiq.get(f"/solicitudes/{number}/recorrido")
    assert page.status_code == 200 and "Importada de Quipux, donde fue la solicitud Nº 1." in page.get_data(as_text=True)
