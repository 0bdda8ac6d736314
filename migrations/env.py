"""Alembic's entry: the application's database and tables. `flask --app app db migrate|upgrade`."""

from alembic import context
from flask import current_app

from extensions import Base
from models import UTCDateTime, Word


def render(kind, item, autogen_context):
    """A migration must not depend on models.py, which goes on changing: our types are written as what they are."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Word):
        return "sa.String(length=40)"
    return False


def include(_object, name, kind, reflected, _compare_to) -> bool:
    """The word indexes are the database's own (revision 0008): models.py does not know them."""
    return not (reflected and kind in {"table", "index"} and "_palabras" in (name or ""))


def run() -> None:
    options = current_app.extensions["migrate"].configure_args
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, render_item=render, include_object=include, **options)
        with context.begin_transaction():
            context.run_migrations()


run()
