"""Search and listing at national size: word indexes kept by the database itself, covering indexes for the list, saved views.

Revision ID: 0008
Revises: 0007

The word indexes (docs/adr/0013): on SQLite an FTS5 table per searched table, kept right by triggers, whoever writes; on
PostgreSQL a GIN index over the same text as tsvector. The text is the folded words of `busqueda` and marks that no typed word
can be, because words have no "_":
    _word   the first word of an account's surname
    __i12   of institution 12        __m202611   filed in that month (UTC)        (requests)
"""
import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SURNAME = "substr({t}apellido_plegado, 1, instr({t}apellido_plegado || ' ', ' ') - 1)"
CUENTA = "{t}busqueda || ' _' || " + SURNAME
SOLICITUD = "{t}busqueda || ' __i' || {t}institucion_id || ' __m' || strftime('%Y%m', {t}fecha_solicitud)"
CUENTA_PG = "((busqueda || ' _' || split_part(apellido_plegado, ' ', 1))::tsvector)"
SOLICITUD_PG = "((busqueda || ' __i' || institucion_id::text)::tsvector)"
WATCHED = {
    "cuenta": "busqueda, apellido_plegado",
    "solicitud": "busqueda, institucion_id, fecha_solicitud",
}
LISTED = ["vigente_hasta", "institucion_id", "creada_por_id", "oculta", "clase"]


def upgrade():
    op.create_table(
        "vista_guardada",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("usuario_id", sa.Integer(), nullable=False),
        sa.Column("pagina", sa.String(length=40), nullable=False),
        sa.Column("nombre", sa.String(length=80), nullable=False),
        sa.Column("consulta", sa.String(length=2000), nullable=False),
        sa.Column("creada_en", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["usuario_id"], ["usuario.id"], name=op.f("fk_vista_guardada_usuario_id_usuario")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vista_guardada")),
        sa.UniqueConstraint("usuario_id", "pagina", "nombre", name=op.f("uq_vista_guardada_usuario_id_pagina_nombre")),
    )
    op.drop_index("ix_solicitud_fecha", table_name="solicitud")
    op.drop_index("ix_solicitud_institucion_fecha", table_name="solicitud")
    op.create_index("ix_solicitud_fecha", "solicitud", ["fecha_solicitud", "id", "estado", *LISTED])
    op.create_index("ix_solicitud_institucion_fecha", "solicitud", ["institucion_id", "fecha_solicitud", "id", "estado", "vigente_hasta", "creada_por_id", "oculta", "clase"])
    op.create_index("ix_solicitud_estado_fecha", "solicitud", ["estado", "fecha_solicitud", "id", *LISTED])
    op.create_index("ix_solicitud_nombre", "solicitud", ["apellido_plegado", "id"])
    op.create_index("ix_cuenta_nombre", "cuenta", ["apellido_plegado", "id"])
    op.create_index("ix_usuario_ultimo_ingreso", "usuario", ["ultimo_ingreso"])
    if op.get_bind().dialect.name == "sqlite":
        _words("cuenta", CUENTA)
        _words("solicitud", SOLICITUD)
        # An institution's accounts are found by reading its part of this index; PostgreSQL's entries may not be that long.
        op.create_index("ix_cuenta_palabras_institucion", "cuenta", ["institucion_id", "activa", "ausente_desde", "apellido_plegado", "busqueda"])
    else:
        # Without fastupdate: a bulk load must not leave a list that every search reads from end to end.
        for table, text in (("cuenta", CUENTA_PG), ("solicitud", SOLICITUD_PG)):
            op.execute(f"CREATE INDEX ix_{table}_palabras ON {table} USING gin ({text}) WITH (fastupdate = off)")


def _words(table: str, text: str) -> None:
    """The tokenizer is `ascii` on purpose: every byte above 127 belongs to a word, so that a word is what stands between two
    blanks, as Python and PostgreSQL see it, in any script."""
    old, new = text.format(t="old."), text.format(t="new.")
    op.execute(f"CREATE VIEW {table}_texto AS SELECT id, {text.format(t='')} AS texto FROM {table}")
    op.execute(
        f"CREATE VIRTUAL TABLE {table}_palabras USING fts5(texto, content='{table}_texto', content_rowid='id', "
        "tokenize=\"ascii tokenchars '_'\", prefix='2 3 4 5 6', detail=none, columnsize=0)"
    )
    op.execute(f"INSERT INTO {table}_palabras({table}_palabras) VALUES ('rebuild')")
    put = f"INSERT INTO {table}_palabras(rowid, texto) VALUES (new.id, {new});"
    drop = f"INSERT INTO {table}_palabras({table}_palabras, rowid, texto) VALUES ('delete', old.id, {old});"
    op.execute(f"CREATE TRIGGER {table}_palabras_alta AFTER INSERT ON {table} BEGIN {put} END")
    op.execute(f"CREATE TRIGGER {table}_palabras_baja AFTER DELETE ON {table} BEGIN {drop} END")
    # Only when the text differs: the mirror and the mover touch rows far more often than names.
    op.execute(f"CREATE TRIGGER {table}_palabras_cambio AFTER UPDATE OF {WATCHED[table]} ON {table} WHEN {old} IS NOT {new} BEGIN {drop} {put} END")


def downgrade():
    if op.get_bind().dialect.name == "sqlite":
        for table in WATCHED:
            for name in ("alta", "baja", "cambio"):
                op.execute(f"DROP TRIGGER {table}_palabras_{name}")
            op.execute(f"DROP TABLE {table}_palabras")
            op.execute(f"DROP VIEW {table}_texto")
        op.drop_index("ix_cuenta_palabras_institucion", table_name="cuenta")
    else:
        for table in WATCHED:
            op.execute(f"DROP INDEX ix_{table}_palabras")
    op.drop_index("ix_usuario_ultimo_ingreso", table_name="usuario")
    op.drop_index("ix_cuenta_nombre", table_name="cuenta")
    op.drop_index("ix_solicitud_nombre", table_name="solicitud")
    op.drop_index("ix_solicitud_estado_fecha", table_name="solicitud")
    op.drop_index("ix_solicitud_institucion_fecha", table_name="solicitud")
    op.drop_index("ix_solicitud_fecha", table_name="solicitud")
    op.create_index("ix_solicitud_institucion_fecha", "solicitud", ["institucion_id", "fecha_solicitud", "id"])
    op.create_index("ix_solicitud_fecha", "solicitud", ["fecha_solicitud", "id"])
    op.drop_table("vista_guardada")
