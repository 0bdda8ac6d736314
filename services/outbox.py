"""Reading the mails the system wrote: the demo's outbox. Sending is services.notices."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import defer

from extensions import db
from models import Correo, CorreoEstado
from services.errors import NotFound

PAGE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Mails, newest first, without their bodies; `total`: how many match; `last`: number of the last page."""

    rows: list[Correo]
    number: int
    last: int
    total: int


def page(number: int = 1, estado: CorreoEstado | None = None) -> Page:
    """One page of the outbox, all of it or those in one estado; a number past the end gives the last page."""
    chosen = select(Correo).where(Correo.estado == estado) if estado else select(Correo)
    total = db.session.scalar(select(func.count()).select_from(chosen.with_only_columns(Correo.id).subquery()))
    last = max(1, -(-total // PAGE))
    number = min(max(1, number), last)
    rows = db.session.scalars(
        chosen.options(defer(Correo.texto), defer(Correo.html)).order_by(Correo.id.desc()).limit(PAGE).offset((number - 1) * PAGE)
    )
    return Page(list(rows), number, last, total)


def mail(correo_id: int) -> Correo:
    """One mail. Raises NotFound."""
    row = db.session.get(Correo, correo_id) if 0 < correo_id < 2**62 else None
    if row is None:
        raise NotFound
    return row
