"""Saved views: the filters of a list that a person keeps under a name. They hold an address, never rows: whoever opens one sees
what he or she may see then."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from sqlalchemy import Integer, String, bindparam, func, select

from extensions import db
from models import VistaGuardada
from rules.policy import Actor
from rules.typed import line
from services import clock
from services.errors import NotFound, Refused

MOST = 20
MAX_NAME = 80
MAX_QUERY = 2000
# What is of one moment, or of the way the page asked.
PASSING = frozenset({"cursor", "entero", "csrf_token", "accion", "guardada"})
# Asked by every page of a list, so built once.
_OWN = (
    select(VistaGuardada)
    .where(VistaGuardada.usuario_id == bindparam("usuario", type_=Integer), VistaGuardada.pagina == bindparam("pagina", type_=String))
    .order_by(func.lower(VistaGuardada.nombre), VistaGuardada.id)
)


def of(actor: Actor, pagina: str) -> list[VistaGuardada]:
    """The person's own views of a list, by name."""
    return list(db.session.scalars(_OWN, {"usuario": actor.usuario_id, "pagina": pagina}))


def one(actor: Actor, vista_id: int, pagina: str) -> VistaGuardada:
    """One of the person's own views of a list. Raises NotFound."""
    row = db.session.get(VistaGuardada, vista_id) if 0 < vista_id < 2**31 else None
    if row is None or (row.usuario_id, row.pagina) != (actor.usuario_id, pagina):
        raise NotFound
    return row


def save(actor: Actor, pagina: str, nombre: str, consulta: str) -> VistaGuardada:
    """Keep the query string of a list under a name. Raises Refused."""
    plain = query_of(consulta)
    if len(plain) > MAX_QUERY:
        raise Refused({"nombre": "Los filtros son demasiado largos para guardarlos."})
    mine = of(actor, pagina)
    if len(mine) >= MOST:
        raise Refused({"nombre": f"Puede guardar hasta {MOST} vistas. Elimine una que ya no use."})
    row = VistaGuardada(usuario_id=actor.usuario_id, pagina=pagina, nombre=_name(nombre, mine), consulta=plain, creada_en=clock.now())
    db.session.add(row)
    db.session.flush()
    return row


def rename(actor: Actor, row: VistaGuardada, nombre: str) -> None:
    """Another name for one of the person's views. Raises Refused."""
    row.nombre = _name(nombre, [other for other in of(actor, row.pagina) if other.id != row.id])


def delete(row: VistaGuardada) -> None:
    db.session.delete(row)


def query_of(text: str) -> str:
    """A query string as it is kept and compared: without what is of one moment, in one spelling."""
    return urlencode([(name, value) for name, value in parse_qsl(text[: 2 * MAX_QUERY], keep_blank_values=True) if name not in PASSING])


def _name(text: str, others: list[VistaGuardada]) -> str:
    name = line(text)
    if not name:
        raise Refused({"nombre": "Escriba un nombre para la vista."})
    if len(name) > MAX_NAME:
        raise Refused({"nombre": f"El nombre no puede superar los {MAX_NAME} caracteres."})
    if any(other.nombre.casefold() == name.casefold() for other in others):
        raise Refused({"nombre": "Ya tiene una vista con ese nombre."})
    return name
