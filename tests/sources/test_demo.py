"""The demo Quipux, small: shape, ids, people, documents by the rules of the selection, files that open."""

import base64
import hashlib
import sqlite3
import zipfile
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from stdnum.ec import ci, ruc

from sources import demo, demo_main_person, demo_writing
from sources.demo_story import DOCUMENTS

TODAY = date(2026, 11, 21)

# README of the schema, 5.1: the five rules, on the demo's dialect.
_SELECTION = """
select distinct radi_nume_radi, bandeja from (
  select radi_nume_radi, 'enviado' as bandeja from radicado
   where radi_usua_rem like :lista and radi_nume_radi like '%0' and esta_codi in (0, 3, 6)
  union select d.radi_nume_radi, 'enviado' from radicado d join hist_eventos h using (radi_nume_radi)
   where h.sgd_ttr_codigo = 9 and h.usua_codi_ori = :codi and d.esta_codi in (0, 2, 3, 6)
  union select radi_nume_radi, 'recibido' from radicado
   where (radi_usua_dest like :lista or radi_cca like :lista) and radi_nume_radi like '%1' and esta_codi in (0, 2)
  union select d.radi_nume_radi, 'recibido' from radicado d join hist_eventos h using (radi_nume_radi)
   where h.sgd_ttr_codigo in (8, 9, 10) and h.usua_codi_dest = :codi and d.esta_codi in (0, 2, 3, 6))
"""


def selected(quipux, account) -> dict[str, set[str]]:
    trays: dict[str, set[str]] = {"enviado": set(), "recibido": set()}
    for radi, tray in quipux.execute(_SELECTION, {"codi": account.codi, "lista": f"%-{account.codi}-%"}):
        trays[tray].add(radi)
    return trays


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("demo") / "quipux"
    demo.build(target, today=TODAY, small=True)
    return target


@pytest.fixture(scope="module")
def quipux(folder):
    connection = sqlite3.connect(folder / "quipux.sqlite")
    connection.row_factory = sqlite3.Row
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def bodega(folder):
    connection = sqlite3.connect(folder / "bodega.sqlite")
    yield connection
    connection.close()


def content(bodega, code: str) -> bytes | None:
    row = bodega.execute("select archivo from archivo_0001 where arch_codi = ?", (code,)).fetchone()
    return base64.b64decode(row[0], validate=True) if row else None


def by_subject(quipux, subject: str) -> sqlite3.Row:
    kept = subject.replace("'", "′").replace("<", "&lt;")
    rows = quipux.execute(
        "select * from radicado where radi_asunto = ? and radi_nume_radi = radi_nume_temp", (kept,)
    ).fetchall()
    assert len(rows) == 1, subject
    return rows[0]


def test_ids_and_codes_are_text(quipux, bodega):
    small_numbers = {
        "inst_estado", "depe_estado", "cargo_tipo", "usua_esta", "tipo_identificacion", "ciu_estado", "esta_codi",
        "trad_codigo", "sgd_ttr_codigo", "estado", "radi_tipo", "radi_permiso", "radi_tipo_archivo", "radi_usua_tipo",
        "anex_tipo_codi", "anex_tipo", "anex_numero", "anex_tamano", "anex_fisico", "tamanio", "tamanio_maximo",
    }  # fmt: skip
    for connection in (quipux, bodega):
        tables = connection.execute("select name from sqlite_master where type = 'table' and name not like 'sqlite%'")
        for (table,) in tables:
            for _, column, kind, *_ in connection.execute(f"pragma table_info({table})"):
                assert (kind.lower() == "text") == (column not in small_numbers), f"{table}.{column} is {kind}"
    columns = (("radicado", "radi_nume_radi"), ("hist_eventos", "radi_nume_radi"), ("radicado", "arch_codi"))
    for table, column in columns:
        kinds = {row[0] for row in quipux.execute(f"select typeof({column}) from {table}")}
        assert kinds == {"text"}, f"{table}.{column}"
    assert {len(row[0]) for row in quipux.execute("select radi_nume_radi from radicado")} == {20}


