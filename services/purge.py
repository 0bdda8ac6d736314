"""Deleting the files of an ended request, and proving that they are gone: a deletion that was not made is never recorded.

The row of the Recorrido is the constancia: files, bytes, SHA-256 and hour (archive.md §7)."""

from __future__ import annotations

import logging

from sqlalchemy import select

from extensions import db
from models import Ejecucion, EjecucionEstado, Evento, Parte, Solicitud
from rules.lifecycle import Action, Estado
from rules.policy import Actor
from services import clock
from services.adapters import storage
from services.errors import Conflict
from services.mover import move
from storage import StorageError

log = logging.getLogger(__name__)


class StillThere(Exception):
    """The storage still has a file after deleting it: the deletion stays pending and is tried again."""


def pending() -> list[int]:
    """Ids of ended requests whose files are due for deletion."""
    return list(
        db.session.scalars(
            select(Solicitud.id)
            .where(Solicitud.estado == Estado.ELIMINADA, Solicitud.purgar_desde <= clock.now(), Solicitud.purgada_en.is_(None))
            # Few have the date and nearly all are Eliminada: SQLite would read every one of them, each minute.
            .with_hint(Solicitud, "INDEXED BY ix_solicitud_purgar", "sqlite")
            .order_by(Solicitud.id)
        )
    )


def purge(solicitud: Solicitud, actor: Actor | None = None) -> None:
    """Delete every file of every run of the request. Raises StillThere, StorageError. The caller commits.
    actor: the officer who ordered it; None is the System."""
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
    move(solicitud, Action.PURGE, actor, data={"archivos": files, "bytes": sum(f["bytes"] for f in files)}, purgada_en=at, purgar_desde=None)


def may_confirm(actor: Actor, solicitud: Solicitud) -> bool:
    """A rejected request's files wait 72 hours for a second officer: not the one who rejected it (decisions 8)."""
    if not actor.sge or solicitud.purgada_en is not None or solicitud.purgar_desde is None or solicitud.purgar_desde <= clock.now():
        return False
    query = select(Evento.actor_id).where(Evento.solicitud_id == solicitud.id, Evento.accion == str(Action.REJECT))
    return db.session.scalar(query.order_by(Evento.orden.desc()).limit(1)) not in {None, actor.usuario_id}


def confirm(actor: Actor, solicitud: Solicitud) -> None:
    """The second officer's word: the files go now. What cannot be deleted stays due, and the sweep tries it again.
    Raises Conflict. The caller commits."""
    if not may_confirm(actor, solicitud):
        raise Conflict("La eliminación de los archivos ya no espera su confirmación.")
    try:
        purge(solicitud, actor)
    except (StillThere, StorageError):
        log.exception("files of request %s", solicitud.id)
        raise Conflict("Los archivos no se pudieron eliminar en este momento. Se intentará nuevamente.") from None


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
