"""Wiring only: settings, extensions, pages, commands. `create_app()` is what gunicorn, the jobs and the tests start from."""

from __future__ import annotations

from typing import Any, Mapping

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import config
import models  # noqa: F401  (the tables)
from blueprints import (
    acceso, asuntos, calendario, cambios, correos, descargas, ejecuciones, errors, headers, inicio, instituciones, mesa, presentation, salud, session,
    solicitudes, tablero, usuarios,
)
from commands import register as register_commands
from extensions import csrf, db, login, mail, migrate, tune

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
    migrate.init_app(app, db)
    login.init_app(app)
    mail.init_app(app)
    csrf.init_app(app)
    session.init_app(app)
    presentation.init_app(app)
    headers.init_app(app)
    errors.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    register_commands(app)
    return app
