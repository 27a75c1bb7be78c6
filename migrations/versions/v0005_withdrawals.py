"""What somebody withdrew whom nobody knows yet, by digests of their address, id or number."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "withdrawals",
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("purposes", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("brand", "kind", "digest"),
    )
    op.create_index("withdrawals_recorded", "withdrawals", ["recorded_at"], unique=False)


def downgrade() -> None:
    op.execute("DELETE FROM identities WHERE subject_id = 'waiting/'")
    op.drop_index("withdrawals_recorded", table_name="withdrawals")
    op.drop_table("withdrawals")