def test_every_instant_is_utc_text(quipux):
    columns = (("radicado", "radi_fech_radi"), ("radicado", "radi_fech_ofic"), ("hist_eventos", "hist_fech"))
    for table, column in columns:
        odd = quipux.execute(
            f"select count(*) from {table} where {column} is not strftime('%Y-%m-%d %H:%M:%S', {column})"
        ).fetchone()[0]
        assert odd == 0, f"{table}.{column}"
    # 23:30 of the last day of the year in Guayaquil is already January in UTC.
    assert by_subject(quipux, demo_main_person.LAST_MINUTE)["radi_fech_ofic"] == "2024-01-01 04:30:00"
    assert by_subject(quipux, demo_main_person.MIDNIGHT)["radi_fech_ofic"] == "2024-01-01 05:00:00"


def test_foreign_keys_hold(quipux, bodega):
    assert quipux.execute("pragma foreign_key_check").fetchall() == []
    assert bodega.execute("pragma foreign_key_check").fetchall() == []


def test_people(quipux):
    users = quipux.execute("select * from usuarios").fetchall()
    assert len(users) >= 60
    inactive = [u for u in users if u["usua_esta"] == 0]
    assert len(inactive) == len(demo.INACTIVE) >= 8
    for user in users:
        assert ci.is_valid(user["usua_cedula"][:10]), user["usua_cedula"]
        assert user["usua_apellido"] and user["usua_cargo"] and user["usua_email"]
    for user in inactive:
        assert user["usua_cedula"][10:] == f"-{user['usua_codi']}"
        assert (user["usua_login"], user["cargo_tipo"]) == (f"l{user['usua_codi']}", 0)
    # One person, two accounts: only the ten digits say so.
    shared = [u["usua_codi"] for u in users if u["usua_cedula"][:10] == demo.TWO_FIRST.cedula]
    assert shared == [demo.TWO_FIRST.codi, demo.TWO_SECOND.codi]
    active_cedulas = [u["usua_cedula"] for u in users if u["usua_esta"] == 1]
    assert len(active_cedulas) == len(set(active_cedulas))
    text = " ".join(u["usua_apellido"] for u in users)
    assert all(name in text for name in ("Ñauñay", "Chicaiza", "Quishpe", "Guamán", "Túqueres", "Muñoz", "Núñez"))


def test_institutions(quipux):
    rows = {r["inst_codi"]: r for r in quipux.execute("select * from institucion")}
    assert {c: r["inst_estado"] for c, r in rows.items()} == {"1": 1, "10": 1, "20": 1, "30": 0}
    assert all(ruc.is_valid(rows[codi]["inst_ruc"]) for codi in ("10", "20", "30"))
    areas = dict(quipux.execute("select inst_codi, count(*) from dependencia group by 1").fetchall())
    assert areas["10"] >= 6 and areas["20"] == 3
    heads = quipux.execute(
        "select count(*), count(distinct depe_codi) from usuarios where cargo_tipo = 1 and usua_esta = 1"
    ).fetchone()
    assert heads[0] == heads[1] > 0


def test_the_view_names_everyone(quipux):
    row = quipux.execute("select * from usuario where usua_codi = ?", (demo.MAIN.codi,)).fetchone()
    assert row["usua_nombre"] == "María Fernanda Ñauñay Quishpe"
    assert (row["inst_sigla"], row["dep_sigla"], row["tipo_usuario"]) == ("SNBAP", "DGDA", 1)
    strangers = quipux.execute(
        """select count(*) from hist_eventos where usua_codi_ori not in (select usua_codi from usuario)
           or usua_codi_dest not in (select usua_codi from usuario)"""
    )
    assert strangers.fetchone()[0] == 0


