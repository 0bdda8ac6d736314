"""Downloading: rights at every request, ranges that resume, what was really received, reasons of the SGE, acta and hand-over."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from urllib.parse import urlsplit

import pypdfium2
import pytest
from lxml import html as parser
from sqlalchemy import select

from extensions import db
from models import Correo, Descarga, Entrega, Evento, Nombramiento, Parte, Solicitud, Usuario
from services import clock, decisions, runs, turns
from services.adapters import storage
from sources import demo_people
from tests.blueprints.strict import assert_fragment, assert_page, text_of
from tests.conftest import NOW
from tests.making import actor, approve, approved, heavy, produced, sent_personal

BACKUP = "respaldo@demo.gob.ec"


@pytest.fixture
def settings(quipux_folder, tmp_path):
    return heavy(quipux_folder, tmp_path)


class Made:
    """A finished request, by value: the tests' clients have sessions of their own."""

    def __init__(self, number: int):
        run = runs.latest(db.session.get(Solicitud, number))
        self.id, self.run_id = number, run.id
        self.page = f"/solicitudes/{number}/descarga"
        self.all = [(p.id, p.nombre, p.nombre_independiente, p.bytes, p.sha256) for p in run.partes]
        self.data = len(runs.data_parts(run))
        self.part, self.split_name, self.name, self.bytes, self.sha256 = self.all[0]
        self.name = self.name or self.split_name  # one part has one name
        self.url = f"/descargas/{self.part}/{self.name}"


@pytest.fixture
def made(app) -> Made:
    with app.app_context():
        return Made(produced(approved()))


@pytest.fixture
def personal(app) -> Made:
    with app.app_context():
        return Made(produced(approve(sent_personal())))


def received(app, part: int) -> list[Descarga]:
    with app.app_context():
        return list(db.session.scalars(select(Descarga).where(Descarga.parte_id == part)))


def recorrido(app, number: int, action: str) -> list[Evento]:
    with app.app_context():
        return list(db.session.scalars(select(Evento).where(Evento.solicitud_id == number, Evento.accion == action).order_by(Evento.orden)))


def end_office(app, correo: str, at=NOW) -> None:
    with app.app_context():
        usuario = db.session.scalar(select(Usuario).where(Usuario.correo == correo))
        for office in db.session.scalars(select(Nombramiento).where(Nombramiento.usuario_id == usuario.id)):
            office.hasta = at
        db.session.commit()


