"""Which documents of an account fall in a range: the rules of trays, as one statement that streams.

One row per (document, rule), ordered by date and id, so that a document's rows come together and a person with
500 000 documents never sits in memory. History rules start from `hist_eventos`, indexed by account.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, groupby
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import Connection, text

from sources.dialect import Dialect, day_bounds
from sources.text import line
from sources.types import Count, Selected

MOTIVOS = (
    "remitente", "reasignado_por", "destinatario", "copia", "reasignado_a", "informado_a", "dirigido_a",
)  # fmt: skip
_STREAM = 1_000


class Entry(NamedTuple):
    """A selected document, before its data are read. `motivos`: tray → rules that selected it; number and subject as stored.
    A tuple: of 500 000 each costs a third of what an object does."""

    id: str
    fecha: datetime
    reservado: bool
    motivos: dict[str, tuple[str, ...]]
    numero: str | None
    asunto: str | None

    @property
    def bandejas(self) -> tuple[str, ...]:
        return tuple(self.motivos)


@dataclass(frozen=True, slots=True)
class Query:
    """A selection as SQL: `source` is a subselect of (bandeja, motivo, id, temp, permiso, fecha, numero, asunto), one row a rule."""

    source: str
    params: dict


def build(dialect: Dialect, codes: list[str], desde: date, hasta: date, *, redirected: bool) -> Query:
    """The rules for one or more accounts of a person; `redirected` adds the switchable rule of history code 28."""
    start, end = (dialect.instant(moment) for moment in day_bounds(desde, hasta))
    digit = dialect.last_digit("r.radi_nume_radi")
    dest, copied = dialect.member("r.radi_usua_dest"), dialect.member("r.radi_cca")
    received = "8, 9, 10, 28" if redirected else "8, 9, 10"
    branches = (
        _branch(dialect, "'enviado'", "'remitente'", "radicado r",
                f"{dialect.member('r.radi_usua_rem')} and {digit} = '0' and r.esta_codi in (0, 3, 6)"),
        _branch(dialect, "'enviado'", "'reasignado_por'", _events(dialect, "usua_codi_ori", "9"),
                "r.esta_codi in (0, 2, 3, 6)"),
        _branch(dialect, "'recibido'", f"case when {dest} then 'destinatario' else 'copia' end", "radicado r",
                f"({dest} or {copied}) and {digit} = '1' and r.esta_codi in (0, 2)"),
        _branch(dialect, "'recibido'",
                "case h.codigo when 8 then 'informado_a' when 28 then 'dirigido_a' else 'reasignado_a' end",
                _events(dialect, "usua_codi_dest", received), "r.esta_codi in (0, 2, 3, 6)"),
    )  # fmt: skip
    return Query(" union all ".join(branches), {"codes": dialect.codes(codes), "desde": start, "hasta": end})


def _branch(dialect: Dialect, bandeja: str, motivo: str, source: str, where: str) -> str:
    # Internal documents count by the oficio's date, external ones by registration (their own may be years before).
    # Without a date of its own ("infinity" is none either), the oficio counts by registration.
    own = dialect.finite("r.radi_fech_ofic")
    fecha = f"case when {dialect.last_digit('r.radi_nume_temp')} = '0' and {own} then r.radi_fech_ofic else r.radi_fech_radi end"
    # The date is worked out once a row, not once more for each end of the range.
    return (
        "select b.* from ("
        f"select {bandeja} as bandeja, {motivo} as motivo, r.radi_nume_radi as id, r.radi_nume_temp as temp,"
        f" coalesce(r.radi_permiso, 0) as permiso, {fecha} as fecha, r.radi_nume_text as numero, r.radi_asunto as asunto"
        f" from {source} where {where} {dialect.fence}) b where b.fecha >= :desde and b.fecha < :hasta"
    )


def _events(dialect: Dialect, column: str, codigos: str) -> str:
    return (
        "(select distinct e.radi_nume_radi, e.sgd_ttr_codigo as codigo from hist_eventos e"
        f" where {dialect.is_account('e.' + column)} and e.sgd_ttr_codigo in ({codigos})) h"
        " join radicado r on r.radi_nume_radi = h.radi_nume_radi"
    )


# Reserved: the row or its parent (decision 18). An original is its own parent: no second look at the same row.
_RESERVED = "(s.permiso <> 0 or coalesce(p.radi_permiso, 0) <> 0)"
_PARENT = "left join radicado p on p.radi_nume_radi = case when s.temp <> s.id then s.temp end"


def entries(connection: Connection, dialect: Dialect, query: Query) -> Iterator[Entry]:
    """Distinct documents by date, then id. The connection is busy (a server-side cursor) until the end."""
    statement = text(
        f"select s.bandeja, s.motivo, cast(s.id as text), {dialect.epoch('s.fecha')}, {_RESERVED}, s.numero, s.asunto"
        f" from ({query.source}) s {_PARENT} order by s.fecha, s.id"
    ).execution_options(yield_per=_STREAM)
    result = connection.execute(statement, query.params)
    # The size said once more: without it SQLAlchemy fetches all that is left.
    for id, rows in groupby(chain.from_iterable(result.partitions(_STREAM)), key=itemgetter(2)):
        first, *others = rows
        motivos = {first[0]: (first[1],)} if not others else _reasons([first, *others])
        yield Entry(id, dialect.moment(first[3]), bool(first[4]), motivos, first[5], first[6])


def _reasons(rows: list) -> dict[str, tuple[str, ...]]:
    reasons = {(row[0], row[1]) for row in rows}
    return {
        bandeja: tuple(m for m in MOTIVOS if (bandeja, m) in reasons)
        for bandeja in ("enviado", "recibido")
        if any(b == bandeja for b, _ in reasons)
    }


def count(connection: Connection, query: Query) -> Count:
    """Distinct documents, in all, per tray and reserved: exact, by the run's own selection."""
    row = connection.execute(
        text(
            "select count(*), coalesce(sum(d.enviado), 0), coalesce(sum(d.recibido), 0), coalesce(sum(d.reservado), 0) from ("
            "select s.id, max(case when s.bandeja = 'enviado' then 1 else 0 end) as enviado,"
            " max(case when s.bandeja = 'recibido' then 1 else 0 end) as recibido,"
            f" max(case when {_RESERVED} then 1 else 0 end) as reservado from ({query.source}) s {_PARENT} group by s.id) d"
        ),
        query.params,
    ).one()
    return Count(*(int(value) for value in row))


