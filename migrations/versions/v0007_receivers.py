"""How each receiver is, which tries of a delivery do not count, and the subscriptions that were made over the API."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_WAITS = sa.text("state = 'pending'")


def upgrade() -> None:
    for name in ("failures", "openings"):
        op.add_column("delivery_cursors", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    for name in ("failing_since", "paused_until", "spent_until"):
        op.add_column("delivery_cursors", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("delivery_cursors", sa.Column("pause", sa.Text(), nullable=True))
    op.add_column("deliveries", sa.Column("spared", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index(
        "deliveries_in_order",
        "deliveries",
        ["subscription", "position"],
        unique=False,
        postgresql_where=_WAITS,
        sqlite_where=_WAITS,
    )
    op.create_table(
        "subscriptions",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("subscriptions")
    op.drop_index("deliveries_in_order", table_name="deliveries", postgresql_where=_WAITS, sqlite_where=_WAITS)
    op.drop_column("deliveries", "spared")
    for name in ("pause", "spent_until", "paused_until", "failing_since", "openings", "failures"):
        op.drop_column("delivery_cursors", name)
