"""calendario

Revision ID: 0005
Revises: 0004


"""
import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PENDING = "estado IN ('aprobada', 'en_ejecucion')"


def upgrade():
    op.create_table(
        "feriado_local",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fecha", sa.Date(), nullable=False),
        sa.Column("nombre", sa.String(length=120), nullable=False),
        sa.Column("lugar", sa.String(length=120), nullable=False),
        sa.Column("decreto", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feriado_local")),
    )
    op.create_index(op.f("ix_feriado_local_fecha"), "feriado_local", ["fecha"])
    op.create_table(
        "anio_feriados",
        sa.Column("anio", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("confirmado_en", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmado_por_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["confirmado_por_id"], ["usuario.id"], name=op.f("fk_anio_feriados_confirmado_por_id_usuario")),
        sa.PrimaryKeyConstraint("anio", name=op.f("pk_anio_feriados")),
    )
    op.create_table(
        "capacidad",
        sa.Column("desde", sa.Date(), nullable=False),
        sa.Column("documentos", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("cuota", sa.Integer(), nullable=False),
        sa.Column("motivo", sa.Text(), nullable=False),
        sa.Column("registrada_por_id", sa.Integer(), nullable=False),
        sa.Column("registrada_en", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("documentos > 0 AND bytes > 0 AND cuota BETWEEN 1 AND 100", name=op.f("ck_capacidad_positiva")),
        sa.ForeignKeyConstraint(["registrada_por_id"], ["usuario.id"], name=op.f("fk_capacidad_registrada_por_id_usuario")),
        sa.PrimaryKeyConstraint("desde", name=op.f("pk_capacidad")),
    )
    op.create_table(
        "calendario_evento",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("en", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("tema", sa.String(length=20), nullable=False),
        sa.Column("anio", sa.Integer(), nullable=True),
        sa.Column("texto", sa.Text(), nullable=False),
        sa.Column("motivo", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["usuario.id"], name=op.f("fk_calendario_evento_actor_id_usuario")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendario_evento")),
    )
    op.create_index("ix_calendario_evento_tema", "calendario_evento", ["tema", "anio", "id"])
    with op.batch_alter_table("periodo_alta_demanda") as batch:
        batch.add_column(sa.Column("capacidad", sa.Integer(), server_default="100", nullable=False))
        batch.add_column(sa.Column("reserva", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("solicitud") as batch:
        batch.add_column(sa.Column("previsto_documentos", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("previsto_bytes", sa.BigInteger(), nullable=True))
    # What has no plan yet still carries the estimate of its sending; what it was for the others nobody knows any more.
    op.execute(
        "UPDATE solicitud SET previsto_documentos = estimado_documentos, previsto_bytes = estimado_bytes"
        " WHERE estado IN ('enviada', 'aprobada') AND NOT EXISTS (SELECT 1 FROM ejecucion WHERE ejecucion.solicitud_id = solicitud.id)"
    )
    op.create_index(
        "ix_solicitud_calendario", "solicitud", ["fecha_tentativa", "institucion_id", "estimado_documentos", "estimado_bytes"],
        sqlite_where=sa.text(PENDING), postgresql_where=sa.text(PENDING),
    )
    op.create_index(
        "ix_solicitud_fecha_tentativa", "solicitud", ["fecha_tentativa", "estado", "generada_en", "estimado_documentos", "estimado_bytes"]
    )
    op.create_index("ix_ejecucion_terminada", "ejecucion", ["terminada_en"])


def downgrade():
    op.drop_index("ix_ejecucion_terminada", "ejecucion")
    op.drop_index("ix_solicitud_fecha_tentativa", "solicitud")
    op.drop_index("ix_solicitud_calendario", "solicitud")
    with op.batch_alter_table("solicitud") as batch:
        batch.drop_column("previsto_bytes")
        batch.drop_column("previsto_documentos")
    with op.batch_alter_table("periodo_alta_demanda") as batch:
        batch.drop_column("reserva")
        batch.drop_column("capacidad")
    for table in ("calendario_evento", "capacidad", "anio_feriados", "feriado_local"):
        op.drop_table(table)
