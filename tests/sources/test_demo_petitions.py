"""Petitions at the counter: one for each former servant, the four data in a real PDF, and what must not be offered."""

import base64
import sqlite3
from datetime import date, timedelta

import pypdfium2
import pytest

from sources import demo

TODAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("demo") / "quipux"
    demo.build(target, today=TODAY, small=True)
    return target


@pytest.fixture(scope="module")
def rows(folder):
    connection = sqlite3.connect(folder / "quipux.sqlite")
    connection.row_factory = sqlite3.Row
    registered = connection.execute("select * from radicado where radi_nume_radi like '%2'")
    found = {r["radi_nume_radi"]: r for r in registered}
    connection.close()
    return found


def scan_of(folder, row) -> bytes:
    if row["radi_path"]:
        return (folder / "bodega" / row["radi_path"].lstrip("/")).read_bytes()
    quipux, bodega = (sqlite3.connect(folder / name) for name in ("quipux.sqlite", "bodega.sqlite"))
    code = quipux.execute("select arch_codi from anexos where anex_codigo = ?", (row["radi_imagen"],)).fetchone()[0]
    body = bodega.execute("select archivo from archivo_0001 where arch_codi = ?", (code,)).fetchone()[0]
    quipux.close()
    bodega.close()
    return base64.b64decode(body)


def test_one_for_each_inactive_account():
    offered = [p for p in demo.petitions(TODAY) if not p.reservada]
    assert {p.account.codi for p in offered if p.account} == {a.codi for a in demo.INACTIVE}
    assert sum(p.account is None for p in offered) == 2
    assert [p.account for p in demo.petitions(TODAY) if p.reservada] == [demo.MAIN]
    assert demo.petition_of(demo.MAIN, TODAY).numero == "SNBAP-DGDA-2026-0412-E"


@pytest.mark.parametrize("today", [TODAY, date(2027, 1, 4), date(2028, 2, 29)])
def test_recent_working_days_and_distinct_numbers(today):
    all_of_them = demo.petitions(today)
    for petition in all_of_them:
        assert today - timedelta(days=60) <= petition.fecha < today
        assert petition.fecha.weekday() < 5
        assert petition.radi_nume_radi.startswith(str(petition.fecha.year)) and petition.radi_nume_radi.endswith("2")
    assert len({p.numero for p in all_of_them}) == len({p.radi_nume_radi for p in all_of_them}) == len(all_of_them)


def test_they_are_registered_as_external_documents(rows):
    for petition in demo.petitions(TODAY):
        row = rows[petition.radi_nume_radi]
        assert (row["radi_tipo"], row["radi_inst_actu"]) == (2, petition.inst)
        assert row["radi_nume_text"] == petition.numero
        assert row["radi_fech_radi"][:10] == petition.fecha.isoformat()
        assert row["radi_permiso"] == int(petition.reservada)
        assert row["radi_usua_rem"] == f"-{petition.citizen.codi}-"


def test_both_ways_of_keeping_the_scan_are_used(rows):
    mine = [rows[p.radi_nume_radi] for p in demo.petitions(TODAY)]
    assert any(r["radi_imagen"] for r in mine) and any("/docs/" in r["radi_path"] for r in mine)


def test_letters_carry_the_four_data(folder, rows):
    for petition in demo.petitions(TODAY):
        pdf = pypdfium2.PdfDocument(scan_of(folder, rows[petition.radi_nume_radi]))
        words = " ".join(pdf[0].get_textpage().get_text_range().split())
        assert petition.citizen.nombre in words and petition.citizen.cedula in words
        if petition.account and not petition.reservada:
            account = petition.account
            assert f"Nombres y apellidos: {account.nombre} Cédula: {account.cedula} Puesto:" in words
            assert account.cargo in words, petition.numero
            assert f"desde {account.desde:%d/%m/%Y} hasta {account.hasta:%d/%m/%Y}" in words, petition.numero


def test_the_citizen_is_the_sender_with_the_plain_cedula(folder):
    quipux = sqlite3.connect(folder / "quipux.sqlite")
    for petition in demo.petitions(TODAY):
        sender = quipux.execute(
            """select r.usua_cedula, r.usua_nombre || ' ' || r.usua_apellido, c.ciu_cedula from usuarios_radicado r
               join ciudadano c on c.ciu_codigo = r.usua_codi where r.radi_nume_radi = ? and r.radi_usua_tipo = 1""",
            (petition.radi_nume_radi,),
        ).fetchall()
        assert sender == [(petition.citizen.cedula, petition.citizen.nombre, petition.citizen.cedula)]
        if petition.account:
            assert petition.citizen.cedula == petition.account.cedula
    quipux.close()
