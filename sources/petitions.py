"""The written petitions that were registered at an institution's counter, for *Seleccionar Documento* (decision 27)."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, text

from rules.identity import fold
from sources.dialect import ZONE, Dialect
from sources.people import bare_cedula
from sources.text import line
from sources.types import Petition

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
    params |= {"inst": inst[0], "since": dialect.instant(_months_before(now)), "limit": limit}
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


def _read(connection: Connection, dialect: Dialect, conditions: list[str], params: dict, tail: str) -> list[Petition]:
    sql = (
        "select cast(r.radi_nume_radi as text) as id, r.radi_nume_text as numero, r.radi_fech_radi as fecha,"
        " r.radi_asunto as asunto, (coalesce(r.radi_path, '') <> '' or coalesce(r.radi_imagen, '') <> ''"
        " or cast(coalesce(r.arch_codi, '0') as bigint) > 0 or cast(coalesce(r.arch_codi_firma, '0') as bigint) > 0"
        " or exists (select 1 from anexos a where a.anex_radi_nume = r.radi_nume_radi"
        " and a.anex_borrado = 'N')) as has_file"
        f" from radicado r where {' and '.join(conditions)}{tail}"
    )
    rows = connection.execute(text(sql), params).all()
    people = _senders(connection, dialect, [row.id for row in rows])
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


def _senders(connection: Connection, dialect: Dialect, ids: list[str]) -> dict[str, tuple[str, str]]:
    """id → (name, cédula) of the first sender: as it was at registration, or else as the account is today."""
    if not ids:
        return {}
    today = (
        "select cast(r.radi_nume_radi as text), u.usua_nombre, '', u.usua_cedula, cast(u.usua_codi as text)"
        f" from radicado r join usuario u on {dialect.listed('u.usua_codi', 'r.radi_usua_rem')}"
        " where r.radi_nume_radi in :ids order by u.usua_codi desc"
    )
    then = (
        "select cast(s.radi_nume_radi as text), s.usua_nombre, s.usua_apellido, s.usua_cedula,"
        " cast(s.usua_codi as text)"
        f" from usuarios_radicado s where s.radi_nume_radi in :ids and s.radi_usua_tipo = {_SENDER}"
        " order by cast(s.usua_radi_codi as bigint) desc"
    )
    found: dict[str, tuple[str, str]] = {}
    for sql in (today, then):  # the later one wins
        statement = text(sql).bindparams(bindparam("ids", expanding=True))
        for id, nombre, apellido, cedula, codi in connection.execute(statement, {"ids": dialect.ids(ids)}):
            name = f"{line(nombre)} {line(apellido)}".strip()
            number = bare_cedula(cedula, codi or "") or found.get(id, ("", ""))[1]
            found[id] = (name or found.get(id, ("", ""))[0], number)
    return found


def _months_before(now: datetime) -> datetime:
    local = now.astimezone(ZONE)
    years, month = divmod(local.year * 12 + local.month - 1 - MONTHS, 12)
    first = local.replace(year=years, month=month + 1, day=1, hour=0, minute=0, second=0, microsecond=0)
    return first + timedelta(days=local.day - 1)
