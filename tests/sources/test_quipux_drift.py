"""Installations drift: older schemas, tables without rights, dates that no calendar knows, lists full of rubbish."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import psycopg
import pytest

from sources import Count, SourceUnavailable, older
from tests.sources import cases
from tests.sources.installing import install

Y2018 = (date(2018, 1, 1), date(2018, 12, 31))
Y2019 = (date(2019, 1, 1), date(2019, 12, 31))


@pytest.fixture
def fresh(server, tmp_path, request):
    """An installation of this test's own: it may be changed. (installation, connection to its Quipux)"""
    name = f"drift_{abs(hash(request.node.name)) % 10**8}"
    made = install(server, tmp_path / "bodega", quipux=f"{name}_q", bodega=f"{name}_b")
    with psycopg.connect(server.dsn(f"{name}_q"), autocommit=True) as connection:
        yield made, connection
    quiet = psycopg.connect(server.dsn(), autocommit=True)
    for each in (f"{name}_q", f"{name}_b"):
        quiet.execute(f'drop database "{each}" with (force)')
    quiet.close()


def details(quipux, nivel: str) -> str:
    return "\n".join(f"{f.tema}: {f.detalle}" for f in quipux.check() if f.nivel == nivel)


# --- older schemas -----------------------------------------------------------------------------------------------------


def test_without_every_optional_column_the_selection_is_the_same(fresh):
    """All that may be lacking lacks at once: the view goes first, since it holds the columns of its tables."""
    installation, connection = fresh
    connection.execute("create table usuario_copia as select usua_codi, usua_cedula, usua_nomb, usua_apellido, usua_nombre from usuario")
    connection.execute("drop view usuario")
    connection.execute("alter table usuario_copia rename to usuario")
    connection.execute("drop table radi_texto")
    for table, columns in older.OPTIONAL.items():
        if table not in ("usuario", "radi_texto"):
            for column in columns:
                connection.execute(f"alter table {table} drop column {column}")
    quipux = installation.open()
    assert quipux.count("110", *Y2018) == Count(10, 5, 6, 0)
    documents = list(quipux.documents("110", *Y2018))
    assert len(documents) == 10 and not any(f.ref for d in documents for f in d.files)
    assert quipux.account("110").puesto == "" and quipux.account("110").cedula == "1700000027"
    assert [a.codi for a in quipux.accounts()][:3] == ["0", "101", "110"] and len(list(quipux.account_blocks())) == 2
    assert len(list(quipux.areas())) == 4 and quipux.size("110", *Y2018).bytes == 0
    assert quipux.petition(cases.PETITIONS["mine"], "10").has_file is False
    warned, wrong = details(quipux, "aviso"), details(quipux, "error")
    assert "En radicado no hay arch_codi" in warned and "Falta la tabla radi_texto: se lee sin ella" in warned
    assert "radicado" not in wrong and "usuarios" not in wrong
    quipux.close()


def test_one_missing_column_costs_only_what_it_held(fresh):
    installation, connection = fresh
    connection.execute("alter table radicado drop column radi_imagen")
    quipux = installation.open()
    files = {d.id: d.files for d in quipux.documents("120", *Y2019)}
    assert files[cases.ID["disk"]][0].ref == "disco:/2019/000101/disk.pdf"
    assert files[cases.ID["image"]][0].ref == "disco:/2019/000101/disk.pdf", "without the column the row's own path counts"
    plan = connection.execute(
        "explain " + older.rewrite("select * from radicado r where r.radi_nume_radi = 1", older.stand_ins({"radicado": {"radi_path"}}))
    ).fetchall()
    assert "Index Scan" in str(plan) and "SubPlan" not in str(plan)
    quipux.close()


@pytest.mark.parametrize(("table", "column"), [("radicado", "radi_permiso"), ("radicado", "esta_codi"), ("usuarios", "usua_esta")])
def test_a_column_that_decides_has_no_stand_in(fresh, table, column):
    """A Quipux that cannot say what is confidential must not be read as if nothing were."""
    installation, connection = fresh
    connection.execute(f"alter table {table} drop column {column} cascade")
    quipux = installation.open()
    assert f"En {table} faltan las columnas {column}." in details(quipux, "error")
    quipux.close()


