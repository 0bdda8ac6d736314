"""Deleting the files of an ended request, and proving that they are gone: a deletion that was not made is never recorded.

The row of the Recorrido is the constancia: files, bytes, SHA-256 and hour (archive.md §7)."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from sqlalchemy import select

from extensions import db
from models import WORKED_ON, Ejecucion, EjecucionEstado, Evento, Parte, Solicitud
from rules.lifecycle import Action, Estado, IllegalMove
from rules.policy import Actor
from services import clock
from services.adapters import storage
from services.asking import unlocked
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


def purge(solicitud: Solicitud, actor: Actor | None = None) -> bool:
    """Delete every file of every run of an ended request, with no transaction open, and record it; nothing may have been written in
    the present one. False when somebody else has done so meanwhile. Raises IllegalMove (not ended), StillThere, StorageError. The
    caller commits. actor: the officer who ordered it; None is the System."""
    number = solicitud.id
    with unlocked():
        if solicitud.estado is not Estado.ELIMINADA:  # which it will stay: nothing leads out of it
            raise IllegalMove(Action.PURGE, solicitud.estado)
        folders = [_folder(number, run.id) for run in solicitud.ejecuciones]
    for folder in folders:
        for stat in list(storage().list(folder)):
            storage().delete(stat.key)
            if storage().stat(stat.key) is not None:
                raise StillThere(stat.key)
    return _record(number, actor)


def _record(number: int, actor: Actor | None) -> bool:
    solicitud = db.session.get(Solicitud, number, populate_existing=True, with_for_update=True)
    if solicitud.purgada_en is not None:
        return False
    at, files = clock.now(), []
    for run in solicitud.ejecuciones:
        for part in run.partes:
            if part.sha256 and part.borrada_en is None:
                part.borrada_en = at
                files.append({"archivo": part.nombre, "bytes": part.bytes, "sha256": part.sha256})
    move(solicitud, Action.PURGE, actor, data={"archivos": files, "bytes": sum(f["bytes"] for f in files)}, purgada_en=at, purgar_desde=None)
    return True


def _folder(solicitud_id: int, ejecucion_id: int) -> str:
    return f"solicitudes/{solicitud_id:06d}/{ejecucion_id}/"


def may_confirm(actor: Actor, solicitud: Solicitud) -> bool:
    """A rejected request's files wait 72 hours for a second officer: not the one who rejected it (decisions 8)."""
    if not actor.sge or solicitud.purgada_en is not None or solicitud.purgar_desde is None or solicitud.purgar_desde <= clock.now():
        return False
    query = select(Evento.actor_id).where(Evento.solicitud_id == solicitud.id, Evento.accion == str(Action.REJECT))
    return db.session.scalar(query.order_by(Evento.orden.desc()).limit(1)) not in {None, actor.usuario_id}


def confirm(actor: Actor, solicitud: Solicitud) -> None:
    """The second officer's word: the files go now. What cannot be deleted stays due, and the sweep tries it again.
    Raises Conflict. The caller commits."""
    number, over = solicitud.id, Conflict("La eliminación de los archivos ya no espera su confirmación.")
    if not may_confirm(actor, solicitud):
        raise over
    try:
        done = purge(solicitud, actor)
    except (StillThere, StorageError):
        log.exception("files of request %s", number)
        raise Conflict("Los archivos no se pudieron eliminar en este momento. Se intentará nuevamente.") from None
    if not done:
        raise over


def known_keys() -> set[str]:
    """Keys that rows speak of: plans and parts of runs whose files have not been deleted. Ends the present transaction, in which
    nothing may have been written."""
    alive = select(Ejecucion.id).join(Solicitud).where(Solicitud.purgada_en.is_(None))
    going = select(Ejecucion.solicitud_id, Ejecucion.id).where(Ejecucion.estado.in_(WORKED_ON))
    with unlocked():
        keys = set(db.session.scalars(select(Parte.clave).where(Parte.clave != "", Parte.ejecucion_id.in_(alive))))
        keys |= set(db.session.scalars(select(Ejecucion.plan_clave).where(Ejecucion.plan_clave != "", Ejecucion.id.in_(alive))))
        folders = [_folder(*ids) for ids in db.session.execute(going)]
    # A run that is being made may have published an object and not yet its row.
    for folder in folders:
        keys |= {stat.key for stat in storage().list(folder)}
    return keys


def unknown(before: float) -> Iterator[str]:
    """Keys of objects that no row speaks of, last written before `before` (epoch seconds)."""
    known = known_keys()
    for stat in storage().list("solicitudes/"):
        if stat.key not in known and stat.modified < before:
            yield stat.key


def missing_keys() -> list[str]:
    """Keys of parts that were published and not deleted, and that the storage has not. Ends the present transaction as well."""
    gone = {key for key in _kept() if storage().stat(key) is None}
    # Asked again: some may have been deleted, and that written down, since the rows were read.
    return [key for key in _kept() if key in gone] if gone else []


def _kept() -> list[str]:
    there = (Parte.clave != "", Parte.borrada_en.is_(None), Ejecucion.estado == EjecucionEstado.PUBLICADA)
    kept = select(Parte.clave).join(Ejecucion).where(*there)
    with unlocked():
        return list(db.session.scalars(kept))
