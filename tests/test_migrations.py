"""The migrations lead down to nothing and up again, and end where models.py is."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from pathlib import Path
from sqlalchemy import inspect

from app import create_app
from extensions import Base, db
from tests.conftest import settings_for

MIGRATIONS = str(Path(__file__).parents[1] / "migrations")


def test_down_to_nothing_and_up_again(tmp_path, quipux_folder):
    app = create_app(settings_for(tmp_path, quipux_folder))
    with app.app_context():
        upgrade(MIGRATIONS)
        downgrade(MIGRATIONS, revision="base")
        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version", "sqlite_sequence"}
        upgrade(MIGRATIONS)
        with db.engine.connect() as connection:
            found = compare_metadata(MigrationContext.configure(connection), Base.metadata)
            connection.rollback()
        names = {"add_table", "remove_column", "add_column", "add_index"}
        missing = [change for change in found if isinstance(change, tuple) and change[0] in names]
        db.engine.dispose()
    assert not missing, "models.py has what the migrations do not make"
