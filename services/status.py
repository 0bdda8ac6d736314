"""Questions about estados in SQL: what a person must see (the twin of rules.lifecycle.effective), what is live."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, case, literal, or_, select

from extensions import db
from models import Cuenta, Solicitud
from rules.lifecycle import LIVE, Estado
from services import clock


def effective_sql(now: datetime) -> ColumnElement[str]:
    over = and_(Solicitud.estado == Estado.ATENDIDA, Solicitud.vigente_hasta <= now)
    return case((over, literal(str(Estado.ELIMINADA), String)), else_=Solicitud.estado)


def is_in(estados: set[Estado], now: datetime) -> ColumnElement[bool]:
    """Index-friendly form of `effective_sql(now) IN estados`: the stored estados first, then what the hour changes."""
    alive, over = Estado.ATENDIDA in estados, Estado.ELIMINADA in estados
    if alive == over:
        return Solicitud.estado.in_(sorted(estados))
    ended = Solicitud.vigente_hasta <= now
    still = or_(Solicitud.vigente_hasta.is_(None), Solicitud.vigente_hasta > now)
    return and_(Solicitud.estado.in_(sorted(estados | {Estado.ATENDIDA})), or_(Solicitud.estado != Estado.ATENDIDA, ended if over else still))


def live_for(cuenta: Cuenta, *, without: int | None = None) -> Solicitud | None:
    """Another live request for the same person (any of the accounts with this cédula in the institution)."""
    same = select(Cuenta.id).where(Cuenta.cedula == cuenta.cedula, Cuenta.institucion_id == cuenta.institucion_id)
    return db.session.scalar(
        select(Solicitud)
        .where(Solicitud.cuenta_id.in_(same), is_in(set(LIVE), clock.now()), Solicitud.oculta.is_(False), Solicitud.id != (without or 0))
        .order_by(Solicitud.id.desc())
        .limit(1)
    )
