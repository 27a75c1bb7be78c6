"""The webhooks of a company at Pipedrive, as its v1 lists them, of both versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from schemas.json_values import JsonObject
from services.sinks.reconciling.webhooks import Webhook
from services.sinks.vendors.pipedrive_calls import PipedriveCalls

ACTIONS: Mapping[str, str] = {"added": "create", "updated": "change", "deleted": "delete"}
"""Words of webhooks of version 1 for those of version 2."""


def needed_events(opportunity: Literal["deal", "lead"]) -> frozenset[tuple[str, str]]:
    """What tells that sales took it, moved it, worked on it or ended it, and about which person."""
    objects = {"person", "deal", "activity", opportunity}
    return frozenset((name, action) for name in objects for action in ACTIONS.values())


async def list_webhooks(calls: PipedriveCalls) -> list[Webhook]:
    """All of the company's. The answer holds the passwords of their HTTP auth too, so nothing of it is kept. Raises Trouble."""
    answer = await calls.read("/v1/webhooks", cost=10) or {}
    return [_webhook(row) for row in answer.get("data") or () if isinstance(row, dict)]


def _webhook(row: JsonObject) -> Webhook:
    action, status = str(row.get("event_action")), row.get("last_http_status")
    return Webhook(
        url=str(row.get("subscription_url")),
        tells=frozenset({(str(row.get("event_object")), ACTIONS.get(action, action))}),
        is_active=bool(row.get("is_active")),
        refused=status if isinstance(status, int) and not 200 <= status < 300 else None,
    )
