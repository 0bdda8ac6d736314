"""What our own rows tell against a request that waits: observations that can be counted, filtered and shown in a list.

The checks of one request with their evidence, Quipux read live, are in services.desk_checks."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, text
from sqlalchemy.orm import aliased

from extensions import db
from models import ALIVE, Cuenta, Solicitud
from rules.lifecycle import Clase, Estado
from services import clock, people

LARGE = 10_000_000_000  # bytes: an archive that hardly fits a USB stick with something else on it
BAD, WARN = "bad", "warn"

# Observation → (kind, words), the gravest first. With a "bad" one a request is decided by itself, never in bulk.
NOTES: dict[str, tuple[str, str]] = {
    "activa": (BAD, "El servidor público consta activo"),
    "ausente": (BAD, "La cuenta ya no consta en Quipux"),
    "otra": (BAD, "Tiene otra solicitud vigente"),
    "remitente": (BAD, "La cédula del documento es de otra persona"),
    "sin_cedula": (WARN, "Revisar el remitente del documento"),
    "vacia": (WARN, "Sin documentos en el rango"),
    "grande": (WARN, "Tamaño superior a 10 GB"),
}


def flags() -> dict[str, ColumnElement[bool]]:
    """The observations of NOTES as SQL over Solicitud, each labelled with its name."""
    institutional = Solicitud.clase == Clase.INSTITUCIONAL
    sender = Solicitud.documento_remitente_cedula
    account = select(Cuenta.id).where(Cuenta.id == Solicitud.cuenta_id)
    conditions = {
        "activa": and_(institutional, exists(account.where(people.there()))),
        "ausente": exists(account.where(Cuenta.ausente_desde.is_not(None))),
        "otra": _another(),
        "remitente": and_(institutional, sender != "", sender != Solicitud.persona_cedula),
        "sin_cedula": and_(institutional, sender == ""),
        "vacia": func.coalesce(Solicitud.estimado_documentos, 1) == 0,
        "grande": func.coalesce(Solicitud.estimado_bytes, 0) > LARGE,
    }
    return {name: condition.label(name) for name, condition in conditions.items()}


def _another() -> ColumnElement[bool]:
    """Another live request for the same person in the same institution: services.status.live_for, for a whole list."""
    # Written out, not bound: only then both databases see that the small index of the live ones applies.
    other = aliased(Solicitud, name="otra")
    over = and_(other.estado == Estado.ATENDIDA, other.vigente_hasta <= clock.now())
    return exists(
        select(other.id).where(
            other.persona_cedula == Solicitud.persona_cedula, other.institucion_id == Solicitud.institucion_id, other.id != Solicitud.id,
            text(f"otra.{ALIVE}"), ~over, other.oculta.is_(False),
        )
    )


def observed() -> ColumnElement[bool]:
    """True for a request with any observation."""
    return or_(*flags().values())


def gravest(values: Sequence[bool]) -> tuple[str, str]:
    """(kind, words) of the first observation that holds, of the values of `flags`; ("", "") for none."""
    return next((note for note, holds in zip(NOTES.values(), values, strict=True) if holds), ("", ""))


def of(row: Solicitud) -> tuple[str, str]:
    """The gravest observation of one request, as it is now."""
    return gravest(db.session.execute(select(*flags().values()).where(Solicitud.id == row.id)).one())