def test_usuario_as_a_table_reads_like_the_view(fresh):
    installation, connection = fresh
    before = installation.open()
    people = [(d.de, d.para, d.cc) for d in before.documents("110", *Y2018)]
    before.close()
    connection.execute("create table otra as select * from usuario")
    connection.execute("drop view usuario")
    connection.execute("alter table otra rename to usuario")
    quipux = installation.open()
    assert [(d.de, d.para, d.cc) for d in quipux.documents("110", *Y2018)] == people
    assert "usuario es una tabla." in details(quipux, "ok")
    quipux.close()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("select 1 from radicado r where 1=1", "select 1 from (X) r where 1=1"),
        ("select 1 from radicado where 1=1", "select 1 from (X) radicado where 1=1"),
        ("select 1 from a join radicado p on p.x = 1", "select 1 from a join (X) p on p.x = 1"),
        ("select 1 from radicado_otro r", "select 1 from radicado_otro r"),
        ("select radicado from t", "select radicado from t"),
    ],
)
def test_only_tables_that_are_read_from_are_replaced(statement, expected):
    assert older.rewrite(statement, {"radicado": "(X)"}) == expected


# --- rights and checks -------------------------------------------------------------------------------------------------


def test_check_names_tables_that_the_role_may_not_read(fresh, server):
    installation, connection = fresh
    name = connection.info.dbname
    connection.execute(f"create role lector_{name} login")
    connection.execute(f"grant select on all tables in schema public to lector_{name}")
    connection.execute(f"revoke select on hist_eventos from lector_{name}")
    url = installation.quipux_url.replace("postgres@", f"lector_{name}@")
    quipux = type(installation)(url, installation.bodega_url, installation.bodega_dir).open()
    wrong, warned = details(quipux, "error"), details(quipux, "aviso")
    assert "Quipux: El usuario de la conexión no puede leer la tabla hist_eventos." in wrong
    assert "tendría derecho a escribir" not in warned
    quipux.close()
    connection.execute(f"drop owned by lector_{name}")
    connection.execute(f"drop role lector_{name}")


def test_check_says_that_the_role_could_write_although_the_connection_cannot(fresh):
    installation, _ = fresh
    quipux = installation.open()
    assert "tendría derecho a escribir" in details(quipux, "aviso") and "Solo lectura comprobada" in details(quipux, "ok")
    quipux.close()


def test_check_finds_missing_indexes_and_an_empty_folder(fresh, tmp_path):
    installation, connection = fresh
    connection.execute("drop index radicado_string_to_array_idx, hist_eventos_usua_codi_dest_idx")
    (tmp_path / "vacia").mkdir()
    quipux = installation.open(BODEGA_DIR=str(tmp_path / "vacia"))
    warned = details(quipux, "aviso")
    assert "Falta el índice GIN de radicado.radi_usua_dest" in warned and "Falta el índice de hist_eventos.usua_codi_dest" in warned
    assert "La carpeta de archivos está vacía" in details(quipux, "error")
    quipux.close()


# --- dates and rubbish -------------------------------------------------------------------------------------------------


def test_dates_that_no_calendar_knows_do_not_end_a_run(fresh):
    """'infinity' as the oficio's date is no date: registration counts. Elsewhere such a date is simply left out."""
    installation, connection = fresh
    one, other, third = "20180001010000000010", "20180001010000000020", "20180001010000000030"
    connection.execute("update radicado set radi_fech_ofic = 'infinity', radi_fech_firma = 'infinity' where radi_nume_radi = %s", [one])
    connection.execute("update radicado set radi_fech_ofic = '-infinity' where radi_nume_radi = %s", [other])
    connection.execute("update radicado set radi_fech_ofic = '0044-03-15 BC' where radi_nume_radi = %s", [third])
    connection.execute("update anexos set anex_fecha = '12000-01-01' where anex_radi_nume = %s", [one])
    connection.execute("update hist_eventos set hist_fech = '-infinity' where radi_nume_radi = 20180001010000003001")
    quipux = installation.open()
    documents = {d.id: d for d in quipux.documents("110", *Y2018)}
    assert documents.keys() & {one, other, third} == {one, other}, "a date before Christ is a date, and out of the range"
    assert quipux.count("110", *Y2018) == Count(9, 4, 6, 0)
    assert documents[one].fecha.date() == date(2018, 2, 1) and documents[one].firmado
    assert [f.fecha for f in documents[one].files] == [None, None]
    assert [s.fecha for s in documents["20180001010000003001"].recorrido] == [None, None]
    quipux.close()


