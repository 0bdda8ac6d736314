"""The two demo databases: same tables and columns as Quipux, in the types SQLite can keep.

Every code that is numeric in Quipux is TEXT here: SQLite would turn a 20-digit id into a float. Instants are TEXT in
UTC, 'YYYY-MM-DD HH:MM:SS'. Only small closed numbers (estado, tipo, permiso, perfil) stay INTEGER.
"""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

GUAYAQUIL = ZoneInfo("America/Guayaquil")

QUIPUX = """
create table institucion (inst_codi text primary key, inst_ruc text, inst_nombre text, inst_sigla text,
  inst_telefono text, inst_email text, inst_estado integer);
create table dependencia (depe_codi text primary key, depe_nomb text not null, dep_sigla text,
  depe_codi_padre text references dependencia, inst_codi text references institucion, inst_adscrita text,
  depe_estado integer);
create table usuarios (usua_codi text primary key, usua_cedula text, usua_login text, usua_nomb text,
  usua_apellido text, usua_titulo text, usua_abr_titulo text, usua_cargo text, usua_cargo_cabecera text,
  usua_email text, cargo_tipo integer default 0, depe_codi text references dependencia,
  inst_codi text references institucion, usua_esta integer default 1, usua_subrogado text,
  tipo_identificacion integer default 0);
create table ciudadano (ciu_codigo text primary key, ciu_cedula text, ciu_nombre text, ciu_apellido text,
  ciu_titulo text, ciu_abr_titulo text, ciu_cargo text, ciu_empresa text, ciu_email text, ciu_estado integer default 1);
create view usuario as
  select u.usua_codi, u.usua_cedula, u.usua_login, u.usua_nomb, u.usua_apellido,
         trim(coalesce(u.usua_nomb, '') || ' ' || coalesce(u.usua_apellido, '')) as usua_nombre,
         u.usua_titulo, u.usua_abr_titulo, u.usua_cargo, u.usua_cargo_cabecera, u.usua_email,
         u.cargo_tipo, u.usua_esta, case when u.inst_codi = '1' then 2 else 1 end as tipo_usuario,
         u.depe_codi, d.depe_nomb, d.dep_sigla,
         u.inst_codi, coalesce(ia.inst_nombre, i.inst_nombre) as inst_nombre,
         coalesce(ia.inst_sigla, i.inst_sigla) as inst_sigla, i.inst_estado
    from usuarios u
    left join dependencia d  on d.depe_codi = u.depe_codi
    left join institucion i  on i.inst_codi = u.inst_codi
    left join institucion ia on ia.inst_codi = d.inst_adscrita
  union all
  select c.ciu_codigo, c.ciu_cedula, case when c.ciu_estado = 1 then 'U' || c.ciu_cedula else 'l' || c.ciu_codigo end,
         c.ciu_nombre, c.ciu_apellido, trim(coalesce(c.ciu_nombre, '') || ' ' || coalesce(c.ciu_apellido, '')),
         c.ciu_titulo, c.ciu_abr_titulo, c.ciu_cargo, c.ciu_cargo, c.ciu_email,
         0, c.ciu_estado, 2, '0', '', null, '0', c.ciu_empresa, '', 1
    from ciudadano c;
create table estado (esta_codi integer primary key, esta_desc text not null);
create table tiporad (trad_codigo integer primary key, trad_descr text, trad_tipo text);
create table sgd_ttr_transaccion (sgd_ttr_codigo integer primary key, sgd_ttr_descrip text not null);
create table permiso (id_permiso text primary key, nombre text, descripcion text, estado integer);
create table permiso_usuario (id_permiso text, usua_codi text, primary key (id_permiso, usua_codi));
create table radicado (radi_nume_radi text primary key, radi_nume_temp text not null, radi_nume_text text,
  radi_nume_deri text, radi_cuentai text, radi_fech_radi text not null, radi_fech_ofic text, radi_fech_firma text,
  radi_nomb_usua_firma text, radi_asunto text, radi_resumen text, radi_tipo integer,
  esta_codi integer references estado, radi_usua_rem text, radi_usua_dest text, radi_cca text, radi_usua_actu text,
  radi_usua_radi text, radi_inst_actu text references institucion, radi_permiso integer default 0, radi_path text,
  radi_tipo_archivo integer default 0, radi_imagen text, radi_texto text, arch_codi text default '0',
  arch_codi_firma text default '0');
create index radicado_temp on radicado (radi_nume_temp);
create index radicado_inst on radicado (radi_inst_actu, radi_fech_radi);
create table usuarios_radicado (usua_radi_codi text primary key, radi_nume_radi text references radicado,
  radi_usua_tipo integer, usua_codi text, usua_cedula text, usua_nombre text, usua_apellido text, usua_titulo text,
  usua_abr_titulo text, usua_cargo text, usua_area text, usua_institucion text, usua_email text);
create index usuarios_radicado_radi on usuarios_radicado (radi_nume_radi, radi_usua_tipo);
create table hist_eventos (hist_codi text primary key, hist_fech text not null,
  radi_nume_radi text not null references radicado, usua_codi_ori text not null, usua_codi_dest text,
  sgd_ttr_codigo integer references sgd_ttr_transaccion, hist_obse text not null, hist_referencia text);
create index hist_eventos_ori on hist_eventos (usua_codi_ori, sgd_ttr_codigo);
create index hist_eventos_dest on hist_eventos (usua_codi_dest, sgd_ttr_codigo);
create index hist_eventos_radi on hist_eventos (radi_nume_radi);
create table informados (info_codi text primary key, radi_nume_radi text references radicado, info_desc text,
  info_fech text not null, usua_codi text, usua_info text);
create table anexos_tipo (anex_tipo_codi integer primary key, anex_tipo_ext text not null, anex_tipo_desc text);
create table anexos (anex_codigo text primary key, anex_radi_nume text not null references radicado,
  anex_numero integer not null, anex_tipo integer not null references anexos_tipo, anex_nombre text, anex_desc text,
  anex_fecha text, anex_tamano numeric, anex_fisico integer default 0, anex_borrado text not null, anex_path text,
  anex_fecha_firma text, anex_datos_firma text, arch_codi text default '0', arch_codi_firma text default '0');
create index anexos_radi on anexos (anex_radi_nume, anex_borrado);
create table radi_texto (text_codi text primary key, radi_nume_radi text, text_fecha text, text_texto text);
"""

