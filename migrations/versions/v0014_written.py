"""What a sink wrote last is kept with each record, so that its echo is known when the CRM's webhook brings it."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("sink_records", sa.Column("written", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("sink_records", "written")