@pytest.mark.parametrize("rubbish", ["", "-", "--", "----", "- 110 -", "-110", "110-", "-x--110--é-", "-110--110-", "-" + "9" * 400 + "--110-"])
def test_a_participant_list_with_rubbish_breaks_nothing(fresh, rubbish):
    installation, connection = fresh
    connection.execute("update radicado set radi_usua_rem = %s where radi_nume_radi = 20180001010000000010", [rubbish])
    quipux = installation.open()
    found = {d.id: d for d in quipux.documents("110", *Y2018)}
    assert ("20180001010000000010" in found) == ("110" in rubbish.strip("-").split("--"))
    quipux.close()


def test_a_naive_date_column_of_an_older_schema_is_guayaquil_time(fresh):
    installation, connection = fresh
    connection.execute("alter table radicado alter column radi_fech_ofic type timestamp using radi_fech_ofic at time zone 'America/Guayaquil'")
    quipux = installation.open()
    assert quipux.count("110", *Y2018) == Count(10, 5, 6, 0)
    (last,) = quipux.selected("110", date(2018, 12, 31), date(2018, 12, 31))
    assert last.fecha == date(2018, 12, 31)
    quipux.close()


# --- memory and manners ------------------------------------------------------------------------------------------------

_READ = """
import resource, sys, json
from datetime import date
from sources import Quipux
quipux = Quipux.from_config(json.loads(sys.argv[1]))
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
number = sum(1 for _ in quipux.selected("110", date(2000, 1, 1), date(2017, 12, 31)))
print(json.dumps([number, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start]))
"""


def test_sixty_thousand_documents_of_one_person_do_not_sit_in_memory(fresh):
    """In a process of its own, so that its peak is the reading's: less than 15 MB more, whatever the number."""
    installation, connection = fresh
    connection.execute(
        "insert into radicado(radi_nume_radi, radi_nume_temp, radi_nume_text, radi_fech_radi, radi_fech_ofic, radi_asunto, esta_codi,"
        " radi_usua_rem, radi_inst_actu) select id, id, 'N-' || g, day, day, repeat('asunto ', 20), 6, '-110-', 10 from ("
        " select g, 20170001010000000000 + 100000 + g * 10 as id, timestamptz '2017-01-01' + g * interval '1 minute' as day"
        " from generate_series(1, 60000) g) made"
    )
    settings = json.dumps(installation.settings)
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", _READ, settings], capture_output=True, text=True, cwd=root, env=os.environ | {"PYTHONPATH": str(root)})
    assert done.returncode == 0, done.stderr
    number, grown = json.loads(done.stdout)
    assert number == 60_000 and grown * 1024 < 15_000_000, f"{grown} KiB"


def test_no_more_connections_than_agreed_and_the_next_one_is_refused_in_time(on_postgres, monkeypatch):
    quipux = on_postgres.open(QUIPUX_CONNECTIONS=2)
    monkeypatch.setattr(quipux._engine.pool, "_timeout", 0.2)
    held = [quipux.documents("110", *Y2018) for _ in range(2)]
    for each in held:
        next(each)
    with pytest.raises(SourceUnavailable):
        quipux.account("110")
    for each in held:
        each.close()
    assert quipux.account("110") is not None
    quipux.close()


def test_the_time_a_statement_may_take_is_a_setting(on_postgres):
    quipux = on_postgres.open(QUIPUX_TIMEOUT_S=7)
    with quipux._connection() as connection:
        assert connection.exec_driver_sql("show statement_timeout").scalar() == "7s"
        assert connection.exec_driver_sql("show transaction_read_only").scalar() == "on"
    quipux.close()