def documents_subselect(query: Query, *, include_reserved: bool) -> str:
    """The same selection as a subselect of distinct (id, temp), for joins."""
    return (
        f"select distinct s.id, s.temp from ({query.source}) s {_PARENT}"
        + ("" if include_reserved else f" where not {_RESERVED}")
    )


def accounts_of_person(connection: Connection, dialect: Dialect, codi: str) -> list[str]:
    """The account and the person's others: same first ten characters of the cédula, same institution."""
    ids = dialect.ids([codi])
    if not ids:
        return [codi]
    rows = connection.execute(
        text(
            "select cast(o.usua_codi as text) from usuarios u join usuarios o"
            " on substr(o.usua_cedula, 1, 10) = substr(u.usua_cedula, 1, 10) and o.inst_codi = u.inst_codi"
            " where u.usua_codi = :codi and length(u.usua_cedula) >= 10"
        ),
        {"codi": ids[0]},
    ).scalars()
    return sorted({codi, *rows})


def light(entry: Entry) -> Iterator[Selected]:
    """One row per tray of a document."""
    numero, asunto = line(entry.numero), line(entry.asunto)
    for bandeja, motivos in entry.motivos.items():
        yield Selected(bandeja, motivos, entry.id, numero, entry.fecha.date(), asunto)
