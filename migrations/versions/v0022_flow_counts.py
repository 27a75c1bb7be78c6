"""What came in and went on, counted by quarter of an hour; what was recorded before is counted by the first process with the page."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "flow_counts",
        sa.Column("quarter", sa.BigInteger(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("toward", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("quarter", "brand", "kind", "part", "toward"),
    )


def downgrade() -> None:
    op.drop_table("flow_counts")
    op.execute("DELETE FROM counters WHERE name = 'flow'")