BODEGA = """
create table indice (indi_codi text primary key, nombre_tabla text, nombre_tablespace text,
  esta_codi integer default 0, tamanio_maximo integer, fecha_creacion text);
create table archivo (arch_codi text primary key, nombre text, fecha_creacion text, tamanio integer, arch_md5 text,
  indi_codi text references indice, estado integer default 1);
create table archivo_0001 (arch_codi text primary key references archivo, archivo text);
"""

# Extension -> code in anexos_tipo.
ATTACHMENT_TYPES = {
    "doc": 1, "jpg": 4, "pdf": 7, "txt": 9, "zip": 10, "p7m": 18, "docx": 20, "xlsx": 21, "xml": 22,
}  # fmt: skip

CATALOGUES: dict[str, list[tuple]] = {
    "estado": [
        (0, "Archivado"),
        (1, "En Edición"),
        (2, "En Trámite"),
        (3, "No Enviado (Original)"),
        (4, "No Enviado (Electrónicamente)"),
        (5, "No Enviado (Manualmente)"),
        (6, "Enviado"),
        (7, "Eliminado"),
        (8, "Eliminado Total"),
        (9, "Pendientes ciudadanos"),
    ],
    "tiporad": [
        (1, "Oficio", "S"),
        (2, "Externo", "E"),
        (3, "Memorando", "S"),
        (4, "Circular", "S"),
        (5, "Acuerdo", "S"),
        (6, "Nota", "S"),
        (7, "Carta Ciudadano", "S"),
        (8, "Resolución", "S"),
        (9, "Providencia", "S"),
    ],
    "sgd_ttr_transaccion": [
        (2, "Registro"),
        (8, "Informar"),
        (9, "Reasignar"),
        (10, "Tareas de administración"),
        (13, "Archivar"),
        (18, "Envío Electrónico del Documento"),
        (28, "Dirigir Documento"),
        (40, "Firma Digital de Documento"),
        (65, "Firmar y Enviar"),
    ],
    "permiso": [
        ("12", "usua_admin_sistema", "Administración del Sistema", 1),
        ("21", "usua_perm_notifica", "Enviar notificaciones al correo.", 1),
        ("25", "usua_perm_backup", "Solicitar respaldos de documentos", 1),
        ("33", "perm_aprobar_respaldo", "Aprobar Solicitudes de Respaldo", 1),
    ],
    "anexos_tipo": [
        (code, extension, "Archivo firmado digitalmente" if extension == "p7m" else f".{extension}")
        for extension, code in ATTACHMENT_TYPES.items()
    ],
}


def document_id(year: int, area: str, sequence: int, kind: int) -> str:
    """The 20 digits of `radi_nume_radi`: year, area (6), sequence (9), kind (0 original, 1 copy, 2 counter)."""
    return f"{year:04d}{int(area):06d}{sequence:09d}{kind}"


def at(day: date, hour: int = 10, minute: int = 0) -> datetime:
    """A wall-clock moment of Guayaquil as an instant in UTC."""
    return datetime.combine(day, time(hour, minute), GUAYAQUIL).astimezone(UTC)


def stamp(moment: datetime) -> str:
    """The form of every instant in the demo databases."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