@pytest.mark.parametrize("account", DOCUMENTS, ids=lambda a: a.codi)
def test_each_person_has_the_documents_announced(quipux, account):
    trays = selected(quipux, account)
    assert len(trays["enviado"] | trays["recibido"]) == DOCUMENTS[account][True]


def test_the_empty_one_is_empty(quipux):
    assert selected(quipux, demo.EMPTY) == {"enviado": set(), "recibido": set()}
    touched = quipux.execute(
        "select count(*) from hist_eventos where ? in (usua_codi_ori, usua_codi_dest)", (demo.EMPTY.codi,)
    ).fetchone()[0]
    assert touched == 0


def test_near_misses_are_not_selected(quipux):
    trays = selected(quipux, demo.MAIN)
    parents = {
        quipux.execute("select radi_nume_temp from radicado where radi_nume_radi = ?", (radi,)).fetchone()[0]
        for radi in trays["enviado"] | trays["recibido"]
    }
    for subject in demo_main_person.EXCLUDED:
        assert by_subject(quipux, subject)["radi_nume_radi"] not in parents, subject
    other = quipux.execute("select radi_usua_dest from radicado where radi_asunto = ?", (demo_main_person.LOOK_ALIKE,))
    assert demo.MAIN.codi in other.fetchone()[0] != f"-{demo.MAIN.codi}-"
    assert by_subject(quipux, demo_main_person.FROM_CITIZEN)["radi_nume_radi"] in parents
    assert len(trays["enviado"] & trays["recibido"]) >= 2


def test_subjects_are_kept_as_quipux_keeps_them(quipux):
    assert by_subject(quipux, demo_main_person.HALF_ESCAPED)["radi_asunto"].startswith("&lt;b>Urgente&lt;/b>")
    assert "′O′Leary′ & Cía." in by_subject(quipux, demo_main_person.QUOTES)["radi_asunto"]
    assert by_subject(quipux, demo_main_person.FORMULA)["radi_asunto"].startswith("=1+1")


def test_one_document_is_confidential_and_one_has_only_text(quipux):
    reserved = quipux.execute("select radi_nume_temp from radicado where radi_permiso <> 0 and radi_tipo <> 2")
    assert {r[0] for r in reserved} == {by_subject(quipux, demo_main_person.RESERVED)["radi_nume_radi"]}
    row = by_subject(quipux, demo_main_person.TEXT_ONLY)
    assert (row["radi_path"], row["arch_codi"], row["arch_codi_firma"]) == ("", "0", "0")
    text = quipux.execute("select text_texto from radi_texto where text_codi = ?", (row["radi_texto"],)).fetchone()[0]
    assert "<li>Actas</li>" in text


def test_exactly_one_file_is_missing(folder, quipux, bodega):
    missing = set()
    for table in ("radicado", "anexos"):
        path_column = "radi_path" if table == "radicado" else "anex_path"
        for row in quipux.execute(f"select {path_column} as path, arch_codi, arch_codi_firma from {table}"):
            codes = {row["arch_codi"], row["arch_codi_firma"]} - {"0"}
            assert not (row["path"] and codes), "disk and bodega at once"
            missing |= {code for code in codes if content(bodega, code) is None}
            if row["path"]:
                twins = {row["path"], row["path"].removesuffix(".p7m")}
                missing |= {twin for twin in twins if not (folder / "bodega" / twin.lstrip("/")).is_file()}
    assert missing == {by_subject(quipux, demo_main_person.MISSING_FILE)["arch_codi"]}


def test_the_bodega_states_its_sizes(bodega):
    rows = bodega.execute(
        "select arch_codi, tamanio, arch_md5, c.archivo from archivo join archivo_0001 c using (arch_codi)"
    )
    for code, size, md5, body in rows:
        assert abs(size - len(base64.b64decode(body))) <= 8, code
        assert md5 == hashlib.md5(body.encode()).hexdigest()


