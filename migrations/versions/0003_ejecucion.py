"""ejecucion

Revision ID: 0003
Revises: 0002

Several workers share a run: a lease, a fencing token and the progress of its own for each volume. A complement knows the
place of every missing file, and a novedad the complement that brought it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBERS = ("intento", "fallos", "documentos_hechos", "fallidos", "racha")
PLACES = ("ruta", "ruta_pedida")
COMPLEMENTS = ("pedida_por_id", "recuperada_por_id")


def upgrade():
    # The defaults are for the rows there are; the application writes every column itself.
    with op.batch_alter_table("parte") as parte:
        for name in NUMBERS:
            parte.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        parte.add_column(sa.Column("bytes_hechos", sa.BigInteger(), nullable=False, server_default="0"))
        parte.add_column(sa.Column("trabajador", sa.String(length=120), nullable=False, server_default=""))
        parte.add_column(sa.Column("arrendada_hasta", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("novedad") as novedad:
        for name in PLACES:
            novedad.add_column(sa.Column(name, sa.String(length=200), nullable=False, server_default=""))
        for name in COMPLEMENTS:
            novedad.add_column(sa.Column(name, sa.Integer(), nullable=True))
            novedad.create_foreign_key(f"fk_novedad_{name}_ejecucion", "ejecucion", [name], ["id"])


def downgrade():
    with op.batch_alter_table("novedad") as novedad:
        for name in COMPLEMENTS:
            novedad.drop_constraint(f"fk_novedad_{name}_ejecucion", type_="foreignkey")
            novedad.drop_column(name)
        for name in PLACES:
            novedad.drop_column(name)
    with op.batch_alter_table("parte") as parte:
        for name in (*NUMBERS, "bytes_hechos", "trabajador", "arrendada_hasta"):
            parte.drop_column(name)
