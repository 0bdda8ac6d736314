"""Every HX- header of the application, read or written, in one place.

A page and its fragment are one view and one URL: the view asks ``render`` for both and this module looks at the headers.
"""

import json
from urllib.parse import urlsplit

from flask import Response, flash, get_template_attribute, make_response, redirect, render_template, request


def is_htmx() -> bool:
    """True for any request made by htmx, boosted links included."""
    return request.headers.get("HX-Request") == "true"


def is_fragment() -> bool:
    """True when the browser wants a piece of the page: made by htmx, not a boosted link."""
    return is_htmx() and request.headers.get("HX-Boosted") != "true"


def target() -> str:
    """The id of the element the fragment will be put into, or ""."""
    return request.headers.get("HX-Target", "")


def polls() -> bool:
    """True when a timer of the page asked, not a person: the element is named "sondeo"."""
    return is_fragment() and request.headers.get("HX-Trigger-Name") == "sondeo"


def helps() -> bool:
    """True when the answer only helps with a form that is being filled in: options of a combobox, an estimate, other weeks."""
    return target().endswith("-lista") or target() in {"estimacion", "calendario"}


def render(full: str, fragment: str | None = None, status: int = 200, **context: object) -> Response:
    """The fragment for htmx, the full page for everyone else, from one context. Caches are told that they differ."""
    template = fragment if fragment and is_fragment() else full
    response = make_response(render_template(template, **context), status)
    response.vary.add("HX-Request")
    return response


def redirect_303(url: str) -> Response:
    """After a POST: 303 for a form, ``HX-Redirect`` for htmx (which would follow a 303 inside the swapped element)."""
    if is_fragment():
        return _empty(204, {"HX-Redirect": url})
    return redirect(url, 303)  # type: ignore[return-value]


def unauthorised(login_url: str) -> Response:
    """The session is over: to the login page; 401 with ``HX-Redirect`` for htmx, so that no login form lands in a table. What sends a
    form, helps with one, or only polls, leaves the page with what was typed in it, and ``ui.js`` says so."""
    if is_fragment():
        stays = request.method not in {"GET", "HEAD"} or polls() or helps()
        return _empty(401, {"HX-Reswap": "none"} if stays else {"HX-Redirect": login_url})
    return redirect(login_url, 303)  # type: ignore[return-value]


def return_path() -> str:
    """Where to come back after signing in: the page in the address bar, not the fragment that was asked for.

    Always a path of this site. A POST has no page to come back to: the page it was sent from, or "/".
    """
    if is_htmx():
        return _of_this_site(request.headers.get("HX-Current-URL", ""))
    if request.method not in {"GET", "HEAD"}:
        return _of_this_site(request.referrer or "")
    return _local(request.script_root + request.path, request.query_string.decode("ascii", "ignore"))


def push_url(response: Response, url: str) -> Response:
    """Puts ``url`` in the address bar after the swap."""
    response.headers["HX-Push-Url"] = url
    return response


def retarget(response: Response, selector: str, swap: str = "outerHTML") -> Response:
    """Swaps another element than the one the link named (a form with errors instead of the row it would have removed)."""
    response.headers["HX-Retarget"] = selector
    response.headers["HX-Reswap"] = swap
    return response


def trigger(response: Response, event: str, value: str) -> Response:
    """``ui.js`` hears ``event`` with {value: …}, whatever the status."""
    response.headers["HX-Trigger"] = json.dumps({event: {"value": value}})
    return response


def keep_page(response: Response) -> Response:
    """Nothing is to be swapped, whatever the status: the page stays as it is and ``ui.js`` shows the text as a notice."""
    response.headers["HX-Reswap"] = "none"
    return response


def with_toast(response: Response, text: str, kind: str = "ok") -> Response:
    """Adds a notice out of band to an HTML fragment; ``kind``: ok, info, warn, bad."""
    toast = get_template_attribute("_macros/ui.html", "toast")(text, kind)
    response.set_data(response.get_data(as_text=True) + f'<div id="avisos" hx-swap-oob="beforeend">{toast}</div>')
    return response


def notify(text: str, kind: str = "ok") -> None:
    """A notice on the *next* full page (after a redirect), shown like the others."""
    flash(text, kind)


def _empty(status: int, headers: dict[str, str]) -> Response:
    response = make_response("", status)
    response.headers.update(headers)
    response.vary.add("HX-Request")
    return response


def _of_this_site(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:  # "http://[x": no browser writes it
        return "/"
    return _local(parts.path, parts.query) if parts.netloc == request.host else "/"


def _local(path: str, query: str) -> str:
    # "//host" and "/\host" are other sites to a browser.
    path = "/" + path.lstrip("/\\")
    return f"{path}?{query}" if query else path
