"""The tables of incidents, of notices that wait, and of messages on their way; `tables.py` has the others, and the rules."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text, UniqueConstraint, text

from services.adapters.sql.columns import text_column as _text
from services.adapters.sql.columns import whole_column as _whole
from services.adapters.sql.tables import metadata

_OPEN, _PENDING = text("state <> 'resolved'"), text("state = 'pending'")
alert_cursors = Table("alert_cursors", metadata, Column("name", Text, primary_key=True), _whole("position"))
incidents = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    _text("about"),
    _text("subject"),
    _text("state"),
    _whole("opened_at"),
    _whole("resolved_at", null=True),
    _text("body"),
    UniqueConstraint("about"),
    Index("incidents_open", "subject", postgresql_where=_OPEN, sqlite_where=_OPEN),
    Index("incidents_state", "state", "id"),
    Index("incidents_resolved", "resolved_at"),
    Index("incidents_subject", "subject"),
)
alert_notices = Table(
    "alert_notices",
    metadata,
    Column("id", Text, primary_key=True),
    _text("incident"),
    _whole("at"),
    _text("body"),
    Index("alert_notices_at", "at", "id"),
)
alert_notifications = Table(
    "alert_notifications",
    metadata,
    Column("id", Text, primary_key=True),
    _text("channel"),
    _text("person"),
    _text("thread"),
    _text("grouping"),
    _text("state"),
    _whole("attempts"),
    _whole("next_at"),
    _whole("claimed_until"),
    _whole("created_at"),
    _whole("finished_at", null=True),
    _text("error", null=True),
    _text("receipt", null=True),
    _text("body"),
    Index("alert_notifications_thread", "channel", "person", "thread"),
    Index("alert_notifications_grouping", "channel", "person", "grouping", "created_at"),
    Index("alert_notifications_pending", "channel", "next_at", postgresql_where=_PENDING, sqlite_where=_PENDING),
    Index("alert_notifications_finished", "finished_at"),
)
