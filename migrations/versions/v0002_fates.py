"""What became of signals that came to nothing, and whose they were: by which they are listed without a look at all of history."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
_CAME_TO_NOTHING = sa.text("fate IS NOT NULL")
_INDEXES = {
    "history_fate": ["fate", "recorded_at", "id"],
    "history_source_fate": ["source", "fate", "recorded_at", "id"],
}
_SORT = """
    UPDATE history SET
        fate = CASE
            WHEN outcome = 'no_lead' THEN 'no_lead'
            WHEN note LIKE 'refused: %' THEN 'refused'
            ELSE 'ignored' END,
        reason = CASE
            WHEN note LIKE 'a test delivery%' THEN 'test_delivery'
            WHEN note LIKE 'it names nobody%' THEN 'names_nobody'
            WHEN note LIKE 'nobody known is named%' THEN 'nobody_known'
            ELSE 'unsorted' END
    WHERE (outcome = 'no_lead' OR (outcome = 'recorded' AND note <> ''))
      AND kind NOT IN ('clock.due', 'clock.recheck', 'lead.check', 'lead.redrive', 'owner.away', 'period.begun')"""
"""What the router asks of itself comes to nothing whenever it was answered already."""
_NAME_SOURCES = {
    "sqlite": "UPDATE history SET source = json_extract(facts, '$.source') WHERE fate IS NOT NULL",
    "postgresql": "UPDATE history SET source = facts::json ->> 'source' WHERE fate IS NOT NULL",
}


def upgrade() -> None:
    for name in ("source", "fate", "reason"):
        op.add_column("history", sa.Column(name, sa.Text(), nullable=True))
    _sort_what_is_there()
    for name, columns in _INDEXES.items():
        op.create_index(
            name, "history", columns, unique=False, postgresql_where=_CAME_TO_NOTHING, sqlite_where=_CAME_TO_NOTHING
        )


def downgrade() -> None:
    for name in reversed(_INDEXES):
        op.drop_index(name, table_name="history", postgresql_where=_CAME_TO_NOTHING, sqlite_where=_CAME_TO_NOTHING)
    for name in ("reason", "fate", "source"):
        op.drop_column("history", name)


def _sort_what_is_there() -> None:
    """By what was noted then. Of what was recorded with a note nobody can tell in a word why."""
    op.execute(_SORT)
    op.execute(_NAME_SOURCES[op.get_bind().dialect.name])
