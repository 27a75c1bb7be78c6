"""What people ask for about their own data, and incidents by whom they are about."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "person_requests",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("personal", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "person_requests_open",
        "person_requests",
        ["asked_at", "id"],
        postgresql_where=is_open,
        sqlite_where=is_open,
    )
    op.create_index("person_requests_lead", "person_requests", ["lead_id"])
    op.create_index("incidents_subject", "incidents", ["subject"])


def downgrade() -> None:
    op.drop_index("incidents_subject", table_name="incidents")
    op.drop_table("person_requests")
