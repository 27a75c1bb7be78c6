"""The tables of what sinks remember: records of vendors, steps of events, sweeps; `tables.py` has the others, and the rules."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, PrimaryKeyConstraint, Table, false

from services.adapters.sql.columns import text_column as _text
from services.adapters.sql.columns import whole_column as _whole
from services.adapters.sql.tables import metadata

sink_records = Table(
    "sink_records",
    metadata,
    _text("target"),
    _text("kind"),
    _text("key"),
    _text("lead_id"),
    _text("state"),
    _text("made_by"),
    _text("vendor_id", null=True),
    _text("url", null=True),
    _text("digest", null=True),
    Column("adopted", Boolean, nullable=False),
    _text("before", null=True),
    _whole("sent_at", null=True),
    _whole("seen_at", null=True),
    _whole("number"),
    Column("is_over", Boolean, nullable=False, server_default=false()),
    _text("written", null=True),
    PrimaryKeyConstraint("target", "kind", "key"),
    Index("sink_records_lead", "target", "lead_id", "number"),
    Index("sink_records_vendor", "target", "kind", "vendor_id"),
)
sink_sweeps = Table(
    "sink_sweeps",
    metadata,
    _text("target"),
    _text("kind"),
    _whole("next_at"),
    _text("cursor", null=True),
    PrimaryKeyConstraint("target", "kind"),
)
sink_steps = Table(
    "sink_steps",
    metadata,
    _text("target"),
    _text("event_id"),
    _text("name"),
    _text("lead_id"),
    _text("state"),
    _whole("attempts"),
    _whole("at"),
    _text("outcome", null=True),
    _text("code", null=True),
    _text("field", null=True),
    _text("correlation", null=True),
    _text("personal", null=True),
    Column("spared", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("target", "event_id", "name"),
    Index("sink_steps_lead", "target", "lead_id", "at"),
    Index("sink_steps_at", "at"),
)
