"""Where a lead came from and since when it is there, and whose a clock is, as columns that lists are filtered by."""

import json
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
PAGE = 2000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def upgrade() -> None:
    op.add_column("leads", sa.Column("source", sa.Text(), nullable=True))
    op.add_column("leads", sa.Column("created_at", sa.BigInteger(), nullable=True))
    op.add_column("clocks", sa.Column("person", sa.Text(), nullable=True))
    conn = op.get_bind()
    _fill(conn, "leads", "state", "source = :source, created_at = :created_at", _of_lead)
    _fill(conn, "clocks", "body", "person = :person", _of_clock)
    # Of the lead's own clocks: who has it now, for who had it then was not kept.
    op.execute(
        "UPDATE clocks SET person = (SELECT owner FROM leads WHERE leads.id = clocks.lead_id) WHERE person IS NULL"
    )
    op.create_index("leads_source", "leads", ["source", "id"], unique=False)
    op.create_index("leads_created", "leads", ["created_at", "id"], unique=False)
    op.create_index("clocks_due", "clocks", ["state", "due_at", "id"], unique=False)
    op.create_index("clocks_person", "clocks", ["person", "id"], unique=False)


def _of_lead(state: dict) -> dict:
    at = datetime.fromisoformat(state["created_at"]) if "created_at" in state else None
    return {
        "source": state.get("source"),
        "created_at": (at - EPOCH) // timedelta(microseconds=1) if at is not None else None,
    }


def _of_clock(body: dict) -> dict:
    return {"person": body.get("person")}


def _fill(conn, table, column, changes, read) -> None:
    """Page by page, so that it fits into memory whatever there is."""
    after = ""
    select = sa.text(f"SELECT id, {column} FROM {table} WHERE id > :after ORDER BY id LIMIT {PAGE}")  # noqa: S608 - names of this file
    update = sa.text(f"UPDATE {table} SET {changes} WHERE id = :id")  # noqa: S608 - names of this file
    while rows := conn.execute(select, {"after": after}).all():
        conn.execute(update, [{"id": row[0], **read(json.loads(row[1]))} for row in rows])
        after = rows[-1][0]


def downgrade() -> None:
    for name, table in (
        ("clocks_person", "clocks"),
        ("clocks_due", "clocks"),
        ("leads_created", "leads"),
        ("leads_source", "leads"),
    ):
        op.drop_index(name, table_name=table)
    op.drop_column("clocks", "person")
    op.drop_column("leads", "created_at")
    op.drop_column("leads", "source")