def page_of(client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    html = answer.get_data(as_text=True)
    assert_page(html)
    return html


def is_plain(answer, status: int) -> str:
    assert answer.status_code == status
    assert answer.mimetype == "text/plain"
    return answer.get_data(as_text=True)


# --- bytes -------------------------------------------------------------------------------------------------------------


def test_a_whole_download_is_the_published_file(app, made, aiq):
    answer = aiq.get(made.url)
    assert answer.status_code == 200
    assert hashlib.sha256(answer.data).hexdigest() == made.sha256
    assert answer.headers["Content-Length"] == str(made.bytes)
    assert answer.headers["ETag"] == f'"{made.sha256}"'
    assert answer.headers["Accept-Ranges"] == "bytes" and answer.headers["Last-Modified"]
    assert answer.headers["Content-Disposition"] == f"attachment; filename={made.name}"
    assert answer.headers["Cache-Control"] == "private, no-transform"
    answer.close()
    (row,) = received(app, made.part)
    assert row.completa_en is not None and row.intervalos == [[0, made.bytes]]


def test_both_names_are_the_same_bytes(made, aiq):
    assert aiq.get(f"/descargas/{made.part}/{made.split_name}").data == aiq.get(made.url).data


def test_cut_at_60_per_cent_it_resumes_to_the_same_bytes(app, made, sign_in):
    # Another part size would hide it: chunks are of 1 MiB, so the first answer is cut by asking for less.
    aiq, cut = sign_in("aiq@demo.gob.ec"), made.bytes * 6 // 10
    first = aiq.get(made.url, headers={"Range": f"bytes=0-{cut - 1}"})
    head = first.data
    first.close()
    assert received(app, made.part)[0].intervalos == [[0, cut]]
    assert f"Parcial {100 * cut // made.bytes} %" in page_of(aiq, made.page)
    rest = aiq.get(made.url, headers={"Range": f"bytes={cut}-", "If-Range": f'"{made.sha256}"'})
    assert rest.status_code == 206
    assert rest.headers["Content-Range"] == f"bytes {cut}-{made.bytes - 1}/{made.bytes}"
    assert hashlib.sha256(head + rest.data).hexdigest() == made.sha256
    rest.close()
    assert received(app, made.part)[0].completa_en is not None


def test_only_what_was_handed_over_counts(app, made, aiq, monkeypatch):
    """The client goes away in the middle: the chunk that was on its way is not noted."""
    with app.app_context():
        kind = type(storage())
    real = kind.read

    def in_small_chunks(self, key, start, length):
        for chunk in real(self, key, start, length):
            yield from (chunk[i : i + 1000] for i in range(0, len(chunk), 1000))

    monkeypatch.setattr(kind, "read", in_small_chunks)
    answer = aiq.get(made.url)
    chunks = iter(answer.response)
    taken = [next(chunks) for _ in range(5)]
    answer.close()
    assert len(b"".join(taken)) == 5000
    assert received(app, made.part)[0].intervalos == [[0, 4000]]
    assert received(app, made.part)[0].completa_en is None


def test_conditions_of_download_managers(made, aiq):
    def get(**headers):
        return aiq.get(made.url, headers={k.replace("_", "-"): v for k, v in headers.items()})

    assert get(Range="bytes=0-9", If_Range='"otra-version"').status_code == 200
    assert get(Range="bytes=0-9", If_Range=f'W/"{made.sha256}"').status_code == 200
    modified = get().headers["Last-Modified"]
    assert get(Range="bytes=0-9", If_Range=modified).status_code == 206
    assert get(Range="bytes=0-9", If_Range="Wed, 21 Oct 2015 07:28:00 GMT").status_code == 200
    assert get(If_None_Match=f'"{made.sha256}"').status_code == 304
    assert get(If_Modified_Since=modified).status_code == 304
    assert get(If_Match='"otra"').status_code == 412
    assert get(Range="bytes=-10").data == get().data[-10:]
    assert get(Range=f"bytes=-{made.bytes * 2}").status_code == 206
    assert get(Range="bytes=5-2").status_code == 200 and get(Range="lines=1-2").status_code == 200
    assert len(get(Range="bytes=0-1,5-6").data) == made.bytes
    refused = get(Range=f"bytes={made.bytes}-")
    is_plain(refused, 416)
    assert refused.headers["Content-Range"] == f"bytes */{made.bytes}"
    assert get(Range="bytes=-0").status_code == 416


def test_head_and_prefetch_tell_everything_and_count_nothing(app, made, aiq):
    head = aiq.head(made.url)
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(made.bytes))
    assert head.headers["ETag"] == f'"{made.sha256}"'
    guessed = aiq.get(made.url, headers={"Sec-Purpose": "prefetch;prerender"})
    assert len(guessed.data) == made.bytes
    guessed.close()
    assert received(app, made.part) == []


def test_all_parts_downloaded_is_one_row_of_the_recorrido(app, made, aiq):
    for part, _, name, _, _ in made.all[: made.data]:
        answer = aiq.get(f"/descargas/{part}/{name}")
        assert answer.data
        answer.close()
    assert [e.comentario for e in recorrido(app, made.id, "download")] == [f"{made.data} de {made.data} partes"]
    assert f"Las {made.data} partes están completas" in page_of(aiq, made.page)


def test_a_part_that_the_storage_lost_is_said_in_words(app, made, aiq):
    with app.app_context():
        storage().delete(db.session.get(Parte, made.part).clave)
    is_plain(aiq.get(made.url), 503)


def test_a_range_keeps_the_session_alive(made, aiq, at):
    for minutes in (15, 30, 45):
        with at(minutes=minutes):
            assert aiq.get(made.url, headers={"Range": "bytes=0-9"}).status_code == 206
    with at(minutes=70):
        is_plain(aiq.get(made.url), 401)


