"""Reserved documents (`radi_permiso`): not a byte of them anywhere, only their count; or in, by the SGE's decision, with its reason."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import sqlite3
import zipfile
from datetime import date

import pypdfium2
import pytest
from sqlalchemy import select, text

from extensions import db
from jobs import produce
from models import Correo, Ejecucion, ParteTipo, Solicitud
from services import decisions, runs
from services.adapters import quipux, storage
from sources import demo_people
from tests import making

MARKS = {  # column by table of Quipux: what stands in no other document
    "radicado": {"radi_nume_text": "SECRETO-2025-7777-M", "radi_asunto": "Asunto Xocoyotzin que nadie ha de leer"},
    "usuarios_radicado": {"usua_nombre": "Zoroastro", "usua_apellido": "Tlacaelel Xicoténcatl", "usua_cargo": "Cargo Quetzal"},
    "anexos": {"anex_nombre": "anexo Popocatépetl.txt", "anex_desc": "Descripción Iztaccíhuatl"},
    "hist_eventos": {"hist_obse": "Comentario Citlaltépetl"},
}  # fmt: skip


@pytest.fixture
def settings(quipux_folder, tmp_path):
    """Several parts, and a Quipux whose reserved document bears marks that stand nowhere else."""
    copy = shutil.copy(quipux_folder / "quipux.sqlite", tmp_path / "quipux.sqlite")
    with sqlite3.connect(copy) as base:
        ids = "(select radi_nume_radi from radicado where radi_permiso <> 0 and radi_tipo <> 2)"
        for table, columns in MARKS.items():
            sets = ", ".join(f"{column} = '{value}'" for column, value in columns.items())
            own = "anex_radi_nume" if table == "anexos" else "radi_nume_radi"
            assert base.execute(f"update {table} set {sets} where {own} in {ids}").rowcount, table
    return making.heavy(quipux_folder, tmp_path) | {"QUIPUX_URL": f"sqlite:///{copy}"}


def secrets(solicitud: Solicitud) -> list[bytes]:
    """Everything by which a reserved document could be known: its marks, ids, people, attachments' names, file digests."""
    found = [value.encode() for columns in MARKS.values() for value in columns.values()]
    contents: dict[bool, set[bytes]] = {True: set(), False: set()}
    for document in quipux().documents(solicitud.cuenta.quipux_codi, solicitud.desde, solicitud.hasta, include_reserved=True):
        if document.reservado:
            found.append(document.id.encode())
        for file in document.files:
            if file.bytes:
                with quipux().open(file.ref) as stream:
                    contents[document.reservado].add(stream.read())
    for content in contents[True] - contents[False]:  # the demo's attachments serve several documents
        found += [content, hashlib.sha256(content).hexdigest().encode()]
    return [mark for mark in found if len(mark) > 5]


def archive_bytes(run: Ejecucion) -> dict[str, bytes]:
    """Every byte of every volume, as it stands and unpacked, names included, and the plan."""
    found = {}
    for part in run.partes:
        with storage().open(part.clave) as stream:
            raw = found[part.nombre] = stream.read()
        if part.tipo is ParteTipo.DATOS:
            with zipfile.ZipFile(io.BytesIO(raw)) as opened:
                found |= {f"{part.nombre}:{name}": name.encode() + b"\n" + opened.read(name) for name in opened.namelist()}
    with storage().open(run.plan_clave) as stream:
        found["plan"] = gzip.decompress(stream.read())
    return found


def told(sign_in, solicitud_id: int) -> dict[str, str]:
    """Pages, acta and its PDF as both sides see them, by name."""
    found = {}
    for correo in ("aiq@demo.gob.ec", "sge@demo.gob.ec"):
        client = sign_in(correo)
        for path in ("", "/recorrido", "/descarga", "/acta", "/acta.pdf"):
            answer = client.get(f"/solicitudes/{solicitud_id}{path}")
            if answer.status_code != 200:
                continue
            pdf = answer.mimetype == "application/pdf"
            found[f"{correo}{path}"] = pdf_text(answer.data) if pdf else answer.get_data(as_text=True)
    return found


