"""The webhooks of an organisation of Close, which does not say how their last deliveries went."""

from __future__ import annotations

from schemas.json_values import JsonObject
from services.sinks.reconciling.webhooks import Webhook

NEEDED = frozenset(
    {
        ("opportunity", "updated"),
        ("opportunity", "deleted"),
        ("activity.call", "created"),
        ("activity.email", "sent"),
        ("activity.meeting", "completed"),
        ("task.lead", "completed"),
    }
)
"""What tells that sales moved it, worked on it or ended it."""


def webhooks_in(answer: JsonObject) -> list[Webhook]:
    """Those of an answer, which holds all of them."""
    return [_webhook(row) for row in answer.get("data") or () if isinstance(row, dict)]


def _webhook(row: JsonObject) -> Webhook:
    events = [event for event in row.get("events") or () if isinstance(event, dict)]
    return Webhook(
        url=str(row.get("url")),
        tells=frozenset((str(event.get("object_type")), str(event.get("action"))) for event in events),
        is_active=row.get("status") in (None, "active"),
    )
