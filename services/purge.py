"""Deleting the files of an ended request, and proving that they are gone: a deletion that was not made is never recorded.

The row of the Recorrido is the constancia: files, bytes, SHA-256 and hour (archive.md §7)."""

from __future__ import annotations

from sqlalchemy import select

from extensions import db
from models import Ejecucion, EjecucionEstado, Parte, Solicitud
from rules.lifecycle import Action, Estado
from services import clock
from services.adapters import storage
from services.mover import move


class StillThere(Exception):
    """The storage still has a file after deleting it: the deletion stays pending and is tried again."""


def pending() -> list[int]:
    """Ids of ended requests whose files are due for deletion."""
    return list(
        db.session.scalars(
            select(Solicitud.id)
            .where(Solicitud.estado == Estado.ELIMINADA, Solicitud.purgar_desde <= clock.now(), Solicitud.purgada_en.is_(None))
            .order_by(Solicitud.id)
        )
    )


def purge(solicitud: Solicitud) -> None:
    """Delete every file of every run of the request. Raises StillThere, storage.StorageError. The caller commits."""
    at, files = clock.now(), []
    for run in solicitud.ejecuciones:
        for stat in list(storage().list(f"solicitudes/{solicitud.id:06d}/{run.id}/")):
            storage().delete(stat.key)
            if storage().stat(stat.key) is not None:
                raise StillThere(stat.key)
        for part in run.partes:
            if part.sha256 and part.borrada_en is None:
                part.borrada_en = at
                files.append({"archivo": part.nombre, "bytes": part.bytes, "sha256": part.sha256})
    move(solicitud, Action.PURGE, None, data={"archivos": files, "bytes": sum(f["bytes"] for f in files)}, purgada_en=at, purgar_desde=None)


def confirm_early(solicitud: Solicitud) -> None:
    """A second officer confirmed a rejection after generation: the files may go now (decisions 8)."""
    solicitud.purgar_desde = clock.now()


def known_keys() -> set[str]:
    """Keys that rows speak of: plans and parts of runs whose files have not been deleted."""
    alive = select(Ejecucion.id).join(Solicitud).where(Solicitud.purgada_en.is_(None))
    keys = set(db.session.scalars(select(Parte.clave).where(Parte.clave != "", Parte.ejecucion_id.in_(alive))))
    keys |= set(db.session.scalars(select(Ejecucion.plan_clave).where(Ejecucion.plan_clave != "", Ejecucion.id.in_(alive))))
    # A run that is being made may have published an object and not yet its row.
    running = db.session.scalars(select(Ejecucion).where(Ejecucion.estado.in_([EjecucionEstado.EN_CURSO, EjecucionEstado.PENDIENTE])))
    for run in running:
        keys |= {s.key for s in storage().list(f"solicitudes/{run.solicitud_id:06d}/{run.id}/")}
    return keys
