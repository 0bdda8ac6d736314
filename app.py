"""Wiring only: settings, extensions, pages, commands. `create_app()` is what gunicorn, the jobs and the tests start from."""

from __future__ import annotations

from typing import Any, Mapping

from flask import Flask
from flask.cli import AppGroup
from werkzeug.middleware.proxy_fix import ProxyFix

import config
import models  # noqa: F401  (the tables)
from blueprints import (
    acceso, asuntos, calendario, cambios, correos, descargas, ejecuciones, errors, headers, inicio, instituciones, logs, mesa, presentation, salud,
    session, solicitudes, tablero, usuarios,
)
from extensions import csrf, db, defer_migrations, login, mail, tune

BLUEPRINTS = (acceso.bp, inicio.bp, solicitudes.bp, mesa.bp, calendario.bp, descargas.bp, correos.bp, salud.bp, usuarios.bp, asuntos.bp, cambios.bp,
              instituciones.bp, tablero.bp, ejecuciones.bp)


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """The application. `settings` replaces what the environment says (tests)."""
    app = Flask(__name__, static_folder="static", template_folder="templates")
    app.config.update(config.load() if settings is None else settings)
    if hops := app.config["TRUSTED_PROXIES"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    db.init_app(app)
    with app.app_context():
        tune(db.engine)
    defer_migrations(app)
    login.init_app(app)
    mail.init_app(app)
    # Whose request it is, is known before its token is asked for: what a late form is told depends on it (blueprints/late_form.py).
    session.init_app(app)
    csrf.init_app(app)
    presentation.init_app(app)
    headers.init_app(app)
    logs.init_app(app)
    errors.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.cli = Commands(app)
    return app


class Commands(AppGroup):
    """`flask --app app …`, read when a command is asked for: a web process needs neither them nor what they bring along (Alembic, the
    worker's modules: 20 MB)."""

    def __init__(self, app: Flask):
        super().__init__(app.name)
        self._app: Flask | None = app

    def list_commands(self, ctx):
        self._read()
        return super().list_commands(ctx)

    def get_command(self, ctx, name):
        self._read()
        return super().get_command(ctx, name)

    def _read(self) -> None:
        app, self._app = self._app, None
        if app is not None:
            from commands import register

            register(app)
