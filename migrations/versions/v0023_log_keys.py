"""Keys of what is sealed on the topics of signals, one for each period."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "log_keys",
        sa.Column("begins_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("read_to", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("begins_at"),
    )


def downgrade() -> None:
    op.drop_table("log_keys")
