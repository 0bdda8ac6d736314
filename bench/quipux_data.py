"""A Quipux of millions of documents, made by the server itself: the same rows from the same numbers, no file to carry.

Shape: one ministry (10) whose counter registered every external document of the last 24 months, nine more institutions; one
person (PERSON) with 50 000 documents of 2 000 000, strewn over twelve years as in life, not side by side; HUGE with 500 000,
WORKING with 2 000, everybody else with a handful. Tables and indexes are those of `tests/sources/sql`, plus the one trigram
index of the public schema (on radi_usua_rem; none on radi_usua_dest and radi_cca), so that its own form is at its best.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import psycopg

SQL = Path(__file__).parents[1] / "tests" / "sources" / "sql"
PERSON, INSTITUTION = "110", "10"
# Who gets a copy of everything, a quarter of all documents; and a working life.
HUGE, WORKING = "111", "112"
FIRST_USER, AREAS = 1_000, 200


@dataclass(frozen=True, slots=True)
class Scale:
    """How many rows. `share`: one document in so many is the person's (a tenth of them, external, is not selected)."""

    radicados: int
    usuarios: int
    share: int


FULL, SMALL = Scale(2_000_000, 1_000_000, 40), Scale(60_000, 20_000, 40)
_WORDS = "array['Solicitud','Informe','Respaldo','Contrato','Permiso','Vacaciones','Certificado','Pago','Convenio','Auditoría']"
_NAMES = "array['María','José','Luis','Rosa','Carlos','Ana','Jorge','Carmen','Iván','Ñusta']"
_SURNAMES = "array['Quishpe','Paredes','Vega','Zurita','Lema','Ñauñay','Andrade','Mera','Toapanta','Guamán']"


def make(dsn: str, bodega_dsn: str, scale: Scale) -> None:
    """Fill two empty databases. Raises psycopg.Error."""
    ddl = (SQL / "01_quipux_min_ddl.sql").read_text("utf-8")
    indexes = re.findall(r"^create index .*?;$", ddl, re.MULTILINE)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(re.sub(r"^create index .*?;$", "", ddl, flags=re.MULTILINE))
        # Loaded in one go and never changed: constraints would only check what the expressions below already guarantee.
        connection.execute("set session_replication_role = replica")
        connection.execute("set timezone = 'America/Guayaquil'")
        for statement in (_people(scale), _documents(scale), _history(scale), _ATTACHMENTS):
            connection.execute(statement)
        connection.execute("set maintenance_work_mem = '512MB'")
        for statement in (*indexes, *_TRIGRAMS):
            connection.execute(statement)
        connection.execute("vacuum analyze")
    with psycopg.connect(bodega_dsn, autocommit=True) as connection:
        connection.execute((SQL / "02_bodega_min_ddl.sql").read_text("utf-8"))
        connection.execute(_bodega(scale))
        connection.execute("vacuum analyze")


_TRIGRAMS = (
    "create extension if not exists pg_trgm",
    "create index on radicado using gin (radi_usua_rem gin_trgm_ops)",
)


def _people(scale: Scale) -> str:
    return f"""
insert into institucion(inst_codi, inst_ruc, inst_nombre, inst_sigla, inst_estado)
 select i * 10, '17680000' || i || '0001', 'Ministerio ' || i, 'M' || i, 1 from generate_series(1, 10) i;
insert into dependencia(depe_codi, depe_nomb, dep_sigla, depe_codi_padre, inst_codi, depe_estado)
 select a, 'Dirección ' || a, 'D' || a, a, (a % 10 + 1) * 10, 1 from generate_series(1, {AREAS}) a;
insert into estado values (0,'Archivado'),(1,'En Edición'),(2,'En Trámite'),(3,'No Enviado'),(6,'Enviado'),(7,'Eliminado');
insert into tiporad values (1,'Oficio','S'),(2,'Externo','E'),(3,'Memorando','S');
insert into sgd_ttr_transaccion values (2,'Registro'),(8,'Informar'),(9,'Reasignar'),(10,'Tareas de administración');
insert into anexos_tipo values (7,'pdf','.pdf');
insert into usuarios(usua_codi, usua_cedula, usua_login, usua_nomb, usua_apellido, usua_cargo, usua_email, cargo_tipo, depe_codi,
 inst_codi, usua_esta)
 select u, lpad((1700000000 + u)::text, 10, '0') || case when u % 5 = 0 then '-' || u else '' end, 'U' || u,
  ({_NAMES})[1 + u % 10] || ' ' || ({_NAMES})[1 + u / 10 % 10], ({_SURNAMES})[1 + u / 7 % 10] || ' ' || ({_SURNAMES})[1 + u / 70 % 10],
  'Analista ' || u % 97, 'u' || u || '@institucion.gob.ec', u % 3, 1 + u % {AREAS}, (1 + u % {AREAS}) % 10 * 10 + 10,
  case when u % 5 = 0 then 0 else 1 end
 from generate_series({FIRST_USER}, {FIRST_USER} + {scale.usuarios} - 1) u;
insert into usuarios(usua_codi, usua_cedula, usua_nomb, usua_apellido, depe_codi, inst_codi, usua_esta)
 values ({PERSON}, '1700000027-{PERSON}', 'Luis', 'Paredes', 9, {INSTITUTION}, 0), ({HUGE}, '1700000035-{HUGE}', 'Marta', 'Vega', 9, {INSTITUTION}, 0),
  ({WORKING}, '1700000043-{WORKING}', 'Iván', 'Zurita', 9, {INSTITUTION}, 0);
"""


