"""Small indexes of the desk and the board: what waits, what is live (docs/adr/0016).

Revision ID: 0010
Revises: 0009
"""
import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MESA = [
    "estado", "enviada_en", "id", "institucion_id", "creada_por_id", "oculta", "clase", "abierta_en", "cuenta_id", "persona_cedula",
    "documento_remitente_cedula", "estimado_documentos", "estimado_bytes", "estimado_reservados",
]
VIVA = ["persona_cedula", "institucion_id", "id", "estado", "vigente_hasta", "oculta"]


def upgrade():
    waiting = sa.text("estado = 'enviada'")
    op.create_index("ix_solicitud_mesa", "solicitud", MESA, sqlite_where=waiting, postgresql_where=waiting)
    alive = sa.text("estado IN ('borrador', 'enviada', 'aprobada', 'en_ejecucion', 'detenida', 'atendida')")
    op.create_index("ix_solicitud_viva", "solicitud", VIVA, sqlite_where=alive, postgresql_where=alive)


def downgrade():
    op.drop_index("ix_solicitud_viva", table_name="solicitud")
    op.drop_index("ix_solicitud_mesa", table_name="solicitud")
