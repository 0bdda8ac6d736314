"""Demo requests in every estado, made through the services and topped up at each start (decisions 24).

Nothing here writes an estado: the clock is set back and the same functions are called that a person's click calls. MAIN (the
servant with the most documents) is left without a request: it is the newcomer's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, timedelta

from flask import current_app
from sqlalchemy import inspect, select

from extensions import db
from jobs import demo_affairs, produce
from jobs.demo_hands import AIQ, OFFICER, OTHER_AIQ, SECOND, SERVANT, actor, back
from models import Cuenta, Solicitud, Usuario
from rules.lifecycle import Clase, Estado, Motivo
from services import board_summary, clock, decisions, demo, purge, runs, schedule, solicitudes, turns
from services.errors import Conflict, NotFound, Refused
from services.status import is_in
from sources import demo as quipux

log = logging.getLogger(__name__)
FROM = date(2019, 1, 1)


def prepare() -> None:
    """Everything the demo needs that is not there yet: its Quipux, its people, its requests, the AIQs' own affairs. Safe to
    run at every start. A scene that the services refuse is left out: by then a visitor may have replaced the person in it."""
    if not current_app.config["DEMO"]:
        raise RuntimeError("only in the demo")
    quipux.build(current_app.config["DATA_DIR"] / "quipux", today=clock.today())
    demo.seed_base()
    for missing, make in (*SCENES, *demo_affairs.SCENES):
        if not missing():
            continue
        try:
            make()
            db.session.commit()
        except (Refused, Conflict, NotFound) as refusal:
            db.session.rollback()
            log.warning("%s was left out: %r", make.__name__, refusal)
    # Scenes happen on days that may be closed already.
    board_summary.rebuild()
    runs.nudge()
    db.session.commit()


# --- scenes ------------------------------------------------------------------------------------------------------------


def _none(estado: Estado, correo: str | None = None, **also) -> Callable[[], bool]:
    """True when there is no request in this (effective) estado, of this requester."""

    def missing() -> bool:
        query = select(Solicitud.id).where(is_in({estado}, clock.now()), Solicitud.oculta.is_(False)).filter_by(**also)
        if correo:
            query = query.join(Usuario, Solicitud.creada_por_id == Usuario.id).where(Usuario.correo == correo)
        return db.session.scalar(query.limit(1)) is None

    return missing


def _expired() -> None:
    with back(days=24, hour=9):
        solicitud = _sent(AIQ, quipux.LAWYER)
    with back(days=23, hour=10):
        _approved(solicitud)
    with back(days=20, hour=8):
        _produced(solicitud)
    with back(days=15, hour=0):
        decisions.expire(_again(solicitud))
        db.session.commit()
        purge.purge(_again(solicitud))


def _mismatched() -> None:
    with back(days=12, hour=11):
        solicitud = _sent(AIQ, quipux.DRIVER, petition=_petition(quipux.LAWYER))
    with back(days=11, hour=15):
        decisions.reject(actor(OFFICER), solicitud, "documento_no_corresponde", "El oficio fue presentado por otra persona.")


def _ready() -> None:
    with back(days=5, hour=9):
        solicitud = _sent(AIQ, quipux.ACCOUNTANT)
    with back(days=4, hour=10):
        _approved(solicitud)
    with back(days=1, hour=8):
        _produced(solicitud)


def _ready_elsewhere() -> None:
    with back(days=6, hour=9):
        solicitud = _sent(OTHER_AIQ, quipux.RESEARCHER)
    with back(days=5, hour=10):
        _approved(solicitud)
    with back(days=2, hour=8):
        _produced(solicitud)


def _stopped() -> None:
    with back(days=3, hour=9):
        solicitud = _sent(AIQ, quipux.TWO_SECOND)
    with back(days=2, hour=9):
        _approved(solicitud)
        claim = _claimed(solicitud)
        try:
            runs.detain(claim, "fuente")
        except runs.Fenced:
            db.session.commit()


def _running() -> None:
    """Approved for this moment: the worker that starts now really produces it."""
    solicitud = _sent(AIQ, quipux.LARGE)
    decisions.approve(actor(OFFICER), solicitud, schedule.propose(solicitud).day)
    decisions.run_now(actor(OFFICER), solicitud)


def _scheduled() -> None:
    with back(days=1, hour=9):
        solicitud = _sent(AIQ, quipux.LIBRARIAN)
    decisions.approve(actor(SECOND), solicitud, schedule.propose(solicitud).day, comment="Documento verificado con la cédula.")


def _waiting() -> None:
    with back(days=2, hour=16):
        _sent(AIQ, quipux.TWO_FIRST)
    with back(days=1, hour=11):
        _sent(AIQ, quipux.DRIVER, petition=_petition(quipux.LAWYER))
    with back(days=1, hour=12):
        _sent(OTHER_AIQ, quipux.SECRETARY)


def _personal() -> None:
    with back(days=1, hour=14):
        servant = actor(SERVANT)
        draft = solicitudes.Draft(_cuenta(quipux.SERVANT).id, "", FROM, clock.today())
        solicitudes.send(servant, solicitudes.save(servant, Clase.PERSONAL, draft))


def _drafts() -> None:
    with back(days=3, hour=15):
        solicitudes.save(actor("respaldo@demo.gob.ec"), Clase.INSTITUCIONAL, solicitudes.Draft(_cuenta(quipux.DRIVER).id))
    with back(days=1, hour=10):
        _draft(AIQ, quipux.EMPTY)


SCENES: list[tuple[Callable[[], bool], Callable[[], None]]] = [
    (_none(Estado.ELIMINADA, AIQ, motivo=Motivo.VIGENCIA_TERMINADA), _expired),
    (_none(Estado.ELIMINADA, motivo=Motivo.DOCUMENTO_NO_CORRESPONDE), _mismatched),
    (_none(Estado.ATENDIDA, AIQ), _ready),
    (_none(Estado.ATENDIDA, OTHER_AIQ), _ready_elsewhere),
    (_none(Estado.DETENIDA), _stopped),
    (_none(Estado.ENVIADA, AIQ), _waiting),
    (_none(Estado.ENVIADA, SERVANT), _personal),
    (_none(Estado.BORRADOR), _drafts),
    (_none(Estado.APROBADA), _scheduled),
    (lambda: _none(Estado.EN_EJECUCION)() and not turns.due(), _running),
]


# --- the hands ---------------------------------------------------------------------------------------------------------


def _cuenta(account: quipux.Account) -> Cuenta:
    return db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == account.codi))


def _petition(account: quipux.Account) -> str:
    return quipux.petition_of(account, clock.today()).radi_nume_radi


def _draft(correo: str, account: quipux.Account, petition: str = "") -> Solicitud:
    draft = solicitudes.Draft(_cuenta(account).id, petition or _petition(account), FROM, clock.today() - timedelta(days=1))
    solicitud = solicitudes.save(actor(correo), Clase.INSTITUCIONAL, draft)
    db.session.commit()
    return solicitud


def _sent(correo: str, account: quipux.Account, petition: str = "") -> Solicitud:
    solicitud = solicitudes.send(actor(correo), _draft(correo, account, petition))
    db.session.commit()
    return solicitud


def _approved(solicitud: Solicitud) -> None:
    decisions.approve(actor(OFFICER), solicitud, schedule.propose(solicitud).day)
    db.session.commit()


def _claimed(solicitud: Solicitud) -> runs.Claim:
    claim = turns.claim(produce.worker_name(), only=solicitud.id)
    if claim is None:
        raise RuntimeError("the demo request could not be started")
    return claim


def _produced(solicitud: Solicitud) -> None:
    produce.run_one(_claimed(solicitud))


def _again(solicitud: Solicitud) -> Solicitud:
    """The request as it is now: producing it ended the session it was read in."""
    return db.session.get(Solicitud, inspect(solicitud).identity[0])
