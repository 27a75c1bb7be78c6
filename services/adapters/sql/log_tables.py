"""The tables of the log that is embedded in the store; `tables.py` has the others, and the rules."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, PrimaryKeyConstraint, Table

from services.adapters.sql.columns import text_column as _text
from services.adapters.sql.columns import whole_column as _whole
from services.adapters.sql.tables import metadata

log_partitions = Table(
    "log_partitions",
    metadata,
    _text("topic"),
    _whole("partition"),
    _whole("next_offset"),
    PrimaryKeyConstraint("topic", "partition"),
)
log_records = Table(
    "log_records",
    metadata,
    _text("topic"),
    _whole("partition"),
    _whole("record_offset"),
    Column("key", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _whole("appended_at"),
    PrimaryKeyConstraint("topic", "partition", "record_offset"),
    Index("log_records_appended", "appended_at"),
)
log_members = Table(
    "log_members",
    metadata,
    _text("consumer_group"),
    _text("topic"),
    _text("member"),
    _whole("seen_at"),
    PrimaryKeyConstraint("consumer_group", "topic", "member"),
)
