"""Columns say what rows of ledgers and clocks are of, why nobody has a lead, and why somebody should have it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_PART_NAMES = """UPDATE ledgers SET
    kind = CASE WHEN substr(pool, 1, 7) = 'person:' THEN 'person'
        WHEN substr(pool, 1, 8) = 'promise:' THEN 'promise' ELSE 'pool' END,
    name = CASE WHEN substr(pool, 1, 7) = 'person:' THEN substr(pool, 8)
        WHEN substr(pool, 1, 8) = 'promise:' THEN substr(pool, 9) ELSE pool END"""
_JOIN_NAMES = "UPDATE ledgers SET pool = CASE WHEN kind = 'pool' THEN name ELSE kind || ':' || name END"
_COPY_TYPED = "INSERT INTO ledgers_by_key (kind, name, seq, state) SELECT kind, name, seq, state FROM ledgers"
_COPY_NAMED = "INSERT INTO ledgers_by_key (pool, seq, state) SELECT pool, seq, state FROM ledgers"
_NAME_PROMISES = (
    "UPDATE clocks SET promise = substr(lead_id, 9), lead_id = NULL WHERE substr(lead_id, 1, 8) = 'promise:'"
)
_UNNAME_PROMISES = "UPDATE clocks SET lead_id = 'promise:' || promise WHERE promise IS NOT NULL"
_READ_REASONS = {
    "sqlite": """UPDATE leads SET limbo = json_extract(state, '$.limbo'),
            unowned_reason = json_extract(state, '$.unowned_reason')
        WHERE state LIKE '%"limbo":"%' OR state LIKE '%"unowned_reason":"%'""",
    "postgresql": """UPDATE leads SET limbo = state::json ->> 'limbo',
            unowned_reason = state::json ->> 'unowned_reason'
        WHERE state LIKE '%"limbo":"%' OR state LIKE '%"unowned_reason":"%'""",
}
_RUNS = sa.text("next_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("leads", sa.Column("unowned_reason", sa.Text(), nullable=True))
    op.add_column("leads", sa.Column("limbo", sa.Text(), nullable=True))
    op.execute(_READ_REASONS[op.get_bind().dialect.name])
    _rekey_ledgers(["kind", "name"], _PART_NAMES, ["pool"], _COPY_TYPED)
    _drop_indexes_of_clocks()
    with op.batch_alter_table("clocks") as clocks:
        clocks.alter_column("lead_id", existing_type=sa.Text(), nullable=True)
        clocks.add_column(sa.Column("promise", sa.Text(), nullable=True))
    op.execute(_NAME_PROMISES)
    _index_clocks()


def downgrade() -> None:
    op.execute(_UNNAME_PROMISES)
    _drop_indexes_of_clocks()
    with op.batch_alter_table("clocks") as clocks:
        clocks.drop_column("promise")
        clocks.alter_column("lead_id", existing_type=sa.Text(), nullable=False)
    _index_clocks()
    _rekey_ledgers(["pool"], _JOIN_NAMES, ["kind", "name"], _COPY_NAMED)
    op.drop_column("leads", "limbo")
    op.drop_column("leads", "unowned_reason")


def _rekey_ledgers(key: list[str], fill: str, gone: list[str], copy: str) -> None:
    """`fill` sets the columns of the new key by those of the old one. On PostgreSQL the table stays, and with it what roles
    may do there; SQLite changes no key, so rows are copied there."""
    for name in key:
        op.add_column("ledgers", sa.Column(name, sa.Text(), nullable=True))
    op.execute(fill)
    if op.get_bind().dialect.name == "postgresql":
        for name in gone:
            op.drop_column("ledgers", name)
        op.create_primary_key("ledgers_pkey", "ledgers", key)
        return
    op.create_table(
        "ledgers_by_key",
        *(sa.Column(name, sa.Text(), nullable=False) for name in key),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(*key),
    )
    op.execute(copy)
    op.drop_table("ledgers")
    op.rename_table("ledgers_by_key", "ledgers")


def _drop_indexes_of_clocks() -> None:
    """SQLite copies the table; its indexes are made again afterwards."""
    op.drop_index("clocks_next", table_name="clocks", postgresql_where=_RUNS, sqlite_where=_RUNS)
    op.drop_index("clocks_lead", table_name="clocks")


def _index_clocks() -> None:
    op.create_index("clocks_lead", "clocks", ["lead_id"], unique=False)
    op.create_index("clocks_next", "clocks", ["next_at"], unique=False, postgresql_where=_RUNS, sqlite_where=_RUNS)
