"""What no log keeps: the token of a link, which opens without a password as long as the link lives.

It is a part of an address, and more than one hand writes addresses down: our refusals, Flask when a view fails, gunicorn (every request,
where it was asked from, what broke). So it is taken out where lines are made, not by those who write them.
"""

import logging
import re

from flask import Flask

# The addresses of the routes with <token>. What is shorter is a page (/clave/olvidada): a signature alone takes 27 signs.
TOKEN = re.compile(r"(/(?:clave|descargas/enlace)/+)[^\s/?\"']{20,}")
SERVER = ("gunicorn.error", "gunicorn.access")


def init_app(app: Flask) -> None:
    for name in (app.name, *SERVER):
        logging.getLogger(name).addFilter(_without_token)


def _without_token(line: logging.LogRecord) -> bool:
    text, found = TOKEN.subn(r"\1…", line.getMessage())
    if found:
        line.msg, line.args = text, ()
    return True
