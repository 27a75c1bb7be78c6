"""The table of who saw and changed what; `tables.py` has the others, and the rules."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, UniqueConstraint

from services.adapters.sql.columns import text_column as _text
from services.adapters.sql.columns import whole_column as _whole
from services.adapters.sql.tables import metadata

audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    _whole("hour"),
    _text("door"),
    _text("actor"),
    Column("person", Text, nullable=True),
    _text("action"),
    _text("subject"),
    _whole("status"),
    _whole("first_at"),
    _whole("last_at"),
    _whole("count"),
    UniqueConstraint("hour", "door", "actor", "action", "subject", "status", name="audit_use"),
    Index("audit_age", "last_at"),
    sqlite_autoincrement=True,
)
