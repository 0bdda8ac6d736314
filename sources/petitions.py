"""The written petitions that were registered at an institution's counter, for *Seleccionar Documento* (decision 27)."""

import re
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, text

from rules.identity import fold
from sources.dialect import ZONE, Dialect
from sources.people import bare_cedula
from sources.text import line
from sources.types import Petition, Registered

MIN_TEXT = 3
MONTHS = 24
_MAX_WORDS = 6
_ESCAPE = str.maketrans({"!": "!!", "%": "!%", "_": "!_"})
_SENDER = 1  # usuarios_radicado.radi_usua_tipo: De


def search(
    connection: Connection, dialect: Dialect, inst_codi: str, typed: str, *, now: datetime, limit: int
) -> list[Petition]:
    """Newest first; every word typed is in the number, the subject or the sender, accents and case apart."""
    folded = fold(typed)
    inst = dialect.ids([inst_codi])
    if len(folded) < MIN_TEXT or not inst:
        return []
    words = folded.split()[:_MAX_WORDS]
    params = {f"w{n}": f"%{word.translate(_ESCAPE)}%" for n, word in enumerate(words)}
    conditions = [_eligible(dialect), "r.radi_fech_radi >= :since"]
    conditions += [_matches(dialect, f"w{n}") for n in range(len(words))]
    params |= {"inst": inst[0], "since": dialect.instant(months_before(now)), "limit": limit}
    newest = " order by r.radi_fech_radi desc, r.radi_nume_radi desc limit :limit"
    return _read(connection, dialect, conditions, params, newest)


def get(connection: Connection, dialect: Dialect, id: str, inst_codi: str) -> Petition | None:
    """The petition if this institution may use it, however old."""
    ids, inst = dialect.ids([id]), dialect.ids([inst_codi])
    if not ids or not inst:
        return None
    conditions = [_eligible(dialect), "r.radi_nume_radi = :id"]
    found = _read(connection, dialect, conditions, {"inst": inst[0], "id": ids[0]}, "")
    return found[0] if found else None


def is_petition(connection: Connection, dialect: Dialect, id: str) -> bool:
    """Whether the document is one that may be shown as a petition, of whatever institution."""
    ids = dialect.ids([id])
    sql = f"select 1 from radicado r where {_public_external(dialect)} and r.radi_nume_radi = :id"
    return bool(ids) and connection.execute(text(sql), {"id": ids[0]}).first() is not None


def registered(
    connection: Connection, dialect: Dialect, ranges: list[tuple[str, str]], *, now: datetime, limit: int
) -> list[Registered]:
    """What counters registered with low < id < high of any of the ranges in the last 24 months: by id, at most `limit` of
    each range. Ids are the primary key: nothing else of the table is read."""
    if not ranges:
        return []
    conditions = [_public_external(dialect), "r.radi_fech_radi >= :since", dialect.inside("r.radi_nume_radi")]
    # One range at a time: a planner that sees them all guesses that they are the whole table.
    picked = (
        f"select {_COLUMNS} from radicado r where {' and '.join(conditions)} order by r.radi_nume_radi limit {limit:d}"
    )
    params = {"since": dialect.instant(months_before(now)), "limit": limit}
    rows = dialect.each_range(connection, picked, ranges, params)
    institutions = {row.id: row.inst for row in rows}
    return [Registered(institutions[p.id], p) for p in _petitions(connection, dialect, rows) if institutions[p.id]]


def last_ids(connection: Connection, dialect: Dialect, prefixes: list[str]) -> dict[str, str]:
    """Prefix (year and area, ten digits) → the highest id that begins so; nothing for one under which there is none."""
    picked = f"select max(r.radi_nume_radi) as id from radicado r where {dialect.inside('r.radi_nume_radi')}"
    rows = dialect.each_range(connection, picked, [bounds(prefix) for prefix in prefixes], {})
    return {str(row.id)[:10]: str(row.id) for row in rows if row.id is not None}


def bounds(prefix: str) -> tuple[str, str]:
    """The range of ids of one year and area, both ends outside."""
    return f"{prefix}0000000000", f"{prefix}9999999999"


def _public_external(dialect: Dialect) -> str:
    return (
        f"{dialect.last_digit('r.radi_nume_radi')} = '2' and coalesce(r.radi_permiso, 0) = 0"
        " and r.esta_codi not in (1, 7, 8)"
    )


def _eligible(dialect: Dialect) -> str:
    return f"r.radi_inst_actu = :inst and {_public_external(dialect)}"