def test_pdfs_open_and_carry_their_number(quipux, bodega):
    seen = 0
    for row in quipux.execute("select * from radicado where radi_nume_radi like '%0' and arch_codi <> '0'"):
        data = content(bodega, row["arch_codi"])
        if data is None:
            continue
        pdf = pypdfium2.PdfDocument(data)
        assert row["radi_nume_text"] in pdf[0].get_textpage().get_text_range()
        seen += 1
    assert seen > 10


def test_the_three_ways_of_signing(folder, quipux, bodega):
    disk = by_subject(quipux, demo_main_person.SIGNED_ON_DISK)
    assert disk["radi_path"].endswith(".pdf.p7m") and disk["radi_fech_firma"]
    signed = (folder / "bodega" / disk["radi_path"].lstrip("/")).read_bytes()
    twin = (folder / "bodega" / disk["radi_path"].lstrip("/").removesuffix(".p7m")).read_bytes()
    assert signed[0] == 0x30 and twin.startswith(b"%PDF") and twin in signed
    apart = by_subject(quipux, demo_main_person.SIGNED_IN_BODEGA)
    assert apart["arch_codi"] != apart["arch_codi_firma"] != "0"
    assert content(bodega, apart["arch_codi"]) in content(bodega, apart["arch_codi_firma"])
    firmaec = by_subject(quipux, demo_main_person.SIGNED_FIRMAEC)
    assert firmaec["arch_codi"] == firmaec["arch_codi_firma"] != "0"
    assert content(bodega, firmaec["arch_codi"]).startswith(b"%PDF")


def test_annexes_come_in_every_format(quipux, bodega):
    row = by_subject(quipux, demo_main_person.ALL_FORMATS)
    annexes = quipux.execute("select * from anexos where anex_radi_nume = ?", (row["radi_nume_radi"],)).fetchall()
    kinds = {}
    for annex in annexes:
        if annex["anex_borrado"] == "N" and not annex["anex_fisico"]:
            kinds[annex["anex_nombre"].rpartition(".")[2]] = content(bodega, annex["arch_codi"])
    assert set(kinds) == {"pdf", "docx", "xlsx", "jpg", "txt", "xml", "zip"}
    assert "word/document.xml" in zipfile.ZipFile(BytesIO(kinds["docx"])).namelist()
    assert zipfile.ZipFile(BytesIO(kinds["xlsx"])).testzip() is None
    assert kinds["jpg"].startswith(b"\xff\xd8") and kinds["xml"].startswith(b"<?xml")
    assert zipfile.ZipFile(BytesIO(kinds["zip"])).testzip() is None


def test_second_call_changes_nothing(folder):
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}
    demo.build(folder, today=TODAY + timedelta(days=30), small=False)
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")} == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_same_arguments_same_bytes(folder, tmp_path):
    again = tmp_path / "otra"
    demo.build(again, today=TODAY, small=True)
    for path in folder.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (again / path.relative_to(folder)).read_bytes(), path.name


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "cosa.txt").write_text("mía")
    with pytest.raises(FileExistsError):
        demo.build(tmp_path, today=TODAY, small=True)
    assert [path.name for path in tmp_path.iterdir()] == ["cosa.txt"]


def test_two_builds_at_once_leave_one_whole_quipux(tmp_path, monkeypatch):
    target, real = tmp_path / "quipux", demo_writing.fill

    def fill(folder, today, *, small):
        real(folder, today, small=small)
        monkeypatch.setattr(demo_writing, "fill", real)
        demo.build(target, today=today, small=small)  # the other process, just before our rename

    monkeypatch.setattr(demo_writing, "fill", fill)
    demo.build(target, today=TODAY, small=True)
    assert demo.is_complete(target)
    assert list(tmp_path.iterdir()) == [target]


def test_a_failed_build_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("sources.demo_ledger.Ledger.close", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        demo.build(tmp_path / "quipux", today=TODAY, small=True)
    assert list(tmp_path.iterdir()) == []
