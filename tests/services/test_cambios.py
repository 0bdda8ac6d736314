"""Change of AIQ (seed 004): preparation, notice of 7 días laborables, checklist, the hour, backups, and never an institution without AIQ."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from extensions import db
from models import CambioAIQ, Cargo, Correo, Cuenta, Nombramiento, Usuario
from rules.deadlines import ZONE, midnight
from rules.processes import Paso, Step
from services import aiq_offices, cambios, clock, mover, people, processes, relevo, scope
from services.errors import Conflict, NotFound, Refused
from sources import demo_people, demo_signing
from tests import making, pdfs
from tests.changing import (
    BACKUP, FIRST, PRINCIPAL, SERVANT, SGE, data_of, fulfilled, place, ready, registered, requested, started, trained,
)  # fmt: skip
from tests.conftest import NOW

@pytest.fixture(autouse=True)
def _context(ctx):
    yield


def head_of(area: str) -> demo_people.Account:
    """The Jefe of an area of the demo."""
    return next(a for a in demo_people.staff() if a.area == area and a.perfil == 1)


def mails(template: str) -> list[Correo]:
    return list(db.session.scalars(select(Correo).where(Correo.plantilla == template).order_by(Correo.id)))


# --- preparation -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [PRINCIPAL, BACKUP])
def test_the_outgoing_or_the_backup_prepares_the_new_one_who_sees_only_the_own_process(who):
    row = started(who)
    assert row.estado is Paso.PREPARACION and row.saliente.correo == PRINCIPAL and row.entrante.correo == SERVANT
    actor = making.actor(SERVANT)
    assert actor.designated_changes == {row.id} and not actor.aiq_of
    assert scope.cambio(actor, row.id) is row
    with pytest.raises(NotFound):
        scope.cambio(making.actor("aiq@otra.gob.ec"), row.id)
    assert mover.broken_link(row) is None


def test_a_person_without_a_user_gets_one_and_a_link_to_set_the_password():
    new = next(p for p in demo_people.staff() if p.inst == demo_people.SNBAP)
    row = started(person=new)
    assert row.entrante.cedula == new.cedula and row.entrante.clave_hash is None
    (mail,) = mails("cambio_acceso")
    assert mail.para == new.correo and "/clave/" in mail.texto


@pytest.mark.parametrize(("field", "changes"), [
    ("cedula", {"cedula": "1712345678"}), ("cedula", {"cedula": "1710034065"}), ("cedula", {"cedula": demo_people.AIQ_OTHER.cedula}),
    ("cedula", {"cedula": demo_people.MAIN.cedula}), ("cedula", {"cedula": demo_people.AIQ_PRINCIPAL.cedula}), ("nombres", {"nombres": " "}),
    ("correo", {"correo": "nadie"}), ("correo", {"correo": PRINCIPAL}), ("celular", {"celular": "12345"}), ("cargo", {"cargo": ""}),
    ("telefono", {"telefono": "no tiene"}),
])  # fmt: skip
def test_wrong_data_are_told_by_field(field, changes):
    with pytest.raises(Refused) as refused:
        cambios.start(making.actor(PRINCIPAL), place(), data_of(demo_people.SERVANT, **changes))
    assert set(refused.value.fields) == {field}


def test_without_an_active_account_the_message_says_what_to_do_in_quipux():
    with pytest.raises(Refused, match="Cree primero el usuario en Quipux"):
        cambios.start(making.actor(PRINCIPAL), place(), data_of(demo_people.SERVANT, cedula=demo_people.AIQ_OTHER.cedula))


def test_one_open_change_per_institution_also_for_the_database():
    row = started()
    with pytest.raises(Conflict, match="ya tiene un cambio de AIQ en curso"):
        started(BACKUP)
    db.session.add(CambioAIQ(estado=Paso.PREPARACION, institucion_id=row.institucion_id, preparado_por_id=row.preparado_por_id, creado_en=NOW))
    with pytest.raises(IntegrityError):
        db.session.flush()


def test_an_officer_acts_only_where_there_is_no_active_aiq():
    sge = making.actor(SGE)
    with pytest.raises(Conflict):
        cambios.startable(sge, place().id)
    with pytest.raises(NotFound):
        cambios.startable(making.actor("aiq@otra.gob.ec"), place().id)
    for person in (demo_people.AIQ_PRINCIPAL, demo_people.AIQ_BACKUP):
        making.cuenta(person).activa = False
    db.session.commit()
    assert cambios.startable(sge, place().id) == place()
    assert cambios.start(sge, place(), data_of(demo_people.SERVANT)).estado is Paso.PREPARACION


# --- the request -------------------------------------------------------------------------------------------------------


def test_six_working_days_of_notice_are_refused_with_the_earliest_date():
    row = started()
    with pytest.raises(Refused, match="27 de noviembre de 2026") as refused:
        requested(row, fecha_efectiva=FIRST - timedelta(days=1))
    assert set(refused.value.fields) == {"fecha_efectiva"}
    assert cambios.earliest(NOW.date()) == FIRST
    assert requested(row).estado is Paso.CAPACITACION


def test_a_feriado_is_not_a_working_day_of_notice():
    assert cambios.earliest(date(2026, 10, 28)) == date(2026, 11, 10), "2 and 3 November are off"


def test_the_sge_may_override_with_a_reason_that_is_recorded():
    row = requested(started(), fecha_efectiva=date(2026, 11, 20), motivo="La AIQ saliente renunció")
    assert row.anticipacion_motivo == "La AIQ saliente renunció"
    assert "renunció" in row.eventos[-1].comentario and row.eventos[-1].datos["primera"] == FIRST.isoformat()


def test_a_delegate_without_the_delegation_is_refused():
    row = started()
    with pytest.raises(Refused) as refused:
        requested(row, solicitante="delegado")
    assert set(refused.value.fields) == {"delegacion"} and row.estado is Paso.PREPARACION


def test_the_delegation_keeps_who_signed_it():
    signed = demo_signing.signed_pdf(pdfs.plain("Delegación"), "Mónica Espín", "1710034065", NOW)
    row = requested(started(), {"oficio": pdfs.upload(pdfs.plain()), "delegacion": pdfs.upload(signed, "delegacion.pdf")}, solicitante="delegado")
    assert row.delegacion.firmas["veredicto"] == "no verificable", "no roots are configured"
    assert "Mónica Espín" in row.delegacion.firmas["firmantes"][0]["nombre"].title() or row.delegacion.firmas["firmantes"][0]["nombre"]


def test_what_is_not_a_pdf_is_refused():
    with pytest.raises(Refused) as refused:
        requested(started(), {"oficio": pdfs.upload(b"PK\x03\x04 no soy un PDF")})
    assert set(refused.value.fields) == {"oficio"}


# --- training and checklist --------------------------------------------------------------------------------------------


def test_day_6_is_vencida_with_one_alert_and_without_suspension(at):
    row = trained(requested(started()))
    assert row.plazo_vence == midnight(date(2026, 11, 24)), "day 0 is the 18th, the plazo ends with the 23rd"
    with at(days=3, hours=14):
        assert cambios.remind_all() == (1, 0) and cambios.remind_all() == (0, 0)
    with clock.frozen(midnight(date(2026, 11, 24)) - timedelta(seconds=1)):
        assert cambios.settle_all() == (0, 0)
    with clock.frozen(midnight(date(2026, 11, 24))):
        assert cambios.settle_all() == (1, 0) and cambios.settle_all() == (0, 0)
        assert row.estado is Paso.AMBIENTE and row.vencida_en == row.plazo_vence
        assert [e.accion for e in row.eventos].count(Step.OVERDUE) == 1
        assert {m.para for m in mails("cambio_vencido")} == {SGE, "sge2@demo.gob.ec", PRINCIPAL, BACKUP, SERVANT}
        assert fulfilled(row).estado is Paso.INFORMADA, "late, but accepted"
        assert cambios.settle_all() == (0, 0)


def test_reporting_also_mails_the_support_mailbox_with_copy_to_the_new_aiq():
    fulfilled(trained(requested(started())))
    (mail,) = mails("cambio_cumplimiento")
    assert (mail.para, mail.copia) == (aiq_offices.SUPPORT, SERVANT)


def test_the_sge_observes_back_and_the_line_is_to_be_done_again():
    row = ready()
    cambios.observe(making.actor(SGE), row, "Falta el logotipo", [1])
    db.session.commit()
    assert row.estado is Paso.AMBIENTE and [a.orden for a in processes.pending(row)] == [1]
    assert mails("cambio_observado")[0].para == SERVANT
    with pytest.raises(Refused):
        cambios.report(making.actor(SERVANT), row)


def test_the_nine_responsibilities_are_accepted_before_the_report():
    row = trained(requested(started()))
    for line in processes.pending(row):
        cambios.task(making.actor(SERVANT), row, line.orden, note="Hecho", file=None)
    with pytest.raises(Refused, match="responsabilidades"):
        cambios.report(making.actor(SERVANT), row)
    cambios.accept(making.actor(SERVANT), row)
    cambios.report(making.actor(SERVANT), row)
    assert row.responsabilidades_en == NOW and row.estado is Paso.INFORMADA


# --- the hour ----------------------------------------------------------------------------------------------------------


def test_registration_waits_for_every_step():
    row = started()
    for forward in (requested, trained, fulfilled):
        with pytest.raises(Refused, match="Antes del registro falta"):
            relevo.register(making.actor(SGE), row)
        forward(row)
    relevo.register(making.actor(SGE), row)
    assert row.estado is Paso.REGISTRADA


def test_the_offices_change_at_the_hour_and_not_a_second_before():
    row = registered()
    assert row.hora_efectiva == midnight(FIRST)
    for moment, principal, escalates in ((row.hora_efectiva - timedelta(seconds=1), PRINCIPAL, False), (row.hora_efectiva, SERVANT, True)):
        with clock.frozen(moment):
            inst = row.institucion_id
            assert [correo for correo in (PRINCIPAL, SERVANT) if inst in making.actor(correo).principal_of] == [principal]
            assert people.aiqs_of(inst, moment)[0].correo == principal
            assert (inst in making.actor(SERVANT).aiq_of) is escalates
    assert {m.para for m in mails("cambio_registrado")} == {PRINCIPAL, SERVANT, BACKUP}


def test_registered_after_the_date_the_hour_is_the_registration(at):
    row = ready()
    with at(days=20):
        assert relevo.register(making.actor(SGE), row) == clock.now()


def test_the_sge_brings_the_hour_forward_with_a_reason_never_to_the_past():
    row = registered()
    sooner = datetime(2026, 11, 20, 8, 0, tzinfo=ZONE)
    past = NOW - timedelta(minutes=1)
    for hour, reason, field in ((sooner, " ", "motivo"), (past, "Urgente", "hora"), (row.hora_efectiva, "Urgente", "hora"), (None, "Urgente", "hora")):
        with pytest.raises(Refused) as refused:
            relevo.advance_hour(making.actor(SGE), row, hour, reason)
        assert set(refused.value.fields) == {field}
    relevo.advance_hour(making.actor(SGE), row, sooner, "La AIQ saliente se desvincula antes")
    db.session.commit()
    with clock.frozen(sooner):
        assert row.institucion_id in making.actor(SERVANT).principal_of and row.institucion_id not in making.actor(PRINCIPAL).aiq_of
    assert row.eventos[-1].accion == Step.ADVANCE and mover.broken_link(row) is None


def test_no_second_change_before_the_hour_and_another_after_it():
    row = registered()
    with pytest.raises(Conflict, match="aún no llega"):
        started(BACKUP, head_of("1007"))
    with clock.frozen(row.hora_efectiva):
        assert started(SERVANT, head_of("1007")).saliente.correo == SERVANT


def test_two_principals_without_end_are_impossible():
    db.session.add(Nombramiento(usuario_id=making.actor(SERVANT).usuario_id, institucion_id=place().id, cargo=Cargo.AIQ_PRINCIPAL, desde=NOW))
    with pytest.raises(IntegrityError):
        db.session.flush()


def test_a_backup_who_becomes_principal_is_no_longer_backup():
    row = fulfilled(trained(requested(started(person=demo_people.AIQ_BACKUP))), BACKUP)
    relevo.register(making.actor(SGE), row)
    db.session.commit()
    with clock.frozen(row.hora_efectiva):
        assert [(o.cargo, o.usuario.correo) for o in aiq_offices.in_office(row.institucion_id)] == [(Cargo.AIQ_PRINCIPAL, BACKUP)]


def test_who_lost_the_quipux_account_is_not_registered():
    row = ready()
    making.cuenta(demo_people.SERVANT).activa = False
    db.session.commit()
    with pytest.raises(Refused, match="cuenta activa"):
        relevo.register(making.actor(SGE), row)


def test_cancelled_by_the_aiq_only_before_the_request():
    row = requested(started())
    with pytest.raises(Conflict):
        cambios.cancel(making.actor(PRINCIPAL), row, "Me arrepentí")
    with pytest.raises(Refused):
        cambios.cancel(making.actor(SGE), row, "")
    cambios.cancel(making.actor(SGE), row, "La autoridad desistió")
    db.session.commit()
    assert row.estado is Paso.ANULADA and not making.actor(SERVANT).designated_changes
    assert started().estado is Paso.PREPARACION


# --- backups -----------------------------------------------------------------------------------------------------------


def test_a_backup_is_one_mail_to_support_with_copy_to_principal_and_boss():
    office = aiq_offices.appoint_backup(making.actor(PRINCIPAL), place(), data_of(demo_people.SERVANT), "jefa@demo.gob.ec")
    db.session.commit()
    (mail,) = mails("aiq_backup")
    assert (mail.para, mail.responder_a, mail.copia) == (aiq_offices.SUPPORT, PRINCIPAL, f"{PRINCIPAL}, jefa@demo.gob.ec")
    assert demo_people.SERVANT.cedula in mail.texto
    assert place().id in making.actor(SERVANT).aiq_of and "jefa@demo.gob.ec" in office.documento
    assert len(mails("aiq_backup")) == 1 == db.session.query(Correo).count()


@pytest.mark.parametrize(("who", "boss", "field"), [(PRINCIPAL, "", "jefe"), (BACKUP, "jefa@demo.gob.ec", "")])
def test_the_boss_is_mandatory_and_only_the_principal_names_a_backup(who, boss, field):
    with pytest.raises(Refused) as refused:
        aiq_offices.appoint_backup(making.actor(who), place(), data_of(demo_people.SERVANT), boss)
    assert set(refused.value.fields) == {field} and not mails("aiq_backup")


def backup_office() -> Nombramiento:
    return db.session.scalar(select(Nombramiento).where(Nombramiento.cargo == Cargo.AIQ_BACKUP))


def test_a_backup_ends_by_the_principals_mail_or_the_sges_reason():
    office = backup_office()
    with pytest.raises(Refused) as refused:
        aiq_offices.end_backup(making.actor(SGE), office)
    assert set(refused.value.fields) == {"motivo"}
    with pytest.raises(NotFound):
        scope.backup_office(making.actor("aiq@otra.gob.ec"), office.id)
    aiq_offices.end_backup(making.actor(PRINCIPAL), office, boss="jefa@demo.gob.ec")
    db.session.commit()
    assert not making.actor(BACKUP).aiq_of and mails("aiq_backup")[0].para == aiq_offices.SUPPORT


def test_the_last_active_aiq_is_protected():
    office = backup_office()
    making.cuenta(demo_people.AIQ_PRINCIPAL).activa = False  # Quipux took the principal's account
    db.session.commit()
    with pytest.raises(Refused, match="único AIQ activo"):
        aiq_offices.end_backup(making.actor(SGE), office, reason="Ya no trabaja aquí")
    assert aiq_offices.why_needed(place().id, office.usuario_id)
    principal = cambios.principal(place().id)
    assert aiq_offices.why_needed(place().id, principal.usuario_id) is None
    with pytest.raises(Conflict, match="cambio de AIQ"):
        aiq_offices.end_backup(making.actor(SGE), principal, reason="x")


def test_nobody_disabled_becomes_aiq():
    usuario = db.session.scalar(select(Usuario).where(Usuario.correo == SERVANT))
    usuario.habilitado = False
    db.session.commit()
    with pytest.raises(Refused, match="retirado"):
        started()


def test_accounts_are_never_written():
    before = {c.id: c.activa for c in db.session.scalars(select(Cuenta))}
    registered()
    assert {c.id: c.activa for c in db.session.scalars(select(Cuenta))} == before


def test_every_mail_of_a_change_is_whole_in_both_forms(at):
    row = trained(requested(started()))
    with at(days=3, hours=14):
        cambios.remind_all()
    with at(days=6):
        cambios.settle_all()
        cambios.extend(making.actor(SGE), row, 3, "Feriado local")
        fulfilled(row)
        cambios.observe(making.actor(SGE), row, "Falta el logotipo", [1])
        fulfilled(row)
        relevo.register(making.actor(SGE), row)
    aiq_offices.appoint_backup(making.actor(PRINCIPAL), place(), data_of(head_of("1007")), "jefa@demo.gob.ec")
    aiq_offices.end_backup(making.actor(SGE), backup_office(), reason="Renunció")
    with at(days=30):
        cambios.cancel(making.actor(SERVANT), started(SERVANT, head_of("1005")), "Desistió")
    db.session.commit()
    written = {p.stem for p in (Path(__file__).parents[2] / "templates/correo").glob("cambio_*.txt")} | {"aiq_backup", "aiq_backup_fin"}
    sent = db.session.scalars(select(Correo)).all()
    assert {m.plantilla for m in sent} == written
    for mail in sent:
        assert mail.asunto and len(mail.asunto) < 150 and "None" not in mail.texto + mail.html and "<h1>" in mail.html, mail.plantilla
        assert max(len(line) for line in mail.texto.splitlines() if "://" not in line) < 80, mail.texto


def test_a_plazo_that_is_over_may_be_extended_and_counts_from_today(at):
    row = requested(started())
    trained(row)
    db.session.commit()
    with at(days=8):
        assert cambios.settle(row) and row.vencida_en
        with pytest.raises(Refused):
            cambios.extend(making.actor(SGE), row, 2, " ")
        cambios.extend(making.actor(SGE), row, 2, "Enfermedad del nuevo AIQ")
        assert row.vencida_en is None and row.plazo_vence == midnight((NOW + timedelta(days=11)).astimezone(ZONE).date())
        assert mails("cambio_ampliado")[-1].para == row.entrante.correo and mover.broken_link(row) is None
