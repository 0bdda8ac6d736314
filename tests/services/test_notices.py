"""Mails: whom they reach, how they are sent by a real SMTP server, and that every template says something whole."""

from __future__ import annotations

import re
import socket
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from jinja2 import StrictUndefined
from sqlalchemy import select

from extensions import db
from models import (
    Cargo, Correo, CorreoEstado, Cuenta, Ejecucion, EjecucionEstado, Nombramiento, Novedad, Parte, ParteTipo, Solicitud, Usuario,
)  # fmt: skip
from rules.lifecycle import Clase, Estado, Motivo
from services.complements import Account
from services import clock, notices
from sources import demo_people as people
from tests.conftest import NOW

AIQS = {"aiq@demo.gob.ec", "respaldo@demo.gob.ec"}
SGE = {"sge@demo.gob.ec", "sge2@demo.gob.ec"}


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
def settings():
    return {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": free_port(), "MAIL_SUPPRESS_SEND": False}


@pytest.fixture(autouse=True)
def _context(ctx):
    yield


class Inbox:
    """Keeps what a real SMTP server was handed."""

    def __init__(self):
        self.received = []

    async def handle_DATA(self, _server, _session, envelope):
        self.received.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@pytest.fixture
def server(app):
    """`server()` starts a mail server on the configured port; every one started is stopped at the end."""
    running = []

    def start() -> Inbox:
        inbox = Inbox()
        controller = Controller(inbox, hostname="127.0.0.1", port=app.config["MAIL_PORT"])
        controller.start()
        running.append(controller)
        return inbox

    yield start
    for controller in running:
        controller.stop()


def person(correo: str) -> Usuario:
    return db.session.scalar(select(Usuario).where(Usuario.correo == correo))


def solicitud(account=people.MAIN, clase=Clase.INSTITUCIONAL, by="aiq@demo.gob.ec") -> Solicitud:
    """A row with every column a mail may tell of."""
    cuenta = db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == account.codi))
    filer = person(by)
    row = Solicitud(
        clase=clase, estado=Estado.ELIMINADA, motivo=Motivo.OTRO, institucion_id=cuenta.institucion_id, cuenta_id=cuenta.id,
        creada_por_id=filer.id, editada_por_id=filer.id, fecha_solicitud=NOW, editada_en=NOW, enviada_en=NOW, aprobada_en=NOW,
        persona_cedula=cuenta.cedula, persona_nombre=cuenta.nombre, persona_apellido=cuenta.apellido, desde=date(2021, 2, 1),
        hasta=date(2026, 6, 30), fecha_tentativa=date(2026, 11, 24), generada_en=NOW, eliminada_en=NOW,
        vigente_hasta=datetime(2026, 11, 23, 5, tzinfo=UTC),
    )
    db.session.add(row)
    db.session.flush()
    return row


def run_of(row: Solicitud, *, found=3412, missing=2, reserved=1, parts=3) -> Ejecucion:
    run = Ejecucion(solicitud_id=row.id, estado=EjecucionEstado.PUBLICADA, creada_en=NOW, encontrados=found, con_novedad=missing,
                    excluidos=reserved, incluidos=found - missing - reserved)
    run.partes = [Parte(numero=n, tipo=ParteTipo.DATOS, nombre=f"p{n}", bytes=700_000_000) for n in range(1, parts + 1)]
    run.partes.append(Parte(numero=parts + 1, tipo=ParteTipo.DIRECTORIO, nombre="d", bytes=5_000_000))
    run.novedades = [Novedad(documento_codi="1", causa="ausente") for _ in range(missing)]
    db.session.add(run)
    db.session.flush()
    return run


def mailed() -> set[str]:
    return {c.para for c in db.session.scalars(select(Correo))}


# --- who is told -----------------------------------------------------------------------------------------------------


def test_an_officer_who_files_a_request_is_told_with_the_aiqs():
    assert notices.tell("aprobada", solicitud(by="sge@demo.gob.ec")) == 3
    assert mailed() == AIQS | {"sge@demo.gob.ec"}


def test_the_institutions_active_aiqs_are_told_each_once():
    row = solicitud()
    # One person in two offices of the same institution is still one reader.
    db.session.add(Nombramiento(usuario_id=person("aiq@demo.gob.ec").id, institucion_id=row.institucion_id, cargo=Cargo.AIQ_BACKUP, desde=NOW))
    assert notices.tell("aprobada", row) == 2
    assert mailed() == AIQS


