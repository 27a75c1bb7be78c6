"""How far each sink has been read back, and when it is read again."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "sink_sweeps",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("target", "kind"),
    )
    op.create_index("sink_records_vendor", "sink_records", ["target", "kind", "vendor_id"], unique=False)


def downgrade() -> None:
    op.drop_index("sink_records_vendor", table_name="sink_records")
    op.drop_table("sink_sweeps")
