"""Commands for operators: the first account of the SGE, the feriados of a year, the chains of all Recorridos."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

import pytest
from sqlalchemy import delete, func, select, update

from extensions import db
from models import CambioAIQ, Cargo, Evento, Feriado, Implantacion, Nombramiento, Usuario
from services import mover, signin
from services.errors import Refused
from sources import demo_people as people
from tests import changing
from tests.jobs import story

NEW = {"--cedula": "1713175071", "--correo": "Jefa@gobiernoelectronico.gob.ec", "--nombre": "Ana", "--apellido": "Núñez"}


@pytest.fixture
def run(app):
    def invoke(*words: str):
        return app.test_cli_runner().invoke(args=list(words))

    return invoke


def crear_sge(run, *flags: str, **changes: str):
    options = NEW | {"--cedula": "0926687856"} | {f"--{name}": value for name, value in changes.items()}
    return run("usuario", "crear-sge", *(word for pair in options.items() for word in pair), *flags)


def test_the_printed_link_sets_the_password_once(app, run):
    answer = crear_sge(run)
    assert answer.exit_code == 0, answer.output
    link = answer.stdout.strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/clave/\S+", link)
    path = urlsplit(link).path
    assert app.test_client().get(path).status_code == 200
    with app.app_context():
        person = signin.from_link(path.rpartition("/")[2])
        assert person.correo == "jefa@gobiernoelectronico.gob.ec" and person.clave_hash is None
        signin.set_password(person, "Primera-clave-2026")
        db.session.commit()
        with pytest.raises(Refused, match="ya se utilizó"):
            signin.from_link(path.rpartition("/")[2])
    entered = app.test_client().post("/ingresar", data={"usuario": "0926687856", "clave": "Primera-clave-2026"})
    assert entered.status_code == 303


@pytest.mark.parametrize(("flags", "cargo"), [((), Cargo.SGE_ADMIN), (("--operador",), Cargo.SGE_OPERADOR)])
def test_the_office_is_the_one_asked_for(app, run, flags, cargo):
    assert crear_sge(run, *flags).exit_code == 0
    with app.app_context():
        query = select(Nombramiento).join(Usuario).where(Usuario.cedula == "0926687856")
        office = db.session.scalars(query).one()
        assert (office.cargo, office.institucion_id, office.hasta) == (cargo, None, None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"cedula": "0926687857"}, "cédula"), ({"cedula": "12"}, "cédula"), ({"correo": "sin-arroba"}, "correo"),
     ({"correo": "SGE@demo.gob.ec"}, "Ya existe"), ({"cedula": "1710034065"}, "Ya existe"), ({"nombre": " "}, "nombre")],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_written(app, run, changes, words):
    answer = crear_sge(run, **changes)
    assert answer.exit_code == 1 and "Error: " in answer.output and words in answer.output
    assert "Traceback" not in answer.output
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Usuario)) == 6


def test_feriados_of_a_year_as_json(app, run):
    answer = run("feriados", "seed", "2029", "--json")
    assert answer.exit_code == 0, answer.output
    rows = json.loads(answer.stdout)
    assert rows and all(set(row) == {"fecha", "nombre", "original"} for row in rows)
    assert [row["fecha"] for row in rows] == sorted(row["fecha"] for row in rows)
    moved = {row["fecha"]: row["original"] for row in rows if row["original"] and row["original"] != row["fecha"]}
    assert "2029-01-01" in {row["fecha"] for row in rows} and moved["2029-10-08"] == "2029-10-09", "Tuesday 9 October: Monday"
    with app.app_context():
        kept = set(db.session.scalars(select(Feriado.fecha)))
        assert {row["fecha"] for row in rows} <= {day.isoformat() for day in kept}


def test_a_day_that_an_officer_renamed_is_left_alone(app, run):
    run("feriados", "seed", "2029")
    with app.app_context():
        day = db.session.scalars(select(Feriado).order_by(Feriado.fecha.desc())).first()
        day.nombre, moment = "Por decreto", day.fecha
        db.session.commit()
    again = run("feriados", "seed", "2029")
    assert again.exit_code == 0 and moment.isoformat() in again.stdout
    with app.app_context():
        assert db.session.get(Feriado, moment).nombre == "Por decreto"


@pytest.mark.parametrize("year", ["1999", "veinte"])
def test_a_year_without_rule_is_refused(run, year):
    assert run("feriados", "seed", year).exit_code == 2


def test_every_recorrido_is_read_and_each_broken_one_named(app, run, monkeypatch):
    """Of all three kinds, over several blocks: a changed row, and one that has lost all of its rows."""
    monkeypatch.setattr(mover, "BLOCK", 2)
    with app.app_context():
        requests = [story.sent(person).id for person in (people.LAWYER, people.DRIVER, people.ACCOUNTANT)]
        change = changing.started().id
        total = 3 + sum(db.session.scalar(select(func.count()).select_from(kind)) for kind in (CambioAIQ, Implantacion))
    answer = run("recorrido", "check")
    assert answer.exit_code == 0 and answer.stdout == f"{total} recorridos verificados, 0 alterados.\n", answer.output
    with app.app_context():
        db.session.execute(update(Evento).where(Evento.solicitud_id == requests[1], Evento.orden == 2).values(comentario="otra cosa"))
        db.session.execute(delete(Evento).where(Evento.solicitud_id == requests[2]))
        db.session.execute(update(Evento).where(Evento.cambio_id == change, Evento.orden == 1).values(actor_id=None))
        db.session.commit()
    answer = run("recorrido", "check")
    assert answer.exit_code == 1 and answer.stdout.splitlines() == [
        f"Solicitud Nº {requests[1]:06d}: la fila 2 no corresponde a la anterior.",
        f"Solicitud Nº {requests[2]:06d}: la fila 1 no corresponde a la anterior.",
        f"Cambio de AIQ Nº {change:06d}: la fila 1 no corresponde a la anterior.", f"{total} recorridos verificados, 3 alterados.",
    ]
