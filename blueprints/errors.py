"""What a person sees when a request cannot be served, and what the log keeps about it.

One reference code is on the screen and in the log. Texts are ours alone: the description of an exception is English, or says
too much (a foreign thing and a missing one must look the same). Pages are drawn without the context processors, because the
database may be the very thing that fails.
"""

import secrets
from collections.abc import Callable
from typing import TypeVar

from flask import Flask, Response, current_app, g, make_response, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from blueprints import late_form
from blueprints.htmx import is_fragment, keep_page, polls, redirect_303, return_path
from services.errors import Conflict, NotFound

View = TypeVar("View", bound=Callable[..., object])

# The short form: notices (htmx) and refusals in plain text (download managers). The pages are templates/errors/CODE.html.
SHORT = {
    400: "No se pudo completar la acción: los datos recibidos no son válidos.",
    403: "No tiene permiso para realizar esta acción.",
    404: "No encontramos lo que busca.",
    405: "La acción no está disponible en esta dirección.",
    409: "Otra persona realizó un cambio al mismo tiempo. Actualice la página.",
    410: "El contenido ya no está disponible.",
    413: "El archivo o los datos enviados superan el tamaño permitido.",
    422: "No se pudo completar la acción: revise los datos ingresados.",
    429: "Hizo demasiados intentos. Espere unos minutos.",
    500: "No se pudo completar la acción. Intente nuevamente en unos minutos.",
    503: "El servicio no está disponible por el momento. Intente nuevamente en unos minutos.",
}
EXPIRED_FORM = "El formulario caducó por seguridad. Actualice la página e intente nuevamente."

# Headers of the exception that mean something to the client; the rest (Content-Type …) belongs to its English page.
KEPT = ("Allow", "Retry-After", "Content-Range")


def register(app: Flask) -> None:
    """Handles every HTTP error, every unforeseen exception and the refusals of the services (NotFound, Conflict)."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(NotFound, lambda _: answer(404))
    app.register_error_handler(Conflict, lambda e: answer(409, e.message))


def plain_errors(view: View) -> View:
    """Marks a view (a download) whose refusals are text/plain: its clients are download managers, not readers."""
    view.plain_errors = True  # type: ignore[attr-defined]
    return view


def answer(code: int, message: str = "", headers: dict[str, str] | None = None) -> Response:
    """The response for ``code`` in the form that this client reads; ``message`` (Spanish, safe to show) replaces the usual text."""
    reference = _logged(code)
    known = code if code in SHORT else 500 if code >= 500 else 400
    text = message or SHORT[known]
    if _reads_plain():
        response = make_response(f"{text}\nReferencia: {reference}\n", code, {"Content-Type": "text/plain; charset=utf-8"})
    elif is_fragment():
        response = keep_page(make_response(text, code, {"Content-Type": "text/plain; charset=utf-8"}))
    else:
        template = current_app.jinja_env.get_template(f"errors/{known}.html")
        response = make_response(template.render(code=code, message=message, reference=reference), code)
    response.headers.update(headers or {})
    response.vary.add("HX-Request")
    return response


def _http(error: HTTPException) -> Response:
    code = error.code or 500
    if isinstance(error, InternalServerError) and error.original_exception:
        # Flask has logged the traceback; the line of `answer` ties it to the reference.
        code = 500
    headers = {k: v for k, v in error.get_response().headers.items() if k in KEPT}
    return _late(headers) if isinstance(error, CSRFError) else answer(code, "", headers)


def _late(headers: dict[str, str]) -> Response:
    """A form without a token that is good now: what was typed is not lost where it came from a page of ours."""
    if _reads_plain():
        return answer(400, EXPIRED_FORM, headers)
    if is_fragment():
        if late_form.signed_out():
            return answer(401, late_form.ENDED)
        # What polls has lost nothing: it only takes the token along.
        return late_form.with_token(make_response("", 204) if polls() else answer(400, late_form.OLD_PAGE, headers))
    if not late_form.comes_from_here():
        return answer(400, EXPIRED_FORM, headers)
    if g.get("actor") is None and not late_form.worth_keeping():
        return redirect_303(return_path())  # which asks to sign in
    return kept_form()


def kept_form() -> Response:
    """The page that gives back what a late form held (blueprints/late_form.py)."""
    code = 401 if late_form.signed_out() else 400
    return late_form.page(code, _logged(code))


def _reads_plain() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "plain_errors", False)


def _logged(code: int) -> str:
    """The reference of this refusal, which is in the log now."""
    reference = f"{code}-{secrets.token_hex(4).upper()}"
    # Never the query string: it may hold a name or a cédula. Of a link's address, logs.py takes the token.
    level = "error" if code >= 500 else "info" if code in (404, 405, 410, 422) else "warning"
    getattr(current_app.logger, level)("%s %s %s", reference, request.method, request.path)
    return reference
