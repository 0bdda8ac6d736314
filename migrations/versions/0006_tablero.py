"""tablero

Revision ID: 0006
Revises: 0005


"""
from alembic import op
import sqlalchemy as sa


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "pausa_produccion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("vigente", sa.Boolean(), nullable=False),
        sa.Column("desde", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ordenada_por_id", sa.Integer(), nullable=False),
        sa.Column("motivo", sa.Text(), nullable=False),
        sa.Column("apartadas", sa.Integer(), nullable=False),
        sa.Column("hasta", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reanudada_por_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("(hasta IS NULL) = vigente", name=op.f("ck_pausa_produccion_vigente")),
        sa.ForeignKeyConstraint(["ordenada_por_id"], ["usuario.id"], name=op.f("fk_pausa_produccion_ordenada_por_id_usuario")),
        sa.ForeignKeyConstraint(["reanudada_por_id"], ["usuario.id"], name=op.f("fk_pausa_produccion_reanudada_por_id_usuario")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pausa_produccion")),
    )
    op.create_index(
        "uq_pausa_produccion_vigente", "pausa_produccion", ["vigente"], unique=True,
        sqlite_where=sa.text("vigente"), postgresql_where=sa.text("vigente"),
    )
    op.create_table(
        "resumen_dia",
        sa.Column("dia", sa.Date(), nullable=False),
        sa.Column("solicitudes", sa.Integer(), nullable=False),
        sa.Column("generadas", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("esperas", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("dia", name=op.f("pk_resumen_dia")),
    )
    op.create_index("ix_solicitud_generada", "solicitud", ["generada_en"])
    op.create_index("ix_solicitud_conteo", "solicitud", ["estado", "oculta", "creada_por_id", "clase"])
    troubled = sa.text("con_novedad > 0")
    op.create_index("ix_ejecucion_novedades", "ejecucion", ["solicitud_id"], sqlite_where=troubled, postgresql_where=troubled)
    alive = sa.text("publicada_en IS NOT NULL AND borrada_en IS NULL")
    op.create_index("ix_parte_viva", "parte", ["ejecucion_id", "bytes"], sqlite_where=alive, postgresql_where=alive)


def downgrade():
    op.drop_index("ix_parte_viva", table_name="parte")
    op.drop_index("ix_ejecucion_novedades", table_name="ejecucion")
    op.drop_index("ix_solicitud_conteo", table_name="solicitud")
    op.drop_index("ix_solicitud_generada", table_name="solicitud")
    op.drop_table("resumen_dia")
    op.drop_index("uq_pausa_produccion_vigente", table_name="pausa_produccion")
    op.drop_table("pausa_produccion")
