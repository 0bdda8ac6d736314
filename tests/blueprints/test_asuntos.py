"""The pages of the AIQs' own affairs, as a browser meets them."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from sqlalchemy import select

from extensions import db
from models import Actividad, Adjunto, Aviso, CambioAIQ, CapacitacionInterna, Correo, Escalamiento, Procedimiento, Usuario
from rules.processes import Paso
from services import clock, uploads
from tests import making, pdfs
from tests.blueprints.strict import assert_page

PAGES = ("/avisos", "/procedimientos", "/capacitaciones-internas", "/escalamientos", "/responsabilidades", "/")
NOTICE = {"titulo": "Mantenimiento de Quipux", "texto": "El sábado no habrá servicio.\nDisculpe.", "desde": "2026-11-18", "hasta": "2026-11-20"}
ESCALATION = {"asunto": "No se puede firmar", "detalle": "FirmaEC no responde desde ayer.", "primer_nivel": "Se reinstaló FirmaEC."}


def page(answer, status: int = 200) -> str:
    html = answer.get_data(as_text=True)
    assert answer.status_code == status, html
    assert_page(html)
    return html


def moved(answer) -> None:
    assert answer.status_code == 303, answer.get_data(as_text=True)


def pdf(data: bytes | None = None, name: str = "procedimiento.pdf"):
    return (BytesIO(pdfs.plain() if data is None else data), name)


def procedure(data: bytes | None = None, name: str = "procedimiento.pdf", **changes) -> dict:
    return {"titulo": "Uso de Quipux", "aprobado_por": "Ana Mora, Directora", "aprobado_en": "2026-11-10", "documento": pdf(data, name)} | changes


@pytest.fixture
def rows(app):
    """`rows(select(…))` → what is in the database, in a context of its own."""

    def read(query):
        with app.app_context():
            return list(db.session.scalars(query))

    return read


# --- Every page, every person -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("correo", ["aiq@demo.gob.ec", "respaldo@demo.gob.ec", "sge@demo.gob.ec"])
def test_every_page_is_readable_while_empty(sign_in, correo):
    client = sign_in(correo)
    for path in PAGES:
        page(client.get(path))


def test_a_servant_reads_procedures_and_nothing_else(sign_in):
    client = sign_in("servidor@demo.gob.ec")
    assert "Publicar un procedimiento" not in page(client.get("/procedimientos"))
    page(client.get("/responsabilidades"))
    for path in ("/avisos", "/capacitaciones-internas"):
        assert client.get(path).status_code == 403
        assert client.post(path, data={}).status_code == 403
    assert client.post("/procedimientos", data=procedure()).status_code == 403


def test_nobody_without_a_session(app):
    for path in (*PAGES, "/adjuntos/1"):
        assert app.test_client().get(path).status_code == 303


# --- Avisos -------------------------------------------------------------------------------------------------------------


def test_a_notice_of_the_sge_reaches_every_aiq_between_its_dates(sge, sign_in, at):
    moved(sge.post("/avisos", data=NOTICE | {"desde": "2026-11-19", "hasta": "2026-11-20"}))
    page(sge.get("/avisos"))

    def seen(correo: str) -> bool:
        return "Mantenimiento de Quipux" in page(sign_in(correo).get("/"))

    assert not seen("aiq@demo.gob.ec"), "it has not begun"
    with at(days=1):
        assert seen("aiq@demo.gob.ec") and seen("respaldo@demo.gob.ec") and seen("aiq@otra.gob.ec") and seen("sge@demo.gob.ec")
        assert not seen("servidor@demo.gob.ec"), "the SGE speaks to the AIQs"
    with at(days=2, hours=13):  # 23:00 of the last day in Guayaquil
        assert seen("aiq@demo.gob.ec")
    with at(days=2, hours=14):
        assert not seen("aiq@demo.gob.ec")


def test_a_notice_of_an_aiq_stays_in_the_institution(aiq, sign_in):
    moved(aiq.post("/avisos", data=NOTICE))
    assert "El sábado no habrá servicio." in page(sign_in("servidor@demo.gob.ec").get("/"))
    assert "Mantenimiento" not in page(sign_in("aiq@otra.gob.ec").get("/"))
    assert "Mantenimiento" not in page(sign_in("aiq@otra.gob.ec").get("/avisos"))


@pytest.mark.parametrize(("path", "form", "kind"), [("/avisos", "NOTICE", Aviso), ("/capacitaciones-internas", "TRAINING", CapacitacionInterna)])
def test_a_second_click_publishes_and_records_nothing(aiq, rows, at, path, form, kind):
    data = globals()[form]
    moved(aiq.post(path, data=data))
    assert "hace unos minutos: consta en la lista" in page(aiq.post(path, data=data), 422)
    assert len(rows(select(kind))) == 1
    with at(minutes=11):
        moved(aiq.post(path, data=data))


def test_an_aiq_cannot_speak_for_the_sge_or_another_institution(aiq, rows):
    page(aiq.post("/avisos", data=NOTICE | {"publico": "sge"}), 422)
    other = rows(select(Usuario).where(Usuario.correo == "aiq@otra.gob.ec"))[0].id
    page(aiq.post("/avisos", data=NOTICE | {"publico": str(other + 1)}), 422)
    assert rows(select(Aviso)) == []


@pytest.mark.parametrize(("change", "message"), [
    ({"titulo": ""}, "Escriba el título"), ({"texto": " "}, "Escriba el texto"), ({"titulo": "x" * 151}, "como máximo 150"),
    ({"desde": "2026-11-17"}, "no puede ser anterior a hoy"), ({"hasta": "2026-11-17"}, "anterior a la inicial"),
    ({"desde": "mañana"}, "desde qué fecha"), ({"hasta": "2027-12-01"}, "un año"),
])
def test_a_wrong_notice_is_shown_again(aiq, rows, change, message):
    html = page(aiq.post("/avisos", data=NOTICE | change), 422)
    assert message in html and "Hay 1 problema" in html
    assert rows(select(Aviso)) == []


def test_withdrawing_a_notice(aiq, sign_in, rows):
    moved(aiq.post("/avisos", data=NOTICE))
    number = rows(select(Aviso.id))[0]
    for stranger in ("aiq@otra.gob.ec", "servidor@demo.gob.ec", "sge@demo.gob.ec"):
        answer = sign_in(stranger).post(f"/avisos/{number}/retirar")
        # The SGE answers for its own notices, and reads no institution's.
        assert answer.status_code == 404
    moved(aiq.post(f"/avisos/{number}/retirar"))
    html = page(aiq.get("/avisos"))
    assert "Retirado" in html and "El aviso fue retirado" in html
    assert "Mantenimiento" not in page(aiq.get("/"))
    moved(aiq.post(f"/avisos/{number}/retirar"))
    assert "ya fue retirado" in page(aiq.get("/avisos"))


# --- Procedimientos y adjuntos ------------------------------------------------------------------------------------------


def test_versions_of_a_procedure(aiq, sign_in, rows):
    moved(aiq.post("/procedimientos", data=procedure()))
    moved(aiq.post("/procedimientos", data=procedure(pdfs.plain("segunda", pages=2), titulo="uso de  QUIPÚX")))
    moved(aiq.post("/procedimientos", data=procedure(titulo="Otro")))
    found = rows(select(Procedimiento).order_by(Procedimiento.id))
    assert [(p.titulo, p.version) for p in found] == [("Uso de Quipux", 1), ("Uso de Quipux", 2), ("Otro", 1)]
    html = page(sign_in("servidor@demo.gob.ec").get("/procedimientos"))
    assert "1 versión anterior" in html and "Ana Mora, Directora" in html and "Sin firma electrónica" in html
    other = sign_in("aiq@otra.gob.ec")
    assert "Uso de Quipux" not in page(other.get("/procedimientos"))
    moved(other.post("/procedimientos", data=procedure()))
    assert rows(select(Procedimiento.version).order_by(Procedimiento.id))[-1] == 1, "each institution numbers its own"


@pytest.mark.parametrize(("change", "message"), [
    ({"documento": (BytesIO(b""), "")}, "Adjunte el procedimiento"), ({"titulo": ""}, "Escriba el título"),
    ({"aprobado_por": ""}, "quién lo aprobó"), ({"aprobado_en": "2026-11-19"}, "posterior a hoy"), ({"aprobado_en": "31/02/2026"}, "fecha de aprobación"),
])
def test_a_wrong_procedure_keeps_what_was_typed(aiq, rows, change, message):
    html = page(aiq.post("/procedimientos", data=procedure() | change), 422)
    assert message in html
    assert rows(select(Procedimiento)) == [] and rows(select(Adjunto)) == []


def test_a_disguised_upload_is_refused_beside_the_field(aiq, rows):
    html = page(aiq.post("/procedimientos", data=procedure(b"<script>alert(1)</script>", "manual.pdf")), 422)
    assert 'id="documento-error"' in html and "no es un PDF" in html and "Uso de Quipux" in html
    assert rows(select(Adjunto)) == []


def test_above_ten_megabytes_is_refused_beside_the_field(aiq):
    html = page(aiq.post("/procedimientos", data=procedure(pdfs.plain() + b"\n" * 10_000_000)), 422)
    assert "10,0 MB" in html


def test_25_megabytes_get_a_clear_page(aiq, rows):
    html = page(aiq.post("/procedimientos", data=procedure(b"%PDF-1.7" + b"0" * 25_000_000)), 413)
    assert "supera el tamaño permitido" in html and "10 MB" in html
    assert rows(select(Adjunto)) == []


def test_a_document_is_downloaded_whole_and_only_as_an_attachment(aiq, sign_in, rows):
    data = pdfs.plain("documento")
    moved(aiq.post("/procedimientos", data=procedure(data, '../uso "final"\r\nX: y.pdf')))
    number = rows(select(Adjunto.id))[0]
    answer = sign_in("servidor@demo.gob.ec").get(f"/adjuntos/{number}")
    assert answer.status_code == 200 and answer.data == data
    headers = answer.headers
    assert headers["Content-Type"] == "application/pdf" and headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"].startswith("attachment") and "X: y" not in headers
    assert "sandbox" in headers["Content-Security-Policy"] and "no-store" in headers["Cache-Control"]


def test_a_foreign_document_is_a_404(aiq, sge, sign_in, rows):
    moved(aiq.post("/procedimientos", data=procedure()))
    number = rows(select(Adjunto.id))[0]
    assert sge.get(f"/adjuntos/{number}").status_code == 200
    assert sign_in("respaldo@demo.gob.ec").get(f"/adjuntos/{number}").status_code == 200
    assert sign_in("aiq@otra.gob.ec").get(f"/adjuntos/{number}").status_code == 404
    for wrong in (number + 1, 0, 2**62, "x"):
        assert aiq.get(f"/adjuntos/{wrong}").status_code == 404


def _change(app, estado: Paso = Paso.AMBIENTE, entrante: str = "servidor@demo.gob.ec", **fields) -> tuple[int, list[int]]:
    """A change of AIQ of the demo institution with an oficio and one evidence, and the designated person: its id, their ids."""
    with app.app_context():
        me = making.actor("aiq@demo.gob.ec")
        institucion_id = next(iter(me.aiq_of))
        oficio = uploads.accept(me, pdfs.upload(pdfs.plain("oficio")), institucion_id=institucion_id, field="oficio")
        evidence = uploads.accept(me, pdfs.upload(pdfs.plain("evidencia")), institucion_id=institucion_id, field="oficio")
        person = db.session.scalar(select(Usuario).where(Usuario.correo == entrante))
        change = CambioAIQ(estado=estado, institucion_id=institucion_id, entrante_id=person.id, preparado_por_id=me.usuario_id,
                           oficio_id=oficio.id, creado_en=clock.now(), **fields)
        db.session.add(change)
        db.session.flush()
        db.session.add(Actividad(cambio_id=change.id, lista="ambiente", orden=1, titulo="Crear las áreas", evidencia_id=evidence.id))
        db.session.commit()
        return change.id, [oficio.id, evidence.id]


def test_documents_of_a_process_are_for_its_designated_aiq(app, aiq, sign_in):
    _, numbers = _change(app)
    designated, stranger = sign_in("servidor@demo.gob.ec"), sign_in("aiq@otra.gob.ec")
    for number in numbers:
        assert designated.get(f"/adjuntos/{number}").status_code == 200
        assert aiq.get(f"/adjuntos/{number}").status_code == 200
        assert stranger.get(f"/adjuntos/{number}").status_code == 404
    with app.app_context():
        db.session.scalar(select(CambioAIQ)).estado = Paso.ANULADA
        db.session.commit()
    assert designated.get(f"/adjuntos/{numbers[0]}").status_code == 404, "the process was annulled"


def test_a_document_lost_in_the_storage_is_a_503(app, aiq, rows):
    moved(aiq.post("/procedimientos", data=procedure()))
    row = rows(select(Adjunto))[0]
    (app.config["DATA_DIR"] / "respaldos" / row.clave).unlink()
    assert aiq.get(f"/adjuntos/{row.id}").status_code == 503


# --- Capacitaciones -----------------------------------------------------------------------------------------------------

TRAINING = {"fecha": "17/11/2026", "tema": "Bandeja de salida", "horas": "1,5", "participantes": "Ana Mora\n\nLuis Paz\nEva Ríos\nIvo Sáez"}


def test_a_training_is_recorded(aiq, rows, sign_in):
    moved(aiq.post("/capacitaciones-internas", data=TRAINING))
    moved(aiq.post("/capacitaciones-internas", data=TRAINING | {"horas": "2", "participantes": "Ana Mora"}))
    assert [r.horas for r in rows(select(CapacitacionInterna))] == [1.5, 2.0]
    html = page(aiq.get("/capacitaciones-internas"))
    assert "3,5 h" in html and "4 personas distintas" in html and "4 personas</summary>" in html
    assert "Bandeja de salida" not in page(sign_in("aiq@otra.gob.ec").get("/capacitaciones-internas"))


@pytest.mark.parametrize(("change", "message"), [
    ({"fecha": "2026-11-19"}, "posterior a hoy"), ({"fecha": ""}, "Ingrese la fecha"), ({"horas": "1,25"}, "media en media"),
    ({"horas": "-1"}, "media en media"), ({"horas": "nan"}, "media en media"), ({"horas": "1e9"}, "media en media"),
    ({"tema": ""}, "Escriba el tema"), ({"participantes": "\n \n"}, "uno por línea"), ({"participantes": "x" * 5001}, "como máximo 5000"),
])
def test_a_wrong_training(aiq, rows, change, message):
    assert message in page(aiq.post("/capacitaciones-internas", data=TRAINING | change), 422)
    assert rows(select(CapacitacionInterna)) == []


# --- Escalamiento -------------------------------------------------------------------------------------------------------


def test_an_escalation_is_mailed_and_recorded(aiq, sign_in, rows):
    moved(aiq.post("/escalamientos", data=ESCALATION | {"asunto": "No se\r\nBcc: otro@x.ec puede firmar"}))
    [row], [mail] = rows(select(Escalamiento)), rows(select(Correo).where(Correo.plantilla == "escalamiento"))
    assert mail.para == "soporte@gobiernoelectronico.gob.ec"
    assert mail.copia == mail.responder_a == "aiq@demo.gob.ec"
    assert mail.asunto.startswith(f"Escalamiento Nº {row.id} (") and "\n" not in mail.asunto
    for body in (mail.texto, mail.html):
        assert "FirmaEC no responde desde ayer." in body and "Se reinstaló FirmaEC." in body and "AIQ principal" in body
    assert "None" not in mail.texto + mail.html
    html = page(aiq.get("/escalamientos"))
    assert f"Nº {row.id}" in html and "con copia a su correo" in html
    assert "FirmaEC" not in page(sign_in("aiq@otra.gob.ec").get("/escalamientos"))


def test_the_same_escalation_twice_is_one(aiq, rows, at):
    moved(aiq.post("/escalamientos", data=ESCALATION))
    assert "ya envió" in page(aiq.post("/escalamientos", data=ESCALATION), 422)
    with at(minutes=11):
        moved(aiq.post("/escalamientos", data=ESCALATION))
    assert len(rows(select(Escalamiento))) == 2


@pytest.mark.parametrize(("change", "message"), [
    ({"asunto": ""}, "Escriba el asunto"), ({"detalle": ""}, "Describa"), ({"primer_nivel": " \n"}, "qué hizo en primer nivel"),
    ({"detalle": "x" * 2001}, "como máximo 2000"),
])
def test_a_wrong_escalation_sends_nothing(aiq, rows, change, message):
    assert message in page(aiq.post("/escalamientos", data=ESCALATION | change), 422)
    assert rows(select(Escalamiento)) == [] and rows(select(Correo).where(Correo.plantilla == "escalamiento")) == []


def test_a_servant_is_told_whom_to_ask(sign_in, rows):
    client = sign_in("servidor@demo.gob.ec")
    for answer, status in ((client.get("/escalamientos"), 200), (client.post("/escalamientos", data=ESCALATION), 403)):
        html = page(answer, status)
        assert "Solo el AIQ registrado" in html and "aiq@demo.gob.ec" in html and "<textarea" not in html
    assert rows(select(Escalamiento)) == []


def test_a_designated_aiq_is_told_what_is_missing(app, sign_in, rows):
    _change(app)
    html = page(sign_in("servidor@demo.gob.ec").post("/escalamientos", data=ESCALATION), 403)
    for text in ("todavía no consta en la base de AIQ", "Capacitación: falta cubrir", "Falta 1 actividad", "Falta informar el cumplimiento",
                 "Falta el registro en la base de AIQ"):
        assert text in html
    assert rows(select(Escalamiento)) == []


def test_a_registered_aiq_waits_for_the_effective_hour(app, sign_in, at):
    with at(days=3):
        hour = clock.now()
    _change(app, Paso.REGISTRADA, hora_efectiva=hour)
    html = page(sign_in("servidor@demo.gob.ec").get("/escalamientos"))
    assert "Su registro rige desde el" in html and "Falta el registro" not in html


def test_the_sge_sees_escalations_and_makes_none(aiq, sge):
    moved(aiq.post("/escalamientos", data=ESCALATION))
    html = page(sge.get("/escalamientos"))
    assert "No se puede firmar" in html and "la SGE recibe los escalamientos" in html
    page(sge.post("/escalamientos", data=ESCALATION), 403)


# --- Responsabilidades --------------------------------------------------------------------------------------------------


def test_the_nine_responsibilities_and_their_acceptance(app, aiq, sign_in):
    html = page(aiq.get("/responsabilidades"))
    assert "9. Elaborar, aprobar y difundir procedimientos internos" in html and "10." not in html
    for path in ("/procedimientos", "/avisos", "/capacitaciones-internas", "/escalamientos", "/usuarios", "/solicitudes"):
        assert f'href="{path}' in html
    assert "Usted aceptó" not in html
    _change(app, responsabilidades_en=clock.now())
    assert "Usted aceptó estas responsabilidades" in page(sign_in("servidor@demo.gob.ec").get("/responsabilidades"))


def test_every_link_of_the_page_opens(app, aiq):
    links = set(re.findall(r'<p class="t-sm row">(.*?)</p>', page(aiq.get("/responsabilidades")), re.S))
    paths = {path for block in links for path in re.findall(r'href="([^"]+)"', block)}
    assert len(paths) >= 7
    for path in paths:
        assert aiq.get(path).status_code == 200, path