def test_the_same_occasion_never_reaches_a_person_twice():
    row = solicitud()
    assert notices.tell("aprobada", row, occasion="3") == 2
    assert notices.tell("aprobada", row, occasion="3") == 0
    assert notices.tell("aprobada", row, occasion="4") == 2


def test_nobody_writes_to_the_former_servant():
    row = solicitud()
    mailbox = row.cuenta.correos
    run = run_of(row)
    assert mailbox
    for template, extra in templates(run).items():
        notices.tell(template, row, **extra)
    notices.tell_sge("detenida", row, causa="x")
    assert mailed() == AIQS | SGE
    assert not any(mailbox in c.texto + c.html for c in db.session.scalars(select(Correo)))


def test_an_aiq_who_left_office_is_no_longer_told():
    row = solicitud()
    office = db.session.scalar(select(Nombramiento).where(Nombramiento.usuario_id == person("aiq@demo.gob.ec").id))
    office.hasta = NOW
    notices.tell("lista", row, ejecucion=run_of(row))
    assert mailed() == {"respaldo@demo.gob.ec"}


def test_a_personal_request_tells_its_owner_while_he_may_enter():
    row = solicitud(people.SERVANT, Clase.PERSONAL, "servidor@demo.gob.ec")
    notices.tell("aprobada", row, occasion="1")
    assert mailed() == {"servidor@demo.gob.ec"}
    row.cuenta.activa = False
    assert notices.tell("aprobada", row, occasion="2") == 0


def test_an_officer_is_told_of_the_request_he_registered_for_an_institution_without_aiqs():
    notices.tell("aprobada", solicitud(people.ARCHIVIST, by="sge2@demo.gob.ec"))
    assert mailed() == {"sge2@demo.gob.ec"}


def test_the_sge_is_told_of_what_stopped():
    assert notices.tell_sge("detenida", solicitud(), causa="Quipux no respondió durante el tiempo máximo de espera.") == 2
    assert mailed() == SGE


# --- how they leave --------------------------------------------------------------------------------------------------


def one_mail() -> int:
    notices.tell("aprobada", solicitud(), to=[person("aiq@demo.gob.ec")])
    db.session.commit()
    return db.session.scalar(select(Correo.id))


def test_a_real_server_gets_text_and_html(server):
    inbox, number = server(), one_mail()
    assert notices.send(number) is CorreoEstado.ENVIADO
    (to, message), = inbox.received
    row = db.session.get(Correo, number)
    assert to == ["aiq@demo.gob.ec"] and row.enviado_en == NOW and row.error == ""
    assert message["Subject"] == row.asunto and message["Auto-Submitted"] == "auto-generated"
    assert "Estimado/a Rosa Elena:" in message.get_body(("plain",)).get_content()
    assert "Ñauñay" in message.get_body(("html",)).get_content()


def test_a_mail_already_sent_is_left_alone(server):
    inbox, number = server(), one_mail()
    assert [notices.send(number), notices.send(number)] == [CorreoEstado.ENVIADO] * 2
    assert len(inbox.received) == 1


def test_a_server_that_is_down_defers_and_the_sweep_sends_later(server):
    number = one_mail()
    assert notices.send(number) is CorreoEstado.DIFERIDO
    row = db.session.get(Correo, number)
    assert row.intentos == 1 and "Refused" in row.error and row.proximo_en == NOW + timedelta(minutes=1)
    assert notices.due() == []
    inbox = server()
    with clock.frozen(NOW + timedelta(minutes=1)):
        assert notices.due() == [number]
        assert notices.send(number) is CorreoEstado.ENVIADO
        assert notices.due() == []
    assert len(inbox.received) == 1 and db.session.get(Correo, number).error == ""


def test_after_the_last_attempt_it_is_fallido_and_a_person_may_send_it_again(server):
    number, at = one_mail(), NOW
    for wait in [*notices.BACKOFF, timedelta()]:
        with clock.frozen(at):
            estado = notices.send(number)
        at += wait
    assert estado is CorreoEstado.FALLIDO
    with clock.frozen(at + timedelta(days=30)):
        assert notices.due() == []
        notices.resend(db.session.get(Correo, number))
        db.session.commit()
        server()
        assert notices.send(number) is CorreoEstado.ENVIADO