def test_a_storage_that_serves_by_itself(app, made, aiq, monkeypatch):
    with app.app_context():
        monkeypatch.setattr(type(storage()), "url", lambda self, key, filename, seconds=60: f"https://almacen.example/{filename}?firma=1")
    answer = aiq.get(made.url)
    assert (answer.status_code, answer.headers["Location"]) == (307, f"https://almacen.example/{made.name}?firma=1")
    assert answer.headers["Cache-Control"] == "no-store"
    answer.close()
    (row,) = received(app, made.part)
    assert row.intervalos == [] and row.completa_en is None
    html = page_of(aiq, made.page)
    assert "Solicitada" in html and "Descargué y verifiqué" in html and "Descargar todo" not in html
    assert aiq.post(f"/solicitudes/{made.id}/descarga/verificada", data={"parte": made.part}).status_code == 303
    assert received(app, made.part)[0].completa_en is not None


def test_nobody_declares_complete_what_the_site_itself_measures(app, made, aiq):
    assert aiq.post(f"/solicitudes/{made.id}/descarga/verificada", data={"parte": made.part}).status_code == 404
    assert received(app, made.part) == []


# --- rights ------------------------------------------------------------------------------------------------------------


def test_without_a_session_no_sign_in_page_is_saved_as_a_part(app, made):
    assert "Su sesión terminó" in is_plain(app.test_client().get(made.url), 401)


def test_another_institution_finds_nothing(made, sign_in):
    other = sign_in("aiq@otra.gob.ec")
    is_plain(other.get(made.url), 404)
    is_plain(other.get(made.url, headers={"Range": "bytes=0-9"}), 404)
    for url in (made.page, f"/solicitudes/{made.id}/partes", f"/solicitudes/{made.id}/acta", f"/solicitudes/{made.id}/acta.pdf",
                f"/solicitudes/{made.id}/entrega", f"/solicitudes/{made.id}/documento", f"/solicitudes/{made.id}/documento/1.png"):
        assert other.get(url).status_code == 404, url


@pytest.mark.parametrize("url", ["/descargas/999999/RESPALDO_000001.zip", f"/descargas/{2**70}/x.zip"])
def test_unknown_parts_and_names_are_not_found(made, aiq, url):
    is_plain(aiq.get(url), 404)
    is_plain(aiq.get(f"/descargas/{made.part}/otro.zip"), 404)


def test_the_backup_aiq_downloads_and_sees_the_colleagues_work(app, made, aiq, sign_in):
    answer = aiq.get(made.url)
    assert answer.data
    answer.close()
    backup = sign_in(BACKUP)
    assert backup.get(made.url, headers={"Range": "bytes=0-9"}).status_code == 206
    with app.app_context():
        name = db.session.scalar(select(Usuario).where(Usuario.correo == "aiq@demo.gob.ec")).nombre_completo
    assert f"La tiene {name}" in page_of(backup, made.page)


def test_a_former_aiq_finds_nothing_from_that_second_on(app, made, aiq):
    assert aiq.get(made.url, headers={"Range": "bytes=0-9"}).status_code == 206
    end_office(app, "aiq@demo.gob.ec")
    assert aiq.get(made.url, headers={"Range": "bytes=10-19"}).status_code in {401, 404}
    assert aiq.get(made.page).status_code in {303, 404}


def test_the_sge_gives_a_reason_first(app, made, sge):
    assert "motivo" in is_plain(sge.get(made.url), 403)
    html = page_of(sge, made.page)
    assert "Motivo de la descarga" in html and f'href="{made.url}"' not in html
    url = f"/solicitudes/{made.id}/descarga/motivo"
    short = sge.post(url, data={"motivo": "ver"})
    assert short.status_code == 422 and ">ver</textarea>" in short.get_data(as_text=True)
    assert_page(short.get_data(as_text=True))
    assert recorrido(app, made.id, "download") == []
    assert sge.post(url, data={"motivo": "Pedido de la Contraloría, oficio 1234"}).status_code == 303
    assert sge.get(made.url, headers={"Range": "bytes=0-9"}).status_code == 206
    (evento,) = recorrido(app, made.id, "download")
    assert "Pedido de la Contraloría" in evento.comentario
    with app.app_context():
        mails = db.session.scalars(select(Correo).where(Correo.plantilla == "descarga_sge")).all()
        assert sorted(m.para for m in mails) == ["aiq@demo.gob.ec", BACKUP]
        assert all("Pedido de la Contraloría" in m.texto for m in mails)


