"""Past backups as Quipux's own module recorded them: respaldo_solicitud and respaldo_hist_eventos.

What the numbers of its two estados mean is in the installation's own catalogue (respaldo_estado): its words are handed out.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.exc import DBAPIError

from sources.dialect import Dialect
from sources.errors import NoHistory
from sources.text import block, line
from sources.types import PastRequest, PastStep

_BATCH = 500
_REQUESTS = (
    "select cast(s.resp_soli_codi as text) as id, cast(s.usua_codi_solicita as text) as owner,"
    " cast(s.usua_codi_accion as text) as creator, s.fecha_solicita, s.fecha_inicio_doc, s.fecha_fin_doc, s.fecha_fin_ejec,"
    " s.estado_solicitud, s.estado_respaldo, s.comentario, s.num_documentos, cast(s.radi_nume_radi as text) as documento,"
    " r.radi_nume_text as numero, r.radi_asunto as asunto, r.radi_fech_radi as registrado, u.fecha_eliminado"
    " from respaldo_solicitud s left join radicado r on r.radi_nume_radi = s.radi_nume_radi"
    " left join respaldo_usuario u on u.resp_codi = s.resp_codi order by s.resp_soli_codi"
)
_STEPS = (
    "select cast(resp_soli_codi as text) as id, cast(usua_codi as text) as codi, fecha, comentario, estado_solicitud, estado_respaldo"
    " from respaldo_hist_eventos where resp_soli_codi in :ids order by fecha, resp_hist_eventos"
)


def requests(connection: Connection, dialect: Dialect) -> Iterator[PastRequest]:
    """Every past request with its steps, by number. Raises NoHistory when this Quipux never had the module."""
    names = _names(connection)
    rows = iter(connection.execute(text(_REQUESTS).execution_options(yield_per=_BATCH)))
    while batch := list(islice(rows, _BATCH)):
        steps = _steps(connection, dialect, names, [row.id for row in batch])
        for row in batch:
            yield PastRequest(
                id=row.id, owner=row.owner or "", creator=row.creator or "", fecha=dialect.local(row.fecha_solicita),
                desde=_day(dialect, row.fecha_inicio_doc), hasta=_day(dialect, row.fecha_fin_doc),
                generado=dialect.local(row.fecha_fin_ejec), borrado=dialect.local(row.fecha_eliminado),
                estado=_name(names, row.estado_solicitud), estado_respaldo=_name(names, row.estado_respaldo),
                comentario=block(row.comentario), documentos=row.num_documentos, documento=row.documento or "",
                documento_numero=line(row.numero), documento_asunto=line(row.asunto), documento_fecha=dialect.local(row.registrado),
                steps=tuple(steps[row.id]),
            )  # fmt: skip


def _names(connection: Connection) -> dict[int, str]:
    try:
        rows = connection.execute(text("select est_codi, est_nombre, est_nombre_estado from respaldo_estado")).all()
        connection.execute(text("select resp_soli_codi from respaldo_solicitud where 1 = 0"))
        connection.execute(text("select resp_soli_codi from respaldo_hist_eventos where 1 = 0"))
        connection.execute(text("select resp_codi from respaldo_usuario where 1 = 0"))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "42P01" or "no such table" in str(error.orig):
            raise NoHistory("respaldo_estado, respaldo_solicitud, respaldo_usuario, respaldo_hist_eventos") from error
        raise
    return {codi: line(nombre) or line(otro) for codi, nombre, otro in rows}


def _name(names: dict[int, str], codi: int | None) -> str:
    return "" if codi is None else names.get(codi, f"estado {codi}")


def _steps(connection: Connection, dialect: Dialect, names: dict[int, str], ids: list[str]) -> dict[str, list[PastStep]]:
    found = defaultdict(list)
    statement = text(_STEPS).bindparams(bindparam("ids", expanding=True))
    for row in connection.execute(statement, {"ids": dialect.ids(ids)}):
        found[row.id].append(
            PastStep(dialect.local(row.fecha), row.codi or "", _name(names, row.estado_solicitud),
                     _name(names, row.estado_respaldo), block(row.comentario))
        )  # fmt: skip
    return found


def _day(dialect: Dialect, value: object):
    moment = dialect.local(value)
    return moment.date() if moment else None
