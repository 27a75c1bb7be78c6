"""The tables of signing in to the page; `tables.py` has the others, and the rules."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text

from services.adapters.sql.columns import text_column as _text
from services.adapters.sql.columns import whole_column as _whole
from services.adapters.sql.tables import metadata

sessions = Table(
    "sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    _text("person"),
    _whole("created_at"),
    _whole("expires_at"),
    _whole("ends_at"),
    _text("roles", null=True),
    _text("personal", null=True),
    Index("sessions_person", "person", "expires_at"),
    Index("sessions_expiry", "expires_at"),
)
one_time_links = Table(
    "one_time_links",
    metadata,
    Column("digest", Text, primary_key=True),
    _text("person"),
    _whole("expires_at"),
    Index("one_time_links_expiry", "expires_at"),
)
