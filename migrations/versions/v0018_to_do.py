"""By when somebody has to act on a clock: the page lists who waits by it, without a look at what is over."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
_ACTS = sa.text("act_by IS NOT NULL")
_OURS = "('offer_expiry', 'dialogue_end', 'hold_end', 'wake')"
"""Clocks that only end a wait of others."""


def upgrade() -> None:
    op.add_column("clocks", sa.Column("act_by", sa.BigInteger(), nullable=True))
    _fill()
    op.create_index(
        "clocks_act_by", "clocks", ["act_by", "id"], unique=False, postgresql_where=_ACTS, sqlite_where=_ACTS
    )


def downgrade() -> None:
    op.drop_index("clocks_act_by", table_name="clocks", postgresql_where=_ACTS, sqlite_where=_ACTS)
    op.drop_column("clocks", "act_by")


def _fill() -> None:
    """Those that run or stand still, and those that were broken and that nobody made up for."""
    member = "json_extract(body, '$.{0}')" if op.get_bind().dialect.name == "sqlite" else "CAST(body AS json) ->> '{0}'"
    made_up, ended = member.format("touched_at"), member.format("cancelled_at")
    op.execute(
        sa.text(
            f"""UPDATE clocks SET act_by = due_at WHERE policy NOT IN {_OURS} AND (state IN ('running', 'paused')
            OR (state = 'breached' AND {made_up} IS NULL AND {ended} IS NULL))"""  # noqa: S608 - names of ours
        )
    )
