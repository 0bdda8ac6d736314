"""The request that renews another one is found by an index: every page of a request asks for it.

Revision ID: 0009
Revises: 0008
"""
import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

RENEWS = sa.text("renueva_id IS NOT NULL")


def upgrade():
    op.create_index("ix_solicitud_renueva", "solicitud", ["renueva_id"], sqlite_where=RENEWS, postgresql_where=RENEWS)


def downgrade():
    op.drop_index("ix_solicitud_renueva", table_name="solicitud")