def test_a_mail_whose_nudge_was_lost_is_found_by_the_sweep():
    number = one_mail()
    assert notices.due() == []
    with clock.frozen(NOW + notices.STALE):
        assert notices.due() == [number]


def test_a_rollback_leaves_no_mail():
    notices.tell("aprobada", solicitud())
    db.session.rollback()
    assert mailed() == set()


# --- what they say ---------------------------------------------------------------------------------------------------


def templates(run: Ejecucion) -> dict[str, dict]:
    """Every mail of a request with its own context."""
    return {
        "aprobada": {}, "calendarizada": {}, "vencida": {}, "ampliada": {},
        "devuelta": {"comentario": "El rango no coincide. Corrija <b>las fechas</b> & envíe."},
        "rechazada": {"comentario": "El documento asociado no corresponde al servidor público."},
        "lista": {"ejecucion": run}, "recordatorio": {"horas": 48}, "novedades": {"ejecucion": run},
        "detenida": {"causa": "Quipux no respondió durante el tiempo máximo de espera."},
        "complemento": {"ejecucion": run, "cuenta": Account(3411, 3408, 2, 1, 0, 1, 1), "recuperados": 4},
        "complemento_fallido": {"causa": "Los archivos que faltan siguen sin poder leerse: no se recuperó ninguno."},
        "descarga_sge": {"officer": "Iván Peñaherrera Zúñiga", "razon": "Verificación de una novedad"},
    }  # fmt: skip


@pytest.fixture
def strict(app):
    """An undefined variable is an error, not an empty string."""
    usual = app.jinja_env.undefined
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.cache.clear()
    yield
    app.jinja_env.undefined = usual
    app.jinja_env.cache.clear()


def compose(name: str, row: Solicitud, **extra) -> Correo:
    notices.compose(f"{name}:{row.id}", name, "aiq@demo.gob.ec", solicitud=row, person=person("aiq@demo.gob.ec"), **extra)
    return db.session.scalar(select(Correo).order_by(Correo.id.desc()))


class Words(HTMLParser):
    """The words of an HTML mail, and where its links lead."""

    def __init__(self, html: str):
        super().__init__()
        self.words, self.links, self.quiet = [], [], False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.quiet = tag == "style"
        self.links += [value for name, value in attributes if name in {"href", "src"}]

    def handle_endtag(self, _tag):
        self.quiet = False

    def handle_data(self, data):
        if not self.quiet:
            self.words += data.split()


def test_no_template_is_forgotten():
    elsewhere = ("acceso_", "aiq_", "cambio_", "implantacion_")  # tested with what they tell of
    known = {p.stem for p in (Path(__file__).parents[2] / "templates/correo").glob("[!_]*.txt") if not p.stem.startswith(elsewhere)}
    assert known == {*templates(None), "clave", "base", "resumen", "escalamiento"}, "tell it here with its context"


@pytest.mark.parametrize("name", templates(None))
@pytest.mark.parametrize("clase", Clase)
def test_every_mail_is_whole_in_both_forms(strict, name, clase):
    row = solicitud(clase=clase)
    mail = compose(name, row, **templates(run_of(row))[name])
    page = f"http://127.0.0.1:8000/solicitudes/{row.id}"
    seen = Words(mail.html)
    assert f"Nº {row.id:06d}" in mail.asunto and len(mail.asunto) <= 120
    assert mail.texto.startswith("Estimado/a Rosa Elena:")
    assert max(map(len, mail.texto.splitlines())) <= 78
    assert "\n\n\n" not in mail.texto
    addresses = set(re.findall(r"https?://\S+", mail.texto))
    assert addresses and addresses <= {page, page + "/descarga"}
    assert {link for link in seen.links if not link.startswith("mailto:")} == addresses
    for text in (mail.texto, " ".join(seen.words)):
        assert "María Fernanda Ñauñay Quishpe" in text and "1 feb 2021 a 30 jun 2026" in text
        assert not re.search(r"\b(None|True|False|Undefined)\b|\{[{%]", text)
    for extra in templates(None)[name].values():
        if isinstance(extra, str):
            assert " ".join(extra.split()) in " ".join(mail.texto.split()) and " ".join(extra.split()) in " ".join(seen.words)


