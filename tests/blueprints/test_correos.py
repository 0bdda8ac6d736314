"""The outbox: there in the demo, for everybody; absent everywhere else."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from extensions import db
from models import Correo, CorreoEstado
from services import clock, notices, outbox, signin
from tests.blueprints.strict import assert_page, assert_fragment


def write(app, n: int = 1, **columns) -> int:
    """Id of the last of `n` mails."""
    with app.app_context():
        before = len(db.session.scalars(select(Correo.id)).all())
        for i in range(n):
            row = Correo(clave=f"k{before + i}", plantilla="x", para=f"p{before + i}@demo.gob.ec", asunto=f"Aviso {before + i} <b>",
                         texto="Estimada:\n\nhttp://127.0.0.1:8000/solicitudes/1\n", html="<style>p{color:red}</style><p>Hola</p>",
                         creado_en=clock.now(), proximo_en=clock.now(), **{"estado": CorreoEstado.ENVIADO} | columns)
            db.session.add(row)
        db.session.commit()
        return row.id


@pytest.fixture
def visitor(app):
    return app.test_client()


def test_without_signing_in_the_outbox_is_read_newest_first(app, visitor):
    assert "No hay correos todavía" in visitor.get("/correos").text
    write(app, 2)
    page = visitor.get("/correos").text
    assert_page(page)
    assert page.index("Aviso 1 &lt;b&gt;") < page.index("Aviso 0 &lt;b&gt;")
    assert "p0@demo.gob.ec" in page and "18 nov 2026, 10:00" in page and "Enviado" in page
    assert_fragment(visitor.get("/correos", headers={"HX-Request": "true"}).text)


def test_a_real_mail_is_shown_as_text(app, visitor, aiq):
    with app.app_context():
        signin.send_link("aiq@demo.gob.ec")
        db.session.commit()
        number = db.session.scalar(select(Correo.id))
    page = visitor.get(f"/correos/{number}").text
    assert_page(page)
    assert "Estimado/a Rosa Elena:" in page and "/clave/" in page
    assert_page(aiq.get(f"/correos/{number}").text)
    assert_page(aiq.get("/correos").text)


def test_the_html_is_served_alone_and_harmless(app, visitor):
    answer = visitor.get(f"/correos/{write(app)}/html")
    policy = answer.headers["Content-Security-Policy"]
    assert answer.mimetype == "text/html" and answer.text.startswith("<style>")
    assert {"default-src 'none'", "style-src 'unsafe-inline'", "sandbox"} <= set(policy.split("; "))
    assert "script-src" not in policy and answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_failed_mail_is_found_by_its_estado_and_sent_again(app, visitor):
    write(app)
    number = write(app, estado=CorreoEstado.FALLIDO, intentos=7, error="ConnectionRefusedError: secreto.interno")
    page = visitor.get("/correos?estado=fallido").text
    assert_page(page)
    assert "Aviso 1" in page and "Aviso 0" not in page
    shown = visitor.get(f"/correos/{number}").text
    assert_page(shown)
    assert "El servidor de correo no lo recibió" in shown and "secreto.interno" not in shown
    answer = visitor.post(f"/correos/{number}/reenviar")
    assert answer.status_code == 303
    assert "se enviará nuevamente" in visitor.get(answer.location).text
    with app.app_context():
        row = db.session.get(Correo, number)
        assert (row.estado, row.intentos, row.error) == (CorreoEstado.PENDIENTE, 0, "")
        assert notices.send(number) is CorreoEstado.ENVIADO


def test_pages(app, visitor):
    write(app, outbox.PAGE + 1)
    first, second = visitor.get("/correos").text, visitor.get("/correos?pagina=2").text
    assert_page(first)
    assert_page(second)
    assert f"{outbox.PAGE + 1} correos" in first and "Aviso 0 " not in first and "Aviso 0 " in second
    assert "Aviso 0 " in visitor.get("/correos?pagina=999").text
    assert visitor.get("/correos?pagina=-3&estado=nada").status_code == 200


@pytest.mark.parametrize("path", ["/correos/999", "/correos/999/html", "/correos/99999999999999999999"])
def test_no_such_mail(visitor, path):
    assert visitor.get(path).status_code == 404


class TestOutsideTheDemo:
    @pytest.fixture
    def settings(self):
        return {"DEMO": False}

    def test_there_is_no_outbox(self, app, visitor, sge):
        number = write(app)
        for client in (visitor, sge):
            for path in ("/correos", f"/correos/{number}", f"/correos/{number}/html"):
                assert client.get(path).status_code == 404
            assert client.post(f"/correos/{number}/reenviar").status_code == 404
        page = sge.get("/").text
        assert_page(page)
        assert "Correos fallidos" in page and "/correos" not in page
