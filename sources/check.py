"""Is this Quipux readable? What the reader needs, looked for one by one, and read-only proven by trying to write."""

from collections.abc import Iterator

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sources import dialect
from sources.bodega import TABLE
from sources.disk import Disk
from sources.errors import SourceUnavailable
from sources.types import Finding

OK, AVISO, ERROR = "ok", "aviso", "error"
_NEEDED = {
    "institucion": "inst_codi inst_ruc inst_nombre inst_sigla inst_telefono inst_email inst_estado",
    "dependencia": "depe_codi depe_nomb dep_sigla depe_codi_padre inst_codi depe_estado",
    "usuarios": "usua_codi usua_cedula usua_nomb usua_apellido usua_titulo usua_abr_titulo usua_cargo usua_email"
    " cargo_tipo depe_codi inst_codi usua_esta usua_subrogado",
    "usuario": "usua_codi usua_cedula usua_nomb usua_apellido usua_nombre usua_abr_titulo usua_cargo inst_nombre",
    "radicado": "radi_nume_radi radi_nume_temp radi_nume_text radi_cuentai radi_fech_radi radi_fech_ofic"
    " radi_fech_firma radi_asunto radi_tipo esta_codi radi_usua_rem radi_usua_dest radi_cca radi_inst_actu"
    " radi_permiso radi_path radi_imagen radi_texto arch_codi arch_codi_firma",
    "usuarios_radicado": "usua_radi_codi radi_nume_radi radi_usua_tipo usua_codi usua_cedula usua_nombre usua_apellido"
    " usua_abr_titulo usua_cargo usua_institucion",
    "hist_eventos": "hist_codi hist_fech radi_nume_radi usua_codi_ori usua_codi_dest sgd_ttr_codigo hist_obse",
    "sgd_ttr_transaccion": "sgd_ttr_codigo sgd_ttr_descrip",
    "tiporad": "trad_codigo trad_descr",
    "anexos": "anex_codigo anex_radi_nume anex_numero anex_tipo anex_nombre anex_desc anex_fecha anex_tamano"
    " anex_fisico anex_borrado anex_path arch_codi arch_codi_firma",
    "anexos_tipo": "anex_tipo_codi anex_tipo_ext",
    "radi_texto": "text_codi text_texto",
}
_BODEGA = {"indice": "indi_codi nombre_tabla", "archivo": "arch_codi tamanio indi_codi"}
# Read-only transaction, no privilege: codes, since messages come in the server's language.
_REFUSED = ("25006", "42501")
_LISTS = ("radi_usua_rem", "radi_usua_dest", "radi_cca")


def run(engine: Engine, bodega_engine: Engine | None, disk: Disk) -> list[Finding]:
    findings = list(_guarded("Quipux", engine, _quipux))
    if bodega_engine is None:
        message = "BODEGA_URL no está configurada: los archivos con código no se podrán leer."
        findings.append(Finding(AVISO, "bodega", message))
    else:
        findings += _guarded("bodega", bodega_engine, _bodega)
    findings.append(_root(disk))
    return findings


def _guarded(topic: str, engine: Engine, examine) -> Iterator[Finding]:
    try:
        with dialect.answering(topic):
            yield from examine(engine)
    except (SourceUnavailable, SQLAlchemyError) as error:
        yield Finding(ERROR, topic, f"No responde: {error}")


def _quipux(engine: Engine) -> Iterator[Finding]:
    yield from _version("Quipux", engine)
    inspector = inspect(engine)
    yield from _missing("Quipux", inspector, _NEEDED)
    kind = "una vista" if "usuario" in inspector.get_view_names() else "una tabla"
    yield Finding(OK, "usuario", f"usuario es {kind}.")
    yield _read_only("Quipux", engine, "update institucion set inst_estado = inst_estado where 1 = 0")
    if dialect.of(engine) is dialect.POSTGRES:
        yield from _indexes(engine)
    yield from _counts(engine)


def _bodega(engine: Engine) -> Iterator[Finding]:
    yield from _version("bodega", engine)
    inspector = inspect(engine)
    yield from _missing("bodega", inspector, _BODEGA)
    yield _read_only("bodega", engine, "update indice set nombre_tabla = nombre_tabla where 1 = 0")
    present = set(inspector.get_table_names())
    with engine.connect() as connection:
        names = connection.execute(text("select nombre_tabla from indice")).scalars()
        named = [str(name).strip().lower() for name in names]
    for name in named:
        if not TABLE.fullmatch(name) or name not in present:
            yield Finding(ERROR, "bodega", f"El índice nombra la tabla {name!r}, que no existe o no es de archivos.")
    yield Finding(OK, "bodega", f"{len(named)} tablas de archivos.")


def _version(topic: str, engine: Engine) -> Iterator[Finding]:
    postgres = dialect.of(engine) is dialect.POSTGRES
    with engine.connect() as connection:
        asked = "show server_version" if postgres else "select sqlite_version()"
        version = connection.execute(text(asked)).scalar_one()
        yield Finding(OK, topic, f"{'PostgreSQL' if postgres else 'SQLite'} {version}.")
        if postgres and connection.dialect.server_version_info < (10,):
            yield Finding(ERROR, topic, "Se necesita PostgreSQL 10 o posterior.")


def _missing(topic: str, inspector, needed: dict[str, str]) -> Iterator[Finding]:
    present = {*inspector.get_table_names(), *inspector.get_view_names()}
    for table, columns in needed.items():
        if table not in present:
            yield Finding(ERROR, topic, f"Falta la tabla {table}.")
            continue
        lacking = set(columns.split()) - {column["name"] for column in inspector.get_columns(table)}
        if lacking:
            yield Finding(ERROR, topic, f"En {table} faltan las columnas {', '.join(sorted(lacking))}.")


def _read_only(topic: str, engine: Engine, write: str) -> Finding:
    """A write of no row, rolled back in any case: a guarded connection must refuse even that."""
    try:
        with engine.connect() as connection:
            connection.execute(text(write))
            connection.rollback()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _REFUSED or "readonly" in str(error.orig):
            return Finding(OK, topic, "Solo lectura comprobada: la escritura fue rechazada.")
        return Finding(AVISO, topic, f"No se pudo comprobar la solo lectura: {error.orig}")
    return Finding(ERROR, topic, "La conexión permite escribir.")


def _indexes(engine: Engine) -> Iterator[Finding]:
    with engine.connect() as connection:
        asked = text("select indexdef from pg_indexes where tablename = 'radicado'")
        definitions = connection.execute(asked).scalars().all()
    for column in _LISTS:
        if not any("string_to_array" in one and column in one for one in definitions):
            yield Finding(AVISO, "Quipux", f"Falta el índice GIN de radicado.{column}: la selección será lenta.")


def _counts(engine: Engine) -> Iterator[Finding]:
    with engine.connect() as connection:
        for table, what in (("institucion", "instituciones"), ("usuarios", "cuentas")):
            number = connection.execute(text(f"select count(*) from {table}")).scalar_one()
            yield Finding(OK if number else AVISO, "Quipux", f"{number} {what}.")


def _root(disk: Disk) -> Finding:
    try:
        disk.root()
    except SourceUnavailable as error:
        return Finding(AVISO if "not configured" in str(error) else ERROR, "BODEGA_DIR", f"No se puede leer: {error}")
    return Finding(OK, "BODEGA_DIR", "La carpeta de archivos responde.")