def pdf_text(data: bytes) -> str:
    with pypdfium2.PdfDocument(data) as pdf:
        return " ".join(" ".join(page.get_textpage().get_text_bounded().split()) for page in pdf)


def attended(app, *, include: bool) -> tuple[int, int, list[bytes]]:
    """(request, reserved documents of the person, their marks) after a whole run."""
    with app.app_context():
        solicitud = making.sent(demo_people.MAIN)
        sge = making.actor("sge@demo.gob.ec")
        marks = secrets(solicitud)
        reserved = quipux().count(solicitud.cuenta.quipux_codi, solicitud.desde, solicitud.hasta).reservados
        decisions.approve(sge, solicitud, date(2026, 11, 19), comment="Orden judicial 17-2026" if include else "", include_reserved=include)
        db.session.commit()
        decisions.run_now(sge, solicitud)
        db.session.commit()
        number = solicitud.id
        produce.work()
    assert reserved and len(marks) > 5
    return number, reserved, marks


def test_not_a_byte_of_a_reserved_document_leaves(app, sign_in):
    number, reserved, marks = attended(app, include=False)
    with app.app_context():
        run = runs.latest(db.session.get(Solicitud, number))
        assert (run.excluidos, len(run.partes) > 2) == (reserved, True)
        kept = archive_bytes(run)
        mails = {f"correo {m.id}": f"{m.asunto}\n{m.texto}\n{m.html}" for m in db.session.scalars(select(Correo))}
        rows = {t: str(db.session.execute(text(f"select * from {t}")).all()) for t in ("solicitud", "ejecucion", "parte", "novedad", "evento")}
    pages = told(sign_in, number)
    everything = kept | {k: v.encode() for k, v in (mails | rows | pages).items()}
    leaks = [(where, mark[:60]) for where, content in everything.items() for mark in marks if mark in content]
    assert leaks == []

    said = f"xcluidos por reserva: {reserved}"
    assert all(f"EXCLUIDOS POR RESERVA: {reserved}".encode() in v for k, v in kept.items() if k.endswith(":LEAME.txt"))
    assert all(f'"excluidos":{reserved}'.encode() in v for k, v in kept.items() if k.endswith(":visor/indice.js"))
    assert any(f"Excluidos: {reserved}".encode() in v for k, v in kept.items() if k.endswith(":bag-info.txt"))
    assert any(said in mail for mail in mails.values())
    assert f"Excluidos por reserva {reserved}" in pages["aiq@demo.gob.ec/acta.pdf"]
    for page in ("aiq@demo.gob.ec", "aiq@demo.gob.ec/descarga", "aiq@demo.gob.ec/acta", "sge@demo.gob.ec"):
        assert "Excluidos por reserva" in pages[page], page
    assert "excluido por reserva" in pages["aiq@demo.gob.ec/recorrido"] or "excluidos por reserva" in pages["aiq@demo.gob.ec/recorrido"]


def test_they_are_in_when_the_sge_decided_so_and_said_why(app, sign_in):
    number, reserved, marks = attended(app, include=True)
    with app.app_context():
        run = runs.latest(db.session.get(Solicitud, number))
        assert run.excluidos == 0 and run.incluidos + run.con_novedad == run.encontrados
        kept = b"\n".join(archive_bytes(run).values())
        mails = [m.texto for m in db.session.scalars(select(Correo))]
    assert [mark[:40] for mark in marks if mark not in kept] == []
    pages = told(sign_in, number)
    for page in ("aiq@demo.gob.ec/acta", "aiq@demo.gob.ec/acta.pdf", "aiq@demo.gob.ec/recorrido"):
        assert "Orden judicial 17-2026" in pages[page], page
    assert "Se incluyen por decisión de" in pages["aiq@demo.gob.ec/acta.pdf"]
    assert "Incluye documentos reservados" in pages["aiq@demo.gob.ec/recorrido"]
    assert any("incluye documentos reservados por decisión de la SGE" in " ".join(mail.split()) for mail in mails)
