"""A sample of the word index tells that a common word has more than a thousand accounts; the desk's names lie in a small index.

Revision ID: 0011
Revises: 0010

PostgreSQL reads all rows of a word from a GIN index before it counts the first: 15 to 40 ms among a million accounts. Of every
eighth account it is a fifth of that, and more than a thousand there are more than a thousand (services.people_search).
A list by number of years long gone is walked within each month instead of collecting half a million rows.
SQLite read the wide rows of all that waits for the desk's names; PostgreSQL's index entries may not be as long as names may be.
"""
import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SAMPLE = """
CREATE INDEX ix_cuenta_palabras_muestra ON cuenta
USING gin (comienzos(busqueda || ' _' || split_part(apellido_plegado, ' ', 1) || ' __i' || institucion_id::text)) WITH (fastupdate = off)
WHERE id % 8 = 0
"""
MONTHS = """
CREATE INDEX ix_solicitud_mes ON solicitud (
  (CAST(date_part('year', fecha_solicitud AT TIME ZONE 'UTC') * 12 + date_part('month', fecha_solicitud AT TIME ZONE 'UTC') AS integer)), id, fecha_solicitud
)
"""


def upgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text(SAMPLE))
        op.execute(sa.text(MONTHS))
    else:
        op.create_index("ix_solicitud_mesa_busqueda", "solicitud", ["estado", "id", "busqueda"], sqlite_where=sa.text("estado = 'enviada'"))


def downgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX ix_solicitud_mes")
        op.execute("DROP INDEX ix_cuenta_palabras_muestra")
    else:
        op.drop_index("ix_solicitud_mesa_busqueda", table_name="solicitud")
