"""Is this Quipux readable? What the reader needs, looked for one by one, and read-only proven by trying to write."""

from collections.abc import Iterator

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sources import dialect, older, sessions
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
        with sessions.answering(topic):
            yield from examine(engine)
    except (SourceUnavailable, SQLAlchemyError) as error:
        yield Finding(ERROR, topic, f"No responde: {error}")


def _quipux(engine: Engine) -> Iterator[Finding]:
    yield from _version("Quipux", engine)
    inspector = inspect(engine)
    yield from _missing("Quipux", inspector, _NEEDED)
    yield from _rights("Quipux", engine, inspector, _NEEDED)
    if "usuario" in {*inspector.get_table_names(), *inspector.get_view_names()}:
        kind = "una vista" if "usuario" in inspector.get_view_names() else "una tabla"
        yield Finding(OK, "usuario", f"usuario es {kind}.")
    yield _read_only("Quipux", engine, "update institucion set inst_estado = inst_estado where 1 = 0")
    if dialect.of(engine) is dialect.POSTGRES:
        yield from _indexes(engine)
        yield from _role(engine)
    yield from _counts(engine)
    yield from _history(inspector)


def _bodega(engine: Engine) -> Iterator[Finding]:
    yield from _version("bodega", engine)
    inspector = inspect(engine)
    yield from _missing("bodega", inspector, _BODEGA)
    yield from _rights("bodega", engine, inspector, _BODEGA)
    yield _read_only("bodega", engine, "update indice set nombre_tabla = nombre_tabla where 1 = 0")
    present = set(inspector.get_table_names())
    with engine.connect() as connection:
        names = connection.execute(text("select nombre_tabla from indice")).scalars()
        named = [str(name).strip().lower() for name in names]
    for name in named:
        if not TABLE.fullmatch(name) or name not in present:
            yield Finding(ERROR, "bodega", f"El índice nombra la tabla {name!r}, que no existe o no es de archivos.")
    good = {name: "arch_codi archivo" for name in named if TABLE.fullmatch(name) and name in present}
    yield from _rights("bodega", engine, inspector, good)
    yield Finding(OK, "bodega", f"{len(named)} tablas de archivos.")


def _rights(topic: str, engine: Engine, inspector, needed: dict[str, str]) -> Iterator[Finding]:
    """Every table is really read from: what the catalogue shows is not what a role may read."""
    present = {*inspector.get_table_names(), *inspector.get_view_names()}
    for table in needed:
        if table not in present:
            continue
        try:
            with engine.connect() as connection:
                connection.execute(text(f"select * from {table} limit 1")).first()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == "42501":
                yield Finding(ERROR, topic, f"El usuario de la conexión no puede leer la tabla {table}.")
            else:
                yield Finding(ERROR, topic, f"No se puede leer {table}: {str(error.orig).splitlines()[0]}")


def _role(engine: Engine) -> Iterator[Finding]:
    with engine.connect() as connection:
        asked = text("select has_table_privilege('radicado', 'insert, update, delete')")
        if connection.execute(text("select to_regclass('radicado')")).scalar() and connection.execute(asked).scalar():
            message = "El usuario de la conexión tendría derecho a escribir: use uno que solo pueda leer."
            yield Finding(AVISO, "Quipux", message)


def _history(inspector) -> Iterator[Finding]:
    if "respaldo_solicitud" in inspector.get_table_names():
        yield Finding(OK, "Quipux", "Hay solicitudes de respaldo anteriores: puede importarlas con «quipux import-history».")


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
            spared = topic == "Quipux" and table in older.ABSENT_ALLOWED
            yield Finding(AVISO if spared else ERROR, topic, f"Falta la tabla {table}{': se lee sin ella' if spared else ''}.")
            continue
        lacking = set(columns.split()) - {column["name"] for column in inspector.get_columns(table)}
        spared = lacking & older.OPTIONAL.get(table, {}).keys() if topic == "Quipux" else set()
        if lacking - spared:
            yield Finding(ERROR, topic, f"En {table} faltan las columnas {', '.join(sorted(lacking - spared))}.")
        if spared:
            yield Finding(AVISO, topic, f"En {table} no hay {', '.join(sorted(spared))}: se lee sin ellas.")


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
        asked = text("select tablename, indexdef from pg_indexes where tablename in ('radicado', 'hist_eventos')")
        definitions = connection.execute(asked).all()
    for column in _LISTS:
        if not any(table == "radicado" and "string_to_array" in one and column in one for table, one in definitions):
            yield Finding(AVISO, "Quipux", f"Falta el índice GIN de radicado.{column}: la selección será lenta.")
    for column in ("usua_codi_ori", "usua_codi_dest", "radi_nume_radi"):
        if not any(table == "hist_eventos" and f"({column}" in one for table, one in definitions):
            yield Finding(AVISO, "Quipux", f"Falta el índice de hist_eventos.{column}: la selección será lenta.")


def _counts(engine: Engine) -> Iterator[Finding]:
    present = inspect(engine).get_table_names()
    for table, what in (("institucion", "instituciones"), ("usuarios", "cuentas")):
        if table in present:
            with engine.connect() as connection:
                number = connection.execute(text(f"select count(*) from {table}")).scalar_one()
            yield Finding(OK if number else AVISO, "Quipux", f"{number} {what}.")


def _root(disk: Disk) -> Finding:
    try:
        empty = disk.empty()
    except SourceUnavailable as error:
        return Finding(AVISO if "not configured" in str(error) else ERROR, "BODEGA_DIR", f"No se puede leer: {error}")
    if empty:
        return Finding(ERROR, "BODEGA_DIR", "La carpeta de archivos está vacía: ¿está montada?")
    return Finding(OK, "BODEGA_DIR", "La carpeta de archivos responde.")
