"""Pipedrive as the demo's salespeople use it: persons, deals and activities, and the webhook (v2) that each change sends."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from uuid import uuid4

from schemas.json_values import JsonObject, JsonValue
from services.cli.demo.senders import ACCEPTED, HANDED_BACK, OUR_USER, REASON, now

QUALIFIED = 1
COMPANY = "4200117"


class Pipedrive:
    """A deal for each hand-over; `owner` is the id of the user that it belongs to."""

    def __init__(self) -> None:
        self._ids = count(101)
        self._deals: dict[str, JsonObject] = {}

    def open_deal(self, name: str, email: str, owner: int) -> Iterator[JsonObject]:
        """The person and the deal that our own integration writes."""
        first, _, last = name.partition(" ")
        person = {
            "id": next(self._ids),
            "name": name,
            "first_name": first,
            "last_name": last,
            "owner_id": owner,
            "emails": [{"value": email, "primary": True, "label": "work"}],
            "phones": [],
            "add_time": now(),
        }
        deal = {
            "id": next(self._ids),
            "title": f"{name}: demo",
            "status": "open",
            "stage_id": QUALIFIED,
            "pipeline_id": 1,
            "value": 0,
            "currency": "SEK",
            "owner_id": owner,
            "person_id": person["id"],
            "org_id": None,
            "lost_reason": None,
            "custom_fields": {},
            "add_time": now(),
        }
        self._deals[email] = deal
        yield self._event("person", "create", data=person, previous=None, user=OUR_USER, by="api")
        yield self._event("deal", "create", data=deal, previous=None, user=OUR_USER, by="api")

    def accept_deal(self, email: str) -> JsonObject:
        """The deal is dragged to the stage that means so."""
        return self._change_deal(email, stage_id=ACCEPTED)

    def hand_deal_back(self, email: str, reason: str) -> JsonObject:
        """The same, with a reason in a field of the team's own."""
        return self._change_deal(
            email, stage_id=HANDED_BACK, custom_fields={REASON: {"type": "varchar", "value": reason}}
        )

    def finish_call(self, email: str) -> JsonObject:
        """A call that was planned is ticked off."""
        deal = self._deals[email]
        activity = {
            "id": next(self._ids),
            "type": "call",
            "subject": "First call",
            "done": True,
            "owner_id": deal["owner_id"],
            "deal_id": deal["id"],
            "org_id": None,
            "marked_as_done_time": now(),
            "participants": [{"person_id": deal["person_id"], "primary": True}],
        }
        previous = {"done": False, "marked_as_done_time": None}
        return self._event("activity", "change", data=activity, previous=previous, user=deal["owner_id"], by="app")

    def win_deal(self, email: str, amount: int) -> JsonObject:
        return self._change_deal(email, status="won", value=amount, won_time=now())

    def lose_deal(self, email: str, reason: str) -> JsonObject:
        return self._change_deal(email, status="lost", lost_reason=reason, lost_time=now())

    def _change_deal(self, email: str, **fields: JsonValue) -> JsonObject:
        deal = self._deals[email]
        previous = {name: deal.get(name) for name in fields}
        deal.update(fields)
        return self._event("deal", "change", data=deal, previous=previous, user=deal["owner_id"], by="app")

    def _event(
        self, entity: str, action: str, data: JsonObject, previous: JsonObject | None, user: int, by: str
    ) -> JsonObject:
        """`by` is `app` for what a person did by hand, `api` for what a program wrote."""
        meta = {
            "action": action,
            "entity": entity,
            "entity_id": str(data["id"]),
            "company_id": COMPANY,
            "user_id": str(user),
            "change_source": by,
            "id": str(uuid4()),
            "correlation_id": str(uuid4()),
            "timestamp": now(),
            "attempt": 1,
            "type": "general",
            "version": "2.0",
            "webhook_id": "31",
            "webhook_owner_id": "9301",
            "is_bulk_edit": False,
            "host": "nordlys.pipedrive.example",
        }
        return {"data": dict(data), "previous": previous, "meta": meta}
