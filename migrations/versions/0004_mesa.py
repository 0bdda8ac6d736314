"""mesa

Revision ID: 0004
Revises: 0003


"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    # Never recreated as a copy: on SQLite that would drop a table to which others point.
    op.add_column("solicitud", sa.Column("estimado_reservados", sa.Integer(), nullable=True))
    op.add_column("solicitud", sa.Column("abierta_en", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_solicitud_espera", "solicitud", ["estado", "enviada_en", "id"])
    op.create_index("ix_solicitud_persona", "solicitud", ["persona_cedula", "institucion_id"])
    op.create_table(
        "apertura",
        sa.Column("solicitud_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("usuario_id", sa.Integer(), nullable=False),
        sa.Column("desde", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hasta", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["solicitud_id"], ["solicitud.id"], name=op.f("fk_apertura_solicitud_id_solicitud")),
        sa.ForeignKeyConstraint(["usuario_id"], ["usuario.id"], name=op.f("fk_apertura_usuario_id_usuario")),
        sa.PrimaryKeyConstraint("solicitud_id", "usuario_id", name=op.f("pk_apertura")),
    )
    op.create_table(
        "lote",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clave", sa.String(64), nullable=False),
        sa.Column("creado_por_id", sa.Integer(), nullable=False),
        sa.Column("creado_en", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filtro", sa.String(400), nullable=False),
        sa.Column("volver", sa.String(800), nullable=False),
        sa.Column("terminado_en", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["creado_por_id"], ["usuario.id"], name=op.f("fk_lote_creado_por_id_usuario")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lote")),
        sa.UniqueConstraint("clave", name=op.f("uq_lote_clave")),
    )
    op.create_index("ix_lote_terminado", "lote", ["terminado_en"])
    op.create_table(
        "lote_fila",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lote_id", sa.Integer(), nullable=False),
        sa.Column("orden", sa.Integer(), nullable=False),
        sa.Column("solicitud_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("fecha", sa.Date(), nullable=False),
        sa.Column("resultado", sa.String(40), nullable=False),
        sa.Column("fecha_final", sa.Date(), nullable=True),
        sa.Column("detalle", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["lote_id"], ["lote.id"], name=op.f("fk_lote_fila_lote_id_lote")),
        sa.ForeignKeyConstraint(["solicitud_id"], ["solicitud.id"], name=op.f("fk_lote_fila_solicitud_id_solicitud")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lote_fila")),
        sa.UniqueConstraint("lote_id", "orden", name=op.f("uq_lote_fila_lote_id_orden")),
        sa.UniqueConstraint("lote_id", "solicitud_id", name=op.f("uq_lote_fila_lote_id_solicitud_id")),
    )


def downgrade():
    op.drop_table("lote_fila")
    op.drop_table("lote")
    op.drop_table("apertura")
    op.drop_index("ix_solicitud_persona", "solicitud")
    op.drop_index("ix_solicitud_espera", "solicitud")
    op.drop_column("solicitud", "abierta_en")
    op.drop_column("solicitud", "estimado_reservados")