def test_the_ready_mail_tells_what_there_is_and_until_when(strict):
    row = solicitud()
    mail = compose("lista", row, ejecucion=run_of(row))
    assert mail.asunto == f"Respaldo generado: solicitud Nº {row.id:06d} (vigente hasta el 22 nov 2026)"
    text = " ".join(mail.texto.split(" "))
    assert "3\xa0411 documentos, 2,1 GB, 3 partes" in text
    assert "22 nov 2026, 23:59" in text and "18 nov 2026, 10:00" in text
    assert "2 documentos tienen archivos" in text and "Excluidos por reserva: 1" in text


def test_the_ready_mail_of_an_empty_archive_says_so(strict):
    row = solicitud()
    text = compose("lista", row, ejecucion=run_of(row, found=0, missing=0, reserved=0, parts=1)).texto
    assert "no contiene documentos" in text and "0 documentos" in text
    assert "novedades" not in text and "varias partes" not in text


@pytest.mark.parametrize("hours", [48, 24])
def test_the_reminder_names_the_exact_end(strict, hours):
    mail = compose("recordatorio", solicitud(), horas=hours)
    assert f"menos de {hours} horas (22 nov 2026, 23:59)" in mail.asunto


def test_a_date_beyond_the_usual_limit_is_said(strict):
    row = solicitud()
    row.fuera_de_plazo = True
    assert "supera el plazo habitual de 5 días laborables" in " ".join(compose("aprobada", row).texto.split())


def test_the_password_mail_is_whole(strict):
    assert notices.compose("k", "clave", "aiq@demo.gob.ec", person=person("aiq@demo.gob.ec"), link="http://127.0.0.1:8000/clave/abc")
    mail = db.session.scalar(select(Correo))
    assert mail.asunto == "Establezca su contraseña de Respaldos Quipux"
    assert "http://127.0.0.1:8000/clave/abc" in mail.texto and "http://127.0.0.1:8000/clave/abc" in Words(mail.html).links


def test_two_processes_that_compose_the_same_notice_make_one_row(monkeypatch):
    """The loser of the race learns it from the database: its own work, done before, is kept."""
    row, owner = solicitud(), person("aiq@demo.gob.ec")
    link = "http://127.0.0.1:8000/clave/abc"
    assert notices.compose("carrera", "clave", owner.correo, person=owner, link=link)
    seen = db.session.scalar
    monkeypatch.setattr(db.session, "scalar", lambda query, *rest: None if "correo.clave" in str(query) else seen(query, *rest))
    row.comentario = "sigue"
    assert not notices.compose("carrera", "clave", owner.correo, person=owner, link=link)
    monkeypatch.undo()
    db.session.commit()
    assert len(db.session.scalars(select(Correo).where(Correo.clave == "carrera")).all()) == 1 and row.comentario == "sigue"


def test_a_mail_server_that_says_nothing_holds_nobody(app, monkeypatch):
    monkeypatch.setattr(notices, "SMTP_SECONDS", 0.2)
    notices.compose("mudo", "clave", "aiq@demo.gob.ec", person=person("aiq@demo.gob.ec"), link="http://127.0.0.1:8000/clave/abc")
    db.session.commit()
    mail = db.session.scalar(select(Correo).where(Correo.clave == "mudo"))
    with socket.create_server(("127.0.0.1", app.config["MAIL_PORT"])):
        assert notices.send(mail.id) is CorreoEstado.DIFERIDO
    assert "timed out" in mail.error.lower() and socket.getdefaulttimeout() is None


def test_an_address_that_no_header_can_hold_stops_no_other_mail(server):
    inbox = server()
    for key, to in (("malo", "aiq@demo.gob.ec\nBcc: otro@x.ec"), ("bueno", "respaldo@demo.gob.ec")):
        notices.compose(key, "clave", to, person=person("aiq@demo.gob.ec"), link="http://127.0.0.1:8000/clave/abc")
    db.session.commit()
    states = {m.clave: notices.send(m.id) for m in db.session.scalars(select(Correo)).all()}
    assert states == {"malo": CorreoEstado.DIFERIDO, "bueno": CorreoEstado.ENVIADO}
    assert [to for to, _ in inbox.received] == [["respaldo@demo.gob.ec"]]
