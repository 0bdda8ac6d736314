"""Implantación of an institution, from the oficio to the production account, and everything it refuses."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select
from stdnum.ec import ci
from werkzeug.datastructures import FileStorage

from extensions import db
from models import Adjunto, Cargo, Correo, Implantacion, Institucion, Nombramiento, Orientacion, Usuario
from rules.policy import Actor
from rules.processes import Etapa, Materia
from services import clock, implantacion_solicitud, implantaciones, institutions, mover, people, processes, signin
from services.errors import Conflict, Refused
from services.implantacion_solicitud import Data
from tests.making import actor
from tests.pdfs import plain

GOOD = Data(
    nombre="Consejo de Lenguas Ancestrales", ruc="1760013210001", sigla="colsa", telefono="02 250 0000", direccion="Av. de los Shyris, Quito",
    aiq_nombres="Sisa Pacari Maldonado Lema", aiq_cedula="1713175071", aiq_cargo="Especialista", aiq_correo="Sisa@colsa.demo.gob.ec",
    aiq_telefono="02 250 0001", aiq_extension="114", aiq_celular="099 000 0000", oficio_numero="COLSA-P-2026-0231-O",
    oficio_recibido=date(2026, 11, 10),
)


def changed(**values) -> Data:
    return replace(GOOD, **values)


def pdf(content: bytes | None = None) -> FileStorage:
    return FileStorage(io.BytesIO(plain() if content is None else content), filename="oficio.pdf", content_type="application/pdf")


def free_cedula(n: int = 0) -> str:
    """A right cédula of nobody in the demo."""
    stems = (f"17{3 - n}4307{d:02d}" for d in range(10, 90))
    return next(s + d for s in stems for d in "0123456789" if ci.is_valid(s + d) and not people.usuario_of(s + d))


@pytest.fixture
def sge(ctx) -> Actor:
    return actor("sge@demo.gob.ec")


def registered(sge: Actor, **values) -> Implantacion:
    row = implantacion_solicitud.register(sge, changed(**{"aiq_cedula": free_cedula(), **values}), pdf())
    db.session.commit()
    return row


def trained(sge: Actor, **values) -> Implantacion:
    row = registered(sge, **values)
    for materia, hours in zip(Materia, (4, 3, 5)):
        implantaciones.train(sge, row, fecha=date(2026, 11, 12), materia=str(materia), horas=float(hours), capacitador="Iván Peñaherrera")
    db.session.commit()
    return row


def opened(sge: Actor, **values) -> Implantacion:
    row = trained(sge, **values)
    implantaciones.open_environment(sge, row)
    db.session.commit()
    return row


def designated(row: Implantacion) -> Actor:
    return people.actor_of(row.usuario, clock.now())


def worked(row: Implantacion, *, leave: int = 0) -> Actor:
    who = designated(row)
    implantaciones.accept(who, row)
    for task in processes.pending(row)[: -leave or None]:
        implantaciones.fulfil(who, row, task.id, "Hecho", None)
    db.session.commit()
    return who


def reviewed(sge: Actor, **values) -> Implantacion:
    row = opened(sge, **values)
    implantaciones.report(worked(row), row)
    db.session.commit()
    return row


def mails(template: str) -> list[Correo]:
    return list(db.session.scalars(select(Correo).where(Correo.plantilla == f"implantacion_{template}").order_by(Correo.id)))


# Registration ---------------------------------------------------------------------------------------------------------


def test_the_solicitud_keeps_what_the_oficio_says_and_goes_on_to_the_training(sge):
    row = registered(sge)
    assert (row.estado, row.sigla, row.aiq_correo, row.responsable_id) == (Etapa.CAPACITACION, "COLSA", "sisa@colsa.demo.gob.ec", sge.usuario_id)
    assert db.session.get(Adjunto, row.oficio_id).paginas == 1
    assert [e.accion for e in row.eventos] == ["create", "request"] and mover.broken_link(row) is None


@pytest.mark.parametrize(
    "field, value", [
        ("nombre", ""), ("ruc", "1234"), ("ruc", "1760013210000"), ("sigla", ""), ("telefono", ""), ("direccion", ""), ("aiq_nombres", ""),
        ("aiq_cedula", "1713175072"), ("aiq_cargo", ""), ("aiq_correo", "sin arroba"), ("aiq_correo", "aiq@demo.gob.ec"), ("aiq_telefono", ""),
        ("aiq_celular", ""), ("oficio_numero", ""), ("oficio_recibido", None), ("oficio_recibido", date(2026, 11, 19)), ("nombre", "x" * 201),
    ],
)
def test_a_wrong_datum_is_refused_in_its_field(sge, field, value):
    with pytest.raises(Refused) as refused:
        implantacion_solicitud.register(sge, changed(**{field: value}), pdf())
    assert list(refused.value.fields) == [field]
    assert db.session.scalar(select(Implantacion)) is None


def test_the_oficio_is_mandatory_and_must_be_a_pdf(sge):
    for file in (None, FileStorage(io.BytesIO(b"MZ not a pdf"), filename="oficio.pdf")):
        with pytest.raises(Refused) as refused:
            implantacion_solicitud.register(sge, GOOD, file)
        assert "oficio" in refused.value.fields


def test_a_ruc_of_an_entity_with_another_check_digit_is_accepted_and_said(sge):
    assert implantacion_solicitud.ruc_warning("1760013220001") and not implantacion_solicitud.ruc_warning("1760013210001")
    assert registered(sge, ruc="1760013220001").ruc == "1760013220001"


def test_ruc_and_sigla_are_unique_among_institutions_and_open_processes(sge):
    place = db.session.scalar(select(Institucion).where(Institucion.ruc != ""))
    first = registered(sge)
    for field, value in (("ruc", place.ruc), ("sigla", place.sigla.lower()), ("ruc", GOOD.ruc), ("sigla", "Colsa")):
        other = {"ruc": "1760001550001", "sigla": "OTRA", field: value}
        with pytest.raises(Refused) as refused:
            implantacion_solicitud.register(sge, changed(**other), pdf())
        assert list(refused.value.fields) == [field]
    implantaciones.cancel(sge, first, "Registrada por error")
    db.session.commit()
    assert registered(sge).id != first.id, "a cancelled process holds neither RUC nor sigla"


def test_an_orientation_registers_nothing_else(sge):
    implantacion_solicitud.orient(sge, "GAD Municipal", "Ana Paredes")
    with pytest.raises(Refused):
        implantacion_solicitud.orient(sge, "")
    assert db.session.scalar(select(Orientacion.institucion)) == "GAD Municipal" and db.session.scalar(select(Implantacion)) is None


def test_data_are_corrected_until_the_person_has_an_access(sge):
    row = registered(sge)
    implantacion_solicitud.edit(sge, row, changed(aiq_cedula=row.aiq_cedula, nombre="Consejo de Saberes"), None)
    assert row.nombre == "Consejo de Saberes" and row.eventos[-1].datos == {"campos": ["nombre"]}
    row = opened(sge, ruc="1760001550001", sigla="OTRA", aiq_correo="otra@otra.demo.gob.ec", aiq_cedula=free_cedula(1))
    with pytest.raises(Refused) as refused:
        implantacion_solicitud.edit(sge, row, changed(ruc=row.ruc, sigla="OTRA", aiq_cedula=row.aiq_cedula, aiq_correo="nueva@otra.demo.gob.ec"), None)
    assert list(refused.value.fields) == ["aiq_cedula"]


# Training and environment ---------------------------------------------------------------------------------------------


def test_the_training_is_twelve_hours_in_all_three_subjects(sge):
    row = registered(sge)
    add = lambda materia, horas: implantaciones.train(  # noqa: E731
        sge, row, fecha=date(2026, 11, 12), materia=materia, horas=horas, capacitador="Iván"
    )
    for materia, horas in (("entrada", None), ("entrada", 12.5), ("entrada", 0.3), ("cocina", 2.0)):
        with pytest.raises(Refused):
            add(materia, horas)
    add("entrada", 12.0)
    with pytest.raises(Refused, match="Falta cubrir"):
        implantaciones.open_environment(sge, row)
    row = registered(sge, ruc="1760001550001", sigla="OTRA", aiq_correo="otra@otra.demo.gob.ec")
    for materia, horas in (("entrada", 4.0), ("salida", 3.0), ("administracion", 4.5)):
        add(materia, horas)
    with pytest.raises(Refused, match="Faltan 0,5 horas"):
        implantaciones.open_environment(sge, row)
    db.session.rollback()
    assert not mails("ambiente") and not row.actividades


def test_a_session_counts_once_whoever_notes_it_again(sge):
    row = registered(sge)
    session = {"fecha": date(2026, 11, 12), "materia": "entrada", "horas": 4.0, "capacitador": "Iván"}
    implantaciones.train(sge, row, **session)
    with pytest.raises(Refused, match="Ya consta esta misma sesión"):
        implantaciones.train(actor("sge2@demo.gob.ec"), row, **session | {"capacitador": " Iván "})
    for other in ({"fecha": date(2026, 11, 13)}, {"materia": "salida"}, {"horas": 2.0}, {"capacitador": "Gabriela"}):
        implantaciones.train(sge, row, **session | other)
    assert len(row.sesiones) == 5


def test_opening_gives_an_access_sends_the_plantilla_and_starts_seven_days(sge):
    row = opened(sge)
    assert row.estado is Etapa.AMBIENTE and row.plazo_vence.isoformat() == "2026-11-26T05:00:00+00:00"
    assert row.usuario.cedula == row.aiq_cedula and row.usuario.clave_hash is None and designated(row).may_enter
    (mail,) = mails("ambiente")
    assert mail.para == "sisa@colsa.demo.gob.ec" and "25 nov 2026, 23:59" in mail.texto and row.actividades[0].titulo in mail.texto
    token = mail.texto.split("/clave/")[1].split()[0]
    assert signin.from_link(token).id == row.usuario_id


def test_opening_twice_changes_nothing(sge):
    row = opened(sge)
    tasks, version = len(row.actividades), row.version
    with pytest.raises(Conflict):
        implantaciones.open_environment(sge, row)
    db.session.rollback()
    assert (len(row.actividades), row.version, len(mails("ambiente"))) == (tasks, version, 1)


def test_a_person_who_signs_in_here_already_keeps_the_same_access(sge):
    servant = db.session.scalar(select(Usuario).where(Usuario.correo == "servidor@demo.gob.ec"))
    row = opened(sge, aiq_cedula=servant.cedula, aiq_correo=servant.correo)
    assert row.usuario_id == servant.id and "/clave/" not in mails("ambiente")[0].texto


def test_running_processes_keep_their_plantilla(sge):
    row = opened(sge)
    titles = [a.titulo for a in row.actividades]
    version = processes.publish_template(sge, "ambiente", [("Una sola actividad", "")]).version
    db.session.commit()
    later = opened(sge, ruc="1760001550001", sigla="OTRA", aiq_correo="otra@otra.demo.gob.ec", aiq_cedula=free_cedula(1))
    assert version == 2 and [a.titulo for a in row.actividades] == titles and [a.titulo for a in later.actividades] == ["Una sola actividad"]
    assert [p.version for p in implantaciones.template_versions("ambiente")] == [2, 1]


def test_activities_need_the_responsibilities_a_note_or_evidence_and_their_own_process(sge):
    row = opened(sge)
    who, task = designated(row), row.actividades[0]
    with pytest.raises(Refused, match="responsabilidades"):
        implantaciones.fulfil(who, row, task.id, "Hecho", None)
    implantaciones.accept(who, row)
    with pytest.raises(Refused, match="nota"):
        implantaciones.fulfil(who, row, task.id, "", None)
    with pytest.raises(Refused, match="no corresponde"):
        implantaciones.fulfil(who, row, 999_999, "Hecho", None)
    implantaciones.fulfil(who, row, task.id, "", pdf())
    db.session.commit()
    assert task.evidencia.nombre == "oficio.pdf" and task.hecha_por_id == who.usuario_id


def test_the_report_needs_every_activity(sge):
    row = opened(sge)
    who = worked(row, leave=1)
    with pytest.raises(Refused, match="Falta 1 actividad"):
        implantaciones.report(who, row)
    implantaciones.fulfil(who, row, processes.pending(row)[0].id, "Hecho", None)
    implantaciones.report(who, row)
    assert row.estado is Etapa.REVISION and row.plazo_congelado == clock.now() and mails("informada")[0].para == "sge@demo.gob.ec"


# Review and production ------------------------------------------------------------------------------------------------


def test_observations_reopen_the_chosen_activities(sge):
    row = reviewed(sge)
    first = row.actividades[0]
    with pytest.raises(Refused):
        implantaciones.observe(sge, row, " ", [first.id])
    implantaciones.observe(sge, row, "Falta el logotipo", [first.id])
    db.session.commit()
    assert row.estado is Etapa.AMBIENTE and processes.pending(row) == [first]
    assert "Falta el logotipo" in mails("observada")[0].texto and first.titulo in mails("observada")[0].texto


def test_production_makes_the_institution_and_its_principal(sge):
    row = reviewed(sge)
    implantaciones.produce(sge, row, None)
    db.session.commit()
    place = row.institucion
    assert (place.nombre, place.ruc, place.sigla, place.direccion) == (GOOD.nombre, GOOD.ruc, "COLSA", GOOD.direccion)
    (office,) = db.session.scalars(select(Nombramiento).where(Nombramiento.institucion_id == place.id))
    assert (office.cargo, office.desde, office.hasta, office.usuario_id) == (Cargo.AIQ_PRINCIPAL, clock.now(), None, row.usuario_id)
    who = designated(row)
    assert who.principal_of == {place.id} and "/clave/" in mails("produccion")[0].texto
    assert len(processes.pending(row, "produccion")) == 3
    implantaciones.fulfil(who, row, processes.pending(row, "produccion")[0].id, "Hecho", None)
    assert row.eventos[-1].accion == "parametrise"
    with pytest.raises(Refused, match="no corresponde"):
        implantaciones.fulfil(who, row, next(a.id for a in row.actividades if a.lista == "ambiente"), "Otra vez", None)
    with pytest.raises(Conflict):
        implantaciones.produce(sge, row, None)


def test_production_proposes_what_quipux_has_by_ruc_then_sigla(sge):
    row = reviewed(sge)
    by_sigla = Institucion(quipux_codi="901", nombre="Con la sigla", sigla="Colsa")
    by_ruc = Institucion(quipux_codi="900", nombre="Con el RUC", ruc=GOOD.ruc)
    db.session.add_all([by_sigla, by_ruc])
    db.session.commit()
    assert institutions.proposals(row) == [by_ruc, by_sigla]
    with pytest.raises(Refused, match="Vincúlela"):
        implantaciones.produce(sge, row, None)
    other = db.session.scalar(select(Institucion.id).where(Institucion.quipux_codi == "10"))
    with pytest.raises(Refused, match="propuestas"):
        implantaciones.produce(sge, row, other)
    implantaciones.produce(sge, row, by_ruc.id)
    db.session.commit()
    assert row.institucion_id == by_ruc.id and (by_ruc.nombre, by_ruc.sigla, by_ruc.telefono) == ("Con el RUC", "COLSA", GOOD.telefono)


def test_linking_with_quipux_is_a_row_of_the_recorrido(sge):
    row = reviewed(sge)
    implantaciones.produce(sge, row, None)
    db.session.commit()
    came = Institucion(quipux_codi="902", nombre="Colegio de Saberes", sigla="COLSA")
    db.session.add(came)
    db.session.commit()
    gone, before = came.id, len(row.eventos)
    with pytest.raises(Refused, match="propuestas"):
        institutions.link_to_quipux(sge, row.institucion, row.institucion_id)
    assert len(row.eventos) == before
    institutions.link_to_quipux(sge, row.institucion, gone)
    db.session.commit()
    last = row.eventos[-1]
    assert (last.accion, last.actor_id, last.comentario, last.en) == ("link", sge.usuario_id, "Colegio de Saberes (COLSA)", clock.now())
    assert last.datos == {"quipux_codi": "902", "institucion": gone} and len(row.eventos) == before + 1
    assert row.institucion.quipux_codi == "902" and row.estado is Etapa.PRODUCCION and mover.broken_link(row) is None


def test_never_two_principals(sge):
    row = reviewed(sge)
    taken = Institucion(nombre="Con AIQ", ruc=GOOD.ruc)
    db.session.add(taken)
    db.session.flush()
    db.session.add(Nombramiento(usuario_id=sge.usuario_id, institucion_id=taken.id, cargo=Cargo.AIQ_PRINCIPAL, desde=clock.now()))
    db.session.commit()
    with pytest.raises(Refused, match="ya tiene un AIQ principal"):
        implantaciones.produce(sge, row, taken.id)
    # Named for later: not in force now, so that only the database's own constraint can refuse it.
    db.session.rollback()
    office = db.session.scalar(select(Nombramiento).where(Nombramiento.institucion_id == taken.id))
    office.desde = clock.now().replace(year=2027)
    db.session.commit()
    with pytest.raises(Conflict):
        implantaciones.produce(sge, row, taken.id)
    db.session.rollback()
    assert db.session.get(Implantacion, row.id).estado is Etapa.REVISION


def test_cancelling_needs_a_reason_and_is_final(sge):
    row = opened(sge)
    with pytest.raises(Refused):
        implantaciones.cancel(sge, row, "")
    implantaciones.cancel(sge, row, "La institución desistió")
    db.session.commit()
    assert row.estado is Etapa.ANULADA and "desistió" in mails("anulada")[0].texto
    assert not people.actor_of(row.usuario, clock.now()).may_enter, "the access was only for the process"
    for act in (lambda: implantaciones.resume(sge, row, 5, "x"), lambda: implantaciones.cancel(sge, row, "x")):
        with pytest.raises(Conflict):
            act()


def test_every_mail_says_who_what_and_where_in_short_lines(sge, at):
    row = opened(sge)
    who = worked(row, leave=2)
    with at(days=6):
        implantaciones.remind_all()
    with at(days=9):
        implantaciones.settle_all()
        db.session.refresh(row)
        implantaciones.resume(sge, row, 5, "Feriado local en la institución")
        for task in processes.pending(row):
            implantaciones.fulfil(who, row, task.id, "Hecho", None)
        implantaciones.report(who, row)
        implantaciones.observe(sge, row, "Falta el logotipo & la sigla", [row.actividades[0].id])
        implantaciones.fulfil(who, row, row.actividades[0].id, "Hecho", None)
        implantaciones.report(who, row)
        implantaciones.produce(sge, row, None)
        other = opened(sge, ruc="1760001550001", sigla="OTRA", aiq_correo="otra@otra.demo.gob.ec", aiq_cedula=free_cedula(1))
        implantaciones.cancel(sge, other, "Desistió")
        db.session.commit()
    sent = list(db.session.scalars(select(Correo).where(Correo.plantilla.startswith("implantacion_"))))
    assert {m.plantilla.partition("_")[2] for m in sent} == {
        "ambiente", "recordatorio", "suspendida", "reanudada", "informada", "observada", "produccion", "anulada",
    }
    assert "Falta el logotipo & la sigla" in mails("observada")[0].texto and "logotipo &amp; la sigla" in mails("observada")[0].html
    for mail in sent:
        assert not [line for line in mail.texto.splitlines() if len(line) > 78 and "http" not in line], mail.texto
        assert "Institución:" in mail.texto


def test_a_running_plazo_is_extended_with_a_reason(sge, at):
    row = opened(sge)
    db.session.commit()
    before = row.plazo_vence
    for days, reason in ((0, "feriado"), (31, "feriado"), (None, "feriado"), (3, "  "), (3, "x" * 2001)):
        with pytest.raises(Refused):
            implantaciones.extend(sge, row, days, reason)
    implantaciones.extend(sge, row, 3, "Feriado local")
    assert (row.plazo_vence - before).days == 3 and row.estado is Etapa.AMBIENTE and mover.broken_link(row) is None
    (mail,) = mails("ampliada")
    assert "Feriado local" in mail.texto and row.aiq_correo == mail.para
    db.session.commit()
    with at(days=9), pytest.raises(Conflict):  # day 8 passed, day 10 has not: still running; day 11 would be over
        implantaciones.resume(sge, row, 3, "todavía no está suspendida")
    with at(days=12), pytest.raises(Conflict):  # over: it is suspended and can only be resumed
        implantaciones.extend(sge, row, 3, "tarde")