def _matches(dialect: Dialect, name: str) -> str:
    like = f"like :{name} escape '!'"
    snapshot = dialect.folded("coalesce(s.usua_nombre, '') || ' ' || coalesce(s.usua_apellido, '')")
    return (
        f"({dialect.folded('r.radi_nume_text')} {like} or {dialect.folded('r.radi_asunto')} {like}"
        f" or exists (select 1 from usuarios_radicado s where s.radi_nume_radi = r.radi_nume_radi"
        f" and s.radi_usua_tipo = {_SENDER} and {snapshot} {like})"
        f" or exists (select 1 from usuario u where {dialect.listed('u.usua_codi', 'r.radi_usua_rem')}"
        f" and {dialect.folded('u.usua_nombre')} {like}))"
    )


_COLUMNS = (
    "cast(r.radi_nume_radi as text) as id, cast(r.radi_inst_actu as text) as inst, r.radi_nume_text as numero,"
    " r.radi_fech_radi as fecha, r.radi_asunto as asunto, r.radi_usua_rem as senders,"
    " (coalesce(r.radi_path, '') <> '' or coalesce(r.radi_imagen, '') <> ''"
    " or cast(coalesce(r.arch_codi, '0') as bigint) > 0 or cast(coalesce(r.arch_codi_firma, '0') as bigint) > 0"
    " or exists (select 1 from anexos a where a.anex_radi_nume = r.radi_nume_radi"
    " and a.anex_borrado = 'N')) as has_file"
)


def _read(connection: Connection, dialect: Dialect, conditions: list[str], params: dict, tail: str) -> list[Petition]:
    sql = f"select {_COLUMNS} from radicado r where {' and '.join(conditions)}{tail}"
    return _petitions(connection, dialect, connection.execute(text(sql), params).all())


def _petitions(connection: Connection, dialect: Dialect, rows: list) -> list[Petition]:
    people = _senders(connection, dialect, rows)
    return [
        Petition(
            row.id,
            line(row.numero),
            dialect.local(row.fecha),
            line(row.asunto),
            *people.get(row.id, ("", "")),
            bool(row.has_file),
        )
        for row in rows
    ]


def _senders(connection: Connection, dialect: Dialect, rows: list) -> dict[str, tuple[str, str]]:
    """id → (name, cédula) of the first sender: as it was at registration, or else as the account is today."""
    listed = {row.id: re.findall(r"[0-9]+", row.senders or "") for row in rows}
    today = _accounts(connection, dialect, {codi for codes in listed.values() for codi in codes})
    found = {id: next(today[codi] for codi in codes if codi in today) for id, codes in listed.items() if not today.keys().isdisjoint(codes)}
    then = (
        "select cast(s.radi_nume_radi as text), s.usua_nombre, s.usua_apellido, s.usua_cedula,"
        " cast(s.usua_codi as text)"
        f" from usuarios_radicado s where s.radi_nume_radi in :ids and s.radi_usua_tipo = {_SENDER}"
        " order by cast(s.usua_radi_codi as bigint) desc"
    )
    for id, nombre, apellido, cedula, codi in _many(connection, then, dialect.ids(listed)):
        name, number = f"{line(nombre)} {line(apellido)}".strip(), bare_cedula(cedula, codi or "")
        known = found.get(id, ("", ""))
        found[id] = (name or known[0], number or known[1])
    return found


def _accounts(connection: Connection, dialect: Dialect, codes: set[str]) -> dict[str, tuple[str, str]]:
    sql = "select cast(usua_codi as text), usua_nombre, usua_cedula from usuario where usua_codi in :ids"
    # Rubbish in a list may have more digits than a code holds.
    rows = _many(connection, sql, dialect.ids(sorted(codi for codi in codes if len(codi) <= 9)))
    return {codi: (line(nombre), bare_cedula(cedula, codi)) for codi, nombre, cedula in rows}


def _many(connection: Connection, sql: str, values: list) -> list:
    if not values:
        return []
    return connection.execute(text(sql).bindparams(bindparam("ids", expanding=True)), {"ids": values}).all()


def months_before(now: datetime) -> datetime:
    """The start of the day 24 months ago: what was registered earlier is not offered."""
    local = now.astimezone(ZONE)
    years, month = divmod(local.year * 12 + local.month - 1 - MONTHS, 12)
    first = local.replace(year=years, month=month + 1, day=1, hour=0, minute=0, second=0, microsecond=0)
    return first + timedelta(days=local.day - 1)
