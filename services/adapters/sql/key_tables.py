"""The table of API keys that were made while everything runs; `tables.py` has the others, and the rules."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table, Text

from services.adapters.sql.columns import text_column as _text
from services.adapters.sql.columns import whole_column as _whole
from services.adapters.sql.tables import metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("name", Text, primary_key=True),
    _text("body"),
    _text("made_by"),
    _whole("made_at"),
    Column("expires_at", BigInteger, nullable=True),
    Column("revoked_at", BigInteger, nullable=True),
)