def test_the_reason_is_of_one_request_and_one_session(made, sge, sign_in):
    sge.post(f"/solicitudes/{made.id}/descarga/motivo", data={"motivo": "Revisión por denuncia"})
    assert sge.get(made.url, headers={"Range": "bytes=0-9"}).status_code == 206
    is_plain(sign_in("sge@demo.gob.ec").get(made.url), 403)


def test_an_aiq_has_no_reason_to_give(made, aiq):
    assert aiq.post(f"/solicitudes/{made.id}/descarga/motivo", data={"motivo": "Porque sí, diez letras"}).status_code == 403


def test_the_files_of_a_personal_request_are_its_owners(personal, aiq, sign_in):
    is_plain(aiq.get(personal.url), 403)
    html = page_of(aiq, personal.page)
    assert personal.name not in html and "solo los descarga quien la registró" in html
    assert aiq.get(f"/solicitudes/{personal.id}/acta").status_code == 403
    owner = sign_in("servidor@demo.gob.ec")
    assert hashlib.sha256(owner.get(personal.url).data).hexdigest() == personal.sha256
    assert personal.name in page_of(owner, personal.page)


# --- time --------------------------------------------------------------------------------------------------------------


def test_expired_by_the_clock_alone(app, made, sign_in):
    with app.app_context():
        until = db.session.get(Solicitud, made.id).vigente_hasta
    with clock.frozen(until - timedelta(seconds=1)):
        assert sign_in("aiq@demo.gob.ec").get(made.url, headers={"Range": "bytes=0-9"}).status_code == 206
    with clock.frozen(until):
        aiq = sign_in("aiq@demo.gob.ec")
        assert "concluyó el 22 nov 2026, 23:59" in is_plain(aiq.get(made.url), 410)
        is_plain(aiq.get(made.url, headers={"Range": "bytes=10-"}), 410)
        html = page_of(aiq, made.page)
        assert "Este respaldo venció el 22\u00a0nov\u00a02026, 23:59" in html.replace("22 nov 2026", "22\u00a0nov\u00a02026")
        assert "Volver a generar" in html and made.name not in html
        assert f'action="/solicitudes/{made.id}/renovar"' in html
        assert aiq.get(f"/solicitudes/{made.id}/partes", headers={"HX-Request": "true"}).headers["HX-Redirect"] == made.page


def test_a_transfer_that_began_in_time_may_end(app, made, aiq):
    with app.app_context():
        until = db.session.get(Solicitud, made.id).vigente_hasta
    answer = aiq.get(made.url)
    with clock.frozen(until + timedelta(minutes=5)):
        assert hashlib.sha256(answer.data).hexdigest() == made.sha256
        answer.close()
    assert received(app, made.part)[0].completa_en is not None


def test_an_ended_request_is_gone(app, made, aiq):
    with app.app_context():
        decisions.reject(actor("sge@demo.gob.ec"), db.session.get(Solicitud, made.id), "documento_no_corresponde", "")
        db.session.commit()
    is_plain(aiq.get(made.url), 410)
    html = page_of(aiq, made.page)
    assert "La solicitud está eliminada" in html and "Volver a generar" not in html


def test_before_generation_the_page_says_what_comes(app, aiq):
    with app.app_context():
        number = approved().id
    html = page_of(aiq, f"/solicitudes/{number}/descarga")
    assert "El respaldo todavía no se genera" in html
    with app.app_context():
        turns.claim("prueba")
    html = page_of(aiq, f"/solicitudes/{number}/descarga")
    assert "El respaldo se está generando" in html and f"/solicitudes/{number}/recorrido" in html


# --- links -------------------------------------------------------------------------------------------------------------


