"""What each column of each table holds of people: the one list that erasing and exporting go by, held against the real schema by a test.

`personal`: names, addresses, numbers, what people wrote. `digest`: keyed digests of it, which tell nothing without the deployment's key.
`colleague`: people of the roster and of the API's keys, who are no leads. `secret`: sealed or random. `plain`: the rest: facts that are
decided on, ids (of ours and of records in other systems), words of closed sets, numbers, instants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

ColumnClass = Literal["personal", "digest", "colleague", "secret", "plain"]
_EVENT = "event_id topic lead_id sequence type partition_key head"
_P: Mapping[str, Mapping[ColumnClass, str]] = {
    "accounts": {"plain": "id state"},
    "agreements": {"plain": "hash body holidays recorded_at"},
    "alert_cursors": {"plain": "name position"},
    "alert_notices": {"plain": "id incident at body"},
    "alert_notifications": {
        "plain": "id channel thread grouping state attempts next_at claimed_until created_at finished_at error receipt body",
        "colleague": "person",
    },
    "api_keys": {"plain": "made_at expires_at revoked_at", "colleague": "name body made_by"},
    "api_key_uses": {"plain": "used_at", "colleague": "name"},
    "approvals": {"plain": "id hash side reason approved_at", "colleague": "person principal"},
    "clocks": {"plain": "id lead_id policy state revision due_at next_at act_by partition_key body promise person"},
    "command_keys": {"plain": "signal_id entered_at", "digest": "digest"},
    "counters": {"plain": "name value"},
    "dead_letters": {
        "personal": "personal raw",
        "plain": "number id lead_id signal_id attempt state reason error_class origin facts recorded_at source",
    },
    "deliveries": {
        "plain": "id subscription position event_id lead_id state attempts next_at claimed_until created_at finished_at spared"
    },
    "delivery_attempts": {"plain": "id delivery_id number at status error duration_ms"},
    "delivery_cursors": {
        "plain": "subscription position disabled_reason failures openings failing_since paused_until spent_until pause"
    },
    "audit": {"plain": "number hour door action subject status first_at last_at count", "colleague": "actor person"},
    "events": {"personal": "personal", "plain": f"position {_EVENT} recorded_at"},
    "flow_counts": {"plain": "quarter brand kind part toward count"},
    "forum_entries": {"personal": "body", "plain": "number id recorded_at", "colleague": "made_by"},
    "forum_mails": {"plain": "week state attempts next_at claimed_until finished_at", "colleague": "reader"},
    "history": {
        "personal": "personal",
        "secret": "salt",
        "digest": "digest",
        "plain": "id signal_id attempt lead_id kind mode occurred_at received_at recorded_at facts outcome note decision source"
        " fate reason",
    },
    "identities": {"digest": "digest", "plain": "brand kind subject_id"},
    "inbox": {"plain": "signal_id attempt entered_at"},
    "incidents": {"plain": "id about subject state opened_at resolved_at body"},
    "leads": {
        "personal": "personal",
        "digest": "email_digest",
        "plain": "id brand stage disposition owner account_id held version state updated_at queue queued_at unowned_reason limbo"
        " source created_at",
    },
    "leases": {"plain": "name holder epoch expires_at"},
    "ledgers": {"plain": "kind name seq state"},
    "log_keys": {"secret": "secret", "plain": "begins_at ends_at read_to"},
    "log_members": {"plain": "consumer_group topic member seen_at"},
    "log_partitions": {"plain": "topic partition next_offset"},
    "log_records": {"personal": "body", "digest": "key", "plain": "topic partition record_offset appended_at"},
    "meta": {"plain": "key", "colleague": "value"},
    "outbox": {"personal": "personal", "plain": f"id {_EVENT}"},
    "person_keys": {"secret": "secret", "plain": "lead_id made_at"},
    "person_requests": {
        "personal": "personal",
        "plain": "id kind state lead_id asked_at finished_at body place",
        "colleague": "principal",
    },
    "positions": {"plain": "consumer_group topic cluster partition next_offset"},
    "quarantine": {
        "personal": "headers",
        "digest": "digest",
        "plain": "id source reason place content_type mode received_at",
    },
    "quarantine_bodies": {"personal": "body", "digest": "digest", "plain": "source size unproven"},
    "rosters": {"plain": "version recorded_at", "colleague": "body"},
    "one_time_links": {"digest": "digest", "plain": "expires_at", "colleague": "person"},
    "sessions": {"digest": "digest", "plain": "created_at expires_at ends_at", "colleague": "person roles personal"},
    "sink_records": {
        "digest": "digest written",
        "plain": "target kind key lead_id state made_by vendor_id url adopted before sent_at seen_at number is_over",
    },
    "sink_steps": {
        "personal": "personal",
        "plain": "target event_id name lead_id state attempts at outcome code field correlation spared",
    },
    "sink_sweeps": {"plain": "target kind next_at cursor"},
    "source_hours": {"plain": "source hour count"},
    "spool": {"personal": "body", "digest": "key", "plain": "id topic"},
    "subscriptions": {"plain": "name revision body made_by created_at changed_at", "secret": "secrets"},
    "withdrawals": {"digest": "digest", "plain": "brand kind purposes recorded_at"},
}


def _columns_by_table() -> Iterator[tuple[str, dict[str, ColumnClass]]]:
    for table, classes in _P.items():
        yield table, {column: name for name, columns in classes.items() for column in columns.split()}


COLUMN_CLASSES: Mapping[str, Mapping[str, ColumnClass]] = dict(_columns_by_table())
"""{table: {column: its class}}"""
EMPTIED: frozenset[str] = frozenset(
    f"{table}.{column}"
    for table, columns in COLUMN_CLASSES.items()
    for column, name in columns.items()
    if name == "personal" or (table, column) in {("history", "salt"), ("person_keys", "secret")}
)
"""What an erasure empties, as `table.column`: whatever is personal, the salts without which digests of it say nothing, and the key
without which nobody opens what topics still have of it."""


class OfLead(NamedTuple):
    """Rows of `table` that bear the lead's id: `columns` are emptied, `key` names a row."""

    table: str
    key: str
    columns: tuple[str, ...]
    where: str = "lead_id = :lead"


_OF_TARGETS = "target IN (SELECT subscription FROM delivery_cursors) AND lead_id = :lead"
"""By the index, which begins with the target."""
OF_LEAD = (
    OfLead("leads", "id", ("personal", "email_digest"), "id = :lead"),
    OfLead("history", "id", ("personal", "salt")),
    OfLead("outbox", "id", ("personal",)),
    OfLead("events", "position", ("personal",)),
    OfLead("dead_letters", "number", ("personal", "raw")),
    OfLead("person_keys", "lead_id", ("secret",)),
    OfLead("sink_steps", "target, event_id, name", ("personal",), _OF_TARGETS),
)
"""Of what an erasure empties, the tables whose rows bear the lead's id. The others are looked through, for what is of the person."""
LOOKED_THROUGH = frozenset(
    {
        "history",
        "dead_letters",
        "log_records",
        "spool",
        "quarantine",
        "quarantine_bodies",
        "person_requests",
        "forum_entries",
    }
)
"""Tables whose rows bear no lead's id, or not all of them."""