def _documents(scale: Scale) -> str:
    """Row g: its kind, its people and its day follow from g. Copies (kind 1) have the original before them as their parent."""
    return f"""
insert into radicado(radi_nume_radi, radi_nume_temp, radi_nume_text, radi_fech_radi, radi_fech_ofic, radi_asunto, radi_tipo,
 esta_codi, radi_usua_rem, radi_usua_dest, radi_cca, radi_inst_actu, radi_permiso, radi_path, arch_codi, radi_usua_radi,
 radi_resumen, radi_nomb_usua_firma)
select id, case when kind = 1 then id - 1 else id end, 'M1-D' || area || '-' || year || '-' || g || '-M', day, day + interval '1 hour',
 ({_WORDS})[1 + g % 10] || ' de ' || ({_WORDS})[1 + g / 10 % 10] || ' número ' || g, case kind when 2 then 2 else 3 end,
 case kind when 0 then 6 else 2 end,
 case when mine and kind = 0 then '-{PERSON}-' else '-' || other || '-' end,
 case when mine and kind = 1 and g % 3 > 0 then '-{PERSON}-' else '-' || another || '--' || other || '-' end,
 case when kind <> 1 then '' when mine then case when g % 3 = 0 then '-{PERSON}-' else '' end
  when g % 16 < 10 then '-{HUGE}-' when g % 225 = 0 then '-{WORKING}-' else '' end,
 case kind when 2 then {INSTITUTION} else area % 10 * 10 + 10 end, case when g % 211 = 0 then 1 else 0 end,
 case when g % 4 = 0 then '/' || year || '/' || lpad(area::text, 6, '0') || '/' || id || '.pdf' end,
 case when g % 4 > 0 then g else 0 end, other, repeat('resumen ', 8),
 case when kind = 0 then repeat('<tr><td>Firmado por una persona</td></tr>', 12) end
from (
 select g, kind, mine, area, other, another, extract(year from day)::int as year, day,
  extract(year from day)::numeric * 1e16 + area * 1e10 + (case kind when 1 then g - 1 else g end) * 10::numeric + kind as id
 from (
  select g, mine, 1 + (g / 2 * 7919) % {AREAS} as area, {FIRST_USER} + (g * 104729) % {scale.usuarios} as other,
   {FIRST_USER} + (g * 15485863) % {scale.usuarios} as another, kind,
   case kind when 2 then timestamptz '2024-12-01 08:00' + ((g / 10 * 13) % 1030000) * interval '1 minute'
    else timestamptz '2015-01-02 08:00' + ((g / 2 * 6700417) % 6200000) * interval '1 minute' end as day
  from (
   select g, g % {scale.share} in (0, 1) and g / {scale.share} % 2 = g % {scale.share} as mine,
    case when g % 10 = 9 then 2 else g % 2 end as kind
   from generate_series(0::bigint, {scale.radicados} - 1) g) shaped) placed) made
on conflict do nothing;
insert into usuarios_radicado(radi_nume_radi, radi_usua_tipo, usua_codi, usua_nombre, usua_apellido, usua_cedula)
 select radi_nume_radi, 1, 900, ({_NAMES})[1 + row % 10] || ' ' || ({_NAMES})[1 + row / 10 % 10],
  ({_SURNAMES})[1 + row / 7 % 10] || ' ' || ({_SURNAMES})[1 + row / 70 % 10] || row % 1000, lpad((1800000000 + row)::text, 10, '0')
 from (select radi_nume_radi, row_number() over () as row from radicado where radi_nume_radi % 10 = 2) r;
create index on usuarios_radicado (radi_nume_radi);
"""


def _history(scale: Scale) -> str:
    """An event for every second document, and one of 360 of them leads to the person."""
    return f"""
insert into hist_eventos(hist_fech, radi_nume_radi, usua_codi_ori, usua_codi_dest, sgd_ttr_codigo, hist_obse)
 select radi_fech_radi, radi_nume_radi, {FIRST_USER} + (row * 31) % {scale.usuarios},
  case when row % 360 = 0 then {PERSON} else {FIRST_USER} + (row * 17) % {scale.usuarios} end, 8 + (row / 360 % 3), 'favor atender'
 from (select radi_nume_radi, radi_fech_radi, row_number() over () as row from radicado where radi_nume_radi % 10 < 2) r
 where row % 2 = 0;
"""


_ATTACHMENTS = """
insert into anexos(anex_codigo, anex_radi_nume, anex_numero, anex_tipo, anex_nombre, anex_tamano, anex_borrado, arch_codi)
 select radi_nume_radi || '_00001', radi_nume_radi, 1, 7, 'anexo.pdf', 120, 'N', 1 from radicado where radi_nume_radi % 50 = 0;
"""


def _bodega(scale: Scale) -> str:
    return f"""
insert into indice(indi_codi, nombre_tabla, esta_codi) values (1, 'archivo_0001', 2);
set session_replication_role = replica;
insert into archivo(arch_codi, nombre, fecha_creacion, tamanio, arch_md5, indi_codi)
 select g, g || '.pdf', now(), 20000 + g % 60000, '', 1 from generate_series(1, {scale.radicados}) g;
"""
