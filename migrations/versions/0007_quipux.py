"""Quipux: digests of the mirror's blocks, petitions of the counter for search, requests imported from its own backup module.

Revision ID: 0007
Revises: 0006

The word index of `peticion` (docs/adr/0012) belongs to the database, models.py does not know it: FTS5 kept right by triggers on
SQLite, GIN over the same text as tsvector on PostgreSQL.
"""
import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BLOCK = 5_000  # codes a block, as in sources.people when this was written


def upgrade():
    op.create_table(
        "espejo",
        sa.Column("nombre", sa.String(length=40), nullable=False),
        sa.Column("completo_en", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("nombre", name=op.f("pk_espejo")),
    )
    op.create_table(
        "bloque_espejo",
        sa.Column("numero", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("huella", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("numero", name=op.f("pk_bloque_espejo")),
    )
    op.create_table(
        "marca_peticion",
        sa.Column("prefijo", sa.String(length=10), nullable=False),
        sa.Column("ultimo", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("prefijo", name=op.f("pk_marca_peticion")),
    )
    op.create_table(
        "peticion",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quipux_codi", sa.String(length=20), nullable=False),
        sa.Column("inst_codi", sa.String(length=20), nullable=False),
        sa.Column("numero", sa.String(length=60), nullable=False),
        sa.Column("fecha", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asunto", sa.String(length=400), nullable=False),
        sa.Column("remitente", sa.String(length=400), nullable=False),
        sa.Column("remitente_cedula", sa.String(length=20), nullable=False),
        sa.Column("con_archivo", sa.Boolean(), nullable=False),
        sa.Column("busqueda", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_peticion")),
        sa.UniqueConstraint("quipux_codi", name=op.f("uq_peticion_quipux_codi")),
    )
    op.create_index("ix_peticion_recientes", "peticion", ["inst_codi", "fecha", "id"])
    op.add_column("cuenta", sa.Column("bloque", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_cuenta_bloque"), "cuenta", ["bloque"])
    op.execute(f"UPDATE cuenta SET bloque = CAST(quipux_codi AS bigint) / {BLOCK}")
    # Who was copied before has been seen: who is found inactive from now on was not when the first load was made.
    op.execute("INSERT INTO espejo (nombre, completo_en) SELECT 'cuentas', CURRENT_TIMESTAMP WHERE EXISTS (SELECT 1 FROM cuenta)")
    # Not as a batch: SQLite would copy the table and forget that its numbers are never used again.
    op.add_column("solicitud", sa.Column("importada_de", sa.String(length=20), nullable=True))
    op.create_index(op.f("ix_solicitud_importada_de"), "solicitud", ["importada_de"], unique=True)
    if op.get_bind().dialect.name == "sqlite":
        _words()
    else:
        op.execute("CREATE INDEX ix_peticion_palabras ON peticion USING gin ((busqueda::tsvector)) WITH (fastupdate = off)")


def _words():
    op.execute(
        "CREATE VIRTUAL TABLE peticion_palabras USING fts5(busqueda, content='peticion', content_rowid='id', "
        "tokenize=\"ascii tokenchars '_'\", prefix='2 3 4 5 6', detail=none, columnsize=0)"
    )
    put = "INSERT INTO peticion_palabras(rowid, busqueda) VALUES (new.id, new.busqueda);"
    drop = "INSERT INTO peticion_palabras(peticion_palabras, rowid, busqueda) VALUES ('delete', old.id, old.busqueda);"
    op.execute(f"CREATE TRIGGER peticion_palabras_alta AFTER INSERT ON peticion BEGIN {put} END")
    op.execute(f"CREATE TRIGGER peticion_palabras_baja AFTER DELETE ON peticion BEGIN {drop} END")
    op.execute(f"CREATE TRIGGER peticion_palabras_cambio AFTER UPDATE OF busqueda ON peticion BEGIN {drop} {put} END")


def downgrade():
    if op.get_bind().dialect.name == "sqlite":
        # Its triggers first: SQLite refuses to change any table while one of them names what is gone.
        for name in ("alta", "baja", "cambio"):
            op.execute(f"DROP TRIGGER peticion_palabras_{name}")
        op.execute("DROP TABLE peticion_palabras")
    op.drop_index(op.f("ix_solicitud_importada_de"), table_name="solicitud")
    op.drop_column("solicitud", "importada_de")
    op.drop_index(op.f("ix_cuenta_bloque"), table_name="cuenta")
    op.drop_column("cuenta", "bloque")
    for table in ("peticion", "marca_peticion", "bloque_espejo", "espejo"):
        op.drop_table(table)
