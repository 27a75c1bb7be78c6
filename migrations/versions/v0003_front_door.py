"""Bodies that were set aside are kept once; dead letters name their source; commands and API keys are remembered."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
BATCH = 200
"""Bodies in memory at a time; one has 16 MiB at most."""
_NAME_SOURCES = {
    "sqlite": "UPDATE dead_letters SET source = json_extract(facts, '$.source') WHERE facts IS NOT NULL",
    "postgresql": "UPDATE dead_letters SET source = facts::json ->> 'source' WHERE facts IS NOT NULL",
}


def upgrade() -> None:
    op.create_table(
        "quarantine_bodies",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("unproven", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("source", "digest"),
    )
    op.add_column("quarantine", sa.Column("digest", sa.Text(), nullable=True))
    op.create_index("quarantine_body", "quarantine", ["source", "digest"], unique=False)
    _part_bodies()
    op.drop_column("quarantine", "body")
    op.add_column("dead_letters", sa.Column("source", sa.Text(), nullable=True))
    op.execute(_NAME_SOURCES[op.get_bind().dialect.name])
    op.create_table(
        "command_keys",
        sa.Column("signal_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("signal_id"),
    )
    op.create_index("command_keys_entered", "command_keys", ["entered_at"], unique=False)
    op.create_table(
        "api_key_uses",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _part_bodies() -> None:
    """Each body goes into the new table once, however many entries are of it."""
    bind, after = op.get_bind(), ""
    while True:
        found = bind.execute(
            sa.text(
                "SELECT id, source, body FROM quarantine WHERE id > :after AND body IS NOT NULL ORDER BY id LIMIT :n"
            ),
            {"after": after, "n": BATCH},
        ).all()
        if not found:
            return
        for ident, source, body in found:
            digest = hashlib.sha256(body).hexdigest()
            bind.execute(
                sa.text("""INSERT INTO quarantine_bodies (source, digest, size, unproven, body)
                    VALUES (:source, :digest, :size, false, :body) ON CONFLICT (source, digest) DO NOTHING"""),
                {"source": source, "digest": digest, "size": len(body), "body": bytes(body)},
            )
            bind.execute(
                sa.text("UPDATE quarantine SET digest = :digest WHERE id = :id"), {"digest": digest, "id": ident}
            )
        after = found[-1][0]


def downgrade() -> None:
    op.drop_table("api_key_uses")
    op.drop_index("command_keys_entered", table_name="command_keys")
    op.drop_table("command_keys")
    op.drop_column("dead_letters", "source")
    op.add_column("quarantine", sa.Column("body", sa.LargeBinary(), nullable=True))
    op.execute("""UPDATE quarantine SET body = (SELECT b.body FROM quarantine_bodies b
        WHERE b.source = quarantine.source AND b.digest = quarantine.digest)""")
    op.drop_index("quarantine_body", table_name="quarantine")
    op.drop_column("quarantine", "digest")
    op.drop_table("quarantine_bodies")
