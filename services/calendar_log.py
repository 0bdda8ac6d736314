"""The history of the calendar's own tables: who changed a feriado, a period or the capacity, when and why."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from extensions import db
from models import CalendarioEvento
from rules import texts
from rules.policy import Actor
from services import clock
from services.errors import Refused

FERIADOS, PERIODOS, CAPACIDAD = "feriados", "periodos", "capacidad"
MAX_REASON = 2000
SHOWN = 50


def record(actor: Actor | None, tema: str, texto: str, *, motivo: str = "", anio: int | None = None) -> None:
    """Write one line of the history, in the transaction of the change. Null actor: Sistema."""
    db.session.add(CalendarioEvento(en=clock.now(), actor_id=actor.usuario_id if actor else None, tema=tema, anio=anio, texto=texto, motivo=motivo))
    db.session.flush()


def history(tema: str, anio: int | None = None, limit: int = SHOWN) -> Sequence[CalendarioEvento]:
    """The newest lines of one subject, of one year when it is given."""
    query = select(CalendarioEvento).options(joinedload(CalendarioEvento.actor)).where(CalendarioEvento.tema == tema)
    if anio is not None:
        query = query.where(CalendarioEvento.anio == anio)
    return db.session.scalars(query.order_by(CalendarioEvento.id.desc()).limit(limit)).all()


def reason_problem(text: str) -> str:
    """What is wrong with the length of a reason; "" when nothing is."""
    if len(text) <= MAX_REASON:
        return ""
    return f"El motivo no puede superar los {texts.miles(MAX_REASON)} caracteres; tiene {texts.miles(len(text))}."


def checked(wrong: dict[str, str]) -> None:
    """Raise Refused when a field is wrong; fields with an empty message are right."""
    if found := {name: message for name, message in wrong.items() if message}:
        raise Refused(found)
