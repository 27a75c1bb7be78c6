"""HubSpot's lists: a static list of ours that workflows and marketing e-mails leave out, and one for each track. What it calls
subscriptions is in `hubspot_subscriptions`.

Read in HubSpot's reference of version 2026-09. Putting somebody in who is in, or taking out who is not, is nothing. How soon the lists
of a contact are right after a change is not said there, so nothing that we changed is believed for half a minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import quote

from schemas.json_values import JsonValue
from schemas.sinks.platforms import HubspotMarketingSink
from services.outbound.hubspot_paths import OBJECTS, VERSION, record_path
from services.sinks.audiences import IN, Audience, Presence, Who
from services.sinks.calls import Caller
from services.sinks.outcomes import Trouble
from services.sinks.platforms.answers import rows_in
from services.sinks.platforms.hubspot_subscriptions import HubspotSubscriptions
from services.sinks.vendors.hubspot_calls import HubspotCalls

LISTS = f"/crm/lists/{VERSION}"
PAGES = 20
"""Pages of a contact's lists that are read, 100 or more a page."""
_FILLED_BY_HAND = frozenset({"MANUAL", "SNAPSHOT"})


class HubspotLists:
    """One account, as one service key or app."""

    settle = timedelta(seconds=30)

    def __init__(self, _sink: HubspotMarketingSink, caller: Caller, secret: str) -> None:
        self._calls = HubspotCalls(caller, secret)
        self._subscriptions = HubspotSubscriptions(self._calls)

    async def read(self, contact: str) -> str | None:
        return await self._id_at(record_path("contacts", contact)) if contact.isdigit() else None

    async def find(self, email: str) -> str | None:
        return await self._id_at(record_path("contacts", quote(email, safe=""), unique="email"))

    async def create(self, who: Who) -> str | None:
        values = {"email": who.email, "firstname": who.first_name, "lastname": who.last_name}
        properties: JsonValue = {name: value for name, value in values.items() if value is not None}
        answer, existing = await self._calls.create(
            f"{OBJECTS}/contacts", {"properties": properties, "associations": []}
        )
        return existing or str(answer["id"])

    async def delete(self, contact: str) -> None:
        """By the call of its privacy, which leaves nothing."""
        await self._calls.write("POST", f"{OBJECTS}/contacts/gdpr-delete", {"objectId": contact})

    async def presence(self, contact: str, audience: Audience) -> Presence:
        if audience.kind == "unsubscribed":
            return await self._subscriptions.presence(contact, audience)
        path, after = f"{LISTS}/records/0-1/{contact}/memberships", ""
        for _ in range(PAGES):
            answer = await self._calls.read(f"{path}?after={quote(after)}" if after else path)
            if answer is None:
                raise Trouble("gone", "no_such_contact")
            if any(str(row.get("listId")) == audience.id for row in rows_in(answer.get("results"))):
                return Presence(IN, is_in=True)
            after = _next_page(answer.get("paging"))
            if not after:
                return Presence("out", is_in=False)
        raise Trouble("refused_data", "contact_is_in_too_many_lists")

    async def enter(self, contact: str, audience: Audience) -> None:
        if audience.kind == "unsubscribed":
            await self._subscriptions.unsubscribe(contact, audience)
        else:
            await self._change(contact, audience, is_in=True)

    async def restore(self, contact: str, audience: Audience, word: str) -> None:
        if audience.kind == "unsubscribed":
            await self._subscriptions.restore(contact, audience, word)
        elif word != IN:
            await self._change(contact, audience, is_in=False)

    async def check(self, audiences: Sequence[Audience]) -> list[str]:
        problems = await self._subscriptions.problems([one for one in audiences if one.kind == "unsubscribed"])
        for audience in (one for one in audiences if one.kind != "unsubscribed"):
            answer = await self._calls.read(f"{LISTS}/{quote(audience.id)}")
            found = (answer or {}).get("list")
            if not isinstance(found, dict):
                problems.append(f"list {audience.id}: there is none with this id (its details show the *ILS list id*)")
            elif found.get("processingType") not in _FILLED_BY_HAND:
                problems.append(f"list {audience.id}: HubSpot fills it by itself; make a static one")
            elif found.get("objectTypeId") != "0-1":
                problems.append(f"list {audience.id}: it is no list of contacts")
        return problems

    async def whoami(self) -> str:
        return str((await self._calls.read(f"/account-info/{VERSION}/details") or {}).get("portalId"))

    async def _id_at(self, path: str) -> str | None:
        found = await self._calls.read(path)
        return str(found["id"]) if found is not None else None

    async def _change(self, contact: str, audience: Audience, *, is_in: bool) -> None:
        add: JsonValue = [contact] if is_in else []
        remove: JsonValue = [] if is_in else [contact]
        body: JsonValue = {"recordIdsToAdd": add, "recordIdsToRemove": remove}
        try:
            answer = await self._calls.write("PUT", f"{LISTS}/{quote(audience.id)}/memberships/add-and-remove", body)
        except Trouble as trouble:
            if trouble.kind not in ("gone", "refused_data"):
                raise
            # Only the list can be wrong: who is not there is named in an answer that succeeded.
            raise Trouble(
                "refused_setup", "no_such_audience", field=str(audience), correlation=trouble.correlation
            ) from None
        missing = answer.get("recordIdsMissing")
        if is_in and isinstance(missing, list) and contact in map(str, missing):
            raise Trouble("gone", "no_such_contact")


def _next_page(paging: JsonValue) -> str:
    following = paging.get("next") if isinstance(paging, dict) else None
    after = following.get("after") if isinstance(following, dict) else None
    return str(after) if after else ""
