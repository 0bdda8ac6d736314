"""Mails: composed from a template, kept as a row with what they tell of, sent after the commit (archive: `Correo`).

Who is told (mission.md §1): the AIQ who filed it and the institution's other active AIQs; for a personal request its
owner; never the mailbox of the former servant."""

from __future__ import annotations

import logging
import smtplib
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Iterable

from flask import current_app, render_template
from flask_mail import BadHeaderError, Message
from sqlalchemy import ColumnElement, Row, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from extensions import db, mail
from models import Correo, CorreoEstado, Solicitud, Usuario
from rules.lifecycle import Clase, Estado
from services import after, clock
from services.desk_plazos import Plazos
from services.people import actor_of, aiqs_of, sge_staff, usuario_of

log = logging.getLogger(__name__)

# Waits between attempts; after the last one the mail is Fallido and shown to the SGE.
BACKOFF = [timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720)]
STALE = timedelta(minutes=2)
SMTP_SECONDS = 30  # of each step of a delivery
# How long a mail is its sender's alone: longer than a dozen silent steps, and than the worker gives a job (services.after.send).
HELD = timedelta(minutes=12)
DIGEST_ROWS = 20  # of each list; the rest is behind its link


def recipients(solicitud: Solicitud) -> list[Usuario]:
    """People to be told of a request, each once."""
    at = clock.now()
    if solicitud.clase is Clase.PERSONAL:
        owner = usuario_of(solicitud.cuenta.cedula)
        return [owner] if owner and owner.habilitado and actor_of(owner, at).may_enter else []
    people = aiqs_of(solicitud.institucion_id, at)
    filer = solicitud.creada_por
    # For an institution no longer in force an officer of the SGE files it, and carries it like an AIQ.
    if filer.habilitado and filer not in people and actor_of(filer, at).sge:
        people.append(filer)
    return people


def tell(template: str, solicitud: Solicitud, *, occasion: str = "", to: Iterable[Usuario] | None = None, **context: Any) -> int:
    """Queue one mail of `template` to everybody concerned with the request. `occasion` tells repeated notices apart:
    the same template, request and occasion never reaches a person twice. Returns how many mails are new."""
    people = recipients(solicitud) if to is None else list(to)
    return sum(
        compose(f"{template}:{solicitud.id}:{occasion}:{person.id}", template, person.correo, solicitud=solicitud, person=person, **context)
        for person in people
    )


def tell_sge(template: str, solicitud: Solicitud, *, occasion: str = "", **context: Any) -> int:
    return tell(template, solicitud, occasion=f"sge:{occasion}", to=sge_staff(clock.now()), **context)


