"""The migrations lead down to nothing and up again, and end where models.py is."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from app import create_app
from extensions import db
from tests import pg
from tests.conftest import settings_for

MIGRATIONS = str(Path(__file__).parents[1] / "migrations")


@pytest.mark.parametrize("kind", pg.BOTH)
def test_down_to_nothing_and_up_again(kind, tmp_path, quipux_folder):
    with pg.database(kind) as options:
        app = create_app(settings_for(tmp_path, quipux_folder, **options))
        with app.app_context():
            upgrade(MIGRATIONS)
            for revision in ("-1", "base"):
                downgrade(MIGRATIONS, revision=revision)
                left = set(inspect(db.engine).get_table_names())
                upgrade(MIGRATIONS)
            assert left <= {"alembic_version", "sqlite_sequence"}
            answer = app.test_cli_runner().invoke(args=["db", "check", "-d", MIGRATIONS])
            db.session.remove()
            db.engine.dispose()
    assert answer.exit_code == 0, answer.output
