"""The tables of the weekly forum; `tables.py` has the others, and the rules."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, Table

from services.adapters.sql.columns import text_column as _text
from services.adapters.sql.columns import whole_column as _whole
from services.adapters.sql.tables import metadata

forum_entries = Table(
    "forum_entries",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    _text("id"),
    _text("body"),
    _text("made_by"),
    _whole("recorded_at"),
    Index("forum_entries_id", "id", "number"),
    sqlite_autoincrement=True,
)
forum_mails = Table(
    "forum_mails",
    metadata,
    _text("week"),
    _text("reader"),
    _text("state"),
    _whole("attempts"),
    _whole("next_at"),
    _whole("claimed_until"),
    _whole("finished_at", null=True),
    PrimaryKeyConstraint("week", "reader"),
)
