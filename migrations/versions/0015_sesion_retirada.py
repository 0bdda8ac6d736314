"""A training session entered by mistake can be withdrawn: it stays, and counts no more.

Revision ID: 0015
Revises: 0014
"""
import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("sesion") as batch:
        batch.add_column(sa.Column("retirada_en", sa.DateTime(timezone=True), nullable=True))


def downgrade():
    # Without the column they would count again; the Recorrido keeps what they were.
    op.execute("DELETE FROM sesion WHERE retirada_en IS NOT NULL")
    with op.batch_alter_table("sesion") as batch:
        batch.drop_column("retirada_en")
