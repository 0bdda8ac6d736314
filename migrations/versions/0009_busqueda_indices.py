"""What national size asked for: the request that renews another one has an index; PostgreSQL keeps the beginnings of words.

Revision ID: 0009
Revises: 0008

On PostgreSQL a prefix of a tsvector is looked up by merging all the words it begins: 40 ms for two of them among a million
accounts. So the beginnings of 2 to 6 letters are keys themselves, as on SQLite (docs/adr/0013). Marks with two underscores
(`__i12`, the institution) are kept whole. The function is not PARALLEL SAFE on purpose: to start workers takes longer than a search.
"""
import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

RENEWS = sa.text("renueva_id IS NOT NULL")
FUNCTION = """
CREATE FUNCTION comienzos(texto text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT COST 10000 AS $$
SELECT array_agg(CASE WHEN starts_with(w, '__') THEN w ELSE left(w, n) END)
FROM unnest(string_to_array(btrim(texto), ' ')) AS w, generate_series(2, 6) AS n
WHERE n <= length(w) AND (n = 2 OR NOT starts_with(w, '__'))
$$
"""
CUENTA = "busqueda || ' _' || split_part(apellido_plegado, ' ', 1) || ' __i' || institucion_id::text"
SOLICITUD = "busqueda || ' __i' || institucion_id::text"
CUENTA_WORDS = "((busqueda || ' _' || split_part(apellido_plegado, ' ', 1))::tsvector)"
SOLICITUD_WORDS = "((busqueda || ' __i' || institucion_id::text)::tsvector)"


def upgrade():
    op.create_index("ix_solicitud_renueva", "solicitud", ["renueva_id"], sqlite_where=RENEWS, postgresql_where=RENEWS)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(FUNCTION)
        for table, text in (("cuenta", CUENTA), ("solicitud", SOLICITUD)):
            op.execute(f"DROP INDEX ix_{table}_palabras")
            op.execute(f"CREATE INDEX ix_{table}_palabras ON {table} USING gin (comienzos({text})) WITH (fastupdate = off)")


def downgrade():
    if op.get_bind().dialect.name == "postgresql":
        for table, text in (("cuenta", CUENTA_WORDS), ("solicitud", SOLICITUD_WORDS)):
            op.execute(f"DROP INDEX ix_{table}_palabras")
            op.execute(f"CREATE INDEX ix_{table}_palabras ON {table} USING gin ({text}) WITH (fastupdate = off)")
        op.execute("DROP FUNCTION comienzos")
    op.drop_index("ix_solicitud_renueva", table_name="solicitud")
