"""The tables of the keys of sealed parts; `tables.py` has the others, and the rules."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text

from services.adapters.sql.columns import text_column as _text
from services.adapters.sql.columns import whole_column as _whole
from services.adapters.sql.tables import metadata

person_keys = Table(
    "person_keys",
    metadata,
    Column("lead_id", Text, primary_key=True),
    Column("secret", LargeBinary, nullable=True),
    _whole("made_at"),
)
log_keys = Table(
    "log_keys",
    metadata,
    Column("begins_at", BigInteger, primary_key=True, autoincrement=False),
    _whole("ends_at"),
    Column("secret", LargeBinary, nullable=True),
    _text("read_to", null=True),
)
