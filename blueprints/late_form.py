"""A form that comes after its page has grown old: the session ended meanwhile, or the person signed in again, and its token is no
longer good.

Nothing is done of what it asks. What was typed comes back in a page of one button, with a token of now; htmx gets the new token alone,
because the page still has what was typed. Only a form that this site sent is given back: another site could have filled it in.
Passwords are typed again, files chosen again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Response, current_app, g, make_response, request
from flask_wtf import FlaskForm
from flask_wtf.csrf import generate_csrf
from wtforms import PasswordField

from blueprints import htmx
from blueprints.access import MARK

View = TypeVar("View", bound=Callable[..., object])

OLD_PAGE = "La página estuvo abierta mucho tiempo y no se registró nada. Lo que escribió sigue aquí: envíelo otra vez."
ENDED = "Su sesión se cerró y no se registró nada. Lo que escribió sigue en esta página."
TOKEN = "csrf_token"
# Set on a view function.
PASSWORDS = "_passwords"


def asks_passwords(form: type[FlaskForm]) -> Callable[[View], View]:
    """Marks a view with the form that it reads passwords from: they are never given back."""

    def mark(view: View) -> View:
        setattr(view, PASSWORDS, form)
        return view

    return mark


def comes_from_here() -> bool:
    """Whether a page of this site sent the form: what the browser says of its origin."""
    try:
        return urlsplit(request.headers.get("Origin") or request.referrer or "").netloc == request.host
    except ValueError:  # "http://[x": no browser writes it
        return False


def signed_out() -> bool:
    """Whether the form needs a person and there is none any more."""
    return g.get("actor") is None and getattr(_view(), MARK, "public") != "public"


def with_token(answer: Response) -> Response:
    """`answer` (a short refusal to htmx), with the token that the next press takes along."""
    return htmx.trigger(answer, "ficha", generate_csrf())


def worth_keeping() -> bool:
    """Whether this form holds anything that a person would have to type again."""
    return comes_from_here() and bool(_typed() or _files())


def page(code: int, reference: str) -> Response:
    """What was typed, to be sent again: `code` is 401 when the person has to sign in first, else 400."""
    actor, passwords = g.get("actor"), _passwords()
    template = current_app.jinja_env.get_template("errors/formulario.html")
    return make_response(template.render(
        code=code, message="", reference=reference, terminada=code == 401, persona=actor.nombre if actor else "", archivos=_files(),
        escrito=[(name, value) for name, value in _typed() if name not in passwords], claves=passwords.values(),
    ), code)


def _view() -> Callable[..., object] | None:
    return current_app.view_functions.get(request.endpoint or "")


def _passwords() -> dict[str, PasswordField]:
    """The password fields of this form by their names, empty."""
    form = getattr(_view(), PASSWORDS, None)
    return {field.name: field for field in form(formdata=None) if isinstance(field, PasswordField)} if form else {}


def _typed() -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.form.items(multi=True) if name != TOKEN]


def _files() -> list[tuple[str, str]]:
    return [(name, file.filename) for name, file in request.files.items(multi=True) if file.filename]