def links(html: str) -> list[str]:
    doc = parser.document_fromstring(html)
    return [urlsplit(line).path for line in doc.get_element_by_id("enlaces-i").text.split()]


def test_a_managers_link_needs_no_session_and_dies_with_the_office(app, made, aiq):
    found = links(page_of(aiq, made.page))
    assert len(found) == made.data and found[0].endswith(made.name)
    manager = app.test_client()
    answer = manager.get(found[0], headers={"Range": "bytes=0-99"})
    assert (answer.status_code, len(answer.data)) == (206, 100)
    answer.close()
    assert received(app, made.part)[0].intervalos == [[0, 100]]
    is_plain(manager.get(found[0].replace(made.name, "otro.zip")), 404)
    is_plain(manager.get(found[0][:-60] + "x" + found[0][-59:]), 404)
    end_office(app, "aiq@demo.gob.ec")
    is_plain(manager.get(found[0], headers={"Range": "bytes=100-199"}), 404)


def test_a_managers_link_ends_with_the_vigencia_and_with_the_persons_sessions(app, made, aiq, at):
    found = links(page_of(aiq, made.page))
    with at(days=5):
        is_plain(app.test_client().get(found[0]), 410)
    with app.app_context():
        db.session.scalar(select(Usuario).where(Usuario.correo == "aiq@demo.gob.ec")).sesion += 1
        db.session.commit()
    is_plain(app.test_client().get(found[0]), 404)


# --- the page ----------------------------------------------------------------------------------------------------------


def test_the_page_offers_both_kinds_and_the_official_command(made, aiq):
    html = page_of(aiq, made.page)
    stem = f"RESPALDO_{made.id:06d}"
    captions = [text_of(c) for c in parser.document_fromstring(html).iter("caption")]
    assert captions == ["Partes independientes (recomendado)", "Juego dividido (.z01 … .zip)"]
    assert f"zip -s 0 {stem}.zip --out {stem}_unificado.zip" in html
    assert f"Siguiente: parte 1 de {made.data}" in html and "Descargar siguiente parte" in html
    for part, split, alone, _, sha in made.all:
        assert f'href="/descargas/{part}/{split}"' in html and sha in html
        if alone:
            assert f'href="/descargas/{part}/{alone}"' in html
    assert "FAT32" not in html


def test_one_part_is_just_one_file(app, aiq):
    with app.app_context():
        only = Made(produced(approved(demo_people.EMPTY)))
    html = page_of(aiq, only.page)
    assert "Juego dividido" not in html and "zip -s 0" not in html and f"unzip {only.split_name}" in html
    assert "Descargar siguiente parte" not in html


def test_the_fragment_brings_every_state_again(made, aiq):
    answer = aiq.get(f"/solicitudes/{made.id}/partes", headers={"HX-Request": "true", "HX-Trigger-Name": "sondeo"})
    html = answer.get_data(as_text=True)
    assert_fragment(html)
    assert len(re.findall(r'hx-swap-oob="true"', html)) == made.data + len(made.all)
    assert aiq.get(f"/solicitudes/{made.id}/partes").status_code == 303


def test_a_part_too_large_for_fat32_is_announced(app, made, aiq):
    with app.app_context():
        db.session.get(Parte, made.part).bytes = 1 << 32
        db.session.commit()
    assert "no cabe en una memoria con formato FAT32" in page_of(aiq, made.page)


def test_the_petition_is_an_attachment_for_who_sees_the_request(app, made, aiq, sge):
    for client in (aiq, sge):
        answer = client.get(f"/solicitudes/{made.id}/documento")
        assert answer.data.startswith(b"%PDF") and answer.headers["Content-Disposition"].startswith("attachment; filename=Documento_")
    with app.app_context():
        from services import petitions

        assert petitions.render(made.id) >= 1
    image = aiq.get(f"/solicitudes/{made.id}/documento/1.png")
    assert (image.mimetype, image.data[:4]) == ("image/png", b"\x89PNG")
    assert aiq.get(f"/solicitudes/{made.id}/documento/99.png").status_code == 404


# --- acta and hand-over ------------------------------------------------------------------------------------------------