def compose(
    key: str, template: str, to: str, *, solicitud: Solicitud | None = None, cc: str = "", reply_to: str = "", **context: Any
) -> bool:
    """Write a mail as a row and have it sent once this transaction is committed. False when `key` was used before.

    The template `correo/<template>.txt` begins with a line "Asunto: …"; `correo/<template>.html` is its twin."""
    if db.session.scalar(select(Correo.id).where(Correo.clave == key)):
        return False  # the usual case, without the work of composing
    context |= {"solicitud": solicitud, "public_url": current_app.config["PUBLIC_URL"], "ahora": clock.now()}
    text = render_template(f"correo/{template}.txt", **context)
    first, _, body = text.lstrip().partition("\n")
    if not first.startswith("Asunto: "):
        raise ValueError(f"correo/{template}.txt must begin with its Asunto")
    subject = " ".join(first.removeprefix("Asunto: ").split())
    row = Correo(
        clave=key, solicitud_id=solicitud.id if solicitud else None, plantilla=template, para=to, copia=cc, responder_a=reply_to,
        asunto=subject, texto=body.strip() + "\n", html=render_template(f"correo/{template}.html", asunto=subject, **context),
        creado_en=clock.now(), proximo_en=clock.now(), estado=CorreoEstado.PENDIENTE,
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:  # another process composed the same notice meanwhile
        return False
    after.nudge("jobs.notices.send", row.id)
    return True


def send(correo_id: int) -> CorreoEstado:
    """Send one mail now and keep how it went. May run twice, also at the same time: who comes second leaves it alone, as one that was
    sent already. No transaction is open while the server is talked to: a silent one must not keep everybody from writing (ADR 0005)."""
    if letter := _claim(correo_id):
        try:
            deliver(letter)
        # Also an address that cannot be written in a header: one bad mail must not stop the sweep of the others.
        except (smtplib.SMTPException, OSError, BadHeaderError, ValueError) as problem:
            _defer(letter, problem)
        else:
            # Whoever dies before this is committed has sent a mail that will be sent again: a second copy is better than none.
            _write(correo_id, estado=CorreoEstado.ENVIADO, enviado_en=clock.now(), error="", proximo_en=None)
    estado = db.session.scalar(select(Correo.estado).where(Correo.id == correo_id))
    db.session.commit()
    return estado or CorreoEstado.FALLIDO


def _claim(correo_id: int) -> Row | None:
    """Count the attempt and hold the mail for it: its columns as they are now, None when it is not to be sent or somebody else is
    sending it. Commits."""
    at = clock.now()
    letter = db.session.execute(
        update(Correo)
        .where(Correo.id == correo_id, Correo.estado.in_((CorreoEstado.PENDIENTE, CorreoEstado.DIFERIDO)), _free(at))
        .values(intentos=Correo.intentos + 1, proximo_en=at + HELD)
        .returning(*Correo.__table__.c),
        execution_options={"synchronize_session": False},
    ).one_or_none()
    db.session.commit()
    return letter


def _free(at: datetime) -> ColumnElement[bool]:
    """Nobody is sending it. Of a new mail whatever the hour: of two machines one's clock may be a little late."""
    return or_(Correo.intentos == 0, Correo.proximo_en <= at)


def _write(correo_id: int, *conditions: ColumnElement[bool], **columns: Any) -> None:
    db.session.execute(
        update(Correo).where(Correo.id == correo_id, *conditions).values(**columns), execution_options={"synchronize_session": False}
    )


def deliver(letter: Row) -> None:
    """Hand the mail to the server. Without MAIL_SERVER (the demo) the row itself is the outbox: /correos shows it."""
    if not current_app.config["MAIL_SERVER"]:
        if not current_app.config["DEMO"]:
            raise OSError("MAIL_SERVER no está configurado")
        return
    message = Message(
        subject=letter.asunto, recipients=[letter.para], body=letter.texto, html=letter.html,
        cc=[a.strip() for a in letter.copia.split(",") if a.strip()], reply_to=letter.responder_a or None,
        extra_headers={"Auto-Submitted": "auto-generated", "Content-Language": "es-EC"},
    )
    with _sockets_time_out():
        mail.send(message)


@contextmanager
def _sockets_time_out():
    """A mail server that takes the connection and says nothing would hold the worker for ever: Flask-Mail has no setting
    for it, so the sockets made meanwhile get one."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SMTP_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _defer(letter: Row, problem: Exception) -> None:
    """Unless another attempt has taken the mail meanwhile: that one tells how it goes."""
    log.warning("mail %s not sent (attempt %s): %s", letter.id, letter.intentos, type(problem).__name__)
    estado, again = CorreoEstado.FALLIDO, None
    if letter.intentos <= len(BACKOFF):
        estado, again = CorreoEstado.DIFERIDO, clock.now() + BACKOFF[letter.intentos - 1]
    _write(
        letter.id, Correo.intentos == letter.intentos, Correo.estado != CorreoEstado.ENVIADO,
        estado=estado, proximo_en=again, error=f"{type(problem).__name__}: {problem}"[:300],
    )


def resend(row: Correo) -> None:
    """Try a mail again from the start, because a person asked for it."""
    row.estado, row.intentos, row.error, row.proximo_en = CorreoEstado.PENDIENTE, 0, "", clock.now()
    after.nudge("jobs.notices.send", row.id)


def due(limit: int = 200) -> list[int]:
    """Ids of mails to be sent now: deferred ones whose time has come, and any whose nudge or whose sender got lost."""
    at = clock.now()
    return list(
        db.session.scalars(
            select(Correo.id)
            .where(
                or_(
                    (Correo.estado == CorreoEstado.DIFERIDO) & (Correo.proximo_en <= at),
                    (Correo.estado == CorreoEstado.PENDIENTE) & (Correo.creado_en <= at - STALE) & _free(at),
                )
            )
            .order_by(Correo.id)
            .limit(limit)
        )
    )


@dataclass(frozen=True, slots=True)
class Some:
    """A list of requests of the digest: the first ones, nearest to their limit, and how many there are in all."""

    rows: list[Solicitud]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


def digest() -> int:
    """Once a day to the SGE's staff, when there is something: requests nobody opened in 2 working days, those past their day,
    stopped runs and failed mails. Returns how many mails are new. Commits."""
    today, plazos = clock.today(), Plazos()
    unopened = _some(Estado.ENVIADA, plazos.unopened(), plazos.rank())
    late = _some(Estado.ENVIADA, plazos.late(), plazos.rank())
    stopped = _some(Estado.DETENIDA)
    failed = db.session.scalar(select(func.count()).select_from(Correo).where(Correo.estado == CorreoEstado.FALLIDO))
    if not (unopened.total or late.total or stopped.total or failed):
        return 0
    new = sum(
        compose(f"resumen:{today}:{person.id}", "resumen", person.correo, person=person, sin_abrir=unopened, atrasadas=late,
                detenidas=stopped, fallidos=failed)
        for person in sge_staff(clock.now())
    )
    db.session.commit()
    return new


def _some(estado: Estado, *more: Any) -> Some:
    """Requests in this estado; of `more`, the first narrows and the second orders."""
    conditions = (Solicitud.estado == estado, *more[:1])
    rows = db.session.scalars(
        select(Solicitud).where(*conditions).options(joinedload(Solicitud.institucion)).order_by(*more[1:], Solicitud.id).limit(DIGEST_ROWS)
    ).all()
    total = len(rows) if len(rows) < DIGEST_ROWS else db.session.scalar(select(func.count()).select_from(Solicitud).where(*conditions)) or 0
    return Some(list(rows), total)
