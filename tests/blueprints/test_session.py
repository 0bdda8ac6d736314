"""A request and the database: what is asked of it, and when."""

from __future__ import annotations

import sqlite3
from io import BytesIO

import pytest
from sqlalchemy.engine import make_url

FORMS = {
    "application/x-www-form-urlencoded": b"titulo=Uso+de+Quipux&csrf_token=viejo",
    "multipart/form-data; boundary=x": b'--x\r\nContent-Disposition: form-data; name="documento"; filename="a.pdf"\r\n\r\n%PDF-1.7\r\n--x--\r\n',
}


class Body(BytesIO):
    """What a client sends; `each` is called whenever more of it is waited for."""

    def __init__(self, data: bytes, each):
        super().__init__(data)
        self.each = each

    def read(self, *size):
        self.each()
        return super().read(*size)

    def readinto(self, buffer):
        self.each()
        return super().readinto(buffer)


@pytest.fixture
def locked(app):
    """`locked()`: whether somebody holds the write lock of the database now."""
    path = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).database

    def ask() -> bool:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        finally:
            connection.close()
        return False

    return ask


@pytest.mark.parametrize("checked", [True, False], ids=["with a token", "without"])
@pytest.mark.parametrize("kind", FORMS)
def test_nobody_waits_for_a_body_that_comes_slowly(app, aiq, locked, kind, checked):
    app.config["WTF_CSRF_ENABLED"] = checked
    seen = []
    body = Body(FORMS[kind], lambda: seen.append(locked()))
    answer = aiq.post("/procedimientos", input_stream=body, content_length=len(FORMS[kind]), content_type=kind)
    assert answer.status_code == (400 if checked else 422)
    assert seen and not any(seen)


def test_a_body_that_no_page_waits_for_is_not_read(app, aiq):
    for path, code in (("/no-existe", 404), ("/sesion", 405)):
        body = Body(b"x", lambda: pytest.fail("read"))
        answer = aiq.post(path, input_stream=body, content_length=1 << 40, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == code


@pytest.mark.parametrize("client", ["aiq", "nobody"])
@pytest.mark.parametrize("path", ["/procedimientos", "/ingresar"])
def test_too_much_is_refused_as_such_whoever_sends_it(app, request, client, path):
    client = request.getfixturevalue("aiq") if client == "aiq" else app.test_client()
    app.config["WTF_CSRF_ENABLED"] = True
    answer = client.post(path, data={"titulo": "a" * 13_000_000})
    assert answer.status_code == 413 and "Lo que envió supera el tamaño permitido" in answer.text
    # A file may be as large as that, what is typed may not.
    typed = {"data": {"titulo": "a" * 2_000_000}, "content_type": "multipart/form-data"}
    short = client.post(path, **typed, headers={"HX-Request": "true"})
    assert (short.status_code, short.headers["HX-Reswap"]) == (413, "none")
    assert short.text == "El archivo o los datos enviados superan el tamaño permitido."
