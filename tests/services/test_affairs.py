"""Notices, procedures, trainings and escalation where they are decided; the pages are in tests/blueprints/test_asuntos.py."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import date
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from jinja2 import StrictUndefined
from sqlalchemy import select

from extensions import db
from models import Aviso, CambioAIQ, Correo, CorreoEstado, Escalamiento, Implantacion, Institucion, Nombramiento, Procedimiento, Sesion, Usuario
from rules.glossary import AVISO_BADGE
from rules.processes import Etapa, Materia, Paso
from rules.responsibilities import RESPONSIBILITIES
from services import affairs, clock, escalation, notices
from services.errors import Conflict, Refused
from tests import making, pdfs

pytestmark = pytest.mark.usefixtures("ctx")

TEXT = {
    "institucion": "", "asunto": "No se puede firmar", "detalle": "FirmaEC no responde desde ayer.\n\n" + "Afecta a todas las áreas. " * 12,
    "primer_nivel": "Se reinstaló FirmaEC.\nSe probó con otro certificado.",
}


@pytest.fixture
def settings():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": probe.getsockname()[1], "MAIL_SUPPRESS_SEND": False}


@pytest.fixture
def aiq():
    return making.actor("aiq@demo.gob.ec")


@pytest.fixture
def servant():
    return making.actor("servidor@demo.gob.ec")


class Inbox:
    def __init__(self):
        self.received = []

    async def handle_DATA(self, _server, _session, envelope):
        self.received.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


# --- Escalation ---------------------------------------------------------------------------------------------------------


def test_the_mail_leaves_with_its_copy_and_its_answers_go_to_the_aiq(app, aiq):
    inbox = Inbox()
    server = Controller(inbox, hostname="127.0.0.1", port=app.config["MAIL_PORT"])
    server.start()
    try:
        row = escalation.escalate(aiq, **TEXT)
        db.session.commit()
        mail = db.session.scalar(select(Correo).where(Correo.clave == f"escalamiento:{row.id}"))
        assert notices.send(mail.id) is CorreoEstado.ENVIADO
    finally:
        server.stop()
    [(recipients, message)] = inbox.received
    assert set(recipients) == {"soporte@gobiernoelectronico.gob.ec", "aiq@demo.gob.ec"}
    assert message["To"] == "soporte@gobiernoelectronico.gob.ec"
    assert message["Cc"] == message["Reply-To"] == "aiq@demo.gob.ec"
    assert message["Subject"] == mail.asunto
    assert escalation.sent(aiq)[0].mail is CorreoEstado.ENVIADO


def test_the_mail_says_everything_in_both_forms(app, aiq, monkeypatch):
    monkeypatch.setattr(app.jinja_env, "undefined", StrictUndefined)
    escalation.escalate(aiq, **TEXT | {"asunto": "x" * 200})
    mail = db.session.scalar(select(Correo).where(Correo.plantilla == "escalamiento"))
    assert len(mail.asunto) <= 300 and max(map(len, mail.texto.splitlines())) <= 78 and "\n\n\n" not in mail.texto
    me = db.session.get(Usuario, aiq.usuario_id)
    for body in (mail.texto, mail.html):
        for said in (me.nombre_completo, me.cedula, me.correo, "AIQ principal", "Se probó con otro certificado.", "FirmaEC no responde"):
            assert said in body
        assert "No responda a este mensaje" not in body


def test_a_person_who_is_no_aiq_is_refused_with_what_is_missing(servant):
    with pytest.raises(Refused) as refused:
        escalation.escalate(servant, **TEXT)
    assert "Solo el AIQ registrado" in refused.value.fields[""]
    assert db.session.scalar(select(Escalamiento)) is None and db.session.scalar(select(Correo)) is None


def test_an_aiq_whose_office_ended_is_refused_at_that_hour(at):
    office = db.session.scalar(select(Nombramiento).join(Usuario).where(Usuario.correo == "aiq@demo.gob.ec"))
    with at(days=1):
        office.hasta = clock.now()
    db.session.commit()
    escalation.escalate(making.actor("aiq@demo.gob.ec"), **TEXT)
    with at(days=1), pytest.raises(Refused, match="Solo el AIQ"):
        escalation.escalate(making.actor("aiq@demo.gob.ec"), **TEXT)


def test_another_institution_cannot_be_named(aiq):
    other = next(iter(making.actor("aiq@otra.gob.ec").aiq_of))
    with pytest.raises(Refused) as refused:
        escalation.escalate(aiq, **TEXT | {"institucion": str(other)})
    assert list(refused.value.fields) == ["institucion"]


def _designated(servant, kind, estado, **fields):
    """The servant as designated AIQ in a process of this kind."""
    me = making.actor("aiq@demo.gob.ec")
    if kind is CambioAIQ:
        row = CambioAIQ(estado=estado, institucion_id=next(iter(me.aiq_of)), entrante_id=servant.usuario_id, preparado_por_id=me.usuario_id,
                        creado_en=clock.now(), **fields)
    else:
        row = Implantacion(estado=estado, nombre="Instituto Nuevo", usuario_id=servant.usuario_id, responsable_id=me.usuario_id,
                           creada_en=clock.now(), **fields)
    db.session.add(row)
    db.session.commit()
    return row, making.actor("servidor@demo.gob.ec")


@pytest.mark.parametrize(("kind", "estado", "said"), [
    (CambioAIQ, Paso.PREPARACION, "Falta completar la solicitud"), (CambioAIQ, Paso.CAPACITACION, "Falta la etapa del ambiente"),
    (CambioAIQ, Paso.AMBIENTE, "Falta informar el cumplimiento"), (CambioAIQ, Paso.INFORMADA, "Falta el registro en la base de AIQ"),
    (Implantacion, Etapa.SOLICITUD, "Falta la etapa del ambiente"),
    (Implantacion, Etapa.SUSPENDIDA, "la SGE debe reanudarla"), (Implantacion, Etapa.REVISION, "Falta la aprobación de la SGE"),
])
def test_what_is_missing_at_each_step(servant, kind, estado, said):
    _, actor = _designated(servant, kind, estado)
    told = escalation.missing(actor)
    assert "todavía no consta" in told[0] and any(said in sentence for sentence in told)
    assert estado not in {Paso.INFORMADA, Etapa.REVISION} or not any("Capacitación" in sentence for sentence in told)


def test_a_complete_training_is_not_missing(servant):
    change, actor = _designated(servant, CambioAIQ, Paso.CAPACITACION)
    for materia in Materia:
        db.session.add(Sesion(cambio_id=change.id, fecha=date(2026, 11, 1), materia=materia, horas=4, capacitador="SGE", registrada_por_id=actor.usuario_id))
    db.session.commit()
    assert not any("Capacitación" in sentence for sentence in escalation.missing(actor))


def test_a_registered_aiq_lacks_nothing(aiq):
    assert escalation.missing(aiq) == []


# --- Notices ------------------------------------------------------------------------------------------------------------


def notice(actor, desde=date(2026, 11, 18), hasta=date(2026, 11, 18), publico="") -> Aviso:
    return affairs.publish_notice(actor, publico=publico, titulo="Título", texto="Texto", desde=desde, hasta=hasta)


def test_where_a_notice_stands(aiq):
    row = notice(aiq, date(2026, 11, 20), date(2026, 11, 22))
    days = (19, 20, 22, 23)
    assert [affairs.standing(row, date(2026, 11, d)) for d in days] == ["programado", "vigente", "vigente", "concluido"]
    assert [len(affairs.notices_for(aiq, date(2026, 11, d))) for d in days] == [0, 1, 1, 0]
    affairs.withdraw(row)
    assert affairs.standing(row, date(2026, 11, 20)) == "retirado" and affairs.notices_for(aiq, date(2026, 11, 20)) == []
    assert set(AVISO_BADGE) == {"programado", "vigente", "concluido", "retirado"}
    with pytest.raises(Conflict):
        affairs.withdraw(row)


def test_an_aiq_of_two_institutions_says_for_which(aiq):
    both = replace(aiq, aiq_of=frozenset(db.session.scalars(select(Institucion.id).limit(2))))
    with pytest.raises(Refused) as refused:
        notice(both)
    assert list(refused.value.fields) == ["publico"]
    chosen = max(both.aiq_of)
    assert notice(both, publico=str(chosen)).institucion_id == chosen


def test_only_the_sge_speaks_to_all_aiqs(aiq):
    assert notice(making.actor("sge@demo.gob.ec"), publico=affairs.ALL_AIQS).institucion_id is None
    with pytest.raises(Refused):
        notice(aiq, publico=affairs.ALL_AIQS)


# --- Procedures ---------------------------------------------------------------------------------------------------------


def procedure(actor, titulo="Uso de Quipux") -> Procedimiento:
    return affairs.publish_procedure(
        actor, pdfs.upload(pdfs.plain()), institucion="", titulo=titulo, aprobado_por="Ana Mora", aprobado_en=date(2026, 11, 10)
    )


def test_two_people_publishing_the_same_version_at_once(aiq, monkeypatch):
    procedure(aiq)
    monkeypatch.setattr(affairs, "_next_version", lambda _institucion, titulo: (titulo, 1))
    with pytest.raises(Conflict, match="en este momento"):
        procedure(aiq)


def test_versions_are_counted_by_title_whatever_its_accents(aiq):
    assert [procedure(aiq, t).version for t in ("Uso de Quipux", "USO DE QUIPÚX", "Uso de Quipux 2", "uso de quipux")] == [1, 2, 1, 3]
    [first, second] = affairs.procedures(aiq)
    assert (first.current.titulo, first.current.version, [v.version for v in first.earlier]) == ("Uso de Quipux", 3, [2, 1])
    assert second.earlier == []


# --- Responsibilities ---------------------------------------------------------------------------------------------------


def test_the_latest_acceptance_counts(servant, at):
    assert affairs.accepted_on(servant) is None
    _designated(servant, Implantacion, Etapa.PRODUCCION, responsabilidades_en=clock.now())
    with at(days=2):
        later = clock.now()
    _designated(servant, CambioAIQ, Paso.REGISTRADA, responsabilidades_en=later)
    assert affairs.accepted_on(servant) == later


def test_there_are_nine():
    assert len(RESPONSIBILITIES) == 9 and len({r.text for r in RESPONSIBILITIES}) == 9
