"""A form that comes after its page has grown old: the session ended meanwhile, or the person signed in again, and its token is no
longer good.

Nothing is done of what it asks. What was typed comes back in a page of one button, with a token of now; htmx gets the new token alone,
because the page still has what was typed. Only a form that this site sent is given back: another site could have filled it in.
Passwords are typed again, files chosen again.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, current_app, g, make_response, request
from flask_wtf.csrf import generate_csrf

from blueprints import htmx
from blueprints.access import MARK

OLD_PAGE = "La página estuvo abierta mucho tiempo y no se registró nada. Lo que escribió sigue aquí: envíelo otra vez."
ENDED = "Su sesión se cerró y no se registró nada. Lo que escribió sigue en esta página."
TOKEN = "csrf_token"
# Label of each password field (blueprints/acceso/forms.py).
SECRETS = {"actual": "Contraseña actual", "clave": "Contraseña", "repetida": "Repita la contraseña"}


def comes_from_here() -> bool:
    """Whether a page of this site sent the form: what the browser says of its origin."""
    try:
        return urlsplit(request.headers.get("Origin") or request.referrer or "").netloc == request.host
    except ValueError:  # "http://[x": no browser writes it
        return False


def signed_out() -> bool:
    """Whether the form needs a person and there is none any more."""
    view = current_app.view_functions.get(request.endpoint or "")
    return g.get("actor") is None and getattr(view, MARK, "public") != "public"


def with_token(answer: Response) -> Response:
    """`answer` (a short refusal to htmx), with the token that the next press takes along."""
    return htmx.trigger(answer, "ficha", generate_csrf())


def worth_keeping() -> bool:
    """Whether this form holds anything that a person would have to type again."""
    return comes_from_here() and bool(_typed() or _files())


def page(reference: str) -> Response:
    """What was typed, to be sent again: 401 when the person has to sign in first, else 400."""
    ended, actor = signed_out(), g.get("actor")
    code = 401 if ended else 400
    template = current_app.jinja_env.get_template("errors/formulario.html")
    return make_response(template.render(
        code=code, message="", reference=reference, terminada=ended, persona=actor.nombre if actor else "", archivos=_files(),
        escrito=[(name, value) for name, value in _typed() if name not in SECRETS],
        claves=[(name, SECRETS[name]) for name, _ in _typed() if name in SECRETS],
    ), code)


def _typed() -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.form.items(multi=True) if name != TOKEN]


def _files() -> list[tuple[str, str]]:
    return [(name, file.filename) for name, file in request.files.items(multi=True) if file.filename]
