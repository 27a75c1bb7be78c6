"""The schema, one for both engines. Instants are whole microseconds since 1970 (UTC), so that both keep and order them
alike; `services.ports.instants` converts. Personal data is in the columns named `personal`, `body` and `raw`.

A new column is a revision in `migrations/versions`, its line and `HEAD` here, its field in `services/ports/rows.py`, and
its value in `services/router/deciding/writes.py`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from services.adapters.sql.columns import text_column as _text
from services.adapters.sql.columns import whole_column as _whole
from services.ports.deliveries import HELD
from services.ports.instants import micros

HEAD = "0023"
"""The revision that has these tables; a test holds it against the newest of `migrations/versions`."""
SERVES = HEAD
"""The oldest revision whose version may begin on this schema, and run beside this one, so that processes are replaced one by one:
what came since then only adds, and the older version loses nothing by not knowing it. Whoever adds a revision says so here, or
none but its own version begins on it: a router that knows no seals would set sealed signals aside."""
metadata = MetaData()
_SERIAL = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself for INTEGER only; AUTOINCREMENT so that no number is ever given twice."""


def _id() -> Column[int]:
    return Column("id", _SERIAL, primary_key=True, autoincrement=True)


meta = Table("meta", metadata, Column("key", Text, primary_key=True), _text("value"))
identities = Table(
    "identities",
    metadata,
    _text("brand"),
    _text("kind"),
    _text("digest"),
    _text("subject_id"),
    PrimaryKeyConstraint("brand", "kind", "digest"),
    Index("identities_subject", "subject_id"),
)
withdrawals = Table(
    "withdrawals",
    metadata,
    _text("brand"),
    _text("kind"),
    _text("digest"),
    _text("purposes"),
    _whole("recorded_at"),
    PrimaryKeyConstraint("brand", "kind", "digest"),
    Index("withdrawals_recorded", "recorded_at"),
)
_WAITS = text("queue IS NOT NULL")
leads = Table(
    "leads",
    metadata,
    Column("id", Text, primary_key=True),
    _text("brand"),
    _text("stage"),
    _text("disposition"),
    _text("owner", null=True),
    _text("account_id", null=True),
    Column("held", Boolean, nullable=False),
    _whole("version"),
    _text("state"),
    _text("personal", null=True),
    _text("email_digest", null=True),
    _whole("updated_at"),
    _text("queue", null=True),
    _whole("queued_at", null=True),
    _text("unowned_reason", null=True),
    _text("limbo", null=True),
    _text("source", null=True),
    _whole("created_at", null=True),
    Index("leads_queue", "queue", "queued_at", "id", postgresql_where=_WAITS, sqlite_where=_WAITS),
    Index("leads_stage", "stage", "id"),
    Index("leads_owner", "owner", "id"),
    Index("leads_email", "email_digest"),
    Index("leads_source", "source", "id"),
    Index("leads_created", "created_at", "id"),
    Index("leads_held", "id", postgresql_where=text("held"), sqlite_where=text("held")),
)
accounts = Table("accounts", metadata, Column("id", Text, primary_key=True), _text("state"))
ledgers = Table(
    "ledgers",
    metadata,
    _text("kind"),
    _text("name"),
    _whole("seq"),
    _text("state"),
    PrimaryKeyConstraint("kind", "name"),
)
_ACTS = text("act_by IS NOT NULL")
clocks = Table(
    "clocks",
    metadata,
    Column("id", Text, primary_key=True),
    _text("lead_id", null=True),
    _text("policy"),
    _text("state"),
    _whole("revision"),
    _whole("due_at"),
    _whole("next_at", null=True),
    _text("partition_key"),
    _text("body"),
    _text("promise", null=True),
    _text("person", null=True),
    _whole("act_by", null=True),
    Index("clocks_lead", "lead_id"),
    Index("clocks_act_by", "act_by", "id", postgresql_where=_ACTS, sqlite_where=_ACTS),
    Index("clocks_due", "state", "due_at", "id"),
    Index("clocks_person", "person", "id"),
    Index(
        "clocks_next",
        "next_at",
        postgresql_where=text("next_at IS NOT NULL"),
        sqlite_where=text("next_at IS NOT NULL"),
    ),
)
_CAME_TO_NOTHING = text("fate IS NOT NULL")
history = Table(
    "history",
    metadata,
    _id(),
    _text("signal_id"),
    _whole("attempt"),
    _text("lead_id", null=True),
    _text("kind"),
    _text("mode"),
    _whole("occurred_at"),
    _whole("received_at"),
    _whole("recorded_at"),
    _text("facts"),
    _text("personal", null=True),
    _text("salt", null=True),
    _text("digest", null=True),
    _text("outcome"),
    _text("note"),
    _text("decision"),
    _text("source", null=True),
    _text("fate", null=True),
    _text("reason", null=True),
    Index("history_lead", "lead_id", "id"),
    Index("history_signal", "signal_id"),
    Index(
        "history_fate", "fate", "recorded_at", "id", postgresql_where=_CAME_TO_NOTHING, sqlite_where=_CAME_TO_NOTHING
    ),
    Index(
        "history_source_fate",
        "source",
        "fate",
        "recorded_at",
        "id",
        postgresql_where=_CAME_TO_NOTHING,
        sqlite_where=_CAME_TO_NOTHING,
    ),
    sqlite_autoincrement=True,
)
inbox = Table(
    "inbox",
    metadata,
    _text("signal_id"),
    _whole("attempt"),
    _whole("entered_at"),
    PrimaryKeyConstraint("signal_id", "attempt"),
    Index("inbox_entered", "entered_at"),
)
_EVENT = ("event_id", "topic", "lead_id")
outbox = Table(
    "outbox",
    metadata,
    _id(),
    *[_text(name) for name in _EVENT],
    _whole("sequence"),
    _text("type"),
    _text("partition_key"),
    _text("head"),
    _text("personal", null=True),
    sqlite_autoincrement=True,
)
events = Table(
    "events",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    *[_text(name) for name in _EVENT],
    _whole("sequence"),
    _text("type"),
    _text("partition_key"),
    _text("head"),
    _text("personal", null=True),
    _whole("recorded_at"),
    Index("events_topic", "topic", "position"),
    Index("events_lead", "lead_id", "sequence"),
)
counters = Table("counters", metadata, Column("name", Text, primary_key=True), _whole("value"))
source_hours = Table(
    "source_hours", metadata, _text("source"), _whole("hour"), _whole("count"), PrimaryKeyConstraint("source", "hour")
)
flow_counts = Table(
    "flow_counts",
    metadata,
    _whole("quarter"),
    _text("brand"),
    _text("kind"),
    _text("part"),
    _text("toward"),
    _whole("count"),
    PrimaryKeyConstraint("quarter", "brand", "kind", "part", "toward"),
)
leases = Table(
    "leases", metadata, Column("name", Text, primary_key=True), _text("holder"), _whole("epoch"), _whole("expires_at")
)
positions = Table(
    "positions",
    metadata,
    _text("consumer_group"),
    _text("topic"),
    _text("cluster"),
    _whole("partition"),
    _whole("next_offset"),
    PrimaryKeyConstraint("consumer_group", "topic", "cluster", "partition"),
)
spool = Table(
    "spool",
    metadata,
    _id(),
    _text("topic"),
    Column("key", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Text, primary_key=True),
    _text("source"),
    _text("reason"),
    _text("place"),
    _text("content_type", null=True),
    _text("headers"),
    _text("digest", null=True),
    _text("mode"),
    _whole("received_at"),
    Index("quarantine_received", "received_at", "id"),
    Index("quarantine_body", "source", "digest"),
)
quarantine_bodies = Table(
    "quarantine_bodies",
    metadata,
    _text("source"),
    _text("digest"),
    _whole("size"),
    Column("unproven", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("source", "digest"),
)
dead_letters = Table(
    "dead_letters",
    metadata,
    Column("number", _SERIAL, primary_key=True, autoincrement=True),
    _text("id"),
    _text("lead_id", null=True),
    _text("signal_id", null=True),
    _whole("attempt"),
    _text("state"),
    _text("reason"),
    _text("error_class"),
    _text("origin"),
    _text("facts", null=True),
    _text("personal", null=True),
    Column("raw", LargeBinary, nullable=True),
    _whole("recorded_at"),
    _text("source", null=True),
    UniqueConstraint("id"),
    Index("dead_letters_lead", "lead_id", "number"),
    Index("dead_letters_state", "state", "number"),
    Index("dead_letters_recorded", "recorded_at"),
    sqlite_autoincrement=True,
)
delivery_cursors = Table(
    "delivery_cursors",
    metadata,
    Column("subscription", Text, primary_key=True),
    _whole("position"),
    _text("disabled_reason", null=True),
    Column("failures", BigInteger, nullable=False, server_default="0"),
    Column("openings", BigInteger, nullable=False, server_default="0"),
    _whole("failing_since", null=True),
    _whole("paused_until", null=True),
    _whole("spent_until", null=True),
    _text("pause", null=True),
)
_DELIVERY_WAITS = text("state = 'pending'")
_DELIVERY_HAS_A_TURN = text(f"state = 'pending' AND next_at < {micros(HELD)}")
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    _text("subscription"),
    _whole("position"),
    _text("event_id"),
    _text("lead_id"),
    _text("state"),
    _whole("attempts"),
    _whole("next_at"),
    _whole("claimed_until"),
    _whole("created_at"),
    _whole("finished_at", null=True),
    Column("spared", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("subscription", "position"),
    Index(
        "deliveries_pending",
        "subscription",
        "lead_id",
        "position",
        postgresql_where=_DELIVERY_WAITS,
        sqlite_where=_DELIVERY_WAITS,
    ),
    Index(
        "deliveries_in_turn",
        "subscription",
        "position",
        postgresql_where=_DELIVERY_HAS_A_TURN,
        sqlite_where=_DELIVERY_HAS_A_TURN,
    ),
)
delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    _id(),
    _text("delivery_id"),
    _whole("number"),
    _whole("at"),
    _whole("status", null=True),
    _text("error", null=True),
    _whole("duration_ms"),
    Index("delivery_attempts_delivery", "delivery_id", "number"),
    sqlite_autoincrement=True,
)
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("name", Text, primary_key=True),
    _whole("revision"),
    _text("body"),
    Column("secrets", LargeBinary, nullable=False),
    _text("made_by"),
    _whole("created_at"),
    _whole("changed_at"),
)
command_keys = Table(
    "command_keys",
    metadata,
    Column("signal_id", Text, primary_key=True),
    _text("digest"),
    _whole("entered_at"),
    Index("command_keys_entered", "entered_at"),
)
api_key_uses = Table("api_key_uses", metadata, Column("name", Text, primary_key=True), _whole("used_at"))
approvals = Table(
    "approvals",
    metadata,
    Column("id", Text, primary_key=True),
    _text("hash"),
    _text("side"),
    _text("person"),
    _text("principal"),
    _text("reason"),
    _whole("approved_at"),
)
agreements = Table(
    "agreements",
    metadata,
    Column("hash", Text, primary_key=True),
    _text("body"),
    _text("holidays"),
    _whole("recorded_at"),
)
rosters = Table("rosters", metadata, Column("version", Text, primary_key=True), _text("body"), _whole("recorded_at"))
