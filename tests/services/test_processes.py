"""What both processes of the AIQs have in common: sessions, hours, the checklist and its versions."""

from __future__ import annotations

from datetime import date

import pytest

from extensions import db
from models import Sesion
from rules.processes import Etapa, Materia, training_problem
from services import mover, processes
from services.errors import Conflict, NotFound, Refused
from tests.services.test_implantaciones import opened, registered, sge  # noqa: F401


@pytest.mark.parametrize(
    "hours, problem", [
        ({Materia.ENTRADA: 12}, "Falta cubrir: Bandeja de salida, Administración del sistema."),
        ({m: 3.5 for m in Materia}, "Faltan 1,5 horas para completar las 12."),
        ({Materia.ENTRADA: 4, Materia.SALIDA: 4, Materia.ADMINISTRACION: 3}, "Falta 1 hora para completar las 12."),
        ({m: 4 for m in Materia}, None),
        ({Materia.ENTRADA: 11, Materia.SALIDA: 0.5, Materia.ADMINISTRACION: 0.5}, None),
    ],
)
def test_the_training_says_what_it_lacks(hours, problem):
    assert training_problem(hours) == problem


def test_a_session_is_refused_field_by_field(sge):  # noqa: F811
    row = registered(sge)
    with pytest.raises(Refused) as refused:
        processes.train(sge, row, fecha=date(2026, 11, 19), materia="", horas=1.25, capacitador=" ")
    assert set(refused.value.fields) == {"fecha", "materia", "horas", "capacitador"}
    with pytest.raises(Refused) as refused:
        processes.train(sge, row, fecha=None, materia="entrada", horas=1.0, capacitador="Iván")
    assert list(refused.value.fields) == ["fecha"]


def test_sessions_add_up_by_subject_and_stand_in_the_recorrido(sge):  # noqa: F811
    row = registered(sge)
    for hours in (1.5, 2.0):
        processes.train(sge, row, fecha=date(2026, 11, 12), materia="salida", horas=hours, capacitador="Iván")
    db.session.commit()
    assert processes.hours(row) == {Materia.ENTRADA: 0, Materia.SALIDA: 3.5, Materia.ADMINISTRACION: 0}
    assert [e.datos["horas"] for e in row.eventos if e.accion == "train"] == [1.5, 2.0] and mover.broken_link(row) is None


def test_a_session_entered_by_mistake_is_withdrawn_and_counts_no_more(sge):  # noqa: F811
    row = registered(sge)
    said = {"fecha": date(2026, 11, 12), "materia": "salida", "horas": 2.5, "capacitador": "Iván"}
    wrong = processes.train(sge, row, **said)
    for reason in ("  ", "x" * 2001):
        with pytest.raises(Refused) as refused:
            processes.untrain(sge, row, wrong, reason)
        assert list(refused.value.fields) == ["motivo"]
    processes.untrain(sge, row, processes.withdrawable(row, wrong.id), " Era de otra institución ")
    db.session.commit()
    assert row.sesiones == [] and sum(processes.hours(row).values()) == 0
    last = row.eventos[-1]
    assert (last.accion, last.estado, last.datos) == ("untrain", "capacitacion", {"sesion": wrong.id, "fecha": "2026-11-12", "materia": "salida", "horas": 2.5})
    assert last.comentario == "Bandeja de salida: 2,5 h, Iván, 12 nov 2026. Motivo: Era de otra institución" and mover.broken_link(row) is None
    assert db.session.get(Sesion, wrong.id).retirada_en is not None, "kept, with what it was"
    with pytest.raises(Conflict, match="ya fue retirada"):
        processes.withdrawable(row, wrong.id)
    assert processes.train(sge, row, **said).id != wrong.id, "it may be entered again"


def test_a_session_is_withdrawn_from_its_own_process_and_until_the_training_is_over(sge):  # noqa: F811
    row = opened(sge)
    with pytest.raises(Conflict, match="La capacitación ya concluyó"):
        processes.withdrawable(row, row.sesiones[0].id)
    with pytest.raises(Conflict):
        processes.untrain(sge, row, row.sesiones[0], "Por la carrera")
    db.session.rollback()
    other = registered(sge, ruc="1760001550001", sigla="OTRA", aiq_correo="otra@otra.demo.gob.ec")
    for number in (row.sesiones[0].id, 0, 2**40):
        with pytest.raises(NotFound):
            processes.withdrawable(other, number)
    assert len(row.sesiones) == 3


def test_a_step_at_the_wrong_moment_is_a_conflict(sge):  # noqa: F811
    row = opened(sge)
    with pytest.raises(Conflict):
        processes.train(sge, row, fecha=date(2026, 11, 12), materia="entrada", horas=1.0, capacitador="Iván")
    db.session.rollback()
    assert row.estado is Etapa.AMBIENTE and len(row.sesiones) == 3


def test_versions_of_a_checklist_never_change(sge):  # noqa: F811
    first = processes.template("ambiente")
    kept = list(first.actividades)
    second = processes.publish_template(sge, "ambiente", [("  Crear   áreas ", " Con siglas "), ("", "sin título"), ("Firmar", "")])
    assert (second.version, second.actividades) == (2, [{"titulo": "Crear áreas", "detalle": "Con siglas"}, {"titulo": "Firmar", "detalle": ""}])
    assert first.actividades == kept and processes.template("ambiente") is second and processes.template("produccion").version == 1
    for items in ([], [("", "x")], [("x", "")] * 61, [("x" * 201, "")]):
        with pytest.raises(Refused):
            processes.publish_template(sge, "ambiente", items)
