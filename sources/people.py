"""Institutions, areas and accounts: what the mirror copies, in streams, and in blocks that tell what changed."""

import hashlib
import re
from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import Connection, text

from sources.dialect import POSTGRES, Dialect
from sources.text import line
from sources.types import SourceAccount, SourceArea, SourceInstitution

BLOCK = 5_000  # ids, not rows: the bounds of a block never move
_STREAM = 1_000
_PERFILES = {1: "Jefe", 2: "Asistente"}
_CEDULA = 10
_FIELDS = (
    "usua_cedula", "usua_nomb", "usua_apellido", "usua_titulo", "usua_abr_titulo", "usua_cargo", "cargo_tipo",
    "depe_codi", "inst_codi", "usua_email", "usua_esta", "usua_subrogado",
)  # fmt: skip
_FROM = "from usuarios u left join dependencia d on d.depe_codi = u.depe_codi"
_NUMBER = "cast(u.usua_codi as bigint)"  # TEXT in the demo


def institutions(connection: Connection) -> Iterator[SourceInstitution]:
    sql = (
        "select cast(inst_codi as text), inst_ruc, inst_nombre, inst_sigla, inst_telefono, inst_email, inst_estado"
        " from institucion order by inst_codi"
    )
    for codi, ruc, nombre, sigla, telefono, email, estado in _stream(connection, sql):
        yield SourceInstitution(codi, line(ruc), line(nombre), line(sigla), line(telefono), line(email), estado == 1)


def areas(connection: Connection) -> Iterator[SourceArea]:
    sql = (
        "select cast(depe_codi as text), depe_nomb, dep_sigla, cast(inst_codi as text), cast(depe_codi_padre as text),"
        " depe_estado from dependencia order by depe_codi"
    )
    for codi, nombre, sigla, inst, padre, estado in _stream(connection, sql):
        yield SourceArea(codi, line(nombre), line(sigla), inst, padre if padre != codi else None, estado == 1)


def accounts(connection: Connection, first: str | None, last: str | None) -> Iterator[SourceAccount]:
    """Accounts with first ≤ code ≤ last (as numbers), by code; None leaves that end open."""
    where, params = [], {}
    for name, bound, operator in (("first", first, ">="), ("last", last, "<=")):
        if bound is not None:
            where.append(f"{_NUMBER} {operator} :{name}")
            params[name] = int(bound)
    yield from _accounts(connection, where, params)


def account(connection: Connection, dialect: Dialect, codi: str) -> SourceAccount | None:
    ids = dialect.ids([codi])
    return next(_accounts(connection, ["u.usua_codi = :codi"], {"codi": ids[0]}), None) if ids else None


def _accounts(connection: Connection, where: list[str], params: dict) -> Iterator[SourceAccount]:
    sql = (
        f"select cast(u.usua_codi as text) as codi, {', '.join('u.' + name for name in _FIELDS)}, d.depe_nomb {_FROM}"
        f" {'where ' + ' and '.join(where) if where else ''} order by {_NUMBER}"
    )
    for row in _stream(connection, sql, params):
        yield SourceAccount(
            codi=row.codi,
            cedula=bare_cedula(row.usua_cedula, row.codi),
            nombre=line(row.usua_nomb),
            apellido=line(row.usua_apellido),
            titulo=line(row.usua_titulo) or line(row.usua_abr_titulo),
            puesto=line(row.usua_cargo),
            perfil=_PERFILES.get(row.cargo_tipo, "Normal"),
            area_codi=_id(row.depe_codi),
            area=line(row.depe_nomb),
            inst_codi=_id(row.inst_codi),
            correos=_correos(row.usua_email),
            activa=row.usua_esta == 1,
            subrogado=None if _id(row.usua_subrogado) == "0" else _id(row.usua_subrogado),
        )


def account_blocks(connection: Connection, dialect: Dialect) -> Iterator[tuple[str, str, str]]:
    """(first, last, digest) of every block of codes that holds an account; feed the bounds to `accounts`.

    Equal digest: nothing in the block changed, the name of an area included. A block that is no longer listed has
    lost all its accounts. Digests of one database are not comparable with another's.
    """
    rows = _blocks_in_sql(connection) if dialect is POSTGRES else _blocks_in_python(connection)
    for number, digest in rows:
        yield str(number * BLOCK), str(number * BLOCK + BLOCK - 1), digest


def _blocks_in_sql(connection: Connection) -> Iterator[tuple[int, str]]:
    # A row value as text quotes its fields, so no two different rows look alike.
    row = ", ".join(["u.usua_codi", *(f"u.{name}" for name in _FIELDS), "d.depe_nomb"])
    sql = (
        f"select u.usua_codi / {BLOCK}, md5(string_agg(md5(cast(row({row}) as text)), '' order by u.usua_codi))"
        f" {_FROM} group by 1 order by 1"
    )
    for number, digest in _stream(connection, sql):
        yield int(number), digest


def _blocks_in_python(connection: Connection) -> Iterator[tuple[int, str]]:
    columns = ", ".join(f"u.{name}" for name in _FIELDS)
    sql = f"select {_NUMBER} as number, {columns}, d.depe_nomb {_FROM} order by number"
    for number, rows in groupby(_stream(connection, sql), key=lambda row: row[0] // BLOCK):
        digest = hashlib.sha256()
        for row in rows:
            digest.update(repr(tuple(row)).encode())
        yield number, digest.hexdigest()


def _stream(connection: Connection, sql: str, params: dict | None = None):
    return connection.execute(text(sql).execution_options(yield_per=_STREAM), params or {})


def bare_cedula(stored: str | None, codi: str) -> str:
    # An inactive account carries "-<usua_codi>" behind the number, which in a passport's case may be shorter than ten.
    return line(stored).removesuffix(f"-{codi}")[:_CEDULA]


def _correos(stored: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(piece for piece in re.split(r"[,;\s]+", line(stored)) if piece))


def _id(value: object) -> str | None:
    return None if value in (None, "") else str(value)
