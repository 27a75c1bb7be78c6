"""The tables of what people ask for about their own data; `tables.py` has the others, and the rules."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text, text

from services.adapters.sql.columns import text_column as _text
from services.adapters.sql.columns import whole_column as _whole
from services.adapters.sql.tables import metadata

_OPEN = text("state = 'open'")
person_requests = Table(
    "person_requests",
    metadata,
    Column("id", Text, primary_key=True),
    _text("kind"),
    _text("state"),
    _text("principal"),
    _text("lead_id", null=True),
    _whole("asked_at"),
    _whole("finished_at", null=True),
    _text("body"),
    _text("personal", null=True),
    _text("place", null=True),
    Index("person_requests_open", "asked_at", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),
    Index("person_requests_lead", "lead_id"),
)
