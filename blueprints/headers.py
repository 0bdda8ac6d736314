"""The security headers of every answer.

Nothing inline and nothing from outside: the policy below is what the whole design was made under. Secure cookies and HSTS
depend on the request being https, because ministries also run the site on plain-http intranets.
"""

from flask import Flask, Response, request

POLICY = "; ".join((
    "default-src 'none'", "style-src 'self'", "script-src 'self'", "img-src 'self'", "font-src 'self'",
    "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
))

ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

YEAR = 365 * 24 * 3600


def init_app(app: Flask) -> None:
    """Registers the headers; a header that a view has set itself is left as it is, except ``no-store`` of a page."""
    app.after_request(_secure)


def _secure(response: Response) -> Response:
    for name, value in ALWAYS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}; includeSubDomains")
    response.headers["Cache-Control"] = _cache_control(response)
    return response


def _cache_control(response: Response) -> str:
    if request.endpoint == "static" and response.status_code in (200, 206, 304):
        # `v` is the hash of the content (presentation.static_url), and fonts never change: their URL may be kept for ever.
        fixed = "v" in request.args or request.path.endswith(".woff2")
        return f"public, max-age={YEAR}, immutable" if fixed else "public, max-age=3600"
    if response.mimetype == "text/html":
        # The back button of a shared computer must not show the last person's pages.
        return "no-store"
    return response.headers.get("Cache-Control", "no-store")
