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


def include(thing, name, kind, reflected, _compare_to) -> bool:
    """The word indexes are the database's own (revision 0008): models.py does not know them. An index of one database is not missed
    in the other, and PostgreSQL tells the expression of the months in other words than it was told (revision 0011)."""
    if kind == "index" and (name == "ix_solicitud_mes" or thing.info.get("only", _dialect()) != _dialect()):
        return False
    return not (reflected and kind in {"table", "index"} and "_palabras" in (name or ""))


def _dialect() -> str:
    return current_app.extensions["migrate"].db.engine.dialect.name


def run() -> None:
    options = current_app.extensions["migrate"].configure_args
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, render_item=render, include_object=include, **options)
        with context.begin_transaction():
            context.run_migrations()


run()
