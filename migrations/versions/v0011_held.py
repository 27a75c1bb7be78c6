"""Events that wait for somebody are in no index of what may be due, and hand-overs that are over have a column of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
_TURN = "state = 'pending' AND next_at < 253370764800000000"
_WAITS = "state = 'pending'"


def upgrade() -> None:
    op.add_column("sink_records", sa.Column("is_over", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("sink_steps", sa.Column("spared", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE sink_records SET is_over = true, before = NULL WHERE before = '\"ended\"'")
    # What waited for somebody was due in ten years.
    op.execute(
        "UPDATE deliveries SET next_at = 253370764800000000"
        " WHERE state = 'pending' AND next_at > created_at + 200000000000000"
    )
    op.drop_index("deliveries_in_order", table_name="deliveries")
    op.create_index(
        "deliveries_in_turn",
        "deliveries",
        ["subscription", "position"],
        postgresql_where=sa.text(_TURN),
        sqlite_where=sa.text(_TURN),
    )


def downgrade() -> None:
    op.drop_index("deliveries_in_turn", table_name="deliveries")
    op.create_index(
        "deliveries_in_order",
        "deliveries",
        ["subscription", "position"],
        postgresql_where=sa.text(_WAITS),
        sqlite_where=sa.text(_WAITS),
    )
    op.execute("UPDATE sink_records SET before = '\"ended\"' WHERE is_over")
    op.drop_column("sink_steps", "spared")
    op.drop_column("sink_records", "is_over")
