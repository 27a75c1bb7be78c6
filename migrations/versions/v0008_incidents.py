"""Incidents, the notices that wait to be told of them, and the messages on their way."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_OPEN = sa.text("state <> 'resolved'")
_PENDING = sa.text("state = 'pending'")


def upgrade() -> None:
    op.create_table(
        "alert_cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("about"),
    )
    op.create_index(
        "incidents_open", "incidents", ["subject"], unique=False, postgresql_where=_OPEN, sqlite_where=_OPEN
    )
    op.create_index("incidents_state", "incidents", ["state", "id"], unique=False)
    op.create_index("incidents_resolved", "incidents", ["resolved_at"], unique=False)
    op.create_table(
        "alert_notices",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("alert_notices_at", "alert_notices", ["at", "id"], unique=False)
    _create_notifications()


def _create_notifications() -> None:
    op.create_table(
        "alert_notifications",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("grouping", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_until", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("alert_notifications_thread", "alert_notifications", ["channel", "person", "thread"], unique=False)
    columns = ["channel", "person", "grouping", "created_at"]
    op.create_index("alert_notifications_grouping", "alert_notifications", columns, unique=False)
    op.create_index(
        "alert_notifications_pending",
        "alert_notifications",
        ["channel", "next_at"],
        unique=False,
        postgresql_where=_PENDING,
        sqlite_where=_PENDING,
    )
    op.create_index("alert_notifications_finished", "alert_notifications", ["finished_at"], unique=False)


def downgrade() -> None:
    op.drop_table("alert_notifications")
    op.drop_table("alert_notices")
    op.drop_table("incidents")
    op.drop_table("alert_cursors")
