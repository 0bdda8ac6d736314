"""A guest that cannot write, says when nobody answers, and gives its findings."""

import shutil
from datetime import date

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sources import Quipux, SourceUnavailable, sessions

Y2018 = (date(2018, 1, 1), date(2018, 12, 31))


@pytest.mark.parametrize("which", ["quipux_url", "bodega_url"])
def test_writing_is_refused_by_the_connection(installation, which):
    engine = sessions.make_engine(getattr(installation, which))
    sessions.guard(engine)
    statement = {
        "quipux_url": "insert into institucion(inst_codi) values ('77')",
        "bodega_url": "insert into indice(indi_codi) values ('77')",
    }[which]
    with engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(text(statement))
    assert "read-only" in str(caught.value.orig) or "readonly" in str(caught.value.orig)
    engine.dispose()


def test_an_engine_handed_over_is_guarded_too(on_postgres):
    engine = sessions.make_engine(on_postgres.quipux_url)
    Quipux(engine, None, None)
    with engine.connect() as connection:
        assert connection.execute(text("show default_transaction_read_only")).scalar() == "on"
        assert connection.execute(text("show timezone")).scalar() == "America/Guayaquil"
        assert connection.execute(text("show statement_timeout")).scalar() == "1min"
    engine.dispose()


def test_a_wrong_sqlite_path_is_unavailable_and_makes_no_file(tmp_path):
    quipux = Quipux.from_config({"QUIPUX_URL": f"sqlite:///{tmp_path}/none.sqlite"})
    with pytest.raises(SourceUnavailable):
        quipux.account("1")
    assert not (tmp_path / "none.sqlite").exists()


@pytest.mark.parametrize("url", ["", "mysql://x/y"])
def test_a_setting_that_is_no_quipux_is_refused(url):
    with pytest.raises(ValueError):
        Quipux.from_config({"QUIPUX_URL": url})


def test_a_server_that_goes_is_unavailable_and_one_that_comes_back_is_used_again(on_postgres, server):
    quipux = on_postgres.open()
    assert quipux.count("110", *Y2018).documentos == 10
    with psycopg.connect(server.dsn(), autocommit=True) as admin:  # as a restart does: every session ends
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'quipux'")
    assert quipux.count("110", *Y2018).documentos == 10
    quipux.close()


def test_a_connection_lost_in_the_middle_is_unavailable_and_the_next_call_works(on_postgres, server, monkeypatch):
    monkeypatch.setattr("sources.selection._STREAM", 1)
    monkeypatch.setattr("sources.quipux.BATCH", 1)
    quipux = on_postgres.open()
    read, left = quipux.documents("110", *Y2018), quipux.documents("110", *Y2018)
    next(read), next(left)
    with psycopg.connect(server.dsn(), autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'quipux'")
    left.close()  # quietly
    with pytest.raises(SourceUnavailable):
        list(read)
    assert quipux._engine.pool.checkedout() == 0
    assert quipux.count("110", *Y2018).documentos == 10
    quipux.close()


def test_a_statement_that_takes_too_long_is_unavailable(on_postgres):
    quipux = on_postgres.open()
    with pytest.raises(SourceUnavailable), quipux._connection() as connection:
        connection.execute(text("set statement_timeout = 50"))
        connection.execute(text("select pg_sleep(5)"))
    quipux.close()


def test_a_server_that_is_not_there_is_unavailable(tmp_path):
    quipux = Quipux.from_config({"QUIPUX_URL": f"postgresql://postgres@/q?host={tmp_path}"})
    with pytest.raises(SourceUnavailable):
        quipux.account("110")
    assert [f.nivel for f in quipux.check() if f.tema == "Quipux"] == ["error"]


def test_check_names_what_is_wrong_and_what_is_well(quipux, installation):
    findings = quipux.check()
    errors = {f.detalle for f in findings if f.nivel == "error"}
    assert len(errors) == 2 and all("archivo" in error for error in errors)  # the two tables that are not there
    good = " ".join(f.detalle for f in findings if f.nivel == "ok")
    assert good.count("Solo lectura comprobada") == 2
    assert ("usuario es una vista" in good) == ("postgresql" in installation.quipux_url)


def test_check_finds_a_missing_column_and_a_missing_index(server, on_postgres):
    url = server.create_database("old", timezone="UTC")
    with psycopg.connect(server.dsn("old")) as connection:
        connection.execute("create table radicado (radi_nume_radi numeric(20) primary key)")
    quipux = Quipux.from_config({"QUIPUX_URL": url})
    details = [f.detalle for f in quipux.check() if f.nivel == "error"]
    assert any(d.startswith("En radicado faltan las columnas") and "radi_permiso" in d for d in details)
    assert "Falta la tabla usuarios." in details
    quipux.close()


def test_the_demo_kind_of_database_works_from_a_folder_with_spaces(on_sqlite, tmp_path):
    folder = tmp_path / "una carpeta #1 ñ"
    folder.mkdir()
    shutil.copy(on_sqlite.quipux_url.removeprefix("sqlite:///"), folder / "q.sqlite")
    quipux = Quipux.from_config({"QUIPUX_URL": f"sqlite:///{folder}/q.sqlite"})
    assert quipux.count("110", *Y2018).documentos == 10
    quipux.close()
