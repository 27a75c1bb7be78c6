"""Which queue a lead waits in and since when: by which queues are listed without a look at all leads."""

import json
from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
_WAITS = sa.text("queue IS NOT NULL")


def upgrade() -> None:
    op.add_column("leads", sa.Column("queue", sa.Text(), nullable=True))
    op.add_column("leads", sa.Column("queued_at", sa.BigInteger(), nullable=True))
    _fill()
    op.create_index(
        "leads_queue",
        "leads",
        ["queue", "queued_at", "id"],
        unique=False,
        postgresql_where=_WAITS,
        sqlite_where=_WAITS,
    )


def downgrade() -> None:
    op.drop_index("leads_queue", table_name="leads", postgresql_where=_WAITS, sqlite_where=_WAITS)
    op.drop_column("leads", "queued_at")
    op.drop_column("leads", "queue")


def _fill() -> None:
    """By the clocks of those that wait. Their pool is not known before it is looked at again."""
    bind = op.get_bind()
    waiting = bind.execute(
        sa.text(
            """SELECT l.id, l.stage, c.body FROM clocks c JOIN leads l ON l.id = c.lead_id
            WHERE c.policy = 'queue' AND c.next_at IS NOT NULL AND l.disposition <> 'merged'"""
        )
    ).all()
    for lead, stage, body in waiting:
        since = datetime.fromisoformat(json.loads(body)["started_at"])
        bind.execute(
            sa.text("UPDATE leads SET queue = :queue, queued_at = :at WHERE id = :id"),
            {"queue": f"{stage}/", "at": int(since.timestamp()) * 1_000_000 + since.microsecond, "id": lead},
        )