def test_the_acta_on_screen_and_as_pdf(app, made, aiq):
    html = page_of(aiq, f"/solicitudes/{made.id}/acta")
    answer = aiq.get(f"/solicitudes/{made.id}/acta.pdf")
    assert answer.mimetype == "application/pdf"
    pdf = pypdfium2.PdfDocument(answer.data)
    text = "\n".join(page.get_textpage().get_text_range() for page in pdf)
    with app.app_context():
        s = db.session.get(Solicitud, made.id)
        run = runs.latest(s)
        giver = db.session.scalar(select(Usuario).where(Usuario.correo == "aiq@demo.gob.ec")).nombre_completo
        facts = [s.persona, s.persona_cedula, s.persona_puesto, giver, str(run.incluidos), s.documento_numero]
        assert "ñ" in (s.persona + giver).lower()
    shown = " ".join(parser.document_fromstring(html).text_content().split())
    for fact in facts:
        assert fact in " ".join(text.split()) and fact in shown, fact
    for _, _, _, _, sha in made.all:
        assert sha in text and sha in shown
    assert len(pdf) == 1
    assert pdf[0].get_size() == pytest.approx((595.28, 841.89), abs=0.1)


def test_the_hand_over_is_recorded_and_corrected(app, made, aiq):
    url = f"/solicitudes/{made.id}/entrega"
    assert 'name="fecha"' in page_of(aiq, url)
    form = {"fecha": "2026-11-18", "recibe_nombre": "Ana Peña", "recibe_cedula": "1710034065", "medio": "Memoria USB", "observacion": ""}
    assert aiq.post(url, data=form).status_code == 303
    assert aiq.post(url, data=form).status_code == 303, "sent twice: still one hand-over"
    assert aiq.post(url, data=form | {"medio": "Disco externo"}).status_code == 303
    with app.app_context():
        rows = db.session.scalars(select(Entrega).where(Entrega.solicitud_id == made.id).order_by(Entrega.id)).all()
        assert [(r.recibe_nombre, r.medio) for r in rows] == [("Ana Peña", "Memoria USB"), ("Ana Peña", "Disco externo")]
    said = [e.comentario for e in recorrido(app, made.id, "deliver")]
    assert len(said) == 2 and said[0].startswith("Entregado a Ana Peña el") and said[1].startswith("Corrección.")
    assert "Entregado" in page_of(aiq, made.page)
    assert "Persona autorizada por el ciudadano" in page_of(aiq, f"/solicitudes/{made.id}/acta")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"fecha": "2026-11-17"}, "no puede ser anterior"), ({"fecha": "2026-11-19"}, "no puede ser posterior"), ({"fecha": "ayer"}, "Ingrese la fecha"),
        ({"recibe_nombre": " "}, "Ingrese los nombres"), ({"recibe_cedula": "1712345678"}, "cédula no es válida"),
        ({"medio": "paloma"}, "Elija el medio"), ({"observacion": "x" * 5000}, "demasiado largo"),
    ],
)
def test_a_wrong_hand_over_changes_nothing(app, made, aiq, wrong, said):
    form = {"fecha": "2026-11-18", "recibe_nombre": "Ana Peña", "recibe_cedula": "1710034065", "medio": "Memoria USB", "observacion": ""} | wrong
    answer = aiq.post(f"/solicitudes/{made.id}/entrega", data=form)
    assert answer.status_code == 422
    assert_page(answer.get_data(as_text=True))
    assert said in answer.get_data(as_text=True)
    with app.app_context():
        assert db.session.scalar(select(Entrega)) is None


def test_the_archive_may_be_handed_over_after_it_expired(made, sign_in, at):
    with at(days=6):
        aiq = sign_in("aiq@demo.gob.ec")
        form = {"fecha": "2026-11-23", "recibe_nombre": "Ana Peña", "recibe_cedula": "1710034065", "medio": "Memoria USB", "observacion": ""}
        assert aiq.post(f"/solicitudes/{made.id}/entrega", data=form).status_code == 303
        assert aiq.get(f"/solicitudes/{made.id}/acta.pdf").data.startswith(b"%PDF")
