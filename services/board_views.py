"""Views of the requests that a figure of the board counts: the condition behind the figure is the condition behind its list.

A view is named in the address of the list (`cifra=…`); services.solicitudes_filters puts it among its filters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, literal_column, not_, or_, select

from models import Descarga, Ejecucion, EjecucionEstado, Novedad, Parte, ParteTipo, Solicitud
from rules import texts
from rules.deadlines import midnight
from rules.lifecycle import Estado

Condition = Callable[[datetime], ColumnElement[bool]]
GENERATED = "generadas"
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class View:
    """label: what the list says it shows."""

    label: str
    condition: Condition


def in_force(now: datetime) -> ColumnElement[bool]:
    """Atendida, and its vigencia has not ended."""
    return and_(Solicitud.estado == Estado.ATENDIDA, Solicitud.vigente_hasta > now)


def lacks_download() -> ColumnElement[bool]:
    """Some data volume was never completely downloaded by anybody: the twin in SQL of `not received.all_complete`, and the
    rule of the reminders (mission.md §1)."""
    parts = (
        select(Parte.id)
        .join(Ejecucion, Parte.ejecucion_id == Ejecucion.id)
        .where(Ejecucion.solicitud_id == Solicitud.id, Ejecucion.estado == EjecucionEstado.PUBLICADA, Parte.tipo == ParteTipo.DATOS)
    )
    whole = exists().where(Descarga.parte_id == Parte.id, Descarga.completa_en.is_not(None))
    return or_(parts.where(not_(whole)).correlate(Solicitud).exists(), not_(parts.correlate(Solicitud).exists()))


def has_incidents() -> ColumnElement[bool]:
    """Delivered with at least one document that is not whole yet: what a complement has recovered counts no more."""
    # Written out, not bound: only then SQLite may use the small index of the runs that have any. The list joins Ejecucion too:
    # this one is its own.
    missing = exists().where(Novedad.ejecucion_id == Ejecucion.id, Novedad.recuperada_por_id.is_(None))
    some = select(Ejecucion.id).where(
        Ejecucion.solicitud_id == Solicitud.id, Ejecucion.complemento == "", Ejecucion.estado == EjecucionEstado.PUBLICADA,
        Ejecucion.con_novedad > literal_column("0"), missing,
    )
    return some.correlate(Solicitud).exists()


def _ending(within: timedelta) -> Condition:
    return lambda now: and_(in_force(now), Solicitud.vigente_hasta <= now + within, lacks_download())


VIEWS: dict[str, View] = {
    "vencen-24h-sin-descarga": View("Vencen en 24 horas sin descarga completa", _ending(DAY)),
    "vencen-48h-sin-descarga": View("Vencen en 48 horas sin descarga completa", _ending(2 * DAY)),
    "vigentes-con-novedades": View("Vigentes con novedades", lambda now: and_(in_force(now), has_incidents())),
}


def view(key: str) -> View | None:
    """The view of that name, or None. "generadas.2026-11-01.2026-11-18": archives finished on those days, both included."""
    if key in VIEWS:
        return VIEWS[key]
    name, _, rest = key.partition(".")
    try:
        first, last = (date.fromisoformat(part) for part in rest.split("."))
    except ValueError:
        return None
    if name != GENERATED or not 1990 <= first.year <= last.year <= 2100 or last < first:
        return None
    span = texts.day(first) if first == last else f"{texts.day(first)} a {texts.day(last)}"
    return View(f"Generadas: {span}", lambda _now: generated(first, last))


def generated(first: date, last: date) -> ColumnElement[bool]:
    """The archive was finished on one of these days, whatever has become of it since."""
    return and_(Solicitud.generada_en >= midnight(first), Solicitud.generada_en < midnight(last + DAY))


def generated_key(first: date, last: date) -> str:
    """The name of the view of the archives finished on these days."""
    return f"{GENERATED}.{first.isoformat()}.{last.isoformat()}"
